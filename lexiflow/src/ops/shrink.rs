use super::Ops;
use super::error::Error;
use super::report::fresh;
use access::Ctx;
use audit::{Act, Entity};
use axum::Extension;
use axum::response::Response;
use headroom::BoundedStore;
use http::StatusCode;
use ids::Id as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use web::{Problem, ProblemBody, ValidJson};

/// Which store.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ShrinkBody {
    /// Its name, as `stores` lists it.
    #[garde(length(min = 1, max = 128))]
    #[schema(example = "sessions.known", min_length = 1, max_length = 128)]
    store: String,
}

/// What was thrown out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shrunk {
    /// The store.
    #[schema(example = "sessions.known")]
    store: String,
    /// What it held before, in bytes.
    #[schema(example = 1_048_576)]
    before_bytes: u64,
    /// What it holds now, in bytes.
    #[schema(example = 0)]
    after_bytes: u64,
    /// What that freed, in bytes; 0 for a store that throws nothing out.
    #[schema(example = 1_048_576)]
    freed_bytes: u64,
}

/// Empty a bounded store down to what it keeps even when memory is scarce. It may fill again: what was thrown out is fetched
/// or computed anew. A table that must not forget, such as the counts of failed sign-ins, frees nothing.
#[utoipa::path(post, path = "/api/monitoring/memory/shrink", tag = "Monitoring", operation_id = "shrinkStore",
    request_body = ShrinkBody, responses(
    (status = 200, description = "What was thrown out", body = Shrunk),
    (status = 400, description = "A member is missing or unknown", body = ProblemBody),
    (status = 404, description = "There is no such store", body = ProblemBody)))]
pub(super) async fn shrink_store(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
    ValidJson(body): ValidJson<ShrinkBody>,
) -> Result<Response, Problem> {
    let stores = ops.parts.app.headroom().stores().all();
    let found = stores.into_iter().find(|store| store.name() == body.store);
    let store = found.ok_or(Error::NoSuchStore(body.store))?;
    Ok(fresh(StatusCode::OK, &shrink(&ctx, store).await?))
}

/// Recorded first: what is thrown out cannot be brought back when the record then fails.
async fn shrink(ctx: &Ctx, store: Arc<dyn BoundedStore>) -> Result<Shrunk, Error> {
    let entity = Entity::named("bounded store", ctx.firm().uuid());
    let mut tx = ctx.begin().await?;
    let changes = json!({ "store": store.name(), "shrink": "to its floor" });
    audit::record(&mut tx, ctx, Act::Update, entity.changed(changes)).await?;
    tx.commit().await?;
    let work = move || {
        let before_bytes = store.bytes();
        let freed_bytes = store.shrink_to(store.floor_bytes());
        Shrunk { store: store.name().to_owned(), before_bytes, after_bytes: store.bytes(), freed_bytes }
    };
    headroom::spawn_blocking(work).await.map_err(|_| Error::Stopping)
}
