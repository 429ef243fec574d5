use chrono::NaiveDate;
use clock::Timestamp;
use ids::{CaseId, TimeEntryId, UserId};
use serde::Serialize;

/// The most that one entry may hold: a day.
pub(crate) const DAY_SECONDS: i64 = 24 * 60 * 60;

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeEntry {
    /// The entry.
    pub id: TimeEntryId,
    /// Who worked.
    pub user: UserId,
    /// What was done.
    #[serde(flatten)]
    pub draft: TimeDraft,
    /// Counts the changes, from 1.
    pub version: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What was done, for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeDraft {
    /// For which case.
    pub case: CaseId,
    /// On which day.
    pub worked_on: NaiveDate,
    /// How long, in seconds: more than nothing, at most a day.
    pub worked_seconds: i64,
    /// What was done.
    pub description: String,
    /// Whether the client may be billed for it.
    pub billable: bool,
    /// The UTBMS activity code, such as `A103`.
    pub activity_code: Option<String>,
}

/// Which entries a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeFilter {
    /// For this case.
    pub case: Option<CaseId>,
    /// By this user.
    pub user: Option<UserId>,
    /// On this day or later.
    pub from: Option<NaiveDate>,
    /// On this day or earlier.
    pub to: Option<NaiveDate>,
    /// Only billable ones, or only others.
    pub billable: Option<bool>,
}
