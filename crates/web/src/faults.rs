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

/// The rules of the domain that a value breaks by itself, given the faults that are known already: what those name may
/// hold a stand-in.
pub(crate) type Rules<'a, T> = &'a dyn Fn(&T, &[Fault]) -> Vec<Fault>;

/// For values without such rules.
pub(crate) fn no_rules<T>(_: &T, _: &[Fault]) -> Vec<Fault> {
    Vec::new()
}

/// Reads and checks a value. The error lists the faults of shape first, then those of content, then the broken rules.
/// One broken rule alone is no fault here: the verb refuses it in its own words.
pub(crate) fn read<T>(value: Value, form: Form, rounds: usize, rules: Rules<'_, T>) -> Result<T, Vec<Fault>>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let mut search = Search::of(value);
    for _ in 0..rounds.clamp(1, ROUNDS) {
        match T::deserialize(Reader::new(search.value(), form)) {
            Ok(found) => return judge(&found, search.into_faults(), rules).map(|()| found),
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
pub(crate) fn check<T: Validate<Context = ()>>(value: &T, rules: Rules<'_, T>) -> Result<(), Vec<Fault>> {
    judge(value, Vec::new(), rules)
}

fn judge<T>(value: &T, mut faults: Vec<Fault>, rules: Rules<'_, T>) -> Result<(), Vec<Fault>>
where
    T: Validate<Context = ()>,
{
    validity::check(value, &mut faults);
    let mut broken = rules(value, &faults);
    broken.retain(|rule| !faults.iter().any(|known| place::is_inside(&rule.field, &known.field)));
    if faults.is_empty() && broken.len() < 2 {
        return Ok(());
    }
    broken.truncate(ROUNDS.saturating_sub(faults.len()));
    faults.extend(broken);
    Err(faults)
}
