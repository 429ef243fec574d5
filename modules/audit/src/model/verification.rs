use super::Fault;
use clock::Timestamp;
use ids::{UserId, VerificationId};
use serde::{Deserialize, Serialize};

/// Which stretch is to be verified; the whole chain unless told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// From this entry.
    pub from: Option<i64>,
    /// To this entry.
    pub to: Option<i64>,
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditVerificationState)]
pub enum State {
    /// It waits or runs.
    Pending,
    /// The chain is whole.
    Intact,
    /// The chain is not whole.
    Broken,
    /// It could not be carried out.
    Failed,
}

impl State {
    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Intact => "intact",
            Self::Broken => "broken",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Intact, Self::Broken, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditVerdict)]
pub struct Verdict {
    /// Entries that were looked at.
    pub entries: u64,
    /// Checkpoints that were looked at.
    pub checkpoints: u64,
    /// The first entry that was looked at.
    pub first: Option<i64>,
    /// The last entry that was looked at.
    pub last: Option<i64>,
    /// The last entry that a signature covers. What comes after it could be cut off unseen.
    pub signed_up_to: Option<i64>,
    /// The entry after which the chain begins, where older ones were removed for their age.
    pub begins_after: Option<i64>,
    /// How many faults there are.
    pub fault_count: u64,
    /// The first of them.
    pub faults: Vec<Fault>,
}

impl Verdict {
    /// Whether the chain is whole.
    pub fn is_intact(&self) -> bool {
        self.fault_count == 0
    }

    /// How a verification with this verdict ended.
    pub fn state(&self) -> State {
        if self.is_intact() { State::Intact } else { State::Broken }
    }
}

/// A verification that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Its id.
    pub id: VerificationId,
    /// Who asked; nothing for the one that comes by itself.
    pub user: Option<UserId>,
    /// Which stretch.
    pub asked: Asked,
    /// How far it is.
    pub state: State,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it found.
    pub verdict: Option<Verdict>,
}

/// How many entries have a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditTally)]
pub struct Tally {
    /// The value.
    #[schema(example = "update")]
    pub value: String,
    /// How many.
    #[schema(example = 17)]
    pub entries: i64,
}
