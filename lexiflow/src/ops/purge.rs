use super::Ops;
use super::error::Error;
use super::report::{decimal, fresh};
use super::viewer::Promptly;
use access::Ctx;
use audit::{Act, Entity};
use axum::Extension;
use axum::response::Response;
use headroom::Reading;
use http::StatusCode;
use ids::Id as _;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use web::{Problem, ProblemBody};

/// How long the database may take to record it.
const TO_RECORD: Duration = Duration::from_secs(1);

/// What giving back did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"success": true,
    "beforeStats": {"allocated": 6_291_456, "active": 8_388_608, "resident": 18_350_080, "mapped": 25_165_824,
        "retained": 8_388_608, "metadata": 4_194_304, "rss": 20_971_520},
    "afterStats": {"allocated": 6_291_456, "active": 8_388_608, "resident": 12_582_912, "mapped": 25_165_824,
        "retained": 8_388_608, "metadata": 4_194_304, "rss": 15_204_352},
    "freedMB": 5.5, "durationMs": 1.25}))]
pub(super) struct Purged {
    /// `true`; what fails is answered as a problem.
    success: bool,
    /// Before, in bytes.
    before_stats: Value,
    /// After, in bytes.
    after_stats: Value,
    /// Resident memory of the allocator that was given back, in mebibytes.
    #[schema(value_type = f64, example = 5.5)]
    #[serde(rename = "freedMB")]
    freed_mb: Value,
    /// How long it took, in milliseconds.
    #[schema(value_type = f64, example = 1.25)]
    duration_ms: Value,
}

/// Give the allocator's unused memory back to the system now; by itself it does so within about a second.
#[utoipa::path(post, path = "/api/monitoring/memory/purge", tag = "Monitoring", operation_id = "purgeMemory",
    responses(
    (status = 200, description = "It is given back", body = Purged),
    (status = 501, description = "The allocator cannot do this", body = ProblemBody)))]
pub(super) async fn purge_memory(
    Promptly(ctx): Promptly,
    Extension(ops): Extension<Arc<Ops>>,
) -> Result<Response, Problem> {
    Ok(purge(&ctx, &ops).await?)
}

/// Give unused memory back: the first LexiFlow's name of `purge`.
#[utoipa::path(post, path = "/api/monitoring/memory/gc", tag = "Monitoring", operation_id = "collectMemory",
    responses(
    (status = 200, description = "It is given back", body = Purged),
    (status = 501, description = "The allocator cannot do this", body = ProblemBody)))]
pub(super) async fn collect_memory(
    Promptly(ctx): Promptly,
    Extension(ops): Extension<Arc<Ops>>,
) -> Result<Response, Problem> {
    Ok(purge(&ctx, &ops).await?)
}

/// Recorded first, in the database or beside it; but memory is given back also where neither takes the record, since that
/// may be what the server needs to get out of its trouble.
async fn purge(ctx: &Ctx, ops: &Ops) -> Result<Response, Error> {
    if !ops.parts.config.memory.purge_endpoint {
        return Err(Error::SwitchedOff);
    }
    let allocator = Entity::named("allocator", ctx.firm().uuid());
    let purged = allocator.changed(json!({ "purge": "all unused pages" }));
    if let Err(error) =
        audit::record_within(TO_RECORD, ctx, &ops.parts.files.spill, Act::Update, purged).await
    {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            user = %ctx.user(),
            "a purge could be recorded neither in the audit log nor beside it, and is done all the same"
        );
    }
    let headroom = ctx.app().headroom().clone();
    let work = move || {
        let before = headroom.snapshot().reading;
        let report = headroom.purge()?;
        Some((before, report, headroom.snapshot().reading))
    };
    let done = headroom::spawn_blocking(work).await.map_err(|_| Error::Stopping)?;
    let (before, report, after) = done.ok_or(Error::Unsuited)?;
    let hundredths = report.freed.saturating_mul(100) >> 20;
    let micros = report.duration_micros;
    let body = Purged {
        success: true,
        before_stats: stats(&before),
        after_stats: stats(&after),
        freed_mb: decimal(&format!("{}.{:02}", hundredths / 100, hundredths % 100)),
        duration_ms: decimal(&format!("{}.{:03}", micros / 1000, micros % 1000)),
    };
    Ok(fresh(StatusCode::OK, &body))
}

fn stats(reading: &Reading) -> Value {
    let allocator = reading.allocator.unwrap_or_default();
    json!({
        "allocated": allocator.allocated, "active": allocator.active, "resident": allocator.resident,
        "mapped": allocator.mapped, "retained": allocator.retained, "metadata": allocator.metadata,
        "rss": reading.process.rss,
    })
}
