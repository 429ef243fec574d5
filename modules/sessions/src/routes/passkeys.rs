//! One's passkeys (W3C Web Authentication, Level 3): adding, seeing, naming and removing them, signing in with one, and
//! showing one again. A browser makes and reads the JSON of the ceremonies: `parseCreationOptionsFromJSON`,
//! `parseRequestOptionsFromJSON` and `toJSON`.

mod credential;
mod options;

use super::factors::SteppedUp;
use super::login::{LoginView, signed_in};
use super::logins::MOST;
use super::{Private, private};
use crate::model::Passkey;
use crate::{Sessions, service};
use access::{Ctx, Fresh, Gate, Public, Routes};
use axum::response::Response;
use axum::{Extension, Json};
use clock::Timestamp;
use credential::{NewPasskeyBody, PasskeyLoginBody, PasskeyStepUpBody};
use http::{HeaderMap, StatusCode};
use ids::PasskeyId;
use options::{PasskeyCreationOptions, PasskeyRequestOptions};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::{MergePatch, Page, Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery};

/// The routes, for [`super::routes()`] to give them the logins.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route(routes!(list_passkeys, add_passkey), Gate::SignedIn)
        .route(routes!(ask_to_add_passkey), Gate::SignedIn)
        .route(routes!(rename_passkey, remove_passkey), Gate::SignedIn)
        .route(routes!(ask_to_sign_in_with_passkey), Gate::Public)
        .route(routes!(sign_in_with_passkey), Gate::Public)
        .route(routes!(ask_to_step_up_with_passkey), Gate::SignedIn)
        .route(routes!(step_up_with_passkey), Gate::SignedIn)
}

/// A passkey.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-6605-719c-868b-93e1d576c289", "name": "Telephone",
    "transports": ["hybrid", "internal"], "isBackedUp": true, "createdAt": "2026-03-02T12:00:36.080127Z",
    "lastUsedAt": "2026-03-03T08:14:02.350871Z"}))]
pub(super) struct PasskeyView {
    /// The id.
    id: PasskeyId,
    /// The name that the user gave it.
    #[schema(example = "Telephone")]
    name: String,
    /// How a browser reaches it, as it says itself: `usb`, `nfc`, `ble`, `smart-card`, `hybrid`, `internal`.
    #[schema(example = json!(["hybrid", "internal"]))]
    transports: Vec<String>,
    /// Whether it is copied to other devices of its owner, so that it outlives this one.
    #[schema(example = true)]
    is_backed_up: bool,
    /// When it was added.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:36.080127Z")]
    created_at: Timestamp,
    /// When it was last shown.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-03T08:14:02.350871Z")]
    last_used_at: Option<Timestamp>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name,
            transports: passkey.transports,
            is_backed_up: passkey.is_backed_up,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListPasskeys {
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Passkeys on a page: 1 to 100, 20 unless told. Nobody has more than 20.
    #[garde(skip)]
    limit: Option<u64>,
}

/// What can be changed of a passkey.
#[derive(Debug, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Old telephone"}))]
pub(super) struct EditPasskey {
    /// A name to know it by.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Old telephone")]
    name: String,
}

/// List one's passkeys, the oldest first.
#[utoipa::path(get, path = "/api/auth/passkeys", tag = "Auth", operation_id = "listPasskeys", params(ListPasskeys),
    responses((status = 200, description = "A page of passkeys", body = Paged<PasskeyView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn list_passkeys(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListPasskeys>,
) -> Result<Private<Paged<PasskeyView>>, Problem> {
    let page = Page::from_parts(query.page, query.limit, MOST)?;
    let (passkeys, total) = service::list_passkeys(&ctx, (page.offset(), page.limit())).await?;
    Ok(private(Paged::new(passkeys, total, page).map(PasskeyView::from)))
}

/// Get a challenge for a new passkey. It is good for five minutes, and once.
#[utoipa::path(post, path = "/api/auth/passkeys/options", tag = "Auth", operation_id = "askToAddPasskey",
    responses((status = 200, description = "What the browser is to be asked", body = PasskeyCreationOptions),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "The password or the second factor was shown too long ago", body = ProblemBody),
        (status = 404, description = "There are no passkeys on this server", body = ProblemBody),
        (status = 409, description = "There are 20 passkeys already", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn ask_to_add_passkey(
    Fresh(ctx): Fresh,
    Extension(sessions): Extension<Sessions>,
) -> Result<Private<Json<PasskeyCreationOptions>>, Problem> {
    Ok(private(Json(service::ask_to_add(&ctx, &sessions).await?.into())))
}

/// Add the passkey that the browser has made.
#[utoipa::path(post, path = "/api/auth/passkeys", tag = "Auth", operation_id = "addPasskey",
    request_body = NewPasskeyBody,
    responses((status = 201, description = "It can be signed in with", body = PasskeyView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "The password or the second factor was shown too long ago", body = ProblemBody),
        (status = 404, description = "There are no passkeys on this server", body = ProblemBody),
        (status = 409, description = "The passkey is known already, or there are 20", body = ProblemBody),
        (status = 422, description = "The passkey was refused, or the challenge is not good any more", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn add_passkey(
    Fresh(ctx): Fresh,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<NewPasskeyBody>,
) -> Result<Private<(StatusCode, Json<PasskeyView>)>, Problem> {
    let (name, created) = body.into_parts();
    let passkey = service::add_passkey(&ctx, &sessions, name, created).await?;
    Ok(private((StatusCode::CREATED, Json(passkey.into()))))
}

/// Give one of one's passkeys another name.
#[utoipa::path(patch, path = "/api/auth/passkeys/{id}", tag = "Auth", operation_id = "renamePasskey",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    request_body(content = EditPasskey, content_type = "application/merge-patch+json", description = "The members to change"),
    responses((status = 200, description = "The passkey as changed", body = PasskeyView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "No such passkey of the caller", body = ProblemBody)))]
pub(super) async fn rename_passkey(
    ctx: Ctx,
    PathId(id): PathId<PasskeyId>,
    MergePatch(patch): MergePatch,
) -> Result<Private<Json<PasskeyView>>, Problem> {
    let names = patch.get("name").is_some();
    // The patch is judged before the passkey is known: a name is all that can be changed.
    let any = EditPasskey { name: "Passkey".to_owned() };
    let wanted: EditPasskey = web::merge_patch::patched(&any, patch)?;
    let passkey =
        service::rename_passkey(&ctx, id, |before| if names { wanted.name } else { before }).await?;
    Ok(private(Json(passkey.into())))
}

/// Remove one of one's passkeys. The logins in which it was shown end, but for the one in use.
#[utoipa::path(delete, path = "/api/auth/passkeys/{id}", tag = "Auth", operation_id = "removePasskey",
    params(("id" = PasskeyId, Path, description = "The passkey")),
    responses((status = 204, description = "Nobody signs in with it any more"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "The password or the second factor was shown too long ago", body = ProblemBody),
        (status = 404, description = "No such passkey of the caller", body = ProblemBody)))]
pub(super) async fn remove_passkey(
    Fresh(ctx): Fresh,
    Extension(sessions): Extension<Sessions>,
    PathId(id): PathId<PasskeyId>,
) -> Result<Private<StatusCode>, Problem> {
    service::remove_passkey(&ctx, &sessions, id).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Get a challenge to sign in with a passkey. It is good for five minutes, and once.
#[utoipa::path(post, path = "/api/auth/passkeys/sign-in/options", tag = "Auth",
    operation_id = "askToSignInWithPasskey", security(()),
    responses((status = 200, description = "What the browser is to be asked", body = PasskeyRequestOptions),
        (status = 404, description = "There are no passkeys on this server", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn ask_to_sign_in_with_passkey(
    public: Public,
    Extension(sessions): Extension<Sessions>,
) -> Result<Private<Json<PasskeyRequestOptions>>, Problem> {
    Ok(private(Json(service::ask_to_sign_in(&public, &sessions).await?.into())))
}

/// Sign in with a passkey alone: it stands for the password and the second factor.
#[utoipa::path(post, path = "/api/auth/passkeys/sign-in", tag = "Auth", operation_id = "signInWithPasskey",
    request_body = PasskeyLoginBody, security(()),
    responses((status = 200, description = "Signed in", body = LoginView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "The passkey is not known, or wrong, or the account is not active", body = ProblemBody),
        (status = 404, description = "There are no passkeys on this server", body = ProblemBody),
        (status = 422, description = "The challenge is not good any more", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn sign_in_with_passkey(
    public: Public,
    Extension(sessions): Extension<Sessions>,
    headers: HeaderMap,
    ValidJson(body): ValidJson<PasskeyLoginBody>,
) -> Result<Response, Problem> {
    let (presented, device_token) = body.into_parts(&headers);
    let login = service::sign_in_with_passkey(&public, &sessions, presented, device_token).await?;
    Ok(signed_in(&sessions, login))
}

/// Get a challenge to show one of one's passkeys again. It is good for five minutes, and once.
#[utoipa::path(post, path = "/api/auth/passkeys/step-up/options", tag = "Auth",
    operation_id = "askToStepUpWithPasskey",
    responses((status = 200, description = "What the browser is to be asked", body = PasskeyRequestOptions),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "There are no passkeys on this server", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn ask_to_step_up_with_passkey(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
) -> Result<Private<Json<PasskeyRequestOptions>>, Problem> {
    Ok(private(Json(service::ask_to_step_up(&ctx, &sessions).await?.into())))
}

/// Show again who one is, with a passkey, for what asks for more than a token.
#[utoipa::path(post, path = "/api/auth/passkeys/step-up", tag = "Auth", operation_id = "stepUpWithPasskey",
    request_body = PasskeyStepUpBody,
    responses((status = 200, description = "It counts for some minutes", body = SteppedUp),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "There are no passkeys on this server", body = ProblemBody),
        (status = 422, description = "The passkey was refused, or the challenge is not good any more", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn step_up_with_passkey(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<PasskeyStepUpBody>,
) -> Result<Private<Json<SteppedUp>>, Problem> {
    let fresh_until = service::step_up_with_passkey(&ctx, &sessions, body.into_presented()).await?;
    Ok(private(Json(SteppedUp { fresh_until })))
}
