//! Signing in, staying signed in, signing out, and one's own password.

use super::{Private, private};
use crate::service::{self, Shown};
use crate::{Login, Sessions};
use access::{Ctx, Public};
use accounts::UserView;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use crypto::{Secret, strength};
use http::header::{self, COOKIE, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Fault, Problem, ProblemBody, Ruled, RuledJson, ValidJson};

/// The cookie in which a browser keeps the device's token. A browser sends it over TLS alone, to these routes alone, and
/// never for another site; no script reads it.
const DEVICE_COOKIE: &str = "lexiflow_device";

/// Who wants to sign in.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct LoginBody {
    /// The e-mail address, in any case.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "ada.moreno@example.com")]
    email: String,
    /// The password.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, write_only, example = "copper lantern violet harbor")]
    password: Secret,
    /// The code of the second factor, or a recovery code. Not looked at where the user has none.
    #[garde(inner(custom(short)))]
    #[schema(value_type = Option<String>, write_only, example = "123456")]
    mfa_code: Option<Secret>,
    /// The token that the device was given at an earlier sign-in, where it does not come as a cookie.
    #[garde(inner(custom(short)))]
    #[schema(value_type = Option<String>, write_only, example = json!(null))]
    device_token: Option<Secret>,
}

/// A refresh token to exchange.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RefreshBody {
    /// The newest refresh token of the login. It is good for one use.
    #[garde(custom(given))]
    #[schema(value_type = String, write_only, example = "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    refresh_token: Secret,
}

/// The password to change.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PasswordBody {
    /// The password until now.
    #[garde(custom(given))]
    #[schema(value_type = String, format = Password, write_only, example = "copper lantern violet harbor")]
    current_password: Secret,
    /// The password from now on, at least 12 characters.
    #[garde(custom(given))]
    #[schema(value_type = String, format = Password, write_only, example = "quiet orchard seven bridges")]
    new_password: Secret,
}

impl Ruled for PasswordBody {
    fn broken(&self, _: &[Fault]) -> Vec<Fault> {
        // The names of the user, which it must not hold either, are known to the verb only.
        let weak = strength::check(self.new_password.expose(), &[]).err();
        weak.map(|weakness| Fault::new("newPassword", "weak", weakness.to_string())).into_iter().collect()
    }
}

/// The longest text that is looked at as a code or a token, in bytes.
const LONGEST_PROOF: usize = 1024;

pub(super) fn short<C>(secret: &Secret, _context: &C) -> garde::Result {
    if secret.expose().len() > LONGEST_PROOF {
        return Err(garde::Error::new(format!("must not have more than {LONGEST_PROOF} bytes")));
    }
    Ok(())
}

fn given<C>(secret: &Secret, _context: &C) -> garde::Result {
    if secret.expose().is_empty() { Err(garde::Error::new("must not be empty")) } else { Ok(()) }
}

/// A pair of tokens and whose they are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoginView {
    /// For the header `Authorization: Bearer …`. A JSON Web Token (RFC 7519).
    #[schema(example = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl")]
    access_token: String,
    /// For the next pair, once.
    #[schema(example = "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    refresh_token: String,
    /// How long the access token is good for, in seconds.
    #[schema(example = 900)]
    expires_in: i64,
    /// How to send the access token.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// By which the device is known again: to be kept, and sent with the next sign-in. Browsers keep it as a cookie. Only
    /// a sign-in gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.ZGV2aWNl")]
    device_token: Option<String>,
    /// Who signed in.
    user: UserView,
}

impl From<Login> for LoginView {
    fn from(login: Login) -> Self {
        Self {
            access_token: login.access_token.expose().to_owned(),
            refresh_token: login.refresh_token.expose().to_owned(),
            expires_in: login.expires_in_seconds,
            token_type: "Bearer",
            device_token: login.device_token.map(|token| token.expose().to_owned()),
            user: login.user.into(),
        }
    }
}

/// Sign in.
#[utoipa::path(post, path = "/api/auth/login", tag = "Auth", operation_id = "login", request_body = LoginBody,
    security(()),
    responses((status = 200, description = "Signed in", body = LoginView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "The address or the password is wrong, or the account is not active; or a second factor is wanted (`mfa_required`), or its code is wrong (`mfa_code_invalid`)", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn login(
    public: Public,
    Extension(sessions): Extension<Sessions>,
    headers: HeaderMap,
    ValidJson(body): ValidJson<LoginBody>,
) -> Result<Response, Problem> {
    let shown =
        Shown { code: body.mfa_code, device_token: body.device_token.or_else(|| device_cookie(&headers)) };
    let login = service::sign_in(&public, &sessions, &body.email, body.password, shown).await?;
    Ok(signed_in(&sessions, login))
}

/// The answer to whoever signed in: the tokens, and the device's as a cookie too.
pub(super) fn signed_in(sessions: &Sessions, login: Login) -> Response {
    let cookie = login.device_token.as_ref().map(|token| set_cookie(sessions, token));
    let mut response = private(Json(LoginView::from(login))).into_response();
    // A token is base64url and points: no header refuses it.
    if let Some(Ok(cookie)) = cookie.map(|cookie| cookie.parse()) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn set_cookie(sessions: &Sessions, token: &Secret) -> String {
    let seconds = sessions.settings().kept.num_seconds();
    format!(
        "{DEVICE_COOKIE}={}; Path=/api/auth; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict",
        token.expose()
    )
}

/// The device's token among the cookies.
pub(super) fn device_cookie(headers: &HeaderMap) -> Option<Secret> {
    cookie(headers, DEVICE_COOKIE, LONGEST_PROOF)
}

/// A cookie of this name (RFC 6265, 5.4), if it is not longer than it may be.
pub(super) fn cookie(headers: &HeaderMap, wanted: &str, longest: usize) -> Option<Secret> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted && value.len() <= longest).then(|| Secret::new(value))
    })
}

/// Exchange a refresh token for the next pair of tokens.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "Auth", operation_id = "refresh", request_body = RefreshBody,
    security(()),
    responses((status = 200, description = "The next pair", body = LoginView),
        (status = 400, description = "No refresh token was sent", body = ProblemBody),
        (status = 401, description = "The refresh token is not valid any more", body = ProblemBody)))]
pub(super) async fn refresh(
    public: Public,
    Extension(sessions): Extension<Sessions>,
    headers: HeaderMap,
    body: Result<ValidJson<RefreshBody>, Problem>,
) -> Result<Private<Json<LoginView>>, Problem> {
    // Who sends nothing at all is told what is missing, not in which form to send it.
    let ValidJson(body) = body.map_err(|refusal| if has_body(&headers) { refusal } else { no_token() })?;
    let login = service::refresh(&public, &sessions, body.refresh_token).await?;
    Ok(private(Json(login.into())))
}

/// Whether the request has a body, by its headers (RFC 9112, 6) or by the type of one.
fn has_body(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    declared || headers.contains_key(header::TRANSFER_ENCODING) || headers.contains_key(header::CONTENT_TYPE)
}

fn no_token() -> Problem {
    Problem::invalid(vec![Fault::new("refreshToken", "missing", "is required")])
}

/// Sign out. The login ends at once, with all its tokens; a body is not looked at.
#[utoipa::path(post, path = "/api/auth/logout", tag = "Auth", operation_id = "logout",
    responses((status = 204, description = "Signed out"),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn logout(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
) -> Result<Private<StatusCode>, Problem> {
    service::sign_out(&ctx, &sessions).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Show who is signed in.
#[utoipa::path(get, path = "/api/auth/me", tag = "Auth", operation_id = "showSelf",
    responses((status = 200, description = "The caller", body = UserView),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn show_self(ctx: Ctx) -> Result<Private<Json<UserView>>, Problem> {
    Ok(private(Json(accounts::find_self(&ctx).await?.into())))
}

/// Show who is signed in, for older clients.
#[utoipa::path(get, path = "/api/auth/profile", tag = "Auth", operation_id = "showProfile",
    responses((status = 200, description = "The caller", body = UserView),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn show_profile(ctx: Ctx) -> Result<Private<Json<UserView>>, Problem> {
    show_self(ctx).await
}

/// Change one's own password. Every other login of the user ends.
#[utoipa::path(post, path = "/api/auth/change-password", tag = "Auth", operation_id = "changePassword",
    request_body = PasswordBody,
    responses((status = 204, description = "The new password is in force"),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 422, description = "The current password is wrong, or the new one too weak", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn change_password(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    RuledJson(body): RuledJson<PasswordBody>,
) -> Result<Private<StatusCode>, Problem> {
    service::change_password(&ctx, &sessions, body.current_password, body.new_password).await?;
    Ok(private(StatusCode::NO_CONTENT))
}
