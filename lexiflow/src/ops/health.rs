use super::Ops;
use super::checks::{Check, FullHealth};
use super::report::{fresh, written};
use super::status::Phase;
use super::storage::Storage;
use crate::about;
use access::{Ctx, Public};
use axum::Extension;
use axum::response::Response;
use headroom::Level;
use http::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use web::ProblemBody;

type Shared = Extension<Arc<Ops>>;

/// How the server is, in one word.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(example = "healthy")]
    pub status: &'static str,
    /// The server's version.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// How long it has been running, in seconds.
    #[schema(example = 86_400)]
    pub uptime_seconds: u64,
    /// The present moment, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    pub timestamp: String,
}

/// Whether the server can take requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readiness {
    /// `ready` or `not_ready`.
    #[schema(example = "ready")]
    pub status: &'static str,
    /// The checks that failed, by name: `starting`, `draining`, `database` or `memory`.
    #[schema(example = json!([]))]
    pub failing: Vec<&'static str>,
}

/// Whether the runtime makes progress.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Liveness {
    /// `alive` or `stalled`.
    #[schema(example = "alive")]
    status: &'static str,
}

/// One part of the server, in one word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PartHealth {
    /// `up`, `down` or `disabled`.
    #[schema(example = "up")]
    status: &'static str,
}

impl Ops {
    /// Whether the database answers.
    pub(super) async fn database_answers(&self) -> bool {
        self.ping.answers(self.parts.app.db()).await
    }

    /// Asks the database again when somebody wants to know.
    pub(crate) async fn refresh_ping(&self) {
        self.ping.refresh(self.parts.app.db()).await;
    }

    /// The checks that keep the server from taking requests. The migrations ran before the first request, so a pending
    /// one shows as `starting`.
    async fn failing(&self) -> Vec<&'static str> {
        let mut failing = Vec::new();
        match self.status.phase() {
            Phase::Starting => failing.push("starting"),
            Phase::Draining => failing.push("draining"),
            Phase::Ready => {}
        }
        if !self.database_answers().await {
            failing.push("database");
        }
        if self.status.is_starved() {
            failing.push("memory");
        }
        failing
    }
}

/// Tell how the server is.
#[utoipa::path(get, path = "/api/health", tag = "Health", operation_id = "showHealth", responses(
    (status = 200, description = "Healthy or degraded", body = Health),
    (status = 503, description = "Unhealthy", body = Health)))]
pub(super) async fn show_health(public: Public, Extension(ops): Shared) -> Response {
    let pressed = public.app.headroom().level() >= Level::Critical || ops.status.phase() != Phase::Ready;
    let storage = ops.storage.state(&ops.parts.files.blobs).await;
    let (status, word) = match (ops.database_answers().await, storage, pressed) {
        (false, ..) | (_, Storage::Gone, _) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
        (true, Storage::Unwritable, _) | (true, Storage::Up, true) => (StatusCode::OK, "degraded"),
        (true, Storage::Up, false) => (StatusCode::OK, "healthy"),
    };
    let body = Health {
        status: word,
        version: about::VERSION,
        uptime_seconds: ops.status.uptime().as_secs(),
        timestamp: written(public.app.clock().now()),
    };
    fresh(status, &body)
}

/// Tell whether the process makes progress; restart it when not.
#[utoipa::path(get, path = "/api/health/live", tag = "Health", operation_id = "showLiveness", responses(
    (status = 200, description = "It does", body = Liveness),
    (status = 503, description = "It does not", body = Liveness)))]
pub(super) async fn show_liveness(_: Public, Extension(ops): Shared) -> Response {
    if ops.status.is_live() {
        fresh(StatusCode::OK, &Liveness { status: "alive" })
    } else {
        fresh(StatusCode::SERVICE_UNAVAILABLE, &Liveness { status: "stalled" })
    }
}

/// Tell whether the server can take requests; send it none when not.
#[utoipa::path(get, path = "/api/health/ready", tag = "Health", operation_id = "showReadiness", responses(
    (status = 200, description = "It can", body = Readiness),
    (status = 503, description = "It cannot", body = Readiness)))]
pub(super) async fn show_readiness(_: Public, Extension(ops): Shared) -> Response {
    let failing = ops.failing().await;
    if failing.is_empty() {
        fresh(StatusCode::OK, &Readiness { status: "ready", failing })
    } else {
        fresh(StatusCode::SERVICE_UNAVAILABLE, &Readiness { status: "not_ready", failing })
    }
}

/// Tell whether the database answers.
#[utoipa::path(get, path = "/api/health/database", tag = "Health", operation_id = "showDatabaseHealth", responses(
    (status = 200, description = "It does", body = PartHealth),
    (status = 503, description = "It does not", body = PartHealth)))]
pub(super) async fn show_database(_: Public, Extension(ops): Shared) -> Response {
    if ops.database_answers().await {
        fresh(StatusCode::OK, &PartHealth { status: "up" })
    } else {
        fresh(StatusCode::SERVICE_UNAVAILABLE, &PartHealth { status: "down" })
    }
}

/// Tell that no Redis is used; for clients of the first LexiFlow.
#[utoipa::path(get, path = "/api/health/redis", tag = "Health", operation_id = "showRedisHealth", responses(
    (status = 200, description = "This server needs none", body = PartHealth, example = json!({"status": "disabled"}))))]
pub(super) async fn show_redis(_: Public) -> Response {
    fresh(StatusCode::OK, &PartHealth { status: "disabled" })
}

/// Check every part of the server; the answer is at most five seconds old.
#[utoipa::path(get, path = "/api/health/full", tag = "Health", operation_id = "showFullHealth", responses(
    (status = 200, description = "Healthy or degraded", body = FullHealth),
    (status = 401, description = "Not signed in", body = ProblemBody),
    (status = 403, description = "Not allowed", body = ProblemBody),
    (status = 503, description = "Unhealthy", body = FullHealth)))]
pub(super) async fn show_full(_: Ctx, Extension(ops): Shared) -> Response {
    let report = ops.full().await;
    let is_down = report.checks.values().any(Check::is_fatal);
    let status = if is_down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    fresh(status, &report)
}
