use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// Where a case stands in the firm.
///
/// An open case is put on hold, closed or archived; one on hold is taken up again, closed or archived; a closed one is
/// reopened or archived; an archived one is reopened. Closed and archived cases have a `closedAt`, the others do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// The firm works on it.
    #[default]
    Open,
    /// Work rests.
    OnHold,
    /// Work is done.
    Closed,
    /// Put away.
    Archived,
}

/// A step that the rules do not allow. The text says what is allowed instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a case that is {from} cannot become {to}; from {from} it can become {}", .from.list_next())]
pub struct StatusRefusal {
    /// Where the case stands.
    pub from: CaseStatus,
    /// Where it should go.
    pub to: CaseStatus,
}

/// A text that names no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a status of a case")]
pub struct UnknownStatus(String);

impl CaseStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Open, Self::OnHold, Self::Closed, Self::Archived];

    /// The name that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::OnHold => "on_hold",
            Self::Closed => "closed",
            Self::Archived => "archived",
        }
    }

    /// What may follow.
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Open => &[Self::OnHold, Self::Closed, Self::Archived],
            Self::OnHold => &[Self::Open, Self::Closed, Self::Archived],
            Self::Closed => &[Self::Open, Self::Archived],
            Self::Archived => &[Self::Open],
        }
    }

    /// Whether work on the case is over.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Archived)
    }

    /// The step to `to`, if the rules allow it. Staying is no step and is refused too.
    pub fn step(self, to: Self) -> Result<Self, StatusRefusal> {
        if self.next().contains(&to) { Ok(to) } else { Err(StatusRefusal { from: self, to }) }
    }

    fn list_next(self) -> String {
        self.next().iter().map(|status| status.as_str()).collect::<Vec<_>>().join(" or ")
    }
}

impl std::fmt::Display for CaseStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CaseStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}
