//! Reads a value into a type and, when it does not fit, finds every fault instead of the first.
//!
//! Serde stops at the first fault. So each fault is noted, the member at fault is replaced by a stand-in that should
//! fit, and the reading starts again, in a bounded number of rounds. The stand-ins never leave this module: a value
//! that needed one is refused.

mod misfit;
mod place;
mod reader;
mod search;
mod stand_in;
mod validity;
mod wording;

pub(crate) use reader::Form;

use crate::problem::Fault;
use garde::Validate;
use reader::Reader;
use search::Search;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The most rounds, and the most faults that are reported.
pub(crate) const ROUNDS: usize = 64;

/// Reads and checks a value. The error lists the faults of shape first, then those of content.
pub(crate) fn read<T>(value: Value, form: Form, rounds: usize) -> Result<T, Vec<Fault>>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let mut search = Search::of(value);
    for _ in 0..rounds.clamp(1, ROUNDS) {
        match T::deserialize(Reader::new(search.value(), form)) {
            Ok(found) => {
                let mut faults = search.into_faults();
                validity::check(&found, &mut faults);
                return if faults.is_empty() { Ok(found) } else { Err(faults) };
            }
            Err(misfit) => {
                if !search.settle(misfit) {
                    break;
                }
            }
        }
    }
    Err(search.into_faults())
}

/// Checks the rules of a value that was read already.
pub(crate) fn check<T: Validate<Context = ()>>(value: &T) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    validity::check(value, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
