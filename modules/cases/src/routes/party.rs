use crate::model::party::Attorney;
use crate::{
    Party, PartyFields, PartyFilter, PartySort, add_party, change_party, delete_party, find_party,
    list_parties,
};
use access::Ctx;
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::NaiveDate;
use ids::{CaseId, PartyId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use web::etag::{conditional, created, tagged};
use web::merge_patch::patched;
use web::paging::MAX_LIMIT;
use web::{IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, Sort, ValidJson, ValidQuery};

/// Which parties, in which order.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParties {
    /// Part of the name or of another name of the party; case does not count.
    #[garde(inner(length(chars, max = 200)))]
    query: Option<String>,
    /// Only of this case.
    #[garde(skip)]
    case_id: Option<CaseId>,
    /// Only with this part in the case, as it is written, such as `Defendant`.
    #[garde(inner(length(chars, max = 200)))]
    kind: Option<String>,
    /// `name`, `position` or `updatedAt`; a `-` before it turns the order round. By name unless told; within one case by
    /// position.
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
    /// Parties on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

const SORTS: &[(&str, PartySort)] =
    &[("name", PartySort::Name), ("position", PartySort::Position), ("updatedAt", PartySort::UpdatedAt)];

/// List parties with their counsel.
#[utoipa::path(get, path = "/api/parties", tag = "Parties", operation_id = "listParties", params(ListParties),
    responses(
        (status = 200, description = "A page of parties", body = Paged<Party>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not see cases", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
    ))]
pub(super) async fn list(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListParties>,
) -> Result<Paged<Party>, Problem> {
    let page = Page::from_parts(query.page, query.limit, MAX_LIMIT)?;
    let (sort, sort_by, order) = (query.sort.as_deref(), query.sort_by.as_deref(), query.order.as_deref());
    let default = if query.case_id.is_some() { PartySort::Position } else { PartySort::Name };
    let sort = Sort::parse(sort, sort_by, order, SORTS, Sort::ascending(default))?;
    let present = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let filter = PartyFilter { case: query.case_id, text: present(query.query), kind: present(query.kind) };
    let (parties, total) = list_parties(&ctx, &filter, sort, page).await?;
    Ok(Paged::new(parties, total, page))
}

/// List the parties of a case, in the order of its docket.
#[utoipa::path(get, path = "/api/cases/{id}/parties", tag = "Parties", operation_id = "listPartiesOfCase",
    params(("id" = CaseId, Path, description = "The case"), ListParties),
    responses(
        (status = 200, description = "A page of parties", body = Paged<Party>),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
    ))]
pub(super) async fn list_of_case(
    ctx: Ctx,
    PathId(id): PathId<CaseId>,
    ValidQuery(mut query): ValidQuery<ListParties>,
) -> Result<Paged<Party>, Problem> {
    query.case_id = Some(id);
    list(ctx, ValidQuery(query)).await
}

/// List the parties of a case, under the older path.
#[utoipa::path(get, path = "/api/parties/case/{caseId}", tag = "Parties", operation_id = "listPartiesInCase",
    params(("caseId" = CaseId, Path, description = "The case"), ListParties),
    responses(
        (status = 200, description = "A page of parties", body = Paged<Party>),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
    ))]
pub(super) async fn list_in_case(
    ctx: Ctx,
    id: PathId<CaseId>,
    query: ValidQuery<ListParties>,
) -> Result<Paged<Party>, Problem> {
    list_of_case(ctx, id, query).await
}

/// A party to list, and in which case.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
    "name": "Harbor Stevedoring Co.", "kind": "Defendant", "extraInfo": "doing business as Harbor Terminal Services",
    "attorneys": [{"name": "Dana Whitlock",
        "contact": "Whitlock LLP\n1 Main Street\nOakland, CA 94607", "roles": ["LEAD ATTORNEY"]}]}))]
pub(super) struct NewParty {
    /// The case.
    #[garde(skip)]
    case_id: CaseId,
    /// The name as listed.
    #[garde(skip)]
    name: String,
    /// Its part in the case, such as `Defendant`.
    #[serde(alias = "type")]
    #[garde(skip)]
    kind: String,
    /// Aliases and addresses below the name; several lines.
    #[garde(skip)]
    extra_info: Option<String>,
    /// When it left the case.
    #[garde(skip)]
    terminated_on: Option<NaiveDate>,
    /// What a defendant is charged with.
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    criminal: Option<Value>,
    /// Counsel of this party.
    #[serde(default)]
    #[garde(skip)]
    attorneys: Vec<Attorney>,
}

/// List a party in a case.
#[utoipa::path(post, path = "/api/parties", tag = "Parties", operation_id = "addParty", request_body = NewParty,
    responses(
        (status = 201, description = "The party; `Location` is its path", body = Party),
        (status = 400, description = "Members are wrong; `errors` names them all", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not change cases", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
    ))]
pub(super) async fn add(ctx: Ctx, ValidJson(new): ValidJson<NewParty>) -> Result<Response, Problem> {
    let fields = PartyFields {
        name: new.name,
        kind: new.kind,
        extra_info: new.extra_info,
        terminated_on: new.terminated_on,
        criminal: new.criminal,
        attorneys: new.attorneys,
    };
    // The rules of the fields stand in one place: an empty patch runs them.
    let fields = patched(&fields, Value::Object(serde_json::Map::new()))?;
    added(&ctx, new.case_id, fields).await
}

/// List a party in this case.
#[utoipa::path(post, path = "/api/cases/{id}/parties", tag = "Parties", operation_id = "addPartyToCase",
    params(("id" = CaseId, Path, description = "The case")), request_body = PartyFields,
    responses(
        (status = 201, description = "The party; `Location` is its path", body = Party),
        (status = 400, description = "Members are wrong; `errors` names them all", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
    ))]
pub(super) async fn add_to_case(
    ctx: Ctx,
    PathId(id): PathId<CaseId>,
    ValidJson(fields): ValidJson<PartyFields>,
) -> Result<Response, Problem> {
    added(&ctx, id, fields).await
}

async fn added(ctx: &Ctx, case: CaseId, fields: PartyFields) -> Result<Response, Problem> {
    let party = add_party(ctx, case, fields).await?;
    Ok(created(&format!("/api/parties/{}", party.id), party.version(), &party))
}

/// Show a party with its counsel.
#[utoipa::path(get, path = "/api/parties/{id}", tag = "Parties", operation_id = "showParty",
    params(("id" = PartyId, Path, description = "The party")),
    responses(
        (status = 200, description = "The party, with its `ETag`", body = Party),
        (status = 304, description = "The party is at the version in `If-None-Match`"),
        (status = 404, description = "No such party in your firm", body = ProblemBody),
    ))]
pub(super) async fn show(
    ctx: Ctx,
    PathId(id): PathId<PartyId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let party = find_party(&ctx, id).await?;
    Ok(conditional(&headers, party.version(), Json(&party)))
}

/// Change a party.
///
/// A JSON Merge Patch (RFC 7396): members that are left out stay, `null` clears. `attorneys` is replaced as a whole:
/// give those that stay with their `id`, those that are new without.
#[utoipa::path(patch, path = "/api/parties/{id}", tag = "Parties", operation_id = "changeParty",
    params(("id" = PartyId, Path, description = "The party"),
        ("If-Match" = Option<String>, Header, description = "The version to change, as its `ETag`")),
    request_body(content = PartyFields, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The party after the change", body = Party),
        (status = 400, description = "Members are wrong", body = ProblemBody),
        (status = 404, description = "No such party in your firm", body = ProblemBody),
        (status = 412, description = "The party was changed meanwhile", body = ProblemBody),
    ))]
pub(super) async fn change(
    ctx: Ctx,
    PathId(id): PathId<PartyId>,
    IfMatch(seen): IfMatch,
    MergePatch(mut patch): MergePatch,
) -> Result<Response, Problem> {
    // The court's own word for the kind is taken too; both at once would be one member twice.
    if let Some(kind) = patch.as_object_mut().and_then(|members| members.remove("type")) {
        merge_kind(&mut patch, kind)?;
    }
    let party = change_party(&ctx, id, seen, |fields| patched(fields, patch)).await?;
    Ok(tagged(party.version(), Json(&party)))
}

fn merge_kind(patch: &mut Value, kind: Value) -> Result<(), Problem> {
    match patch.as_object_mut() {
        Some(members) if !members.contains_key("kind") => {
            members.insert("kind".to_owned(), kind);
            Ok(())
        }
        _ => Err(Problem::invalid_field("type", "is another name of `kind`: give one of them")),
    }
}

/// Change a party, as `PATCH` does.
#[utoipa::path(put, path = "/api/parties/{id}", tag = "Parties", operation_id = "putParty",
    params(("id" = PartyId, Path, description = "The party"),
        ("If-Match" = Option<String>, Header, description = "The version to change, as its `ETag`")),
    request_body(content = PartyFields, content_type = "application/json"),
    responses(
        (status = 200, description = "The party after the change", body = Party),
        (status = 400, description = "Members are wrong", body = ProblemBody),
        (status = 404, description = "No such party in your firm", body = ProblemBody),
        (status = 412, description = "The party was changed meanwhile", body = ProblemBody),
    ))]
pub(super) async fn put(
    ctx: Ctx,
    id: PathId<PartyId>,
    seen: IfMatch,
    patch: MergePatch,
) -> Result<Response, Problem> {
    change(ctx, id, seen, patch).await
}

/// Remove a party with its counsel.
#[utoipa::path(delete, path = "/api/parties/{id}", tag = "Parties", operation_id = "deleteParty",
    params(("id" = PartyId, Path, description = "The party"),
        ("If-Match" = Option<String>, Header, description = "The version to remove, as its `ETag`")),
    responses(
        (status = 204, description = "The party is removed"),
        (status = 404, description = "No such party in your firm", body = ProblemBody),
        (status = 412, description = "The party was changed meanwhile", body = ProblemBody),
    ))]
pub(super) async fn delete(
    ctx: Ctx,
    PathId(id): PathId<PartyId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    delete_party(&ctx, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
