use super::report::fresh;
use super::viewer::Viewer;
use super::{Ops, collectors};
use access::{Ctx, Public};
use axum::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::{Exposition, Format, InFlight, Metrics};
use web::server::ServerStats;
use web::{Problem, ProblemBody, codes};

/// Keeps the metric of requests in flight equal to what the accept loop counts. It is set when somebody looks, so that
/// no request pays for it.
pub(super) struct InFlightGauge {
    stats: Arc<ServerStats>,
    // bounded: the requests that run, which connections and streams bound.
    counted: Mutex<Vec<InFlight>>,
}

impl fmt::Debug for InFlightGauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlightGauge")
    }
}

impl InFlightGauge {
    pub(super) fn new(stats: Arc<ServerStats>) -> Self {
        Self { stats, counted: Mutex::new(Vec::new()) }
    }

    fn follow(&self, metrics: &Metrics) {
        let now = usize::try_from(self.stats.requests()).unwrap_or(usize::MAX);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.truncate(now);
        while counted.len() < now {
            counted.push(metrics.http_in_flight());
        }
    }
}

/// Export the metrics for Prometheus, as text 0.0.4 or, when `Accept` asks for it, as `OpenMetrics`.
#[utoipa::path(get, path = "/api/metrics", tag = "Health", operation_id = "showMetrics", responses(
    (status = 200, description = "All metrics", body = String, content_type = "text/plain",
        example = "# HELP process_resident_memory_bytes Physical memory that the process holds, in bytes.\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 18350080\n"),
    (status = 401, description = "Not signed in, and not on the server's own machine", body = ProblemBody),
    (status = 403, description = "Not allowed", body = ProblemBody)))]
pub(super) async fn show_metrics(
    _: Public,
    viewer: Viewer,
    Extension(ops): Extension<Arc<Ops>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let names = viewer.require_figures()?;
    ops.depths.want();
    let format = Format::from_accept(headers.get(ACCEPT).and_then(|value| value.to_str().ok()));
    // It takes milliseconds, for which the thread that answers health would not.
    let text = headroom::spawn_blocking(move || {
        let metrics = &ops.parts.metrics;
        ops.in_flight.follow(metrics);
        metrics
            .render_with(format, |to: &mut Exposition| collectors::firms(ops.parts.app.headroom(), names, to))
    });
    let text = text.await.map_err(|error| Problem::new(codes::INTERNAL).with_cause(error))?;
    let text = text.map_err(|error| Problem::new(codes::INTERNAL).with_cause(error))?;
    Ok(([(CONTENT_TYPE, format.content_type()), (CACHE_CONTROL, "no-store")], text).into_response())
}

/// Show the machine's figures in short; for clients of the first LexiFlow.
#[utoipa::path(get, path = "/api/metrics/system", tag = "Health", operation_id = "showSystemMetrics", responses(
    (status = 200, description = "The figures, sizes in bytes", body = Value,
        example = json!({"uptimeSeconds": 86_400, "cpuSeconds": 41.5,
            "memory": {"rss": 58_720_256, "heapUsed": 32_715_571, "budget": 1_610_612_736, "status": "healthy"},
            "threads": 9, "connections": 3, "requestsInFlight": 1, "requests": 4213})),
    (status = 401, description = "Not signed in", body = ProblemBody),
    (status = 403, description = "Not allowed", body = ProblemBody)))]
pub(super) async fn show_system(ctx: Ctx, Extension(ops): Extension<Arc<Ops>>) -> Response {
    let snapshot = ctx.app().headroom().snapshot();
    let process = snapshot.reading.process;
    let body = json!({
        "uptimeSeconds": ops.status.uptime().as_secs(),
        "cpuSeconds": std::time::Duration::from_micros(process.cpu_time_micros).as_secs_f64(),
        "memory": {
            "rss": process.rss, "heapUsed": snapshot.heap_used(), "budget": snapshot.budget.bytes,
            "status": snapshot.level.status(),
        },
        "threads": process.threads,
        "connections": ops.in_flight.stats.open(),
        "requestsInFlight": ops.in_flight.stats.requests(),
        "requests": snapshot.requests,
    });
    fresh(StatusCode::OK, &body)
}
