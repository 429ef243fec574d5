use clock::Timestamp;
use ids::{FirmId, PasswordResetId, UserId};

/// Why a link lets nobody in any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// No such link was sent, or it was taken back or replaced by a newer one.
    #[error("is not valid: use the newest mail that you were sent, or ask for another one")]
    Unknown,
    /// It is good for one use.
    #[error("was used already: sign in, or ask for another one")]
    Used,
    /// Its time is over.
    #[error("has expired: ask for another one")]
    Expired,
}

/// A link with which a user sets a new password.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PasswordReset {
    pub(crate) id: PasswordResetId,
    pub(crate) firm: FirmId,
    pub(crate) user: UserId,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
}

impl PasswordReset {
    /// Whether it is good at `now`.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), LinkFault> {
        match self.used_at {
            Some(_) => Err(LinkFault::Used),
            None if now >= self.expires_at => Err(LinkFault::Expired),
            None => Ok(()),
        }
    }
}
