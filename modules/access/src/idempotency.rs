//! Idempotency keys in the database: a repeated POST gets the first answer and is not done again, also after a crash.
//!
//! A key is taken in a transaction of its own before the verb runs. The verb's own transaction marks it done, so that
//! the mark is kept if and only if the change is. When the server dies between the commit and the answer, the key is
//! done but has no answer: the repetition is refused, not run. For the first minute it is told to wait, since the answer
//! may be on its way.
//!
//! An answer that was kept before the firm's walls changed, or somebody left the team of a case, is not shown again: it may
//! tell of what is hidden by now.

use crate::context::Claim;
use crate::store::{self, KnownKey};
use crate::{App, Credentials, Error, Principal};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use http::request::Parts;
use ids::FirmId;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use web::Problem;
use web::idempotency::{
    Begin, Fingerprint, IdempotencyKey, IdempotencySettings, IdempotencyStore, StoredAnswer,
};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// After this a key whose request neither finished nor changed anything may be taken again.
const ABANDONED: TimeDelta = TimeDelta::minutes(5);
/// The answer is kept in a transaction of its own, shortly after the verb's. After this it never will be.
const ANSWERED: TimeDelta = TimeDelta::minutes(1);

/// What a request showed, kept while its sender is asked for.
enum Shown {
    Bearer(String),
    ApiKey(String, Option<IpAddr>),
}

impl Shown {
    fn of(credentials: Credentials<'_>) -> Self {
        match credentials {
            Credentials::Bearer(token) => Self::Bearer(token.to_owned()),
            Credentials::ApiKey { key, from } => Self::ApiKey(key.to_owned(), from),
        }
    }

    fn credentials(&self) -> Credentials<'_> {
        match self {
            Self::Bearer(token) => Credentials::Bearer(token),
            Self::ApiKey(key, from) => Credentials::ApiKey { key, from: *from },
        }
    }
}

/// The keys of this application.
#[derive(Debug, Clone)]
pub struct IdempotencyKeys {
    app: App,
}

impl IdempotencyKeys {
    /// The keys in the application's database.
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// How the HTTP layers use them: keys belong to the user who is signed in, or
    /// whose API key it is. Whoever is not, also by a token that was
    /// revoked a moment ago, meets no stored answer.
    pub fn settings(&self) -> IdempotencySettings {
        let app = self.app.clone();
        let owner = move |parts: &Parts| -> BoxFuture<'static, Option<String>> {
            let (app, shown) = (app.clone(), crate::credentials(parts).map(Shown::of));
            Box::pin(async move {
                let (now, shown) = (app.clock().now(), shown?);
                let caller = app.authenticator().authenticate(shown.credentials(), now).await;
                caller.ok().map(|principal| scope_of(&principal))
            })
        };
        IdempotencySettings { store: Arc::new(self.clone()), owner: Arc::new(owner) }
    }

    /// Forgets keys of more than 24 hours ago, at most 1,000 at once, and says how many.
    pub async fn forget_old(&self) -> Result<u64, Error> {
        let before = self.app.clock().now() - KEPT;
        let mut tx = self.app.db().writer().begin().await?;
        let forgotten = store::forget_keys(&mut tx, before).await?;
        tx.commit().await?;
        Ok(forgotten)
    }

    async fn take(&self, scope: &str, key: &str, fingerprint: Fingerprint) -> Result<Begin, Error> {
        let now = self.app.clock().now();
        let mut tx = self.app.db().writer().begin().await?;
        let known = store::find_key(&tx, scope, key).await?;
        let walls = match firm_of(scope) {
            Some(firm) => store::case_teams::narrowed(&tx, firm).await?,
            None => 0,
        };
        let state = match known {
            None => State::Unknown,
            Some(known) if now - known.created_at > KEPT => State::Expired,
            Some(known) if known.fingerprint != fingerprint.0 => return Ok(Begin::Mismatch),
            // A wall may stand between the caller and what the answer shows. What was done is not done again.
            Some(known) if known.status.is_some() && known.walls.unwrap_or(0) != walls => {
                if known.done {
                    return Err(Error::AnswerLost);
                }
                State::Expired
            }
            Some(known) if known.status.is_some() => return answer(known),
            // Done, and the answer was lost: it must not run again.
            Some(known) if known.done && now - known.created_at > ANSWERED => return Err(Error::AnswerLost),
            Some(known) if !known.done && now - known.created_at > ABANDONED => State::Expired,
            Some(_) => return Ok(Begin::InProgress),
        };
        if matches!(state, State::Expired) {
            store::forget_key(&mut tx, scope, key).await?;
        }
        match store::take_key(&mut tx, scope, key, &fingerprint.0, now, walls).await {
            Ok(()) => tx.commit().await?,
            // Another server took it at the same moment.
            Err(db::Error::Violation(_)) => return Ok(Begin::InProgress),
            Err(error) => return Err(error.into()),
        }
        Ok(Begin::Fresh)
    }

    async fn keep(&self, scope: &str, key: &str, answer: StoredAnswer) -> Result<(), Error> {
        let headers = serde_json::to_value(&answer.headers).unwrap_or_default();
        let mut tx = self.app.db().writer().begin().await?;
        store::finish_key(&mut tx, scope, key, answer.status, headers, answer.body).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn give_back(&self, scope: &str, key: &str) -> Result<(), Error> {
        let mut tx = self.app.db().writer().begin().await?;
        store::forget_unfinished(&mut tx, scope, key).await?;
        tx.commit().await?;
        Ok(())
    }
}

enum State {
    Unknown,
    Expired,
}

fn answer(known: KnownKey) -> Result<Begin, Error> {
    let headers = known.headers.map(serde_json::from_value).transpose().map_err(|_| Error::AnswerLost)?;
    Ok(Begin::Replay(StoredAnswer {
        status: known.status.and_then(|status| u16::try_from(status).ok()).ok_or(Error::AnswerLost)?,
        headers: headers.unwrap_or_default(),
        body: known.body.unwrap_or_default(),
    }))
}

impl IdempotencyStore for IdempotencyKeys {
    fn begin<'a>(
        &'a self,
        scope: &'a str,
        key: &'a IdempotencyKey,
        fingerprint: Fingerprint,
    ) -> BoxFuture<'a, Result<Begin, Problem>> {
        Box::pin(async move { Ok(self.take(scope, key.as_str(), fingerprint).await?) })
    }

    fn finish<'a>(
        &'a self,
        scope: &'a str,
        key: &'a IdempotencyKey,
        answer: StoredAnswer,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { Ok(self.keep(scope, key.as_str(), answer).await?) })
    }

    fn abandon<'a>(&'a self, scope: &'a str, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { Ok(self.give_back(scope, key.as_str()).await?) })
    }
}

/// The firm and the user: the keys of one caller.
fn scope_of(principal: &Principal) -> String {
    format!("{}/{}", principal.firm, principal.user)
}

fn firm_of(scope: &str) -> Option<FirmId> {
    scope.split_once('/')?.0.parse().ok()
}

/// The key that the caller's first transaction marks as done.
pub(crate) fn claim(parts: &Parts, principal: &Principal) -> Option<Claim> {
    if parts.method != http::Method::POST {
        return None;
    }
    let key = parts.headers.get("idempotency-key")?.to_str().ok()?.to_owned();
    Some(Claim { scope: scope_of(principal), key, taken: AtomicBool::new(false) })
}
