use super::settings::{Gap, Settings};

/// Signing in with passkeys. Only a server that was built with the feature `passkeys` acts on it.
#[derive(Debug, Clone)]
pub struct Passkeys {
    /// The domain that passkeys belong to; empty for the host of the first origin.
    pub rp_id: String,
    /// The origins of pages that may use them; empty for that of `mail.public_url`.
    pub origins: Vec<String>,
}

impl Passkeys {
    pub(super) fn read(s: &Settings) -> Result<Self, Gap> {
        Ok(Self { rp_id: s.text("passkeys.rp_id")?, origins: s.list("passkeys.origins")? })
    }
}
