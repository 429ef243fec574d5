use crate::codes;
use crate::faults::{self, Form, ROUNDS, no_rules};
use crate::problem::{Fault, Problem};
use axum::extract::FromRequestParts;
use garde::Validate;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The query string, read and checked like a JSON body: unknown, missing and wrong parameters are refused with 400
/// `malformed_query`, all at once. A parameter given more than once is a list. `name=` is `None` for an `Option`.
/// `#[serde(flatten)]` does not go with numbers here, nor with `deny_unknown_fields`: list the parameters.
#[derive(Debug, Clone, Copy)]
pub struct ValidQuery<T>(pub T);

/// The most parameters of a query string.
const MAX_PARAMETERS: usize = 256;

impl<T, S> FromRequestParts<S> for ValidQuery<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let refuse = |faults| Problem::new(codes::MALFORMED_QUERY).with_faults(faults);
        let value = parameters(parts.uri.query().unwrap_or_default()).map_err(|fault| refuse(vec![fault]))?;
        faults::read(value, Form::Text, ROUNDS, &no_rules).map(Self).map_err(refuse)
    }
}

/// The parameters as an object of texts, by the rules of `application/x-www-form-urlencoded`.
pub(super) fn parameters(query: &str) -> Result<Value, Fault> {
    let mut members = Map::new();
    for (position, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if position == MAX_PARAMETERS {
            let message = format!("there are more than {MAX_PARAMETERS} parameters: send fewer");
            return Err(Fault::new("", "invalid", message));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, Value::String(decode(value)?));
        match members.get_mut(&name) {
            None => {
                members.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Ok(Value::Object(members))
}

fn decode(text: &str) -> Result<String, Fault> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) if decoded.contains('\0') => {
            Err(Fault::new("", "invalid", "the query string has the character U+0000: leave it out"))
        }
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(Fault::new("", "invalid", "the query string is not UTF-8: encode it as UTF-8")),
    }
}
