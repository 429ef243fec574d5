//! The command line: what can be asked of the binary, and how it answers.
//!
//! Every command writes through a [`Console`], so that a test can read what a person would. Exit codes: 0 done, 1 failed,
//! 2 not understood, 3 an import is done and had faults, 4 the audit log is not intact, 78 the configuration has faults, 141 nobody reads the answer to
//! its end.

pub mod arguments;
mod audit;
mod config;
mod console;
pub mod demo;
mod error;
mod faults_file;
mod generated;
mod healthcheck;
mod import_docket;
mod import_production;
mod memory;
mod migrate;
mod people;
mod progress;
mod runtime;
mod serve;
mod session;
mod table;
mod version;

pub use arguments::{Cli, Command};
pub use console::Console;
pub use error::CommandError;
pub use faults_file::FaultsFile;
pub use progress::Progress;
pub use session::Session;
pub use table::write_table;

use crate::config::{Environment, Loaded, Sources, load};
use clap::Parser as _;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the program that the process was started as.
pub fn main() -> ExitCode {
    let mut console = Console::of_process();
    let code = run(std::env::args_os(), Environment::from_process(), Some(PathBuf::from(".")), &mut console);
    ExitCode::from(code)
}

/// Runs one command line and returns its exit code. `directory` is where `.env` files are looked for.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: Environment,
    directory: Option<PathBuf>,
    console: &mut Console,
) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => return usage(&message, console),
    };
    let profile = cli.profile.map(|name| ("profile".to_owned(), name));
    // What is set by name counts before the flag.
    let overrides = profile.into_iter().chain(cli.set).collect();
    let sources = Sources { overrides, environment, directory, file: cli.config };
    match dispatch(cli.command.unwrap_or(Command::Serve), &sources, console) {
        Ok(()) => 0,
        Err(error) => {
            let code = error.exit_code();
            // Who stops reading knows it. When even the terminal cannot be written to, the exit code must do.
            if code != error::BROKEN_PIPE {
                drop(writeln!(console.err, "lexiflow: {}", with_causes(&error)));
            }
            code
        }
    }
}

/// The message with the causes that it does not tell itself.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let told = inner.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = inner.source();
    }
    text
}

/// Help and version are answers; everything else that does not parse is a mistake.
fn usage(message: &clap::Error, console: &mut Console) -> u8 {
    let text = message.render();
    let out = if message.use_stderr() { &mut console.err } else { &mut console.out };
    drop(write!(out, "{text}").and_then(|()| out.flush()));
    u8::try_from(message.exit_code()).unwrap_or(2)
}

fn dispatch(command: Command, sources: &Sources, console: &mut Console) -> Result<(), CommandError> {
    match command {
        Command::Serve => serve::run(settings(sources)?, sources, console),
        Command::Import { what } => match what {
            arguments::Import::Docket(args) => import_docket::run(settings(sources)?, args, console),
            arguments::Import::Production(args) => import_production::run(settings(sources)?, args, console),
        },
        Command::Demo(args) => runtime::in_session(settings(sources)?, console, async |session, console| {
            demo::run(args, session, console).await
        }),
        Command::Config { what } => config::run(what, sources, console),
        Command::Migrate { what } => migrate::run(what, sources, console),
        Command::Openapi => generated::print_openapi(console),
        Command::CheckGenerated { folder } => generated::check(&folder, console),
        Command::User { what } => people::user(settings(sources)?, what, console),
        Command::Firm { what } => people::firm(settings(sources)?, what, console),
        Command::Audit { what } => audit::run(what, sources, console),
        Command::Memory(asked) => memory::run(asked, sources, console),
        Command::Healthcheck => healthcheck::run(&settings(sources)?, console),
        Command::Version => version::run(console),
    }
}

fn settings(sources: &Sources) -> Result<Loaded, CommandError> {
    load(sources).map_err(|faults| CommandError::Start(faults.into()))
}
