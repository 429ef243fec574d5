use super::{Fault, Inner};
use crate::scope::Scope;
use chrono::SecondsFormat;
use serde::Serialize;

/// The members of every error answer: those of RFC 9457, and those that earlier clients read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// The page that explains the code.
    #[serde(rename = "type")]
    #[schema(example = "/api/docs/errors/validation_failed")]
    pub kind: String,
    /// A sentence that is the same for every occurrence of the code.
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong this time, and what to do.
    pub detail: String,
    /// Which resource the request was about.
    pub instance: String,
    /// The same as `status`.
    #[schema(example = 400)]
    pub status_code: u16,
    /// Stable, in `snake_case`: decide by this.
    #[schema(example = "validation_failed")]
    pub code: &'static str,
    /// The same as `detail`.
    pub message: String,
    /// What ties the answer to the log; also in `X-Correlation-ID`.
    pub correlation_id: String,
    /// When, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    pub timestamp: String,
    /// The request's path, without its query.
    pub path: String,
    /// The members at fault, all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// For want of memory: whether trying again may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// For want of memory: which budget refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// For want of memory: how much was asked, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_wanted: Option<u64>,
    /// For want of memory: that budget's limit, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_limit: Option<u64>,
}

impl ProblemBody {
    /// The members for one request; without a scope (a router without layers) the request's own are empty.
    pub(crate) fn of(inner: &Inner, scope: Option<&Scope>) -> Self {
        let path = scope.map(|scope| scope.path().to_owned()).unwrap_or_default();
        let shortage = inner.shortage.as_ref();
        Self {
            kind: format!("/api/docs/errors/{}", inner.code.name),
            title: inner.code.title,
            status: inner.code.status,
            detail: inner.detail().to_owned(),
            instance: path.clone(),
            status_code: inner.code.status,
            code: inner.code.name,
            message: inner.detail().to_owned(),
            correlation_id: scope.map(|scope| scope.correlation().as_str().to_owned()).unwrap_or_default(),
            timestamp: scope
                .map(|scope| scope.now().to_rfc3339_opts(SecondsFormat::Micros, true))
                .unwrap_or_default(),
            path,
            errors: inner.faults.clone(),
            retryable: shortage.map(|shortage| shortage.retryable),
            scope: shortage.map(|shortage| shortage.scope.clone()),
            bytes_wanted: shortage.map(|shortage| shortage.bytes_wanted),
            bytes_limit: shortage.map(|shortage| shortage.bytes_limit),
        }
    }
}
