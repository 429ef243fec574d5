use clock::Timestamp;
use ids::{CaseId, UserId, WallId};
use serde::{Deserialize, Serialize};
use web::Version;

/// The most users of one list of a wall.
pub const MEMBERS: usize = 1000;

/// An ethical wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Wall {
    /// The wall.
    pub id: WallId,
    /// The case that it stands round.
    pub case: CaseId,
    /// Why it was raised, in the steward's words.
    pub reason: String,
    /// Whom it screens. Of a lifted wall: whom it screened at last.
    #[serde(flatten)]
    pub members: Members,
    /// Who raised it.
    pub raised_by: UserId,
    /// When.
    pub raised_at: Timestamp,
    /// Who lifted it, when and why; nothing while it stands.
    pub lifted: Option<Lifting>,
    /// Counts the changes, from 1.
    pub version: i64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The end of a wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifting {
    /// Who lifted it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Why, in the steward's words.
    pub reason: String,
}

/// Whom a wall keeps from its case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    /// Users who do not see the case.
    pub screened: Vec<UserId>,
    /// Where the case is closed to everybody else: who sees it. Whoever is screened does not see it all the same.
    pub admitted: Option<Vec<UserId>>,
}

impl Members {
    /// Each user once, in the order of their ids.
    pub(crate) fn tidy(mut self) -> Self {
        for list in std::iter::once(&mut self.screened).chain(&mut self.admitted) {
            list.sort_unstable();
            list.dedup();
        }
        self
    }

    /// Whether the wall would keep nobody from anything.
    pub(crate) fn screens_nobody(&self) -> bool {
        self.screened.is_empty() && self.admitted.is_none()
    }

    /// Whether a user sees the case, as far as this wall is asked.
    pub fn lets_see(&self, user: UserId) -> bool {
        !self.screened.contains(&user)
            && self.admitted.as_ref().is_none_or(|admitted| admitted.contains(&user))
    }
}

impl Wall {
    /// The version that a caller may name.
    pub(crate) fn version(&self) -> Version {
        Version(self.version)
    }
}

/// Which walls a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WallFilter {
    /// Round this case.
    pub case: Option<CaseId>,
    /// Only those that stand, or only those that were lifted.
    pub standing: Option<bool>,
}
