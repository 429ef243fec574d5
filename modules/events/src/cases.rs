//! Cases and their parties.

use chrono::NaiveDate;
use ids::{CaseId, ClientId, PartyId, UserId};
use serde::{Deserialize, Serialize};

/// A case as it stands after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseSnapshot {
    /// The case.
    pub id: CaseId,
    /// The firm's own number.
    pub number: String,
    /// The title.
    pub title: String,
    /// The status' name, such as `open`.
    pub status: String,
    /// The client, where there is one.
    pub client: Option<ClientId>,
    /// The practice area.
    pub practice_area: Option<String>,
    /// The court's id, such as `cand`.
    pub court: Option<String>,
    /// The court's number of the case.
    pub docket_number: Option<String>,
    /// The judge in charge.
    pub judge: Option<String>,
    /// What the case is about.
    pub description: Option<String>,
    /// When the court received it.
    pub filed_on: Option<NaiveDate>,
}

/// A party as it stands after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartySnapshot {
    /// The party.
    pub id: PartyId,
    /// Its name.
    pub name: String,
    /// Its part in the case, such as `Defendant`.
    pub kind: String,
    /// The names of its counsel, at most 50.
    pub counsel: Vec<String>,
}

/// A case was opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opened(pub CaseSnapshot);

/// A case was changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changed(pub CaseSnapshot);

/// A case was removed, with all that hangs on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deleted {
    /// The case.
    pub case: CaseId,
}

/// Open cases of one lead went to another: at most 500 in one event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HandedOver {
    /// Who led them.
    pub from: UserId,
    /// Who leads them now.
    pub to: UserId,
    /// The cases.
    pub cases: Vec<CaseId>,
}

/// A user came on the team of a case, has another role there, or left it. What is open to them, such as a socket, has to be
/// looked at again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TeamChanged {
    /// The case.
    pub case: CaseId,
    /// The user.
    pub user: UserId,
    /// The role's name, such as `paralegal`; nothing for who left.
    pub role: Option<String>,
}

/// Parties were added or changed: at most 200 in one event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartiesChanged {
    /// Their case.
    pub case: CaseId,
    /// The parties.
    pub parties: Vec<PartySnapshot>,
}

/// A party was removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartyRemoved {
    /// Its case.
    pub case: CaseId,
    /// The party.
    pub party: PartyId,
}

impl queue::Event for Opened {
    const TOPIC: &'static str = "case.opened";
}
impl queue::Event for Changed {
    const TOPIC: &'static str = "case.changed";
}
impl queue::Event for Deleted {
    const TOPIC: &'static str = "case.deleted";
}
impl queue::Event for HandedOver {
    const TOPIC: &'static str = "case.handed_over";
}
impl queue::Event for TeamChanged {
    const TOPIC: &'static str = "case.team_changed";
}
impl queue::Event for PartiesChanged {
    const TOPIC: &'static str = "case.parties_changed";
}
impl queue::Event for PartyRemoved {
    const TOPIC: &'static str = "case.party_removed";
}
