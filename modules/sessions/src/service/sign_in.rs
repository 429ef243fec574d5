use super::Sessions;
use super::attempts::Key;
use crate::Error;
use crate::model::{Login, Session};
use crate::store::{self, sessions::Device};
use access::{App, Principal, Public};
use accounts::{Checked, Verdict};
use audit::Act;
use crypto::Secret;
use ids::{FirmId, UserId};
use std::sync::Arc;

/// Begins a login for whoever knows the address and the password.
pub async fn sign_in(
    public: &Public,
    sessions: &Sessions,
    email: &str,
    password: Secret,
) -> Result<Login, Error> {
    let now = public.app.clock().now();
    let settings = sessions.settings();
    let of_account = sessions.attempts().begin(Key::account(email), settings.attempts_per_account, now)?;
    let of_address = match public.request.address {
        Some(address) => {
            Some(sessions.attempts().begin(Key::address(address), settings.attempts_per_address, now)?)
        }
        None => None,
    };
    let checked = match accounts::check_password(&public.app, sessions.hasher(), email, password).await? {
        Verdict::Right(checked) => checked,
        Verdict::Refused { owner } => {
            note_refusal(public, owner).await?;
            return Err(Error::InvalidCredentials);
        }
    };
    let login = begin_login(public, sessions, checked).await?;
    of_account.clear();
    if let Some(attempt) = of_address {
        attempt.take_back();
    }
    Ok(login)
}

async fn begin_login(public: &Public, sessions: &Sessions, checked: Checked) -> Result<Login, Error> {
    let Public { app, request } = public;
    let now = app.clock().now();
    let mut tx = app.db().writer().begin().await?;
    if !accounts::note_sign_in(&mut tx, &checked, now).await? {
        return Err(Error::InvalidCredentials);
    }
    let session = new_session(app, sessions, &checked);
    let device = Device {
        address: request.address.map(|address| address.to_string()),
        user_agent: request.user_agent.as_deref(),
    };
    store::sessions::insert(&mut tx, session.firm, &session, device).await?;
    let user = accounts::User { last_login_at: Some(now), ..checked.user };
    let role = user.role;
    let login = sessions.issue(&mut tx, app, &session, user).await?;
    audit::record_sign_in(&mut tx, app, request, session.firm, session.user, Act::Login).await?;
    let principal =
        Principal { session: Some(session.id), ..Principal::of(session.user, session.firm, role) };
    let ctx = app.act_as(principal, Arc::clone(&request.correlation));
    let signed_in = events::sessions::SignedIn { user: session.user, session: session.id };
    ctx.publish(&mut tx, &signed_in).await?;
    tx.commit().await?;
    Ok(login)
}

fn new_session(app: &App, sessions: &Sessions, checked: &Checked) -> Session {
    let now = app.clock().now();
    Session {
        id: app.new_id(),
        firm: checked.user.firm,
        user: checked.user.id,
        created_at: now,
        last_seen_at: now,
        expires_at: now + sessions.settings().absolute,
        revoked_at: None,
    }
}

/// Notes a refused attempt: in the firm's records where the address is somebody's, else in the count of the day.
async fn note_refusal(public: &Public, owner: Option<(FirmId, UserId)>) -> Result<(), Error> {
    let Public { app, request } = public;
    let mut tx = app.db().writer().begin().await?;
    match owner {
        Some((firm, user)) => {
            audit::record_sign_in(&mut tx, app, request, firm, user, Act::LoginFailed).await?;
        }
        None => store::refused::count(&mut tx, app.clock().now()).await?,
    }
    tx.commit().await?;
    Ok(())
}
