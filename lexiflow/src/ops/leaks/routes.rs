use super::LeakReport;
use crate::ops::Ops;
use crate::ops::error::Error;
use crate::ops::profile::{self, KeptProfile};
use crate::ops::report::fresh;
use access::{Ctx, Fresh};
use audit::{Act, Entity};
use axum::Extension;
use axum::response::Response;
use http::StatusCode;
use ids::Id as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use web::{Account, Problem, ProblemBody, ValidJson, ValidQuery};

/// The shortest time between two windows that tells something, in milliseconds.
const SHORTEST_MS: u64 = 10_000;
/// A day.
const LONGEST_MS: u64 = 86_400_000;

/// How much of the history is shown.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::ops) struct LeakQuery {
    /// The most verdicts and the most runs of the history, the latest ones; 1 to 100, which is all of it.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// How the heap is watched.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::ops) struct LeakWatchBody {
    /// Whether it is watched; what is left out stays.
    #[garde(skip)]
    #[schema(example = true)]
    enabled: Option<bool>,
    /// Time between two windows, in milliseconds: 10 seconds to a day.
    #[garde(range(min = SHORTEST_MS, max = LONGEST_MS))]
    #[schema(example = 30_000, minimum = 10_000, maximum = 86_400_000)]
    interval_ms: Option<u64>,
}

/// Show what leaks: the stacks that hold more and more. Addresses only; `lexiflow memory leaks` names function and line.
#[utoipa::path(get, path = "/api/monitoring/memory/leaks", tag = "Monitoring", operation_id = "showLeaks",
    params(LeakQuery), responses(
    (status = 200, description = "The verdict", body = LeakReport),
    (status = 400, description = "An unknown parameter, or a limit out of range", body = ProblemBody)))]
pub(in crate::ops) async fn show_leaks(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
    ValidQuery(query): ValidQuery<LeakQuery>,
) -> Result<Response, Problem> {
    let report = ops.leaks.report(ctx.app().headroom()).latest(query.limit.unwrap_or(usize::MAX));
    record(&ctx, Act::Read, json!({ "suspects": report.suspects.len() })).await?;
    Ok(fresh(StatusCode::OK, &report))
}

/// Take a window now and show what leaks. Windows that follow closely upon each other tell little.
#[utoipa::path(post, path = "/api/monitoring/memory/leaks/check", tag = "Monitoring", operation_id = "checkLeaks",
    responses(
    (status = 200, description = "The verdict", body = LeakReport),
    (status = 409, description = "Another profile is being taken", body = ProblemBody),
    (status = 501, description = "The allocator takes no samples", body = ProblemBody)))]
pub(in crate::ops) async fn check_leaks(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
) -> Result<Response, Problem> {
    let _alone = ops.profiles.try_lock().map_err(|_| Error::Busy)?;
    let (looking, now) = (Arc::clone(&ops), ctx.now());
    let in_flight = ctx.app().headroom().ledger().len() as u64;
    let work = move || looking.take_leak_window(now, in_flight);
    headroom::spawn_blocking(work).await.map_err(|_| Error::Stopping)??;
    let report = ops.leaks.report(ctx.app().headroom());
    record(&ctx, Act::Create, json!({ "suspects": report.suspects.len() })).await?;
    Ok(fresh(StatusCode::OK, &report))
}

/// Keep a heap profile for comparisons: the first LexiFlow's name of `POST /api/monitoring/memory/profile`.
#[utoipa::path(post, path = "/api/monitoring/memory/leaks/snapshot", tag = "Monitoring",
    operation_id = "keepLeakSnapshot", responses(
    (status = 201, description = "It is kept", body = KeptProfile),
    (status = 409, description = "Another profile is being taken", body = ProblemBody),
    (status = 501, description = "The allocator takes no samples", body = ProblemBody),
    (status = 507, description = "The disk is full", body = ProblemBody)))]
pub(in crate::ops) async fn keep_leak_snapshot(
    Fresh(ctx): Fresh,
    account: Account,
    Extension(ops): Extension<Arc<Ops>>,
) -> Result<Response, Problem> {
    profile::keep(&ctx, &account, &ops).await
}

/// Forget the verdicts and the earlier runs, also those on disk. The windows of this run stay: what leaks still is told
/// again.
#[utoipa::path(post, path = "/api/monitoring/memory/leaks/clear-history", tag = "Monitoring",
    operation_id = "clearLeakHistory",
    responses(
    (status = 200, description = "The verdict, with an empty history", body = LeakReport),
    (status = 507, description = "The disk is full: nothing is forgotten", body = ProblemBody)))]
pub(in crate::ops) async fn clear_leak_history(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
) -> Result<Response, Problem> {
    // Recorded first: what is forgotten cannot be brought back when the record then fails.
    record(&ctx, Act::Delete, json!({ "history": "cleared" })).await?;
    let leaks = Arc::clone(&ops.leaks);
    headroom::spawn_blocking(move || leaks.clear_history()).await.map_err(|_| Error::Stopping)??;
    Ok(fresh(StatusCode::OK, &ops.leaks.report(ctx.app().headroom())))
}

/// Watch the heap more or less often, or not at all, until the server ends. For good, set `LEAK_CHECK_INTERVAL_MS` and
/// `LEAK_DETECTION_ENABLED`.
#[utoipa::path(post, path = "/api/monitoring/memory/leaks/configure", tag = "Monitoring",
    operation_id = "configureLeaks", request_body = LeakWatchBody, responses(
    (status = 200, description = "The verdict, with the new settings", body = LeakReport),
    (status = 400, description = "A member is unknown, or an interval out of range", body = ProblemBody)))]
pub(in crate::ops) async fn configure_leaks(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
    ValidJson(body): ValidJson<LeakWatchBody>,
) -> Result<Response, Problem> {
    let asked = json!({ "enabled": body.enabled, "intervalMs": body.interval_ms });
    record(&ctx, Act::Update, asked).await?;
    ops.leaks.configure(body.enabled, body.interval_ms.map(Duration::from_millis));
    Ok(fresh(StatusCode::OK, &ops.leaks.report(ctx.app().headroom())))
}

async fn record(ctx: &Ctx, act: Act, changes: Value) -> Result<(), Error> {
    let verdict = Entity::named("leak verdict", ctx.firm().uuid());
    let mut tx = ctx.begin().await?;
    audit::record(&mut tx, ctx, act, verdict.changed(changes)).await?;
    Ok(tx.commit().await?)
}
