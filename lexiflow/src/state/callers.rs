use access::{Authenticator, Credentials, Principal};
use accounts::ApiKeys;
use clock::Timestamp;
use futures_util::future::BoxFuture;
use sessions::Sessions;

/// Knows the callers by what they show: people by their logins, programs by their keys.
#[derive(Debug)]
pub(super) struct Callers {
    pub(super) sessions: Sessions,
    pub(super) keys: ApiKeys,
}

impl Authenticator for Callers {
    fn authenticate<'a>(
        &'a self,
        credentials: Credentials<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Principal, access::Error>> {
        match credentials {
            Credentials::ApiKey { .. } => self.keys.authenticate(credentials, now),
            _ => self.sessions.authenticate(credentials, now),
        }
    }
}
