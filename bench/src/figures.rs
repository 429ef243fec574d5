//! The figures, one file each.

mod audit;
mod build;
mod connections;
mod decision;
mod fragmentation;
mod idle;
mod import;
mod leaks;
mod limits;
mod meter;
mod profiles;
mod replicas;
mod requests;
mod slow_disk;
mod soak;
mod start;
mod streams;
mod upload;
mod walls;
mod writes;
mod yardstick;

use crate::args::Figure;
use crate::load::{self, Call, Until};
use crate::server::Start;
use crate::setup::Setup;
use crate::table::Row;
use crate::{api, attack, client::Connection, server::Server};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The figures that a choice stands for.
pub(crate) fn of(chosen: Figure) -> Vec<Figure> {
    match chosen {
        Figure::All => vec![
            Figure::Idle,
            Figure::Connections,
            Figure::Start,
            Figure::Requests,
            Figure::Writes,
            Figure::Import,
            Figure::Audit,
            Figure::Upload,
            Figure::Meter,
            Figure::Streams,
            Figure::Leaks,
            Figure::Fragmentation,
        ],
        one => vec![one],
    }
}

/// Measures one figure; it may take several rows.
pub(crate) async fn measure(figure: Figure, setup: &Setup) -> anyhow::Result<Vec<Row>> {
    match figure {
        Figure::All => Ok(Vec::new()),
        Figure::Idle => idle::measure(setup).await,
        Figure::Connections => connections::measure(setup).await,
        Figure::Start => start::measure(setup).await,
        Figure::Requests => requests::measure(setup).await,
        Figure::Writes => writes::measure(setup).await,
        Figure::Import => import::measure(setup).await,
        Figure::Audit => audit::measure(setup).await,
        Figure::Upload => upload::measure(setup).await,
        Figure::Meter => meter::measure(setup).await,
        Figure::Streams => streams::measure(setup),
        Figure::Leaks => leaks::measure(setup),
        Figure::Soak => soak::measure(setup).await,
        Figure::Fragmentation => fragmentation::measure(setup).await,
        Figure::Profiles => profiles::measure(setup).await,
        Figure::Limits => limits::measure(setup).await,
        Figure::Attack => attack::measure(setup).await,
        Figure::Walls => walls::measure(setup).await,
        Figure::Replicas => replicas::measure(setup).await,
        Figure::Build => build::measure(setup),
    }
}

/// Clients of the figures that are not about many of them.
const FEW_CLIENTS: usize = 4;

/// A server that starts on a new database, with the setup's number of cases, and connections to it.
async fn server_with_cases(setup: &Setup, start: Start<'_>) -> anyhow::Result<(Server, Vec<Connection>)> {
    let server = start.go().await?;
    let connections = open_cases(&server, setup.amounts.cases, create_case).await?;
    Ok((server, connections))
}

/// Opens so many cases, and the connections that they came by.
async fn open_cases(
    server: &Server,
    cases: u64,
    create: impl Fn(usize, u64) -> Call + Copy,
) -> anyhow::Result<Vec<Connection>> {
    let mut connections = api::connections(server, FEW_CLIENTS).await?;
    let each = cases.div_ceil(u64::try_from(FEW_CLIENTS)?);
    load::run(&mut connections, Until::Count(each), create).await.faultless()?;
    Ok(connections)
}

/// The call that opens a case.
fn create_case(client: usize, at: u64) -> Call {
    Call { path: "/api/cases".to_owned(), body: Some(api::new_case(client, at)) }
}

/// Builds an example in release mode; what it is called then.
#[expect(clippy::disallowed_methods, reason = "cargo's own setting, for the cargo that is started here")]
fn example(setup: &Setup, package: &str, name: &str) -> anyhow::Result<PathBuf> {
    setup.say(&format!("building {package}'s example {name} ..."));
    // Where the rest is built, nothing has to be built twice.
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| setup.root.join("target"), PathBuf::from);
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "-p", package, "--example", name]);
    let status = cargo.arg("--target-dir").arg(&target).current_dir(&setup.root).status()?;
    anyhow::ensure!(status.success(), "the example {name} of {package} does not build");
    Ok(setup.root.join(target).join("release/examples").join(name))
}

/// How long after a start or a load the server has given back what only that needed: its code goes last, after some 5 s.
const AT_REST: Duration = Duration::from_secs(6);

/// The number in the middle.
fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}
