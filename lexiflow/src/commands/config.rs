use super::{CommandError, Console, arguments};
use crate::config::{Config, Sources, load, render_check, render_effective, render_faults, render_schema};
use crate::state::{declared_bounds, fit, limit_of, settle};
use std::io::Write;

/// Who takes how much of the memory limit here, and whether a server would start with it.
fn check_memory(mut config: Config, out: &mut impl Write) -> Result<(), CommandError> {
    let limit_bytes = limit_of(&config);
    settle(&mut config, limit_bytes);
    let bounds = declared_bounds(&config, limit_bytes);
    fit(&config, bounds.clone())?;
    Ok(writeln!(out, "memory, as far as the settings bound it:\n{bounds}")?)
}

pub(super) fn run(
    what: arguments::Settings,
    sources: &Sources,
    console: &mut Console,
) -> Result<(), CommandError> {
    let out = &mut console.out;
    match what {
        arguments::Settings::Schema => render_schema(out)?,
        arguments::Settings::Check => match load(sources) {
            Ok(loaded) => {
                render_check(&loaded, out)?;
                check_memory(loaded.config, out)?;
            }
            Err(faults) => {
                render_faults(&faults, out)?;
                out.flush()?;
                return Err(CommandError::Faulty);
            }
        },
        arguments::Settings::Print { effective: _ } => {
            let loaded = load(sources).map_err(|faults| CommandError::Start(faults.into()))?;
            render_effective(&loaded, out)?;
        }
    }
    Ok(out.flush()?)
}
