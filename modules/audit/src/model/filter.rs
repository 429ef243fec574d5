use clock::Timestamp;
use ids::{CaseId, UserId};
use serde::Serialize;
use uuid::Uuid;

/// A stretch of time: from its first moment, up to but not including its last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// This moment or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

/// Which entries are asked for. What is not said is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Done by this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// This act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// To this kind of thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// To this very thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<Uuid>,
    /// In this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// That ended so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// From this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// In this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// In this time.
    #[serde(flatten)]
    pub span: Span,
}
