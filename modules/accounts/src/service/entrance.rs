use super::throttle::{Attempts, Key};
use crate::Error;
use access::Public;
use chrono::TimeDelta;
use clock::Timestamp;
use headroom::{RegistryFull, StoreRegistry};
use mail::Mailbox;
use std::sync::Arc;

/// The ways in that need no login: links that are sent by mail, and registration.
#[derive(Debug, Clone)]
pub struct EntranceSettings {
    /// Where people open the product, without a slash at its end: `https://lexiflow.example`.
    pub public_url: String,
    /// Whom mail comes from.
    pub from: Mailbox,
    /// How long a link to set a new password is good for.
    pub reset_lasts: TimeDelta,
    /// How long an invitation can be accepted.
    pub invitation_lasts: TimeDelta,
    /// Whether people may register by themselves.
    pub is_registration_open: bool,
    /// Within which time requests are counted.
    pub window: TimeDelta,
    /// Mails to one address in that time.
    pub mails_per_account: u32,
    /// Requests from one address in that time. An office shares one address.
    pub requests_per_address: u32,
    /// Memory for counted requests, in bytes.
    pub attempts_bytes: u64,
}

impl EntranceSettings {
    /// The settings that nobody chooses, with these.
    pub fn new(public_url: String, from: Mailbox) -> Self {
        Self {
            public_url,
            from,
            reset_lasts: TimeDelta::hours(1),
            invitation_lasts: TimeDelta::days(7),
            is_registration_open: false,
            window: TimeDelta::minutes(15),
            mails_per_account: 5,
            requests_per_address: 50,
            attempts_bytes: 256 << 10,
        }
    }
}

/// The settings and the counted requests of a process. Clones share them.
#[derive(Debug, Clone)]
pub struct Entrance(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    settings: EntranceSettings,
    attempts: Attempts,
}

impl Entrance {
    /// Registers the bounded store of counted requests.
    pub fn new(settings: EntranceSettings, stores: &StoreRegistry) -> Result<Self, RegistryFull> {
        let attempts = Attempts::register(&settings, stores)?;
        Ok(Self(Arc::new(Parts { settings, attempts })))
    }

    pub(crate) fn settings(&self) -> &EntranceSettings {
        &self.0.settings
    }

    /// Counts a request from the caller's address. An address that is not known is not counted.
    pub(crate) fn count_caller(&self, public: &Public) -> Result<(), Error> {
        let Some(address) = public.request.address else { return Ok(()) };
        self.count(Key::caller(address), self.settings().requests_per_address, public.app.clock().now())
    }

    /// Counts a mail to an address, whether anybody has it or not.
    pub(crate) fn count_mail(&self, email: &str, now: Timestamp) -> Result<(), Error> {
        self.count(Key::mail(email), self.settings().mails_per_account, now)
    }

    fn count(&self, key: Key, limit: u32, now: Timestamp) -> Result<(), Error> {
        let counted = self.0.attempts.count(key, limit, now);
        counted.map_err(|retry_after_seconds| Error::TooManyRequests { retry_after_seconds })
    }
}
