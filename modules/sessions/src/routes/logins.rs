//! Where one is signed in, and the end of it.

use super::views::{SessionView, SignInView};
use super::{Private, private};
use crate::Sessions;
use crate::service::{self, Figures};
use access::{Ctx, Fresh};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode, header};
use ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{MergePatch, Page, Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery};

/// The most items on a page of these lists.
pub(super) const MOST: u64 = 100;

/// Which page.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListSessions {
    /// The page, from 1.
    #[garde(skip)]
    pub(super) page: Option<u64>,
    /// Logins on a page: 1 to 100, 20 unless told.
    #[garde(skip)]
    pub(super) limit: Option<u64>,
}

/// Whose attempts, and which page of them.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListHistory {
    /// Another user of the firm; only for who manages users.
    #[garde(skip)]
    user_id: Option<UserId>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Attempts on a page: 1 to 100, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

/// What can be changed of a login.
#[derive(Debug, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Laptop in the office"}))]
pub(super) struct EditSession {
    /// A name to know it by; `null` takes it away.
    #[garde(inner(length(chars, min = 1, max = 100), custom(web::legible)))]
    #[schema(example = "Laptop in the office")]
    name: Option<String>,
}

/// Why a login is ended.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"reason": "The laptop was left in a train"}))]
pub(super) struct EndSession {
    /// For the firm's records, at most 255 characters.
    #[garde(inner(length(chars, max = 255)))]
    #[schema(example = "The laptop was left in a train")]
    reason: Option<String>,
}

/// Which device is to be trusted.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"sessionId": "019cae6b-6600-7d47-b136-4e9c80216d34"}))]
pub(super) struct TrustDevice {
    /// A login on it.
    #[garde(skip)]
    session_id: SessionId,
}

/// Figures on one's logins.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"totalSessions": 12, "activeSessions": 2, "trustedDevices": 1,
    "recentAddresses": ["192.0.2.7", "198.51.100.23"]}))]
pub(super) struct SessionStats {
    /// Logins whose rows are kept: those of about 90 days.
    #[schema(example = 12)]
    total_sessions: u64,
    /// Logins that are good now.
    #[schema(example = 2)]
    active_sessions: u64,
    /// Devices that are trusted now.
    #[schema(example = 1)]
    trusted_devices: u64,
    /// From where one last signed in, the last first; at most five.
    #[schema(example = json!(["192.0.2.7", "198.51.100.23"]))]
    recent_addresses: Vec<String>,
}

impl From<Figures> for SessionStats {
    fn from(figures: Figures) -> Self {
        Self {
            total_sessions: figures.kept,
            active_sessions: figures.live,
            trusted_devices: figures.trusted_devices,
            recent_addresses: figures.addresses,
        }
    }
}

/// List one's logins, the last used first.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "Auth", operation_id = "listSessions", params(ListSessions),
    responses((status = 200, description = "A page of logins", body = Paged<SessionView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn list_sessions(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    ValidQuery(query): ValidQuery<ListSessions>,
) -> Result<Private<Paged<SessionView>>, Problem> {
    Ok(private(page_of(&ctx, &sessions, None, &query).await?))
}

/// One page of somebody's logins.
pub(super) async fn page_of(
    ctx: &Ctx,
    sessions: &Sessions,
    user: Option<UserId>,
    query: &ListSessions,
) -> Result<Paged<SessionView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, MOST)?;
    let (rows, total) = service::list_logins(ctx, sessions, user, (page.offset(), page.limit())).await?;
    let idle = sessions.settings().idle;
    Ok(Paged::new(rows, total, page).map(|row| SessionView::of(row, ctx, idle)))
}

/// Show figures on one's logins.
#[utoipa::path(get, path = "/api/auth/sessions/stats", tag = "Auth", operation_id = "showSessionStats",
    responses((status = 200, description = "The figures", body = SessionStats),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn show_stats(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
) -> Result<Private<Json<SessionStats>>, Problem> {
    Ok(private(Json(service::figures(&ctx, &sessions).await?.into())))
}

/// Give one of one's logins a name.
#[utoipa::path(patch, path = "/api/auth/sessions/{id}", tag = "Auth", operation_id = "renameSession",
    params(("id" = SessionId, Path, description = "The login")),
    request_body(content = EditSession, content_type = "application/merge-patch+json", description = "The members to change"),
    responses((status = 200, description = "The login as changed", body = SessionView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "No such login of the caller", body = ProblemBody)))]
pub(super) async fn rename_session(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    PathId(id): PathId<SessionId>,
    MergePatch(patch): MergePatch,
) -> Result<Private<Json<SessionView>>, Problem> {
    let names = patch.get("name").is_some();
    // What a login has beside its name is not to be changed, so that the patch is judged before the login is known.
    let wanted: EditSession = web::merge_patch::patched(&EditSession { name: None }, patch)?;
    let row = service::rename_login(&ctx, id, |before| if names { wanted.name } else { before }).await?;
    Ok(private(Json(SessionView::of(row, &ctx, sessions.settings().idle))))
}

/// End one of one's logins at once, and trust its device no more.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "Auth", operation_id = "endSession",
    params(("id" = SessionId, Path, description = "The login")),
    request_body(content = Option<EndSession>, description = "Why, for the firm's records; may be left out"),
    responses((status = 204, description = "The login has ended"),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "No such login of the caller", body = ProblemBody)))]
pub(super) async fn end_session(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    PathId(id): PathId<SessionId>,
    headers: HeaderMap,
    body: Result<ValidJson<EndSession>, Problem>,
) -> Result<Private<StatusCode>, Problem> {
    let words = if carries_body(&headers) { body?.0.reason } else { None };
    service::end_login(&ctx, &sessions, id, words.as_deref()).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Whether the request has a body (RFC 9112, 6).
fn carries_body(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    declared || headers.contains_key(header::TRANSFER_ENCODING)
}

/// End all of one's logins but for the one in use.
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "Auth", operation_id = "endOtherSessions",
    responses((status = 204, description = "All others have ended"),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn end_other_sessions(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
) -> Result<Private<StatusCode>, Problem> {
    service::end_other_logins(&ctx, &sessions).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Trust the device of one of one's logins, for 30 days unless the settings say otherwise: signing in on it asks for no
/// second factor.
#[utoipa::path(post, path = "/api/auth/sessions/trust-device", tag = "Auth", operation_id = "trustDevice",
    request_body = TrustDevice,
    responses((status = 204, description = "The device is trusted"),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "The second factor was shown too long ago", body = ProblemBody),
        (status = 404, description = "No such login of the caller", body = ProblemBody),
        (status = 409, description = "The login does not know its device", body = ProblemBody)))]
pub(super) async fn trust_device(
    Fresh(ctx): Fresh,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<TrustDevice>,
) -> Result<Private<StatusCode>, Problem> {
    service::trust_device(&ctx, &sessions, body.session_id).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Trust the device of one of one's logins no more.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}/trust", tag = "Auth", operation_id = "distrustDevice",
    params(("id" = SessionId, Path, description = "The login")),
    responses((status = 204, description = "The device is trusted no more"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "No such login of the caller", body = ProblemBody)))]
pub(super) async fn distrust_device(
    ctx: Ctx,
    PathId(id): PathId<SessionId>,
) -> Result<Private<StatusCode>, Problem> {
    service::distrust_device(&ctx, id).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// List the attempts to sign in as oneself, the newest first. They are kept for about 90 days.
#[utoipa::path(get, path = "/api/auth/login-history", tag = "Auth", operation_id = "showLoginHistory",
    params(ListHistory),
    responses((status = 200, description = "A page of attempts", body = Paged<SignInView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Only who manages users sees those of others", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
pub(super) async fn show_login_history(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListHistory>,
) -> Result<Private<Paged<SignInView>>, Problem> {
    let page = Page::from_parts(query.page, query.limit, MOST)?;
    let (attempts, total) =
        service::login_history(&ctx, query.user_id, (page.offset(), page.limit())).await?;
    Ok(private(Paged::new(attempts, total, page).map(SignInView::from)))
}
