use crate::model::{Asked, Chained, Entry, Span, State, Tally, Verdict, Verification};
use crate::{Filter, Format, Report, Summary};
use clock::Timestamp;
use crypto::digest::hex;
use ids::{ApiKeyId, AuditId, CaseId, SessionId, UserId, VerificationId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Entries on a page unless told, and at most.
pub(super) const MAX_LIMIT: u64 = 500;

/// Which entries, and which page of them.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub(super) struct ListEntries {
    /// Done by this user.
    pub(super) user_id: Option<UserId>,
    /// What was done, such as `update`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    pub(super) action: Option<String>,
    /// To this kind of thing, such as `case`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    pub(super) entity_type: Option<String>,
    /// To this very thing.
    pub(super) entity_id: Option<Uuid>,
    /// In this case.
    pub(super) case_id: Option<CaseId>,
    /// How it ended: `done`, `refused` or `failed`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    pub(super) outcome: Option<String>,
    /// From this address.
    #[param(value_type = Option<String>)]
    pub(super) ip: Option<std::net::IpAddr>,
    /// In this request.
    #[garde(inner(length(bytes, min = 1, max = 128)))]
    pub(super) correlation_id: Option<String>,
    /// At this moment or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) from: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) to: Option<Timestamp>,
    /// The page, from 1.
    pub(super) page: Option<u64>,
    /// `nextCursor` of the page before, for reading far into the list; goes without `page`.
    #[garde(inner(length(bytes, min = 1, max = 2048)))]
    pub(super) cursor: Option<String>,
    /// Entries on a page: 1 to 500, 20 unless told.
    pub(super) limit: Option<u64>,
    /// `-seq`, the newest first, unless told; or `seq`.
    #[param(inline)]
    pub(super) sort: Option<Order>,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub(super) enum Order {
    /// The newest first.
    #[default]
    #[serde(rename = "-seq")]
    Newest,
    /// The oldest first.
    #[serde(rename = "seq")]
    Oldest,
}

impl ListEntries {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            user: self.user_id,
            action: self.action.clone(),
            entity: self.entity_type.clone(),
            entity_id: self.entity_id,
            case: self.case_id,
            outcome: self.outcome.clone(),
            address: self.ip.map(|address| address.to_string()),
            correlation: self.correlation_id.clone(),
            span: Span { from: self.from, to: self.to },
        }
    }
}

/// Which entries of a case, and which page of them.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct ListEntriesOfCase {
    /// Done by this user.
    user_id: Option<UserId>,
    /// What was done, such as `update`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    action: Option<String>,
    /// To this kind of thing, such as `document`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    entity_type: Option<String>,
    /// At this moment or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// The page, from 1.
    pub(super) page: Option<u64>,
    /// `nextCursor` of the page before, for reading far into the list; goes without `page`.
    #[garde(inner(length(bytes, min = 1, max = 2048)))]
    pub(super) cursor: Option<String>,
    /// Entries on a page: 1 to 500, 20 unless told.
    pub(super) limit: Option<u64>,
    /// `-seq`, the newest first, unless told; or `seq`.
    #[param(inline)]
    pub(super) sort: Option<Order>,
}

impl ListEntriesOfCase {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            user: self.user_id,
            action: self.action.clone(),
            entity: self.entity_type.clone(),
            span: Span { from: self.from, to: self.to },
            ..Filter::default()
        }
    }
}

/// A stretch of time.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub(super) struct InTime {
    /// At this moment or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) from: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) to: Option<Timestamp>,
}

/// A record of who did what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"seq": 4711, "id": "019cae6b-de61-7903-bdf2-0a584ced39f0",
    "userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "sessionId": "019cae6b-6600-7d47-b136-4e9c80216d34",
    "apiKeyId": null, "action": "update", "entityType": "case", "entityId": "019cae6b-8e20-707a-a469-71cfb354a067",
    "caseId": "019cae6b-8e20-707a-a469-71cfb354a067", "outcome": "done", "status": null, "reason": null,
    "changes": {"title": ["Moreno v. Hale", "Moreno v. Hale Shipping"]}, "ip": "192.0.2.17",
    "userAgent": "curl/8.5.0", "method": "PATCH", "route": "/api/cases/{id}", "correlationId": "b1946ac9-2c0f",
    "elapsedMicroseconds": 2417, "at": "2026-03-02T12:00:30.816650Z"}))]
pub struct AuditEntryView {
    /// Its place in the firm's chain, from 1 and without gaps.
    seq: i64,
    /// Its id.
    id: AuditId,
    /// Who did it; `null` when nobody was signed in, and for the server itself.
    user_id: Option<UserId>,
    /// In which login.
    session_id: Option<SessionId>,
    /// With which API key; `null` for the user in person.
    api_key_id: Option<ApiKeyId>,
    /// What was done.
    action: String,
    /// The kind of thing it was done to.
    entity_type: String,
    /// Its id.
    entity_id: Uuid,
    /// The case it belongs to.
    case_id: Option<CaseId>,
    /// How it ended: `done`, `refused` or `failed`.
    outcome: String,
    /// The status of the answer to what was refused or failed; `null` for what was done, which is on record before it is
    /// answered, and where it is not known.
    #[schema(minimum = 100, maximum = 599)]
    status: Option<u16>,
    /// Why, in the words of who did it.
    reason: Option<String>,
    /// What changed: each field with its value before and after. A list leaves out what is longer than 4 KiB.
    changes: Option<serde_json::Value>,
    /// From which address.
    ip: Option<String>,
    /// With what.
    user_agent: Option<String>,
    /// The method of the request.
    method: Option<String>,
    /// The route of the request.
    route: Option<String>,
    /// Which request.
    correlation_id: String,
    /// How long the request had run when this was written, in microseconds; `null` for the command line and for jobs.
    elapsed_microseconds: Option<i64>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<Entry> for AuditEntryView {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            id: entry.id,
            user_id: entry.user,
            session_id: entry.session,
            api_key_id: entry.key,
            action: entry.action,
            entity_type: entry.entity,
            entity_id: entry.entity_id,
            case_id: entry.case,
            outcome: entry.outcome,
            status: entry.status,
            reason: entry.reason,
            changes: entry.changes,
            ip: entry.address,
            user_agent: entry.user_agent,
            method: entry.method,
            route: entry.route,
            correlation_id: entry.correlation,
            elapsed_microseconds: entry.elapsed_microseconds,
            at: entry.at,
        }
    }
}

/// One entry, whole.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChainedEntryView {
    #[serde(flatten)]
    entry: AuditEntryView,
    /// The SHA-256 over the entry and the hash before it, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    hash: String,
    /// What the hash covers: 2, or 1 for what was written before there was a second form.
    #[schema(minimum = 1, example = 2)]
    form: i64,
}

impl From<Chained> for ChainedEntryView {
    fn from(chained: Chained) -> Self {
        Self { hash: hex(&chained.hash), form: chained.form.into(), entry: chained.into_entry().into() }
    }
}

/// What happened, by numbers. Of each kind at most 100 values, the most frequent first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"entries": 17, "actions": [{"value": "update", "entries": 17}],
    "entities": [{"value": "case", "entries": 17}],
    "users": [{"value": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "entries": 17}],
    "outcomes": [{"value": "done", "entries": 17}]}))]
pub(super) struct AuditSummaryView {
    /// Entries in all.
    entries: u64,
    /// By what was done.
    actions: Vec<Tally>,
    /// By the kind of thing it was done to.
    entities: Vec<Tally>,
    /// By the id of who did it; `nobody` where nobody was signed in, and for the server itself.
    users: Vec<Tally>,
    /// By how it ended.
    outcomes: Vec<Tally>,
}

impl From<Summary> for AuditSummaryView {
    fn from(summary: Summary) -> Self {
        let Summary { entries, actions, entities, users, outcomes } = summary;
        Self { entries, actions, entities, users, outcomes }
    }
}

/// The compliance report of a stretch of time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditReportView {
    /// The numbers.
    totals: AuditSummaryView,
    /// Deletions, exports, shares, changes of rights and removals for age: the newest 200.
    critical: Vec<AuditEntryView>,
    /// How many of these there were in all.
    #[schema(example = 1)]
    critical_total: u64,
    /// What was refused or failed: the newest 200.
    failed: Vec<AuditEntryView>,
    /// How many of these there were in all.
    #[schema(example = 1)]
    failed_total: u64,
}

impl From<Report> for AuditReportView {
    fn from(report: Report) -> Self {
        let views = |entries: Vec<Entry>| entries.into_iter().map(AuditEntryView::from).collect();
        Self {
            totals: report.summary.into(),
            critical: views(report.critical),
            critical_total: report.critical_total,
            failed: views(report.failed),
            failed_total: report.failed_total,
        }
    }
}

/// Which stretch of the chain to verify; the whole of it unless told.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Stretch {
    /// From this entry.
    #[garde(inner(range(min = 1)))]
    from: Option<i64>,
    /// To this entry.
    #[garde(inner(range(min = 1)))]
    to: Option<i64>,
}

impl From<Stretch> for Asked {
    fn from(stretch: Stretch) -> Self {
        Self { from: stretch.from, to: stretch.to }
    }
}

/// A verification of the chain.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-de60-7f00-bdf3-1b695dfe4a02",
    "userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "from": null, "to": null, "state": "intact",
    "askedAt": "2026-03-02T12:00:30.816650Z", "endedAt": "2026-03-02T12:00:31.016650Z",
    "verdict": {"entries": 4711, "checkpoints": 12, "first": 1, "last": 4711, "signedUpTo": 4700,
        "beginsAfter": null, "faultCount": 0, "faults": []}}))]
pub(super) struct VerificationView {
    /// Its id.
    id: VerificationId,
    /// Who asked; `null` for the one that comes by itself each day.
    user_id: Option<UserId>,
    /// From which entry; `null` for the beginning.
    from: Option<i64>,
    /// To which entry; `null` for the end.
    to: Option<i64>,
    /// How far it is.
    state: State,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// What it found.
    verdict: Option<Verdict>,
}

impl From<Verification> for VerificationView {
    fn from(verification: Verification) -> Self {
        Self {
            id: verification.id,
            user_id: verification.user,
            from: verification.asked.from,
            to: verification.asked.to,
            state: verification.state,
            asked_at: verification.asked_at,
            ended_at: verification.ended_at,
            verdict: verification.verdict,
        }
    }
}

impl From<InTime> for Span {
    fn from(time: InTime) -> Self {
        Self { from: time.from, to: time.to }
    }
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub(super) struct Pages {
    /// The page, from 1.
    pub(super) page: Option<u64>,
    /// Items on a page: 1 to 100, 20 unless told.
    pub(super) limit: Option<u64>,
}

/// Which entries to give out, and in which form.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `ndjson` unless told, `json`, `csv` or `pdf`. Only `ndjson` can be verified by `lexiflow audit verify --file`; a PDF has
    /// 10,000 entries at most.
    #[param(inline)]
    pub(super) format: Option<Format>,
    /// Done by this user.
    user_id: Option<UserId>,
    /// What was done, such as `update`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    action: Option<String>,
    /// To this kind of thing, such as `case`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    entity_type: Option<String>,
    /// To this very thing.
    entity_id: Option<Uuid>,
    /// In this case.
    case_id: Option<CaseId>,
    /// How it ended: `done`, `refused` or `failed`.
    #[garde(inner(length(bytes, min = 1, max = 64)))]
    outcome: Option<String>,
    /// At this moment or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl ExportQuery {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            user: self.user_id,
            action: self.action.clone(),
            entity: self.entity_type.clone(),
            entity_id: self.entity_id,
            case: self.case_id,
            outcome: self.outcome.clone(),
            span: Span { from: self.from, to: self.to },
            ..Filter::default()
        }
    }
}
