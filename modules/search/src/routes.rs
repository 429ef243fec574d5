use crate::{Hit, Hits, Kind, service};
use access::{Action, Ctx, Gate, Routes};
use axum::Json;
use clock::Timestamp;
use ids::CaseId;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;
use web::{Page, Problem, ProblemBody, ValidQuery};

/// This module's routes.
pub fn routes() -> Routes {
    Routes::new()
        .route(routes!(search_all), Gate::May(Action::Search))
        .route(routes!(search_cases), Gate::May(Action::Search))
        .route(routes!(search_documents), Gate::May(Action::Search))
        .route(routes!(search_stats), Gate::May(Action::Search))
}

/// What to look for, and which page of it.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchParams {
    /// Words that must all occur; `"a phrase"`, `begin*`, `-without`, `this OR that`. A beginning that too many words of the
    /// index have is refused: write more of it.
    #[garde(length(chars, min = 1, max = crate::query::QUERY_CHARACTERS))]
    query: String,
    /// `case`, `party`, `docket`, `document`, or `all`.
    #[garde(inner(custom(known_kind)))]
    entity_type: Option<String>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Hits on a page: 1 to 100, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator hands its context over by reference")]
fn known_kind(text: &str, _: &()) -> garde::Result {
    if text == "all" || text.parse::<Kind>().is_ok() {
        return Ok(());
    }
    Err(garde::Error::new("must be one of all, case, party, docket, document"))
}

/// The most hits on one page: each costs a passage.
const PAGE_LIMIT: u64 = 100;

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"data": [{"id": "019cae6b-b640-73ad-979c-a4f2e687d39a", "entityType": "docket",
        "caseId": "019cae6b-8e20-707a-a469-71cfb354a067", "title": "Entry 12, 2026-03-02",
        "score": "7.412", "highlights": [{"field": "text", "snippet": "<mark>MOTION</mark> to compel discovery"}],
        "updatedAt": "2026-03-02T12:00:20.544291Z"}],
    "total": 1, "page": 1, "limit": 20, "totalPages": 1, "nextCursor": null, "query": "motion",
    "facets": {"entityTypes": [{"value": "docket", "count": 1}]}}))]
struct SearchResults {
    /// The hits of this page, best first.
    #[serde(serialize_with = "each_hit")]
    #[schema(value_type = Vec<HitView>)]
    data: Hits,
    /// How many things match in all.
    total: u64,
    /// The page.
    page: u64,
    /// Hits on a page.
    limit: u64,
    /// Pages in all.
    total_pages: u64,
    /// Always nothing: search pages by number.
    next_cursor: Option<String>,
    /// The query as it was sent.
    query: String,
    /// How many match, by kind, over the whole result.
    facets: Facets,
}

/// Counts over the whole result.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"entityTypes": [{"value": "case", "count": 41}, {"value": "party", "count": 96},
    {"value": "docket", "count": 803}, {"value": "document", "count": 128}]}))]
struct Facets {
    /// By kind of thing.
    entity_types: Vec<FacetCount>,
}

/// How many things of one kind match.
#[derive(Debug, Serialize, ToSchema)]
struct FacetCount {
    /// The kind.
    value: Kind,
    /// How many.
    count: u64,
}

/// One thing that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HitView {
    /// Its id.
    id: Uuid,
    /// What it is.
    entity_type: Kind,
    /// The case it belongs to.
    case_id: Option<CaseId>,
    /// Its title.
    title: String,
    /// How well it matches: higher is better, comparable within one answer only.
    score: String,
    /// Where the words were found.
    highlights: Vec<Highlight>,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A passage with the matched words in `<mark>`; all else is HTML-escaped.
#[derive(Debug, Serialize, ToSchema)]
struct Highlight {
    /// `title` or `text`.
    field: &'static str,
    /// The passage.
    snippet: String,
}

/// Search everything.
///
/// Looks through cases, parties with their counsel, docket entries and documents; returns what your role may read.
#[utoipa::path(get, path = "/api/search", tag = "Search", operation_id = "search", params(SearchParams),
    responses(
        (status = 200, description = "A page of hits, best first", body = SearchResults),
        (status = 400, description = "No word to look for, or a parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not search", body = ProblemBody),
    ))]
async fn search_all(
    ctx: Ctx,
    ValidQuery(params): ValidQuery<SearchParams>,
) -> Result<Json<SearchResults>, Problem> {
    let kinds = match params.entity_type.as_deref().and_then(|kind| kind.parse().ok()) {
        Some(kind) => vec![kind],
        None => Kind::ALL.to_vec(),
    };
    answer(&ctx, params, &kinds).await
}

/// Search cases and parties.
#[utoipa::path(get, path = "/api/search/cases", tag = "Search", operation_id = "searchCases", params(SearchParams),
    responses((status = 200, description = "A page of hits, best first", body = SearchResults,
            example = json!({"data": [{"id": "019cae6b-8e20-707a-a469-71cfb354a067", "entityType": "case",
                    "caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
                    "title": "Meridian Freight LLC v. Harbor Stevedoring Co.",
                    "score": "7.412",
                    "highlights": [{"field": "text", "snippet": "<mark>Motion</mark> to compel pending"}],
                    "updatedAt": "2026-03-02T12:00:20.544291Z"}],
                "total": 1, "page": 1, "limit": 20, "totalPages": 1, "nextCursor": null, "query": "motion",
                "facets": {"entityTypes": [{"value": "case", "count": 1}]}})),
        (status = 400, description = "No word to look for, or a parameter is wrong", body = ProblemBody)))]
async fn search_cases(
    ctx: Ctx,
    ValidQuery(params): ValidQuery<SearchParams>,
) -> Result<Json<SearchResults>, Problem> {
    answer(&ctx, params, &[Kind::Case, Kind::Party]).await
}

/// Search documents.
#[utoipa::path(get, path = "/api/search/documents", tag = "Search", operation_id = "searchDocuments",
    params(SearchParams),
    responses((status = 200, description = "A page of hits, best first", body = SearchResults,
            example = json!({"data": [{"id": "019cae6b-ca50-75cf-b9be-c61408a9f5bc", "entityType": "document",
                    "caseId": "019cae6b-8e20-707a-a469-71cfb354a067", "title": "Lease agreement",
                    "score": "7.412",
                    "highlights": [{"field": "text", "snippet": "without any <mark>motion</mark> to the contrary"}],
                    "updatedAt": "2026-03-02T12:00:20.544291Z"}],
                "total": 1, "page": 1, "limit": 20, "totalPages": 1, "nextCursor": null, "query": "motion",
                "facets": {"entityTypes": [{"value": "document", "count": 1}]}})),
        (status = 400, description = "No word to look for, or a parameter is wrong", body = ProblemBody)))]
async fn search_documents(
    ctx: Ctx,
    ValidQuery(params): ValidQuery<SearchParams>,
) -> Result<Json<SearchResults>, Problem> {
    answer(&ctx, params, &[Kind::Document]).await
}

/// What the index holds.
#[utoipa::path(get, path = "/api/search/stats", tag = "Search", operation_id = "searchStats",
    responses((status = 200, description = "Counts by kind", body = Facets)))]
async fn search_stats(ctx: Ctx) -> Result<Json<Facets>, Problem> {
    Ok(Json(facets(service::stats(&ctx).await?)))
}

async fn answer(ctx: &Ctx, params: SearchParams, kinds: &[Kind]) -> Result<Json<SearchResults>, Problem> {
    let page = Page::from_parts(params.page, params.limit, PAGE_LIMIT)?;
    let results = service::search(ctx, &params.query, kinds, page.limit(), page.offset()).await?;
    let total = results.total();
    Ok(Json(SearchResults {
        total,
        page: page.number(),
        limit: page.limit(),
        total_pages: total.div_ceil(page.limit()),
        next_cursor: None,
        query: params.query,
        facets: facets(results.counts),
        data: results.hits,
    }))
}

/// One view at a time: see [`Hits`].
fn each_hit<S: Serializer>(hits: &Hits, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(hits.iter().map(HitView::from))
}

fn facets(counts: Vec<(Kind, u64)>) -> Facets {
    Facets { entity_types: counts.into_iter().map(|(value, count)| FacetCount { value, count }).collect() }
}

impl From<Hit> for HitView {
    fn from(hit: Hit) -> Self {
        let title = hit.title_snippet.map(|snippet| Highlight { field: "title", snippet });
        let text = hit.body_snippet.map(|snippet| Highlight { field: "text", snippet });
        Self {
            id: hit.entity,
            entity_type: hit.kind,
            case_id: hit.case,
            title: hit.title,
            score: format!("{}.{:03}", hit.score_milli / 1000, (hit.score_milli % 1000).abs()),
            highlights: title.into_iter().chain(text).collect(),
            updated_at: hit.at,
        }
    }
}
