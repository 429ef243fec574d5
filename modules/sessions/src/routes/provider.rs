//! Signing in by an OpenID Connect provider.

use super::login::{LoginView, cookie, device_cookie, short, signed_in};
use super::{Private, private};
use crate::model::Link;
use crate::service::{self, Answered, Shown};
use crate::{Error, ProviderRefusal, Sessions};
use access::{Ctx, Fresh, Public};
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use chrono::TimeDelta;
use clock::Timestamp;
use crypto::Secret;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Problem, ProblemBody, ValidJson, ValidQuery};

/// The cookie in which a browser keeps what goes from one step to the next, sealed. It comes back when the provider sends
/// the browser here (`SameSite=Lax`), to these routes alone, over TLS alone; no script reads it.
const COOKIE: &str = "lexiflow_oidc";
/// The longest that is looked at, in bytes: browsers keep no longer one (RFC 6265, 6.1).
const COOKIE_BYTES: usize = 4096;
/// The longest code or state that is looked at, in bytes.
const LONGEST: usize = 8192;

/// Whether there is a provider to sign in by.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"enabled": false, "name": null}))]
pub(super) struct ProviderView {
    /// Whether there is one.
    enabled: bool,
    /// What its button says.
    name: Option<String>,
}

/// Show whether there is a provider to sign in by.
#[utoipa::path(get, path = "/api/auth/oidc", tag = "Auth", operation_id = "showSignInProvider", security(()),
    responses((status = 200, description = "Whether there is one, and its name", body = ProviderView)))]
pub(super) async fn show_provider(
    _: Public,
    Extension(sessions): Extension<Sessions>,
) -> Private<Json<ProviderView>> {
    let name = sessions.sign_on().ok().map(|sign_on| sign_on.rules.name.clone());
    private(Json(ProviderView { enabled: name.is_some(), name }))
}

/// Where to go after signing in.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BeginQuery {
    /// A path of LexiFlow's own to go to after signing in; `/` without one.
    #[garde(skip)]
    #[param(example = "/cases", max_length = 512)]
    return_to: Option<String>,
}

/// Go to the provider to sign in. A browser is sent here by a link or a button, and keeps a cookie for the way back.
#[utoipa::path(get, path = "/api/auth/oidc/login", tag = "Auth", operation_id = "beginProviderSignIn",
    params(BeginQuery), security(()),
    responses((status = 302, description = "To the provider; good for 10 minutes",
            headers(("Location" = String, description = "The provider's page"))),
        (status = 400, description = "`returnTo` is no path of LexiFlow's own", body = ProblemBody),
        (status = 404, description = "There is no provider", body = ProblemBody),
        (status = 502, description = "The provider answers with a fault", body = ProblemBody),
        (status = 503, description = "The provider cannot be reached", body = ProblemBody)))]
pub(super) async fn begin_sign_in(
    public: Public,
    Extension(sessions): Extension<Sessions>,
    ValidQuery(query): ValidQuery<BeginQuery>,
) -> Result<Response, Problem> {
    let begun = service::begin_provider_sign_in(&public, &sessions, query.return_to.as_deref());
    let departure = begun.await.map_err(told)?;
    Ok(sent_to(&departure.url, &departure.cookie, departure.lasts))
}

/// What the provider sends back. It may send more, which is not looked at.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CallbackQuery {
    /// The code of the sign-in.
    #[param(value_type = Option<String>, example = "SplxlOBeZQQYbYS6WxSbIA")]
    code: Option<Secret>,
    /// What was sent to the provider with the request.
    #[param(value_type = Option<String>, example = "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    state: Option<Secret>,
    /// Why there is no code.
    #[param(example = "access_denied")]
    error: Option<String>,
    /// Who answers.
    #[param(example = "https://login.example.com")]
    iss: Option<String>,
}

impl From<CallbackQuery> for Answered {
    fn from(query: CallbackQuery) -> Self {
        let short = |text: &Secret| text.expose().len() <= LONGEST;
        Self {
            code: query.code.filter(short),
            state: query.state.filter(short),
            error: query.error,
            issuer: query.iss,
        }
    }
}

/// Come back from the provider. The browser goes on to the place that was wanted, with `#oidc-code=` and a code behind it: send
/// that code to `POST /api/auth/oidc/token` to get the tokens.
#[utoipa::path(get, path = "/api/auth/oidc/callback", tag = "Auth", operation_id = "finishProviderSignIn",
    params(CallbackQuery), security(()),
    responses((status = 302, description = "To the place that was wanted, with a code that is good for 5 minutes",
            headers(("Location" = String, description = "The place, with `#oidc-code=` and the code"))),
        (status = 400, description = "The sign-in was not begun in this browser, was used already, or took too long", body = ProblemBody),
        (status = 401, description = "The provider did not sign the person in, or what it says cannot be believed", body = ProblemBody),
        (status = 403, description = "There is no active user for the person", body = ProblemBody),
        (status = 404, description = "There is no provider", body = ProblemBody),
        (status = 409, description = "The user is bound to another identity", body = ProblemBody),
        (status = 502, description = "The provider answers with a fault", body = ProblemBody),
        (status = 503, description = "The provider cannot be reached", body = ProblemBody)))]
pub(super) async fn finish_sign_in(
    public: Public,
    Extension(sessions): Extension<Sessions>,
    headers: HeaderMap,
    query: Result<Query<CallbackQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    // What cannot be read is no answer to anything that was begun.
    let answered = query.map_or_else(|_| Answered::default(), |Query(query)| query.into());
    let cookie = cookie(&headers, COOKIE, COOKIE_BYTES);
    let finished = service::finish_provider_sign_in(&public, &sessions, answered, cookie.as_ref());
    let handover = Box::pin(finished).await.map_err(told)?;
    Ok(sent_to(&handover.location, &handover.cookie, handover.lasts))
}

/// What a login is begun with after the provider.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HandoverBody {
    /// What stands behind `#oidc-code=`. Good once, in the browser that signed in.
    #[garde(custom(short))]
    #[schema(value_type = String, write_only, example = "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    code: Secret,
    /// The code of the second factor, or a recovery code. Not looked at where the user has none.
    #[garde(inner(custom(short)))]
    #[schema(value_type = Option<String>, write_only, example = "123456")]
    mfa_code: Option<Secret>,
    /// The token that the device was given at an earlier sign-in, where it does not come as a cookie.
    #[garde(inner(custom(short)))]
    #[schema(value_type = Option<String>, write_only, example = json!(null))]
    device_token: Option<Secret>,
}

/// Get the tokens after coming back from the provider.
#[utoipa::path(post, path = "/api/auth/oidc/token", tag = "Auth", operation_id = "takeProviderLogin",
    request_body = HandoverBody, security(()),
    responses((status = 200, description = "Signed in", body = LoginView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "The code is no good; or a second factor is wanted (`mfa_required`), or its code is wrong (`mfa_code_invalid`): the code stays good", body = ProblemBody),
        (status = 403, description = "The user is not active any more", body = ProblemBody),
        (status = 404, description = "There is no provider", body = ProblemBody),
        (status = 409, description = "The user is bound to another identity", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn take_login(
    public: Public,
    Extension(sessions): Extension<Sessions>,
    headers: HeaderMap,
    ValidJson(body): ValidJson<HandoverBody>,
) -> Result<Response, Problem> {
    let shown =
        Shown { code: body.mfa_code, device_token: body.device_token.or_else(|| device_cookie(&headers)) };
    let cookie = cookie(&headers, COOKIE, COOKIE_BYTES);
    let login = service::sign_in_proven(&public, &sessions, &body.code, cookie.as_ref(), shown).await?;
    let mut response = signed_in(&sessions, login);
    if let Ok(gone) = set_cookie("", TimeDelta::zero()).parse() {
        response.headers_mut().append(SET_COOKIE, gone);
    }
    Ok(response)
}

/// The identity that one signs in with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"linked": true, "issuer": "https://login.example.com",
    "linkedAt": "2026-03-02T11:59:02.350871Z", "lastUsedAt": "2026-03-02T12:00:36.080127Z"}))]
pub(super) struct ProviderLinkView {
    /// Whether there is one.
    linked: bool,
    /// The provider's name for itself.
    #[schema(example = "https://login.example.com")]
    issuer: Option<String>,
    /// When it was bound to the user.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-02T11:59:02.350871Z")]
    linked_at: Option<Timestamp>,
    /// When it was last signed in with.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-02T12:00:36.080127Z")]
    last_used_at: Option<Timestamp>,
}

impl From<Option<Link>> for ProviderLinkView {
    fn from(link: Option<Link>) -> Self {
        Self {
            linked: link.is_some(),
            linked_at: link.as_ref().map(|link| link.linked_at),
            last_used_at: link.as_ref().map(|link| link.last_used_at),
            issuer: link.map(|link| link.issuer),
        }
    }
}

/// Show the identity of the provider that one signs in with.
#[utoipa::path(get, path = "/api/auth/oidc/link", tag = "Auth", operation_id = "showProviderLink",
    responses((status = 200, description = "The identity, or that there is none", body = ProviderLinkView),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn show_link(ctx: Ctx) -> Result<Private<Json<ProviderLinkView>>, Problem> {
    Ok(private(Json(service::show_link(&ctx).await?.into())))
}

/// End the link to the provider. Who has a second factor must have shown it a moment ago.
#[utoipa::path(delete, path = "/api/auth/oidc/link", tag = "Auth", operation_id = "unlinkProvider",
    responses((status = 204, description = "The link is ended"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "The second factor was shown too long ago", body = ProblemBody),
        (status = 404, description = "There is no link", body = ProblemBody)))]
pub(super) async fn unlink(Fresh(ctx): Fresh) -> Result<Private<StatusCode>, Problem> {
    service::unlink(&ctx).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// A provider's trouble in clear words: whoever signs in cannot see the log.
fn told(error: Error) -> Problem {
    let detail = match &error {
        Error::Provider(ProviderRefusal::Unreachable(_)) => Some(
            "the sign-in provider does not answer: try again in a moment, or sign in with address and password",
        ),
        Error::Provider(ProviderRefusal::Faulty(_)) => Some(
            "the sign-in provider and this server do not understand each other: tell your administrator, who finds the \
             reason in the log, and sign in with address and password",
        ),
        _ => None,
    };
    let problem = Problem::from(error);
    match detail {
        Some(detail) => problem.with_detail(detail),
        None => problem,
    }
}

/// A redirect that nobody keeps, and that no other server hears of.
fn sent_to(location: &Secret, cookie: &Secret, lasts: TimeDelta) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Both are of visible ASCII characters, which no header refuses.
    for (name, text) in [(LOCATION, location.expose()), (SET_COOKIE, &set_cookie(cookie.expose(), lasts))] {
        if let Ok(mut value) = HeaderValue::from_str(text) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    response
}

fn set_cookie(value: &str, lasts: TimeDelta) -> String {
    let seconds = lasts.num_seconds();
    format!("{COOKIE}={value}; Path=/api/auth/oidc; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax")
}
