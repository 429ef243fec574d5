use super::LeakReport;
use crate::ops::Ops;
use crate::ops::error::Error;
use crate::ops::report::fresh;
use access::Ctx;
use audit::{Act, Entity};
use axum::Extension;
use axum::response::Response;
use http::StatusCode;
use ids::Id as _;
use serde_json::{Value, json};
use std::sync::Arc;
use web::{Problem, ProblemBody};

/// Show what leaks: the stacks that hold more and more. Addresses only; `lexiflow memory leaks` names function and line.
#[utoipa::path(get, path = "/api/monitoring/memory/leaks", tag = "Monitoring", operation_id = "showLeaks",
    responses((status = 200, description = "The verdict", body = LeakReport)))]
pub(in crate::ops) async fn show_leaks(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
) -> Result<Response, Problem> {
    let report = ops.leaks.report(ctx.app().headroom());
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
    let (headroom, leaks, now) = (ctx.app().headroom().clone(), Arc::clone(&ops.leaks), ctx.now());
    let in_flight = headroom.ledger().len() as u64;
    let work = move || leaks.take_window(&headroom, now, in_flight);
    headroom::spawn_blocking(work).await.map_err(|_| Error::Stopping)??;
    let report = ops.leaks.report(ctx.app().headroom());
    record(&ctx, Act::Create, json!({ "suspects": report.suspects.len() })).await?;
    Ok(fresh(StatusCode::OK, &report))
}

async fn record(ctx: &Ctx, act: Act, changes: Value) -> Result<(), Error> {
    let verdict = Entity { kind: "leak verdict", id: ctx.firm().uuid(), case: None, changes: None };
    let mut tx = ctx.begin().await?;
    audit::record(&mut tx, ctx, act, verdict.changed(changes)).await?;
    Ok(tx.commit().await?)
}
