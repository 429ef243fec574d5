use crate::model::api_key::{KeyRefusal, KeyStanding, KeyText};
use crate::{Error, store};
use access::{Authenticator, Credentials, Principal};
use clock::Timestamp;
use db::Db;
use futures_util::future::BoxFuture;
use std::net::IpAddr;

const UNKNOWN: access::Error =
    access::Error::NotAuthenticated("the API key is not valid: send it as it was shown when it was made");
const ENDED: access::Error = access::Error::NotAuthenticated("the API key was revoked: make another one");
const EXPIRED: access::Error = access::Error::NotAuthenticated("the API key has expired: make another one");
const ELSEWHERE: access::Error =
    access::Error::NotAuthenticated("the API key may not be used from this address");

/// Knows the callers who show an API key. Nothing is remembered between two requests, so that a key that was revoked on
/// another server is refused here at once; what it costs is one look-up by primary keys.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    db: Db,
}

impl ApiKeys {
    /// The keys in this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    async fn look_up(
        &self,
        key: &str,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Principal, access::Error> {
        let shown = KeyText::parse(key).ok_or(UNKNOWN)?;
        let standing = store::api_keys::standing(self.db.reader(), shown.id).await.map_err(into_access)?;
        let standing = standing.filter(|standing| standing.hash.matches(&shown.token)).ok_or(UNKNOWN)?;
        standing.check(from, now).map_err(|refusal| match refusal {
            KeyRefusal::Ended => ENDED,
            KeyRefusal::Expired => EXPIRED,
            KeyRefusal::Elsewhere => ELSEWHERE,
        })?;
        self.note_use(&standing, now).await;
        Ok(standing.principal())
    }

    /// Writes the moment of use, at most once a minute. A request is answered also when that cannot be written.
    async fn note_use(&self, standing: &KeyStanding, now: Timestamp) {
        if standing.is_noted_at(now)
            && let Err(error) = self.write_use(standing, now).await
        {
            tracing::warn!(%error, "the use of an API key could not be noted");
        }
    }

    async fn write_use(&self, standing: &KeyStanding, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.db.writer().begin().await?;
        store::api_keys::used(&mut tx, standing.key.firm, standing.key.id, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn into_access(error: Error) -> access::Error {
    match error {
        Error::Database(error) => access::Error::Database(error),
        Error::Access(error) => error,
        _ => UNKNOWN,
    }
}

impl Authenticator for ApiKeys {
    fn authenticate<'a>(
        &'a self,
        credentials: Credentials<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Principal, access::Error>> {
        Box::pin(async move {
            match credentials {
                Credentials::ApiKey { key, from } => self.look_up(key, from, now).await,
                _ => Err(UNKNOWN),
            }
        })
    }
}
