use crate::{
    Client, ClientFields, ClientFilter, ClientKind, ClientSort, ClientStatus, add_client, change_client,
    delete_client, find_client, list_clients,
};
use access::{Action, Ctx, Gate, Routes};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ids::ClientId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;
use web::etag::{conditional, created, tagged, untagged};
use web::merge_patch::patched;
use web::{
    IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, Sort, ValidJson, ValidQuery, paging,
};

/// This module's routes.
pub fn routes() -> Routes {
    Routes::new()
        .route(routes!(list), Gate::May(Action::ReadClients))
        .route(routes!(add), Gate::May(Action::EditClients))
        .route(routes!(show), Gate::May(Action::ReadClients))
        .route(routes!(change), Gate::May(Action::EditClients))
        .route(routes!(put), Gate::May(Action::EditClients))
        .route(routes!(delete), Gate::May(Action::DeleteClients))
}

/// Which clients, in which order.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListClients {
    /// Part of the name, number or e-mail address; case does not count.
    #[garde(inner(length(chars, max = 200)))]
    query: Option<String>,
    /// Only this status.
    #[garde(skip)]
    status: Option<ClientStatus>,
    /// Only this kind.
    #[garde(skip)]
    kind: Option<ClientKind>,
    /// `name` (the default), `number`, `status`, `createdAt` or `updatedAt`; a `-` before it turns the order round.
    #[garde(skip)]
    sort: Option<String>,
    /// The same as `sort`, for older clients.
    #[garde(skip)]
    sort_by: Option<String>,
    /// `asc` or `desc`, for older clients.
    #[garde(skip)]
    order: Option<String>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Clients on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

const SORTS: &[(&str, ClientSort)] = &[
    ("name", ClientSort::Name),
    ("number", ClientSort::Number),
    ("status", ClientSort::Status),
    ("createdAt", ClientSort::CreatedAt),
    ("updatedAt", ClientSort::UpdatedAt),
];

/// List clients, by name.
#[utoipa::path(get, path = "/api/clients", tag = "Clients", operation_id = "listClients", params(ListClients),
    responses(
        (status = 200, description = "A page of clients", body = Paged<Client>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not see clients", body = ProblemBody),
    ))]
async fn list(ctx: Ctx, ValidQuery(query): ValidQuery<ListClients>) -> Result<Paged<Client>, Problem> {
    let page = Page::from_parts(query.page, query.limit, paging::MAX_LIMIT)?;
    let (sort, sort_by, order) = (query.sort.as_deref(), query.sort_by.as_deref(), query.order.as_deref());
    let sort = Sort::parse(sort, sort_by, order, SORTS, Sort::ascending(ClientSort::Name))?;
    let text = query.query.filter(|text| !text.trim().is_empty()).map(|text| text.trim().to_owned());
    let filter = ClientFilter { text, status: query.status, kind: query.kind };
    let (clients, total) = list_clients(&ctx, &filter, sort, page).await?;
    Ok(Paged::new(clients, total, page))
}

/// Add a client.
///
/// The firm's number, such as `CL-000001`, is given by the server.
#[utoipa::path(post, path = "/api/clients", tag = "Clients", operation_id = "addClient", request_body = ClientFields,
    responses(
        (status = 201, description = "The client; `Location` is its path", body = Client),
        (status = 400, description = "Members are wrong; `errors` names them all", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not add clients", body = ProblemBody),
    ))]
async fn add(ctx: Ctx, ValidJson(fields): ValidJson<ClientFields>) -> Result<Response, Problem> {
    let client = add_client(&ctx, fields).await?;
    Ok(seen_by(&ctx, created(&format!("/api/clients/{}", client.id), client.version(), &client)))
}

/// Show a client.
#[utoipa::path(get, path = "/api/clients/{id}", tag = "Clients", operation_id = "showClient",
    params(("id" = ClientId, Path, description = "The client")),
    responses(
        (status = 200, description = "The client, with its `ETag`", body = Client),
        (status = 304, description = "The client is at the version in `If-None-Match`"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not see clients", body = ProblemBody),
        (status = 404, description = "No such client in your firm", body = ProblemBody),
    ))]
async fn show(ctx: Ctx, PathId(id): PathId<ClientId>, headers: HeaderMap) -> Result<Response, Problem> {
    let client = find_client(&ctx, id).await?;
    let headers = if sees_all(&ctx) { headers } else { HeaderMap::new() };
    Ok(seen_by(&ctx, conditional(&headers, client.version(), Json(&client))))
}

fn sees_all(ctx: &Ctx) -> bool {
    ctx.masked(Action::ReadClients).is_empty()
}

/// A client that lacks fields is none that could be kept and shown again.
fn seen_by(ctx: &Ctx, answer: Response) -> Response {
    if sees_all(ctx) { answer } else { untagged(answer) }
}

/// Change a client.
///
/// A JSON Merge Patch (RFC 7396): members that are left out stay, `null` clears.
#[utoipa::path(patch, path = "/api/clients/{id}", tag = "Clients", operation_id = "changeClient",
    params(("id" = ClientId, Path, description = "The client"),
        ("If-Match" = Option<String>, Header, description = "The version to change, as its `ETag`")),
    request_body(content = ClientFields, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The client after the change", body = Client),
        (status = 400, description = "Members are wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not change clients", body = ProblemBody),
        (status = 404, description = "No such client in your firm", body = ProblemBody),
        (status = 412, description = "The client was changed meanwhile", body = ProblemBody),
    ))]
async fn change(
    ctx: Ctx,
    PathId(id): PathId<ClientId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    ctx.require_fields(Action::ReadClients, &patch)?;
    let client = change_client(&ctx, id, seen, |fields| patched(fields, patch)).await?;
    Ok(seen_by(&ctx, tagged(client.version(), Json(&client))))
}

/// Change a client, as `PATCH` does.
#[utoipa::path(put, path = "/api/clients/{id}", tag = "Clients", operation_id = "putClient",
    params(("id" = ClientId, Path, description = "The client"),
        ("If-Match" = Option<String>, Header, description = "The version to change, as its `ETag`")),
    request_body(content = ClientFields, content_type = "application/json"),
    responses(
        (status = 200, description = "The client after the change", body = Client),
        (status = 400, description = "Members are wrong", body = ProblemBody),
        (status = 404, description = "No such client in your firm", body = ProblemBody),
        (status = 412, description = "The client was changed meanwhile", body = ProblemBody),
    ))]
async fn put(ctx: Ctx, id: PathId<ClientId>, seen: IfMatch, patch: MergePatch) -> Result<Response, Problem> {
    change(ctx, id, seen, patch).await
}

/// Remove a client without cases.
#[utoipa::path(delete, path = "/api/clients/{id}", tag = "Clients", operation_id = "deleteClient",
    params(("id" = ClientId, Path, description = "The client"),
        ("If-Match" = Option<String>, Header, description = "The version to remove, as its `ETag`")),
    responses(
        (status = 204, description = "The client is removed"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not remove clients", body = ProblemBody),
        (status = 404, description = "No such client in your firm", body = ProblemBody),
        (status = 409, description = "Cases still refer to the client", body = ProblemBody),
        (status = 412, description = "The client was changed meanwhile", body = ProblemBody),
    ))]
async fn delete(
    ctx: Ctx,
    PathId(id): PathId<ClientId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    delete_client(&ctx, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
