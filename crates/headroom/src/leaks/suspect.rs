/// What a growth goes along with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Each request leaves something behind.
    Requests,
    /// It grows also when nobody asks for anything.
    Time,
}

impl Scale {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Time => "time",
        }
    }
}

/// How soon something has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The limit is more than 30 days away.
    Low,
    /// Within 30 days.
    Medium,
    /// Within a week.
    High,
    /// Within a day.
    Critical,
}

const DAY_SECONDS: u64 = 86_400;

impl Severity {
    /// Of a growth that reaches the limit after so many seconds.
    pub fn of(seconds_to_limit: u64) -> Self {
        match seconds_to_limit / DAY_SECONDS {
            0 => Self::Critical,
            1..7 => Self::High,
            7..30 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Calls that leak: a stack, or what many stacks have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The calls, innermost first.
    pub calls: Box<[u64]>,
    /// How many stacks begin with these calls, when it is their sum that grows and each alone is too slow to tell; else one.
    pub stacks: u64,
    /// What was allocated there and lives, in bytes.
    pub live_bytes: u64,
    /// How much of it came within the windows that were compared, in bytes.
    pub grown_bytes: u64,
    /// How fast it grows.
    pub bytes_per_hour: u64,
    /// What each request leaves behind, in bytes; `None` where it is time that counts.
    pub bytes_per_request: Option<u64>,
    /// How many sampled allocations this rests on: the figures are off by about one part in the root of it.
    pub samples: u64,
    /// How many windows were compared.
    pub windows: u64,
    /// How long they took, in microseconds.
    pub span_micros: u64,
    /// How sure it is, in percent.
    pub confidence_percent: u8,
    /// What the growth goes along with.
    pub scale: Scale,
    /// A registered store that grows in step, and by less: it may hold more than it counts.
    pub holder: Option<String>,
    /// Since when the verdict has stood, in microseconds as the windows' own.
    pub since_micros: u64,
}

impl Suspect {
    /// When `room_bytes` are used up, in seconds.
    pub fn seconds_to_fill(&self, room_bytes: u64) -> u64 {
        let seconds = u128::from(room_bytes) * 3600 / u128::from(self.bytes_per_hour.max(1));
        u64::try_from(seconds).unwrap_or(u64::MAX)
    }
}
