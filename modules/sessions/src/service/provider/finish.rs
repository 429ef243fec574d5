use super::matching::{Found, find_user};
use super::sealing::{Step, open, seal};
use crate::model::{Outcome, Pending, Proven};
use crate::service::sign_in::note_refusal;
use crate::{Error, ProviderRefusal, Sessions, store};
use access::Public;
use chrono::TimeDelta;
use crypto::Secret;
use crypto::token::Token;
use openid::Identity;

/// How long somebody has for the second factor.
const WAITS: TimeDelta = TimeDelta::minutes(5);

/// What the browser brings back from the provider (OpenID Connect Core 1.0, 3.1.2.5 and 3.1.2.6).
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) code: Option<Secret>,
    pub(crate) state: Option<Secret>,
    pub(crate) error: Option<String>,
    /// Who answers (RFC 9207), where the provider says it.
    pub(crate) issuer: Option<String>,
}

/// Where somebody is sent who was signed in by the provider, and what the browser keeps for taking the login.
#[derive(Debug)]
pub(crate) struct Handover {
    pub(crate) location: Secret,
    pub(crate) cookie: Secret,
    pub(crate) lasts: TimeDelta,
}

/// Takes somebody back from the provider: finds out who it is, and hands a code over by which the login is begun. The login
/// itself begins with that code, in the place where a second factor can be asked for.
pub(crate) async fn finish_provider_sign_in(
    public: &Public,
    sessions: &Sessions,
    answered: Answered,
    cookie: Option<&Secret>,
) -> Result<Handover, Error> {
    let sign_on = sessions.sign_on()?;
    let pending = spend_state(public, sessions, &answered, cookie).await?;
    let code = code(answered, sign_on.provider.issuer())?;
    let identity = match sign_on.provider.redeem(&code, &pending.attempt).await {
        Ok(identity) => identity,
        Err(error) => return Err(refused(public, error).await?),
    };
    match find_user(public, sign_on, &identity).await? {
        Ok(found) => hand_over(public, sessions, &pending, (identity, found)),
        Err(unfit) => {
            // Whether the browser is sent on or told here is for the route to say.
            note_refusal(public, unfit.owner, Outcome::Refused, None).await?;
            Err(unfit.refusal.into())
        }
    }
}

/// What was begun in this browser, if this is the answer to it and the first one.
async fn spend_state(
    public: &Public,
    sessions: &Sessions,
    answered: &Answered,
    cookie: Option<&Secret>,
) -> Result<Pending, Error> {
    let opened = cookie.and_then(|cookie| open(sessions, Step::Pending, cookie));
    let pending = opened.and_then(|text| Pending::read(&text));
    let now = public.app.clock().now();
    let pending = pending.filter(|pending| now < pending.expires_at).ok_or(ProviderRefusal::StateInvalid)?;
    let hash = answered.state.as_ref().and_then(|state| pending.answered_by(state));
    let hash = hash.ok_or(ProviderRefusal::StateInvalid)?;
    let mut tx = public.app.db().writer().begin().await?;
    // What others left here is over: so there is never more of it than ten minutes bring.
    store::spent::remove(&mut tx, now, SWEPT).await?;
    let is_first = store::spent::spend(&mut tx, &hash, pending.expires_at).await?;
    tx.commit().await?;
    if is_first { Ok(pending) } else { Err(ProviderRefusal::StateInvalid.into()) }
}

/// Tokens that are over, removed with each one that is spent.
const SWEPT: u32 = 20;

fn code(answered: Answered, issuer: &str) -> Result<Secret, ProviderRefusal> {
    if answered.issuer.is_some_and(|from| from != issuer) {
        return Err(ProviderRefusal::StateInvalid);
    }
    match (answered.error, answered.code) {
        (Some(error), _) => Err(ProviderRefusal::Denied(denial(&error))),
        (None, Some(code)) if !code.expose().is_empty() => Ok(code),
        (None, _) => Err(ProviderRefusal::StateInvalid),
    }
}

/// What an error of the provider means (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6). Its own words are nobody's to
/// repeat.
fn denial(error: &str) -> &'static str {
    match error {
        "access_denied" => {
            "you, or the provider, have refused the sign-in: begin it again, or ask who runs the provider"
        }
        "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
            "the provider could not ask you what it must: begin the sign-in again"
        }
        "temporarily_unavailable" | "server_error" => {
            "the provider has trouble of its own: try again in some minutes"
        }
        "invalid_request" | "unauthorized_client" | "unsupported_response_type" | "invalid_scope" => {
            "the provider does not accept how it is asked: tell your administrator to compare the settings with it"
        }
        _ => {
            "the provider did not sign you in and gave no reason that is known here: begin the sign-in again"
        }
    }
}

/// The refusal of what the provider said. It is noted, unless the provider said nothing.
async fn refused(public: &Public, error: openid::Error) -> Result<Error, Error> {
    if !error.is_outage() {
        note_refusal(public, None, Outcome::Refused, None).await?;
    }
    Ok(error.into())
}

fn hand_over(
    public: &Public,
    sessions: &Sessions,
    pending: &Pending,
    (identity, found): (Identity, Found),
) -> Result<Handover, Error> {
    let app = &public.app;
    let rules = &sessions.sign_on()?.rules;
    let code = Token::generate(app.random().as_ref());
    let has_second_factor =
        rules.trusts_second_factor && identity.is_multi_factor(&rules.second_factor_classes);
    let proven = Proven {
        code: code.hash(),
        expires_at: app.clock().now() + WAITS,
        firm: found.firm,
        user: found.user,
        is_linked: found.is_linked,
        has_second_factor,
        issuer: identity.issuer,
        subject: identity.subject,
    };
    let cookie = seal(app, sessions, Step::Proven, &proven.write())?;
    // Behind `#` it stays in the browser: neither a log nor another server sees it.
    let location = format!("{}{}#oidc-code={}", rules.app_url, pending.return_to.as_str(), code.text());
    Ok(Handover { location: Secret::new(location), cookie, lasts: WAITS })
}
