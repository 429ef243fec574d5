use super::Sessions;
use crate::model::{Claims, SEEN_EVERY, Settings, Standing};
use crate::{Error, store};
use access::{Authenticator, Credentials, Principal};
use clock::Timestamp;
use crypto::jws;
use futures_util::future::BoxFuture;
use headroom::{Cache, CacheConfig, RegistryFull, StoreRegistry};
use ids::{FirmId, SessionId, UserId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A login as it was looked up a moment ago.
#[derive(Debug, Clone)]
struct Seen {
    principal: Principal,
    /// Until when it lasts if it is not used again.
    ends_at: Timestamp,
    /// The version of the firm's logins at that moment: the row is believed as long as it is the present one.
    version: i64,
}

/// The version of a firm's logins, and when it was asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    version: i64,
    at: Timestamp,
}

/// Logins looked up a moment ago.
#[derive(Debug)]
pub(super) struct Known {
    cache: Arc<Cache<SessionId, Seen>>,
    /// What the database last said of each firm. An entry lives no longer than revocations may take to be seen.
    versions: Arc<Cache<FirmId, Asked>>,
    /// Moves on with everything forgotten: who looked up before and remembers after, remembers what may be untrue.
    forgotten: AtomicU64,
}

impl Known {
    pub(super) fn register(settings: &Settings, stores: &StoreRegistry) -> Result<Self, RegistryFull> {
        let cache = Cache::new(CacheConfig {
            name: "sessions.known".to_owned(),
            cap_bytes: settings.cache_bytes,
            ttl_micros: settings.believed.num_microseconds(),
            usual_entry_bytes: 0,
            weigh: |_, _| 0,
        });
        // Two or three logins to a KiB, each an indexed query.
        let cache = Arc::new(cache.costing(300));
        stores.register(Arc::clone(&cache) as _)?;
        let versions = Cache::new(CacheConfig {
            name: "sessions.versions".to_owned(),
            cap_bytes: Settings::VERSIONS_BYTES,
            ttl_micros: settings.asked_every.num_microseconds(),
            usual_entry_bytes: 0,
            weigh: |_, _| 0,
        });
        let versions = Arc::new(versions.costing(500));
        stores.register(Arc::clone(&versions) as _)?;
        Ok(Self { cache, versions, forgotten: AtomicU64::new(0) })
    }

    /// Keeps at most so many bytes of logins from now on.
    pub(super) fn set_cap(&self, bytes: u64) {
        self.cache.set_cap(bytes);
    }

    pub(super) fn forget(&self, session: SessionId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.cache.remove(&session);
    }

    pub(super) fn forget_user(&self, firm: FirmId, user: UserId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.cache.retain(|_, seen| seen.principal.user != user || seen.principal.firm != firm);
    }

    pub(super) fn forget_firm(&self, firm: FirmId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.cache.retain(|_, seen| seen.principal.firm != firm);
    }

    /// A login that was looked up and has not run out since.
    fn seen(&self, session: SessionId, now: Timestamp) -> Option<Seen> {
        self.cache.get(&session, now.timestamp_micros()).filter(|seen| now < seen.ends_at)
    }

    /// The version of the firm's logins, if the database was asked a moment ago. A clock that was set back makes it ask
    /// again.
    fn version(&self, firm: FirmId, now: Timestamp) -> Option<i64> {
        let asked = self.versions.get(&firm, now.timestamp_micros())?;
        (asked.at <= now).then_some(asked.version)
    }

    /// Keeps what the database said to a question that began at `now`.
    fn note_version(&self, firm: FirmId, version: i64, now: Timestamp) {
        self.versions.insert(firm, Asked { version, at: now }, now.timestamp_micros());
    }

    /// Keeps what was looked up when `forgotten` was the count, unless something was forgotten since.
    fn remember(&self, session: SessionId, seen: Seen, forgotten: u64, now: Timestamp) {
        if self.forgotten.load(Ordering::SeqCst) != forgotten {
            return;
        }
        self.note_version(seen.principal.firm, seen.version, now);
        self.cache.insert(session, seen, now.timestamp_micros());
        if self.forgotten.load(Ordering::SeqCst) != forgotten {
            self.cache.remove(&session);
        }
    }
}

const UNREADABLE: access::Error =
    access::Error::NotAuthenticated("the access token is not valid: sign in and send the one you are given");
const EXPIRED: access::Error =
    access::Error::NotAuthenticated("the access token has expired: refresh it or sign in again");
const ENDED: access::Error = access::Error::NotAuthenticated("this login has ended: sign in again");

impl Sessions {
    async fn bearer(&self, token: &str, now: Timestamp) -> Result<Principal, access::Error> {
        let claims: Claims = self.0.keys.signing.verify(token).map_err(|_| UNREADABLE)?;
        jws::check_expiry(claims.exp, now, Duration::ZERO).map_err(|_| EXPIRED)?;
        let known = &self.0.known;
        if let Some(seen) = known.seen(claims.sid, now)
            && known.version(seen.principal.firm, now) == Some(seen.version)
        {
            return Ok(seen.principal);
        }
        // Rare, and large: every request would carry room for it.
        Box::pin(self.ask(&claims, now)).await
    }

    /// Asks the database: whether anything of the firm has changed where the login is known, else for the login itself.
    async fn ask(&self, claims: &Claims, now: Timestamp) -> Result<Principal, access::Error> {
        let known = &self.0.known;
        if let Some(seen) = known.seen(claims.sid, now) {
            let firm = seen.principal.firm;
            let version = store::sessions::version(self.db().reader(), firm).await.map_err(into_access)?;
            known.note_version(firm, version, now);
            if version == seen.version {
                return Ok(seen.principal);
            }
        }
        self.look_up(claims, now).await
    }

    async fn look_up(&self, claims: &Claims, now: Timestamp) -> Result<Principal, access::Error> {
        let forgotten = self.0.known.forgotten.load(Ordering::SeqCst);
        let standing = store::sessions::standing(self.db().reader(), claims.firm, claims.sid).await;
        let mut standing = standing.map_err(into_access)?.ok_or(ENDED)?;
        if !standing.is_live(now, self.settings()) {
            return Err(ENDED);
        }
        self.note_use(&mut standing, now).await;
        let principal = standing.principal(self.settings());
        let ends_at = standing.ends_at(self.settings()).ok_or(ENDED)?;
        let seen = Seen { principal: principal.clone(), ends_at, version: standing.version };
        self.0.known.remember(claims.sid, seen, forgotten, now);
        Ok(principal)
    }

    /// Writes the moment of use, at most once a minute. A request is answered also when that cannot be written.
    async fn note_use(&self, standing: &mut Standing, now: Timestamp) {
        let session = &mut standing.session;
        if now - session.last_seen_at < SEEN_EVERY {
            return;
        }
        match self.write_use(session.firm, session.id, now).await {
            Ok(()) => session.last_seen_at = now,
            Err(error) => tracing::warn!(%error, "the use of a login could not be noted"),
        }
    }

    async fn write_use(&self, firm: FirmId, session: SessionId, now: Timestamp) -> Result<(), Error> {
        let mut tx = self.db().writer().begin().await?;
        store::sessions::seen(&mut tx, firm, session, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn into_access(error: Error) -> access::Error {
    match error {
        Error::Database(error) => access::Error::Database(error),
        Error::Access(error) => error,
        _ => ENDED,
    }
}

impl Authenticator for Sessions {
    fn authenticate<'a>(
        &'a self,
        credentials: Credentials<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Principal, access::Error>> {
        Box::pin(async move {
            match credentials {
                Credentials::Bearer(token) => self.bearer(token, now).await,
                _ => Err(UNREADABLE),
            }
        })
    }
}
