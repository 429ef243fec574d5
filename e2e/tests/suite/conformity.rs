//! Whether a value is what a schema of the description says.

use crate::openapi::resolved;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// An object's schema with all its parts laid together.
#[derive(Default)]
struct Shape<'a> {
    members: Map<String, Value>,
    required: BTreeSet<&'a str>,
    /// The schema of members without a name of their own; `true` where anything may stand.
    others: Option<&'a Value>,
}

impl<'a> Shape<'a> {
    fn add(&mut self, document: &'a Value, schema: &'a Value) {
        let schema = resolved(document, schema);
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        parts
            .chain(choices.filter(|choice| choice["type"] != "null"))
            .for_each(|part| self.add(document, part));
        if let Some(members) = schema["properties"].as_object() {
            self.members.extend(members.clone());
        } else if schema["type"] == "object" && schema["allOf"].is_null() {
            self.others = Some(&schema["additionalProperties"]);
        }
        self.required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
    }
}

/// Everything in which the value differs from the schema, each with its place.
pub(super) fn faults(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let of_each: Vec<_> = choices.iter().map(|choice| faults(document, choice, value, place)).collect();
        return of_each.into_iter().min_by_key(Vec::len).unwrap_or_default();
    }
    let mut found = Vec::new();
    if !has_type(schema, value) {
        found.push(format!("{place}: {value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
        found.push(format!("{place}: {value} is not one of {}", schema["enum"]));
    }
    if schema["minimum"].as_f64().zip(value.as_f64()).is_some_and(|(least, value)| value < least) {
        found.push(format!("{place}: {value} is too small"));
    }
    if let (Some(format), Some(text)) = (schema["format"].as_str(), value.as_str())
        && !has_format(format, text)
    {
        found.push(format!("{place}: {text} is no {format}"));
    }
    match value {
        Value::Object(members) => found.extend(faults_of_members(document, schema, members, place)),
        Value::Array(items) if !schema["items"].is_null() => {
            for (index, item) in items.iter().enumerate() {
                found.extend(faults(document, &schema["items"], item, &format!("{place}[{index}]")));
            }
        }
        _ => {}
    }
    found
}

fn faults_of_members(
    document: &Value,
    schema: &Value,
    members: &Map<String, Value>,
    place: &str,
) -> Vec<String> {
    let mut shape = Shape::default();
    shape.add(document, schema);
    // A schema without a word about its type allows everything.
    let free = schema["type"].is_null() && shape.members.is_empty();
    let mut found = Vec::new();
    for (name, value) in members {
        let place = format!("{place}.{name}");
        match (shape.members.get(name), shape.others) {
            (Some(member), _) => found.extend(faults(document, member, value, &place)),
            (None, Some(Value::Null | Value::Bool(true))) => {}
            (None, Some(others)) if others.is_object() => {
                found.extend(faults(document, others, value, &place));
            }
            _ if free => {}
            _ => found.push(format!("{place} is not declared")),
        }
    }
    let missing = shape.required.iter().filter(|name| !members.contains_key(**name));
    found.extend(missing.map(|name| format!("{place}.{name} is missing")));
    found
}

fn has_type(schema: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not known"),
    };
    match &schema["type"] {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

fn has_format(format: &str, text: &str) -> bool {
    match format {
        "uuid" => text.parse::<ids::CaseId>().is_ok() && text.as_bytes()[14] == b'7',
        "date-time" => text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        "date" => text.parse::<chrono::NaiveDate>().is_ok(),
        _ => true,
    }
}
