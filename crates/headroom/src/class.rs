/// The kinds of work that share the budget, each with a pool of its own below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A person waits: pages, single records, sign-in.
    Interactive,
    /// Ordinary programs' calls: lists, searches.
    Standard,
    /// Large bodies: uploads, downloads, exports.
    Bulk,
    /// Jobs nobody waits for.
    Background,
    /// Long-lived connections.
    Realtime,
    /// What is kept only to be faster.
    Caches,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 6] =
        [Self::Interactive, Self::Standard, Self::Bulk, Self::Background, Self::Realtime, Self::Caches];

    /// The name of the class's pool.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
            Self::Background => "background",
            Self::Realtime => "realtime",
            Self::Caches => "caches",
        }
    }

    /// The most of the budget the class may hold, in percent. The classes overlap: the pools above bound their sum.
    pub(crate) fn percent(self) -> u64 {
        match self {
            Self::Interactive => 100,
            Self::Standard => 60,
            Self::Bulk => 40,
            Self::Background | Self::Caches => 25,
            Self::Realtime => 15,
        }
    }
}
