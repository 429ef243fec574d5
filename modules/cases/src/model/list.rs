use super::status::CaseStatus;
use chrono::{DateTime, NaiveDate, Utc};
use ids::{CaseId, ClientId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A case in a list: what a row on a page shows. The whole of it is read by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "019cae6b-8e20-707a-a469-71cfb354a067", "number": "2026-00017",
    "title": "Meridian Freight LLC v. Harbor Stevedoring Co.", "status": "open",
    "practiceArea": "Litigation", "clientId": "019cae6b-7a10-7f69-9358-60bea2438f56",
    "leadUserId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "court": "cand", "docketNumber": "3:26-cv-00350",
    "judge": "Eleanor Voss", "filedOn": "2026-02-03", "openedAt": "2026-03-02T12:00:10.272418Z",
    "closedAt": null, "version": 1, "updatedAt": "2026-03-02T12:00:10.272418Z"}))]
pub struct CaseSummary {
    /// Its id.
    pub id: CaseId,
    /// The firm's own number.
    pub number: String,
    /// The title.
    pub title: String,
    /// Where it stands in the firm.
    pub status: CaseStatus,
    /// The practice area.
    pub practice_area: Option<String>,
    /// The client.
    pub client_id: Option<ClientId>,
    /// The user who leads the work.
    pub lead_user_id: Option<UserId>,
    /// The court's id.
    pub court: Option<String>,
    /// The court's number of the case.
    pub docket_number: Option<String>,
    /// The judge in charge.
    pub judge: Option<String>,
    /// When the court received it.
    pub filed_on: Option<NaiveDate>,
    /// When the firm opened it.
    pub opened_at: DateTime<Utc>,
    /// When it was closed or archived.
    pub closed_at: Option<DateTime<Utc>>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which cases to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Part of the number, title or docket number; case does not count.
    pub text: Option<String>,
    /// Only this status.
    pub status: Option<CaseStatus>,
    /// Only this practice area.
    pub practice_area: Option<String>,
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only this court's.
    pub court: Option<String>,
    /// Filed on this day or later.
    pub filed_from: Option<NaiveDate>,
    /// Filed on this day or earlier.
    pub filed_to: Option<NaiveDate>,
}

/// By what cases are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaseSort {
    /// By when the firm opened them.
    #[default]
    OpenedAt,
    /// By title; capitals do not count.
    Title,
    /// By the firm's number.
    Number,
    /// By when the court received them; what was never filed comes last.
    FiledOn,
    /// By the name of the status.
    Status,
    /// By when they last changed.
    UpdatedAt,
}

/// A place in the list of cases by when the firm opened them: the last case that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CasePlace {
    /// When the case was opened.
    pub opened_at: DateTime<Utc>,
    /// The case.
    pub id: CaseId,
}

/// Which parties to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartyFilter {
    /// Only of this case.
    pub case: Option<CaseId>,
    /// Part of the name or of another name; case does not count.
    pub text: Option<String>,
    /// Only with this part in the case, as it is written.
    pub kind: Option<String>,
}

/// By what parties are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PartySort {
    /// By name; capitals do not count.
    #[default]
    Name,
    /// By their place in their case's list.
    Position,
    /// By when they last changed.
    UpdatedAt,
}

/// How many cases there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"total": 41,
    "byStatus": {"open": 29, "on_hold": 3, "closed": 7, "archived": 2},
    "byPracticeArea": [{"practiceArea": "Litigation", "count": 24}, {"practiceArea": "Employment", "count": 11},
        {"practiceArea": null, "count": 6}],
    "openedThisMonth": 4, "closedThisMonth": 1}))]
pub struct CaseStats {
    /// All cases of the firm.
    pub total: u64,
    /// By status; every status is named.
    pub by_status: StatusCounts,
    /// The twenty practice areas with most cases, the largest first.
    pub by_practice_area: Vec<PracticeCount>,
    /// Opened since the first of this month, UTC.
    pub opened_this_month: u64,
    /// Closed or archived since the first of this month, UTC.
    pub closed_this_month: u64,
}

/// Counts by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusCounts {
    /// Cases that the firm works on.
    pub open: u64,
    /// Cases whose work rests.
    pub on_hold: u64,
    /// Cases whose work is done.
    pub closed: u64,
    /// Cases that are put away.
    pub archived: u64,
}

/// How many cases a practice area has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PracticeCount {
    /// The practice area; nothing for cases without one.
    pub practice_area: Option<String>,
    /// How many.
    pub count: u64,
}

impl StatusCounts {
    /// The place of one status' count.
    pub fn of(&mut self, status: CaseStatus) -> &mut u64 {
        match status {
            CaseStatus::Open => &mut self.open,
            CaseStatus::OnHold => &mut self.on_hold,
            CaseStatus::Closed => &mut self.closed,
            CaseStatus::Archived => &mut self.archived,
        }
    }
}
