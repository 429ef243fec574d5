use chrono::TimeDelta;

/// How long entries are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// So long; nothing for ever.
    pub kept: Option<TimeDelta>,
    /// A court or a client forbids to destroy anything: nothing is removed, however old.
    pub legal_hold: bool,
}
