//! The verbs: check, begin, change, record, announce, commit.

pub(crate) mod cases;
pub(crate) mod import;
pub(crate) mod leads;
pub(crate) mod parties;
pub(crate) mod team;

use crate::Error;
use web::Version;

/// Refuses a change of another version than the one the caller saw.
fn check_version(seen: Option<Version>, now: Version) -> Result<(), Error> {
    match seen {
        Some(seen) if seen != now => Err(Error::Stale { now: now.0 }),
        _ => Ok(()),
    }
}
