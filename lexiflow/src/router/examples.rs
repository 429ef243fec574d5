//! The examples of the API's description. A type that goes over the wire carries its example beside its fields; here
//! each operation's bodies get theirs from it, so that a page of a list shows one item without a word in its module.

use serde_json::{Map, Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{Content, OpenApi, RefOr, Response};

/// A schema that leads deeper than this leads to itself.
const DEPTH: usize = 16;

/// The described types, for their examples.
pub(super) struct Examples {
    document: Value,
}

impl Examples {
    /// Of all types of a description.
    pub(super) fn of(described: &OpenApi) -> Self {
        Self { document: json!({ "components": described.components }) }
    }

    /// Gives the operation's JSON body and its JSON answers of success their examples. One that a type cannot give is
    /// left out, never guessed.
    pub(super) fn complete(&self, operation: &mut Operation) {
        if let Some(RefOr::T(RequestBody { content, .. })) = &mut operation.request_body {
            for (kind, content) in content {
                self.fill(kind, content);
            }
        }
        for (status, answer) in &mut operation.responses.responses {
            if let RefOr::T(Response { content, .. }) = answer
                && status.starts_with('2')
            {
                for (kind, content) in content {
                    self.fill(kind, content);
                }
            }
        }
    }

    fn fill(&self, kind: &str, content: &mut RefOr<Content>) {
        let RefOr::T(content) = content else { return };
        if kind.ends_with("json") && content.example.is_none() && content.examples.is_empty() {
            // Text, numbers and maps with text keys only: such a value always serialises.
            let schema = serde_json::to_value(&content.schema).unwrap_or_default();
            content.example = self.example(&schema, DEPTH);
        }
    }

    fn example(&self, schema: &Value, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        if let Some(example) = schema.get("example") {
            return Some(example.clone());
        }
        if let Some(reference) = schema["$ref"].as_str() {
            return self.example(self.document.pointer(reference.trim_start_matches('#'))?, depth);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.merged(parts, depth);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return choices.iter().find_map(|choice| self.example(choice, depth));
        }
        if let Some(items) = schema.get("items") {
            return Some(Value::Array(vec![self.example(items, depth)?]));
        }
        self.members(schema, depth)
    }

    fn merged(&self, parts: &[Value], depth: usize) -> Option<Value> {
        let mut all = Map::new();
        for part in parts {
            let Value::Object(members) = self.example(part, depth)? else { return None };
            all.extend(members);
        }
        Some(Value::Object(all))
    }

    /// Those members that have an example; nothing when one of them has none and must be there.
    fn members(&self, schema: &Value, depth: usize) -> Option<Value> {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut all = Map::new();
        for (name, member) in schema["properties"].as_object()? {
            match self.example(member, depth) {
                Some(example) => drop(all.insert(name.clone(), example)),
                None if required.iter().any(|required| required == name) => return None,
                None => {}
            }
        }
        Some(Value::Object(all))
    }
}
