//! Attempts to reach what a wall hides become records of the audit.
//!
//! Whoever asks by its id for what is not there, and whoever asks for what a wall hides, wait for the same: one job is
//! stored, which says what was asked. Only the job finds out which of the two it was. So the answer takes as long in both
//! cases, and the attempt is on disk before the caller has it. A firm without walls is spared the job.

use crate::jobs::LookIntoMiss;
use access::{Ctx, MissWatch};
use futures_util::future::BoxFuture;
use queue::NewJob;
use web::problem::Missed;

/// Has it looked into what callers missed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Denials;

impl MissWatch for Denials {
    fn missed<'a>(&'a self, ctx: &'a Ctx, missed: Missed) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = note(ctx, missed).await {
                // The answer says already that there is nothing; the log is what is left.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    user = %ctx.user(),
                    kind = missed.kind,
                    "an attempt to reach what may be behind a wall could not be noted"
                );
            }
        })
    }
}

async fn note(ctx: &Ctx, missed: Missed) -> Result<(), access::Error> {
    if !LookIntoMiss::knows(missed.kind) || access::wall_changes(ctx.reader(), ctx.firm()).await? == 0 {
        return Ok(());
    }
    let job = LookIntoMiss::of(ctx, missed);
    // Not the verb's own transaction: a claimed idempotency key is not marked as done by it.
    let mut tx = ctx.app().db().writer().begin().await?;
    let new = NewJob { id: ctx.new_id(), firm: Some(ctx.firm()), run_at: ctx.now(), dedup_key: None };
    ctx.app().jobs().enqueue(&mut tx, new, &job).await?;
    tx.commit().await?;
    Ok(())
}
