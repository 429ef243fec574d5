//! A made-up firm: people, clients, cases, dockets, documents with text, and time; to click through and to load-test.
//!
//! [`generator`] makes it, the same for the same seed; it is written through the modules' verbs alone, so that every
//! rule holds for it and every change is recorded and announced.

mod error;
pub mod generator;
mod tally;
mod team;
mod writer;

pub use error::DemoError;
pub use tally::Tally;

use super::arguments::Demo;
use super::{CommandError, Console, Progress, Session, write_table};
use crate::state::Parts;
use access::Ctx;
use futures_util::StreamExt as _;
use generator::Generator;
use std::io::Write as _;
use std::time::Instant;
use writer::Writer;

/// Cases on their way at once: their commits share one fsync.
const AT_ONCE: usize = 24;

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many cases.
    pub cases: u32,
    /// The same seed makes the same firm.
    pub seed: u64,
    /// Whether to go on in a firm that has made-up people already.
    pub again: bool,
}

/// Does what the command line asks.
pub async fn run(args: Demo, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let plan = Plan { cases: args.cases, seed: args.seed, again: args.again };
    make(plan, session, console).await
}

/// Fills the firm, prints the sign-in names with their one password, and at the end what was made.
pub async fn make(plan: Plan, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let began = Instant::now();
    let tally =
        Box::pin(fill(plan, &session.parts, &session.ctx, console)).await.map_err(|error| match error {
            DemoError::Output(error) => CommandError::Output(error),
            error => CommandError::Demo(Box::new(error)),
        })?;
    writeln!(console.out, "making it searchable")?;
    session.settle().await?;
    let mut rows = tally.rows().to_vec();
    rows.push(("seconds taken", began.elapsed().as_secs()));
    write_table(&mut console.out, &rows)?;
    Ok(console.out.flush()?)
}

/// Writes the firm through the modules' verbs, as `ctx`, who may import and manage users.
pub async fn fill(plan: Plan, parts: &Parts, ctx: &Ctx, console: &mut Console) -> Result<Tally, DemoError> {
    let present = writer::cases_in_firm(ctx).await?;
    let known = team::known(ctx).await?;
    if !known.is_empty() && !plan.again {
        return Err(DemoError::Exists { people: known.len() });
    }
    // A second firm goes on where the first ended; the first does not depend on what else the firm has.
    let first = if known.is_empty() { 0 } else { present };
    let generator = Generator::new(plan.seed, first, plan.cases);
    let team = team::engage(ctx, &parts.hasher, generator.staff(), known, console).await?;
    let generator = generator.with_staff(team.members.clone());
    let mut tally = Tally { users: team.added, ..Tally::default() };

    let clients = writer::add_clients(ctx, &generator).await?;
    tally.clients = clients.len() as u64;
    let writer =
        Writer { ctx, team: &team.contexts, files: &parts.files, clients: &clients, is_shared: present > 0 };
    let mut progress = Progress::new(console, u64::from(generator.case_count()), "cases");
    let mut written = futures_util::stream::iter(generator.cases())
        .map(|case| {
            let writer = &writer;
            Box::pin(async move { writer.write(case?).await })
        })
        .buffer_unordered(AT_ONCE);
    while let Some(case) = written.next().await {
        tally.add(&case?);
        progress.step(console)?;
    }
    progress.finish();
    Ok(tally)
}
