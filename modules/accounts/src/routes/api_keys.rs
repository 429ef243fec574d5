use crate::model::api_key::{ApiKey, LONGEST_OVERLAP, NETWORKS_PER_KEY, Networks, NewApiKey, OVERLAP};
use crate::service::api_keys;
use access::{Action, Ctx};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use chrono::TimeDelta;
use clock::Timestamp;
use crypto::Secret;
use http::{StatusCode, header};
use ids::{ApiKeyId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::layers::NoCompression;
use web::{Page, Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery};

/// Which page of whose keys.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListApiKeys {
    /// Of this user; one's own unless told. Those of others are for who manages users.
    #[garde(skip)]
    #[param(value_type = Option<String>, format = Uuid)]
    user_id: Option<UserId>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Keys on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

/// A key to make.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Docket watcher", "scopes": ["cases:read", "docket:read"],
    "expiresAt": "2027-03-02T12:00:00Z", "networks": ["203.0.113.0/24", "2001:db8::/32"]}))]
pub(super) struct CreateApiKey {
    /// What you call it.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Docket watcher")]
    name: String,
    /// What it may do: codes of permissions that you have.
    #[garde(length(min = 1, max = Action::ALL.len()))]
    #[schema(example = json!(["cases:read", "docket:read"]))]
    scopes: Vec<String>,
    /// When it ends; never unless told.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-03-02T12:00:00Z")]
    expires_at: Option<Timestamp>,
    /// Ranges of addresses that it may be used from, as this server sees them; from everywhere unless told.
    #[garde(inner(length(max = NETWORKS_PER_KEY), inner(custom(network))))]
    #[schema(example = json!(["203.0.113.0/24"]))]
    networks: Option<Vec<String>>,
}

fn network<C>(text: &str, _context: &C) -> garde::Result {
    Networks::parse([text]).map(drop).map_err(garde::Error::new)
}

/// How a key is replaced.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"overlapSeconds": 3600}))]
pub(super) struct RotateApiKey {
    /// How long the old key goes on, in seconds: at most a week; a day unless told. 0 ends it at once.
    #[garde(inner(range(max = LONGEST_OVERLAP.num_seconds().unsigned_abs())))]
    #[schema(example = 3600)]
    overlap_seconds: Option<u64>,
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey, example = json!({"id": "019cae6b-6602-7f69-9358-60bea2438f56",
    "userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "name": "Docket watcher",
    "prefix": "lxf_019cae6b66027f69935860bea2438f56", "scopes": ["cases:read", "docket:read"],
    "networks": ["203.0.113.0/24", "2001:db8::/32"], "active": true, "createdAt": "2026-03-02T12:00:00.124508Z",
    "expiresAt": "2027-03-02T12:00:00Z", "lastUsedAt": null, "revokedAt": null}))]
pub(super) struct ApiKeyView {
    /// The id.
    id: ApiKeyId,
    /// Whose it is.
    user_id: UserId,
    /// What its owner calls it.
    #[schema(example = "Docket watcher")]
    name: String,
    /// How the key begins, to find it by.
    #[schema(example = "lxf_019cae6b66027f69935860bea2438f56")]
    prefix: String,
    /// What it may do, as far as its owner's role may.
    #[schema(example = json!(["cases:read", "docket:read"]))]
    scopes: Vec<&'static str>,
    /// Ranges of addresses that it may be used from; none means from everywhere.
    #[schema(example = json!(["203.0.113.0/24"]))]
    networks: Vec<String>,
    /// Whether it can be used now.
    active: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-03-02T12:00:00Z")]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime, example = json!(null))]
    last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime, example = json!(null))]
    revoked_at: Option<Timestamp>,
}

/// A new API key, with its secret, which is shown here and never again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewApiKey, example = json!({"id": "019cae6b-6602-7f69-9358-60bea2438f56",
    "userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "name": "Docket watcher",
    "prefix": "lxf_019cae6b66027f69935860bea2438f56", "scopes": ["cases:read", "docket:read"],
    "networks": ["203.0.113.0/24", "2001:db8::/32"], "active": true, "createdAt": "2026-03-02T12:00:00.124508Z",
    "expiresAt": "2027-03-02T12:00:00Z", "lastUsedAt": null, "revokedAt": null,
    "key": "lxf_019cae6b66027f69935860bea2438f56_q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM"}))]
pub(super) struct NewApiKeyView {
    /// The key as it is listed from now on.
    #[serde(flatten)]
    key_view: ApiKeyView,
    /// The whole key: for the header `X-API-Key`, or as a bearer token.
    #[schema(example = "lxf_019cae6b66027f69935860bea2438f56_q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    key: String,
}

impl ApiKeyView {
    fn of(key: ApiKey, now: Timestamp) -> Self {
        Self {
            prefix: key.prefix(),
            scopes: key.scopes.iter().map(Action::code).collect(),
            networks: key.networks.texts(),
            active: key.is_live(now),
            id: key.id,
            user_id: key.user,
            name: key.name,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// 201 with the secret, which nobody on the way may keep or squeeze. An answer that is not squeezed is not kept for a
/// repeated `Idempotency-Key` either.
fn shown_once((key, text): (ApiKey, Secret), now: Timestamp) -> Response {
    let location = format!("/api/api-keys/{}", key.id);
    let view = NewApiKeyView { key_view: ApiKeyView::of(key, now), key: text.expose().to_owned() };
    let headers =
        [(header::CACHE_CONTROL, "no-store, no-transform".to_owned()), (header::LOCATION, location)];
    (StatusCode::CREATED, headers, Extension(NoCompression), Json(view)).into_response()
}

/// List API keys, newest first.
#[utoipa::path(get, path = "/api/api-keys", tag = "API keys", operation_id = "listApiKeys", params(ListApiKeys),
    responses((status = 200, description = "A page of keys", body = Paged<ApiKeyView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Another user's, and the caller does not manage users", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
pub(super) async fn list_api_keys(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListApiKeys>,
) -> Result<Paged<ApiKeyView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let (keys, total) = api_keys::list_api_keys(&ctx, query.user_id, (page.offset(), page.limit())).await?;
    let now = ctx.now();
    Ok(Paged::new(keys, total, page).map(|key| ApiKeyView::of(key, now)))
}

/// Make an API key. It is shown in this answer and never again.
#[utoipa::path(post, path = "/api/api-keys", tag = "API keys", operation_id = "createApiKey",
    request_body = CreateApiKey,
    responses((status = 201, description = "The key", body = NewApiKeyView,
            headers(("Location" = String, description = "Where the key is"))),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "An API key makes no keys", body = ProblemBody),
        (status = 422, description = "A scope that the caller cannot give, too many keys, or an end that is not ahead", body = ProblemBody)))]
pub(super) async fn create_api_key(
    ctx: Ctx,
    ValidJson(body): ValidJson<CreateApiKey>,
) -> Result<Response, Problem> {
    let networks = body.networks.unwrap_or_default();
    // The body's rules have read them once.
    let networks = Networks::parse(networks.iter().map(String::as_str)).unwrap_or_default();
    let new = NewApiKey { name: body.name, scopes: body.scopes, networks, expires_at: body.expires_at };
    Ok(shown_once(api_keys::create_api_key(&ctx, &new).await?, ctx.now()))
}

/// Show an API key, without its secret.
#[utoipa::path(get, path = "/api/api-keys/{id}", tag = "API keys", operation_id = "showApiKey",
    params(("id" = ApiKeyId, Path, description = "The key")),
    responses((status = 200, description = "The key", body = ApiKeyView),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "No such key of the caller's", body = ProblemBody)))]
pub(super) async fn show_api_key(
    ctx: Ctx,
    PathId(id): PathId<ApiKeyId>,
) -> Result<Json<ApiKeyView>, Problem> {
    Ok(Json(ApiKeyView::of(api_keys::find_api_key(&ctx, id).await?, ctx.now())))
}

/// Revoke an API key. Its next request is refused, on every server.
#[utoipa::path(delete, path = "/api/api-keys/{id}", tag = "API keys", operation_id = "revokeApiKey",
    params(("id" = ApiKeyId, Path, description = "The key")),
    responses((status = 204, description = "The key lets nobody in any more"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Of a user whom the caller may not manage", body = ProblemBody),
        (status = 404, description = "No such key of the caller's, or revoked before", body = ProblemBody)))]
pub(super) async fn revoke_api_key(ctx: Ctx, PathId(id): PathId<ApiKeyId>) -> Result<StatusCode, Problem> {
    api_keys::revoke_api_key(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace an API key by one like it. The old one goes on for a while, so that programs can be given the new one.
#[utoipa::path(post, path = "/api/api-keys/{id}/rotate", tag = "API keys", operation_id = "rotateApiKey",
    params(("id" = ApiKeyId, Path, description = "The key")), request_body = RotateApiKey,
    responses((status = 201, description = "The new key", body = NewApiKeyView,
            headers(("Location" = String, description = "Where the key is"))),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "No such key of the caller's, or one that has ended", body = ProblemBody),
        (status = 422, description = "Too many keys", body = ProblemBody)))]
pub(super) async fn rotate_api_key(
    ctx: Ctx,
    PathId(id): PathId<ApiKeyId>,
    ValidJson(body): ValidJson<RotateApiKey>,
) -> Result<Response, Problem> {
    let asked = body.overlap_seconds.and_then(|seconds| i64::try_from(seconds).ok());
    let overlap = asked.map_or(OVERLAP, TimeDelta::seconds).min(LONGEST_OVERLAP);
    Ok(shown_once(api_keys::rotate_api_key(&ctx, id, overlap).await?, ctx.now()))
}
