use ids::{CaseId, FirmId, Id as _};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// To what it was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// The kind, such as `case`.
    pub kind: &'static str,
    /// The id.
    pub id: Uuid,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    /// What changed: `{"title": ["old", "new"]}`. Never a secret.
    pub changes: Option<Value>,
    /// The status that a refusal is answered with; nothing for what was done.
    pub status: Option<u16>,
}

impl Entity {
    /// An entity whose kind is its id's.
    pub fn of<I: ids::Id>(id: I) -> Self {
        Self::named(I::KIND, id.uuid())
    }

    /// Something whose kind has no ids of its own.
    pub fn named(kind: &'static str, id: Uuid) -> Self {
        Self { kind, id, case: None, reason: None, changes: None, status: None }
    }

    /// The firm's audit log itself.
    pub(crate) fn log_of(firm: FirmId) -> Self {
        Self::named("audit log", firm.uuid())
    }

    /// The case that the entity belongs to.
    #[must_use]
    pub fn in_case(mut self, case: CaseId) -> Self {
        self.case = Some(case);
        self
    }

    /// The case that the entity belongs to, if any.
    #[must_use]
    pub fn in_case_if(mut self, case: Option<CaseId>) -> Self {
        self.case = case;
        self
    }

    /// Why it was done.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// What changed.
    #[must_use]
    pub fn changed(mut self, changes: Value) -> Self {
        self.changes = Some(changes);
        self
    }

    /// With which status it is answered, where that is known.
    #[must_use]
    pub fn answered(mut self, status: Option<u16>) -> Self {
        self.status = status;
        self
    }

    /// The fields in which two states differ: `{"field": [before, after]}`.
    #[must_use]
    pub fn differing(self, before: &impl Serialize, after: &impl Serialize) -> Self {
        let fields = |state: Result<Value, serde_json::Error>| match state {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let (mut before, after) = (fields(serde_json::to_value(before)), fields(serde_json::to_value(after)));
        let mut changes = serde_json::Map::new();
        for (field, now) in after {
            let was = before.remove(&field).unwrap_or(Value::Null);
            if was != now {
                changes.insert(field, Value::Array(vec![was, now]));
            }
        }
        for (field, was) in before {
            if !was.is_null() {
                changes.insert(field, Value::Array(vec![was, Value::Null]));
            }
        }
        self.changed(Value::Object(changes))
    }
}
