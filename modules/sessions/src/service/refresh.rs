use super::{Sessions, ending};
use crate::model::{Login, Reason, Standing, StoredToken};
use crate::{Error, store};
use access::Public;
use audit::{Act, Entity};
use crypto::Secret;
use crypto::token::Token;
use db::Tx;
use serde_json::json;

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
    let ctx = public.act_as(standing.principal(sessions.settings()));
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
    now < stored.expires_at && standing.is_live(now, sessions.settings())
}

/// Two parties hold the token: the user and somebody else, and nobody can tell which is which. Both are signed out.
async fn end_family(
    public: &Public,
    sessions: &Sessions,
    mut tx: Tx,
    standing: &Standing,
) -> Result<Login, Error> {
    let session = &standing.session;
    let whose = (session.id, session.user);
    let ctx = public.act_as(standing.principal(sessions.settings()));
    if ending::end(&mut tx, &ctx, whose, Reason::TokenReuse, None).await? {
        // Whoever copied the token may have copied the device's as well.
        store::devices::trust(&mut tx, session.firm, session.user, session.id, None).await?;
        let address = public.request.address.map(|address| address.to_string());
        let reused = events::sessions::ReuseDetected { user: session.user, session: session.id, address };
        ctx.publish(&mut tx, &reused).await?;
        tx.commit().await?;
        sessions.forget(session.id);
        tracing::warn!(session = %session.id, "a refresh token was used twice: its login was ended");
    }
    Err(Error::InvalidRefreshToken)
}
