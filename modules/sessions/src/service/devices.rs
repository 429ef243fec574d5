use super::Sessions;
use crate::model::{Device, DeviceClaims, described};
use crate::{Error, store};
use access::{App, Ctx, Public};
use accounts::User;
use audit::{Act, Entity};
use crypto::{Secret, jws};
use db::Tx;
use ids::{DeviceId, SessionId};
use serde_json::json;
use std::time::Duration;

/// The device that somebody signs in on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) device: DeviceId,
    /// The user was not seen on it before.
    pub(super) is_new: bool,
    /// The user was seen on no device before.
    pub(super) is_first: bool,
}

/// The user's device whose token this is. A token that was altered, is too old or is somebody else's is none.
pub(super) async fn known(
    public: &Public,
    sessions: &Sessions,
    user: &User,
    token: Option<&Secret>,
) -> Result<Option<Device>, Error> {
    let Some(token) = token else { return Ok(None) };
    let Ok(claims) = sessions.0.keys.signing.verify::<DeviceClaims>(token.expose()) else {
        return Ok(None);
    };
    let in_time = jws::check_expiry(claims.exp, public.app.clock().now(), Duration::ZERO).is_ok();
    if claims.sub != user.id || !in_time {
        return Ok(None);
    }
    store::devices::find(public.app.db().reader(), user.firm, user.id, claims.dev).await
}

/// Notes the use of a known device, or adds a new one.
pub(super) async fn arrive(
    tx: &mut Tx,
    app: &App,
    user: &User,
    known: Option<DeviceId>,
) -> Result<Arrival, Error> {
    let now = app.clock().now();
    if let Some(device) = known {
        store::devices::seen(tx, user.firm, device, now).await?;
        return Ok(Arrival { device, is_new: false, is_first: false });
    }
    let is_first = !store::devices::any(&*tx, user.firm, user.id).await?;
    let device = app.new_id();
    store::devices::insert(tx, user.firm, user.id, device, now).await?;
    Ok(Arrival { device, is_new: true, is_first })
}

/// Records and announces a device that is new for the user.
pub(super) async fn tell(
    tx: &mut Tx,
    ctx: &Ctx,
    session: SessionId,
    user: &User,
    arrival: &Arrival,
) -> Result<(), Error> {
    let entity = Entity::of(arrival.device).changed(json!({ "session": session }));
    audit::record(tx, ctx, Act::Create, entity).await?;
    let request = ctx.request();
    let seen = described(request.user_agent.as_deref());
    let new = events::sessions::NewDevice {
        user: user.id,
        session,
        device: arrival.device,
        is_first: arrival.is_first,
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        address: request.address.map(|address| address.to_string()),
        browser: seen.browser,
        os: seen.os.map(str::to_owned),
    };
    ctx.publish(tx, &new).await?;
    Ok(())
}

/// Trusts the device of one of the caller's logins for as long as the settings say: signing in on it asks for no second
/// factor, where the settings allow that.
pub async fn trust_device(ctx: &Ctx, sessions: &Sessions, session: SessionId) -> Result<(), Error> {
    let until = ctx.now() + sessions.settings().trust;
    let mut tx = ctx.begin().await?;
    let found = store::list::find(&tx, ctx.firm(), ctx.user(), session).await?;
    found.ok_or(Error::NotFound(session))?;
    if !store::devices::trust(&mut tx, ctx.firm(), ctx.user(), session, Some(until)).await? {
        return Err(Error::NoDevice);
    }
    let entity = Entity::of(session).changed(json!({ "trustedUntil": until }));
    audit::record(&mut tx, ctx, Act::Update, entity).await?;
    tx.commit().await?;
    Ok(())
}

/// Trusts the device of one of the caller's logins no more.
pub(crate) async fn distrust_device(ctx: &Ctx, session: SessionId) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    let found = store::list::find(&tx, ctx.firm(), ctx.user(), session).await?;
    found.ok_or(Error::NotFound(session))?;
    if store::devices::trust(&mut tx, ctx.firm(), ctx.user(), session, None).await? {
        let entity = Entity::of(session).changed(json!({ "trustedUntil": null }));
        audit::record(&mut tx, ctx, Act::Update, entity).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Trusts none of the caller's devices any more, but for the one in use.
pub(super) async fn distrust_others(tx: &mut Tx, ctx: &Ctx) -> Result<(), Error> {
    let standing = match ctx.principal().session {
        Some(session) => store::sessions::standing(&*tx, ctx.firm(), session).await?,
        None => None,
    };
    let kept = standing.and_then(|standing| standing.session.device);
    store::devices::trust_none(tx, ctx.firm(), ctx.user(), kept).await?;
    Ok(())
}
