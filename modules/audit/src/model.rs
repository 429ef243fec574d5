use clock::Timestamp;
use ids::{AuditId, CaseId, FirmId, UserId};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// The longest that a record's changes may be, as JSON text. What is longer is replaced by a marker with its length.
pub(crate) const CHANGES_BYTES: usize = 64 << 10;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Something was added.
    Create,
    /// Something was changed.
    Update,
    /// Something was removed.
    Delete,
    /// Something was read that the firm wants to know about.
    Read,
    /// Records were read in from outside.
    Import,
    /// Somebody signed in.
    Login,
    /// Somebody tried to sign in and was refused.
    LoginFailed,
    /// Somebody signed out, or was signed out.
    Logout,
}

impl Act {
    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Read => "read",
            Self::Import => "import",
            Self::Login => "login",
            Self::LoginFailed => "login_failed",
            Self::Logout => "logout",
        }
    }
}

/// To what it was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// The kind, such as `case`.
    pub kind: &'static str,
    /// The id.
    pub id: Uuid,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// What changed: `{"title": ["old", "new"]}`. Never a secret.
    pub changes: Option<Value>,
}

impl Entity {
    /// An entity whose kind is its id's.
    pub fn of<I: ids::Id>(id: I) -> Self {
        Self { kind: I::KIND, id: id.uuid(), case: None, changes: None }
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

    /// What changed.
    #[must_use]
    pub fn changed(mut self, changes: Value) -> Self {
        self.changes = Some(changes);
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

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// The firm.
    #[serde(skip)]
    pub firm: FirmId,
    /// Who did it; nothing when nobody was signed in.
    pub user: Option<UserId>,
    /// What was done.
    pub action: String,
    /// The kind of thing it was done to.
    pub entity: String,
    /// Its id.
    pub entity_id: Uuid,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// What changed.
    pub changes: Option<Value>,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// Which request.
    pub correlation: String,
    /// When.
    pub at: Timestamp,
}
