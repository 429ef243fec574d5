use super::settings::{Gap, Settings};
use super::value::Secret;
use std::time::Duration;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The record of who did what.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The seed of the key that signs the record, in hexadecimal; none means one that is made and kept.
    pub signing_key: Option<Secret>,
    /// How long entries are kept; none means for ever.
    pub retention: Option<Duration>,
    /// Whether nothing may be removed, however old.
    pub legal_hold: bool,
}

impl Audit {
    pub(super) fn read(s: &Settings) -> Result<Self, Gap> {
        let days: u64 = s.number("audit.retention_days")?;
        Ok(Self {
            signing_key: s.secret("audit.signing_key")?,
            retention: (days > 0).then(|| Duration::from_secs(days * DAY_SECONDS)),
            legal_hold: s.flag("audit.legal_hold")?,
        })
    }
}
