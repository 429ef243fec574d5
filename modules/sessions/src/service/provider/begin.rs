use super::sealing::{Step, seal};
use crate::model::{Pending, ReturnTo};
use crate::{Error, Sessions};
use access::Public;
use chrono::TimeDelta;
use crypto::Secret;
use openid::Attempt;

/// How long somebody may be away at the provider.
const AWAY: TimeDelta = TimeDelta::minutes(10);

/// Where somebody is sent, and what the browser keeps for the way back.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) url: Secret,
    pub(crate) cookie: Secret,
    pub(crate) lasts: TimeDelta,
}

/// Sends somebody to the provider. Nothing is stored.
pub(crate) async fn begin_provider_sign_in(
    public: &Public,
    sessions: &Sessions,
    return_to: Option<&str>,
) -> Result<Departure, Error> {
    let sign_on = sessions.sign_on()?;
    let return_to = ReturnTo::parse(return_to.unwrap_or("/")).ok_or(Error::NotOwnPlace)?;
    let app = &public.app;
    let attempt = Attempt::begin(app.random().as_ref());
    let url = sign_on.provider.sign_in_url(&attempt).await?;
    let pending = Pending { attempt, return_to, expires_at: app.clock().now() + AWAY };
    let cookie = seal(app, sessions, Step::Pending, &pending.write())?;
    Ok(Departure { url: Secret::new(url), cookie, lasts: AWAY })
}
