//! What a record of a change never holds, whatever a module hands over.

use serde_json::{Map, Value};

/// Stands where a value was.
const REDACTED: &str = "[redacted]";

/// Names of fields whose values identify a person beyond their name, or open something. Compared without case, `_` and `-`.
const CLASSES: [&str; 16] = [
    "password",
    "passwordhash",
    "secret",
    "token",
    "refreshtoken",
    "accesstoken",
    "apikey",
    "totpsecret",
    "recoverycodes",
    "ssn",
    "socialsecuritynumber",
    "taxid",
    "bankaccount",
    "accountnumber",
    "dateofbirth",
    "passportnumber",
];

/// The changes without the values of such fields, at any depth. That the field changed stays told.
pub(crate) fn redacted(changes: Value) -> Value {
    match changes {
        Value::Object(fields) => Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>()),
        Value::Array(items) => Value::Array(items.into_iter().map(redacted).collect()),
        other => other,
    }
}

fn field((name, value): (String, Value)) -> (String, Value) {
    let value = if is_secret(&name) { hidden(value) } else { redacted(value) };
    (name, value)
}

fn is_secret(name: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let name = letters(name);
    CLASSES.iter().any(|class| *class == name)
}

/// `[before, after]` stays a pair, so that it can be seen which of the two was empty.
fn hidden(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(items) => Value::Array(items.into_iter().map(hidden).collect()),
        _ => Value::from(REDACTED),
    }
}
