use serde::{Deserialize, Serialize};

/// A set of the statuses that a case can have.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<&'static str>")]
pub struct Statuses(u8);

/// A text that names no status of a case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no status of a case; they are {list}", list = Statuses::NAMES.join(", "))]
pub struct UnknownStatus(String);

impl Statuses {
    /// The names of all statuses. The module of cases, which owns them, tests that these are they.
    pub const NAMES: [&str; 4] = ["open", "on_hold", "closed", "archived"];
    /// All of them.
    pub const ALL: Self = Self((1 << Self::NAMES.len()) - 1);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// The statuses of these names.
    pub fn of<T: AsRef<str>>(names: &[T]) -> Result<Self, UnknownStatus> {
        names.iter().try_fold(Self::NONE, |set, name| Ok(set | Self::named(name.as_ref())?))
    }

    fn named(name: &str) -> Result<Self, UnknownStatus> {
        let at = Self::NAMES.iter().position(|known| *known == name);
        at.map(|at| Self(1 << at)).ok_or_else(|| UnknownStatus(name.to_owned()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The names, in the order of a case's life.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter(move |(at, _)| self.0 & (1 << at) != 0)
            .map(|(_, name)| name)
    }
}

impl std::ops::BitOr for Statuses {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::Not for Statuses {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }
}

impl std::fmt::Debug for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl TryFrom<Vec<String>> for Statuses {
    type Error = UnknownStatus;

    fn try_from(names: Vec<String>) -> Result<Self, UnknownStatus> {
        Self::of(&names)
    }
}

impl From<Statuses> for Vec<&'static str> {
    fn from(set: Statuses) -> Self {
        set.names().collect()
    }
}
