use super::Sessions;
use crate::model::{Login, Reason, Standing, StoredToken};
use crate::{Error, store};
use access::Public;
use audit::{Act, Entity};
use crypto::Secret;
use crypto::token::Token;
use db::Tx;
use serde_json::json;
use std::sync::Arc;

/// Exchanges a refresh token, once, for the next pair of tokens. A second use of one ends its login.
pub async fn refresh(public: &Public, sessions: &Sessions, token: Secret) -> Result<Login, Error> {
    let app = &public.app;
    let now = app.clock().now();
    let token = Token::parse(token.expose()).map_err(|_| Error::InvalidRefreshToken)?;
    let mut tx = app.db().writer().begin().await?;
    let stored = store::tokens::find(&tx, &token.hash()).await?.ok_or(Error::InvalidRefreshToken)?;
    let standing = store::sessions::standing(&tx, stored.firm, stored.session).await?;
    let standing = standing.ok_or(Error::InvalidRefreshToken)?;
    if stored.used_at.is_some() || !store::tokens::use_up(&mut tx, stored.firm, stored.id, now).await? {
        return end_family(public, sessions, tx, &standing).await;
    }
    if !is_good(&stored, &standing, sessions, now) {
        return Err(Error::InvalidRefreshToken);
    }
    let session = &standing.session;
    store::sessions::seen(&mut tx, session.firm, session.id, now).await?;
    let ctx = app.act_as(standing.principal(), Arc::clone(&public.request.correlation));
    let user = accounts::find_in(&tx, session.firm, session.user).await?;
    let login = sessions.issue(&mut tx, app, session, user).await?;
    let entity = Entity::of(session.id).changed(json!({ "refreshed": true }));
    audit::record(&mut tx, &ctx, Act::Update, entity).await?;
    tx.commit().await?;
    // The login lasts longer now than the cache believes.
    sessions.forget(session.id);
    Ok(login)
}

fn is_good(stored: &StoredToken, standing: &Standing, sessions: &Sessions, now: clock::Timestamp) -> bool {
    now < stored.expires_at && standing.is_live(now, sessions.settings().idle)
}

/// Two parties hold the token: the user and somebody else, and nobody can tell which is which. Both are signed out.
async fn end_family(
    public: &Public,
    sessions: &Sessions,
    mut tx: Tx,
    standing: &Standing,
) -> Result<Login, Error> {
    let Public { app, request } = public;
    let session = &standing.session;
    let now = app.clock().now();
    if store::sessions::revoke(&mut tx, session.firm, session.id, Reason::TokenReuse, now).await? {
        audit::record_sign_in(&mut tx, app, request, session.firm, session.user, Act::Logout).await?;
        let ctx = app.act_as(standing.principal(), Arc::clone(&request.correlation));
        let revoked = events::sessions::Revoked {
            user: session.user,
            session: session.id,
            reason: Reason::TokenReuse.as_str().to_owned(),
        };
        ctx.publish(&mut tx, &revoked).await?;
        tx.commit().await?;
        sessions.forget(session.id);
        tracing::warn!(session = %session.id, "a refresh token was used twice: its login was ended");
    }
    Err(Error::InvalidRefreshToken)
}
