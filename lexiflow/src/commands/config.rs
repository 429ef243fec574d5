use super::{CommandError, Console, arguments};
use crate::config::{Sources, load, render_check, render_effective, render_faults, render_schema};
use std::io::Write as _;

pub(super) fn run(
    what: arguments::Settings,
    sources: &Sources,
    console: &mut Console,
) -> Result<(), CommandError> {
    let out = &mut console.out;
    match what {
        arguments::Settings::Schema => render_schema(out)?,
        arguments::Settings::Check => match load(sources) {
            Ok(loaded) => render_check(&loaded, out)?,
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
