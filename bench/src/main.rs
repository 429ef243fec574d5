//! Measures LexiFlow: starts the release binary as a process of its own, talks to it over HTTP on loopback, and prints
//! one table of figures with their targets. A figure that misses its target is printed as missed and is no fault of the
//! run; the exit code is 1 only when something could not be measured.

mod api;
mod args;
mod attack;
mod body;
mod cgroup;
mod child;
mod client;
mod figures;
mod load;
mod machine;
mod process;
mod quantity;
mod record;
mod server;
mod setup;
mod sockets;
mod table;

use args::{Args, Figure, Inner};
use clap::Parser as _;
use setup::Setup;
use std::io::Write as _;
use std::process::ExitCode;
use table::Row;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            drop(writeln!(std::io::stderr(), "bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.inner {
        Some(Inner::Become { cgroup, unseen, command }) => {
            let group = cgroup.map(|path| child::Group { path, is_unseen: unseen });
            child::become_command(group.as_ref(), &command)
        }
        Some(Inner::Usage { out, command }) => child::run_to_end(&out, &command),
        None => {
            let setup = Setup::new(&args.options)?;
            if args.figure.needs_server() {
                setup.server_binary()?;
            }
            // One thread: the client takes as little of the machine as it can.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let rows = runtime.block_on(measure(args.figure, &setup));
            table::print(&mut std::io::stdout().lock(), &rows)?;
            let path = record::append(&args.figure.name(), &setup, &rows)?;
            setup.say(&format!("recorded in {}", path.display()));
            let all_measured = !rows.iter().any(Row::has_failed);
            Ok(if all_measured { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

async fn measure(chosen: Figure, setup: &Setup) -> Vec<Row> {
    let mut rows = Vec::new();
    for figure in figures::of(chosen) {
        setup.say(&format!("measuring {} ...", figure.name()));
        match Box::pin(figures::measure(figure, setup)).await {
            Ok(measured) => rows.extend(measured),
            Err(error) => rows.push(Row::failed(&figure.name(), &format!("{error:#}"))),
        }
    }
    rows
}
