//! JSON Merge Patch (RFC 7396).

use crate::codes;
use crate::extract::read_value;
use crate::faults::no_rules;
use crate::problem::{Fault, Problem};
use garde::Validate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Applies a patch: `null` removes a member, an object is merged member by member, anything else replaces.
/// The depth is that of the patch, which the JSON reader bounds.
pub fn merge(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

/// The resource's changeable part as it would be after the patch, checked like a new one: unknown members, wrong types
/// and broken rules are 400 with all faults. `current` must serialise to the members that `T` reads.
pub fn patched<T>(current: &impl Serialize, patch: Value) -> Result<T, Problem>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    patched_by(current, patch, no_rules)
}

/// As [`patched`], with the broken rules of the domain told beside the faults; see [`Ruled`](crate::Ruled).
pub fn patched_by<T>(
    current: &impl Serialize,
    patch: Value,
    rules: impl Fn(&T, &[Fault]) -> Vec<Fault>,
) -> Result<T, Problem>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let mut value =
        serde_json::to_value(current).map_err(|error| Problem::new(codes::INTERNAL).with_cause(error))?;
    merge(&mut value, patch);
    read_value(value, &rules)
}
