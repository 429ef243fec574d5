use crate::{Login, Sessions, service};
use access::{Ctx, Gate, Public, Routes};
use accounts::UserView;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use crypto::{Secret, strength};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use web::layers::NoCompression;
use web::{Fault, Problem, ProblemBody, Ruled, RuledJson, ValidJson};

/// This module's routes.
pub fn routes(sessions: Sessions) -> Routes {
    Routes::new()
        .route(routes!(login), Gate::Public)
        .route(routes!(refresh), Gate::Public)
        .route(routes!(logout), Gate::SignedIn)
        .route(routes!(show_self), Gate::SignedIn)
        .route(routes!(show_profile), Gate::SignedIn)
        .route(routes!(change_password), Gate::SignedIn)
        .with(sessions)
}

/// Who wants to sign in.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LoginBody {
    /// The e-mail address, in any case.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "ada.moreno@example.com")]
    email: String,
    /// The password.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, write_only, example = "copper lantern violet harbor")]
    password: Secret,
    /// The code of a second factor. Taken, and not looked at while no user has one.
    #[garde(inner(length(bytes, max = 64)))]
    #[schema(example = "123456")]
    mfa_code: Option<String>,
}

/// A refresh token to exchange.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefreshBody {
    /// The newest refresh token of the login. It is good for one use.
    #[garde(custom(given))]
    #[schema(value_type = String, write_only, example = "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    refresh_token: Secret,
}

/// The password to change.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordBody {
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

fn given<C>(secret: &Secret, _context: &C) -> garde::Result {
    if secret.expose().is_empty() { Err(garde::Error::new("must not be empty")) } else { Ok(()) }
}

/// A pair of tokens and whose they are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LoginView {
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
            user: login.user.into(),
        }
    }
}

/// An answer that nobody on the way may keep or squeeze: tokens in a compressed answer can be guessed from its length.
type Private<T> = ([(HeaderName, HeaderValue); 1], Extension<NoCompression>, T);

fn private<T: IntoResponse>(answer: T) -> Private<T> {
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"))];
    (headers, Extension(NoCompression), answer)
}

/// Sign in.
#[utoipa::path(post, path = "/api/auth/login", tag = "Auth", operation_id = "login", request_body = LoginBody,
    security(()),
    responses((status = 200, description = "Signed in", body = LoginView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "The address or the password is wrong, or the account is not active", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
async fn login(
    public: Public,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<LoginBody>,
) -> Result<Private<Json<LoginView>>, Problem> {
    let login = service::sign_in(&public, &sessions, &body.email, body.password).await?;
    Ok(private(Json(login.into())))
}

/// Exchange a refresh token for the next pair of tokens.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "Auth", operation_id = "refresh", request_body = RefreshBody,
    security(()),
    responses((status = 200, description = "The next pair", body = LoginView),
        (status = 400, description = "No refresh token was sent", body = ProblemBody),
        (status = 401, description = "The refresh token is not valid any more", body = ProblemBody)))]
async fn refresh(
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
async fn logout(ctx: Ctx, Extension(sessions): Extension<Sessions>) -> Result<Private<StatusCode>, Problem> {
    service::sign_out(&ctx, &sessions).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Show who is signed in.
#[utoipa::path(get, path = "/api/auth/me", tag = "Auth", operation_id = "showSelf",
    responses((status = 200, description = "The caller", body = UserView),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
async fn show_self(ctx: Ctx) -> Result<Private<Json<UserView>>, Problem> {
    Ok(private(Json(accounts::find_self(&ctx).await?.into())))
}

/// Show who is signed in, for older clients.
#[utoipa::path(get, path = "/api/auth/profile", tag = "Auth", operation_id = "showProfile",
    responses((status = 200, description = "The caller", body = UserView),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
async fn show_profile(ctx: Ctx) -> Result<Private<Json<UserView>>, Problem> {
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
async fn change_password(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    RuledJson(body): RuledJson<PasswordBody>,
) -> Result<Private<StatusCode>, Problem> {
    service::change_password(&ctx, &sessions, body.current_password, body.new_password).await?;
    Ok(private(StatusCode::NO_CONTENT))
}
