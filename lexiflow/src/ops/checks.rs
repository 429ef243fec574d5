use super::report::written;
use super::{Ops, store};
use crate::about;
use headroom::{LimitSource, Unreadable};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// How long one check may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a report is believed.
const BELIEVED: Duration = Duration::from_secs(5);
/// From so many given-up events or jobs on, somebody should look.
const DEAD: u64 = 1;

/// What one check found.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// `up`, `degraded` or `down`.
    #[schema(example = "up")]
    pub status: &'static str,
    /// How long it took, in milliseconds.
    pub response_time_ms: u64,
    /// What it means, in words.
    pub message: String,
    /// When, RFC 3339 in UTC.
    pub last_checked: String,
    /// Its figures.
    pub details: Value,
}

impl Check {
    /// Whether the server cannot work without it.
    pub(super) fn is_fatal(&self) -> bool {
        self.status == "down"
    }
}

/// Every part of the server.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"status": "healthy", "version": "0.1.0", "uptimeSeconds": 86_400,
    "timestamp": "2026-03-02T12:00:40.120665Z",
    "checks": {
        "database": {"status": "up", "responseTimeMs": 1, "message": "answers",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"dialect": "sqlite", "readConnections": 4, "idleReadConnections": 4,
                "statements": 18_204, "failedStatements": 0, "slowStatements": 0}},
        "memory": {"status": "up", "responseTimeMs": 0, "message": "within the budget",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"usedPermille": 20, "level": "normal",
                "budgetBytes": 1_610_612_736_u64, "residentBytes": 58_720_256}},
        "queues": {"status": "up", "responseTimeMs": 2, "message": "nothing was given up",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"events": {"waiting": 0, "retrying": 0, "dead": 0},
                "jobs": {"waiting": 1, "running": 0, "dead": 0}}},
        "storage": {"status": "up", "responseTimeMs": 1, "message": "can be written to",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"freeBytes": 214_748_364_800_u64,
                "totalBytes": 536_870_912_000_u64, "reservedBytes": 1_073_741_824}},
        "tasks": {"status": "up", "responseTimeMs": 0, "message": "the background tasks make progress",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"running": ["queue.dispatcher", "queue.worker",
                "queue.scheduler", "headroom.sample"]}}}}))]
pub struct FullHealth {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(example = "healthy")]
    pub status: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// How long it has been running, in seconds.
    pub uptime_seconds: u64,
    /// When it was checked, RFC 3339 in UTC.
    pub timestamp: String,
    /// The parts by name.
    // bounded: the parts that are checked.
    pub checks: BTreeMap<&'static str, Check>,
}

/// A finding before it is timed: the status, the message, the figures.
type Finding = (&'static str, String, Value);

impl Ops {
    /// The detailed report, made anew when the last one is old. Whoever asks meanwhile waits for it and shares it.
    pub(super) async fn full(&self) -> FullHealth {
        let mut last = self.full.lock().await;
        if let Some((at, report)) = last.as_ref()
            && at.elapsed() < BELIEVED
        {
            return report.clone();
        }
        let report = self.check_all().await;
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn check_all(&self) -> FullHealth {
        let (database, storage, queues) = tokio::join!(
            self.timed(self.check_database()),
            self.timed(self.check_storage()),
            self.timed(self.check_queues()),
        );
        let memory = self.timed(async { self.check_memory() }).await;
        let tasks = self.timed(async { self.check_tasks() }).await;
        let checks = BTreeMap::from([
            ("database", database),
            ("storage", storage),
            ("queues", queues),
            ("memory", memory),
            ("tasks", tasks),
        ]);
        let status = if checks.values().any(Check::is_fatal) {
            "unhealthy"
        } else if checks.values().any(|check| check.status != "up") {
            "degraded"
        } else {
            "healthy"
        };
        FullHealth {
            status,
            version: about::VERSION,
            uptime_seconds: self.status.uptime().as_secs(),
            timestamp: written(self.parts.app.clock().now()),
            checks,
        }
    }

    async fn timed(&self, check: impl Future<Output = Finding>) -> Check {
        let started = Instant::now();
        let late = || ("down", format!("gave no answer within {} s", TIMEOUT.as_secs()), Value::Null);
        let (status, message, details) =
            tokio::time::timeout(TIMEOUT, check).await.unwrap_or_else(|_| late());
        Check {
            status,
            response_time_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            message,
            last_checked: written(self.parts.app.clock().now()),
            details,
        }
    }

    async fn check_database(&self) -> Finding {
        let db = self.parts.app.db();
        let answer = store::ping(db).await;
        let (open, idle) = db.reader().connections();
        let stats = db.stats().snapshot();
        let details = json!({
            "dialect": db.dialect().name(), "readConnections": open, "idleReadConnections": idle,
            "statements": stats.statements, "failedStatements": stats.failed, "slowStatements": stats.slow_statements,
        });
        match answer {
            Ok(()) => ("up", "answers".to_owned(), details),
            Err(error) => ("down", error.to_string(), details),
        }
    }

    /// Free space, and whether a file can be begun.
    async fn check_storage(&self) -> Finding {
        let reserve = self.parts.config.storage.min_disk_space;
        let space = match self.parts.files.blobs.space().await {
            Ok(space) => space,
            Err(error) => return ("down", error.to_string(), Value::Null),
        };
        let details = json!({
            "freeBytes": space.free_bytes, "totalBytes": space.total_bytes, "reservedBytes": reserve,
        });
        match self.parts.files.blobs.writer().await {
            Ok(_) => ("up", "can be written to".to_owned(), details),
            // What is stored can still be read.
            Err(error) => ("degraded", error.to_string(), details),
        }
    }

    async fn check_queues(&self) -> Finding {
        match self.depths.count(&self.parts.app).await {
            Err(error) => ("down", error.to_string(), Value::Null),
            Ok(counted) => {
                let (events, jobs) = (counted.events, counted.jobs);
                let details = json!({
                    "events": { "waiting": events.waiting, "retrying": events.retrying, "dead": events.dead },
                    "jobs": { "waiting": jobs.waiting, "running": jobs.running, "dead": jobs.dead },
                });
                if events.dead + jobs.dead >= DEAD {
                    return ("degraded", "events or jobs were given up: see the log".to_owned(), details);
                }
                ("up", "nothing was given up".to_owned(), details)
            }
        }
    }

    fn check_memory(&self) -> Finding {
        let snapshot = self.parts.app.headroom().snapshot();
        let details = json!({
            "usedPermille": snapshot.share_permille, "level": snapshot.level.as_str(),
            "budgetBytes": snapshot.budget.bytes, "residentBytes": snapshot.reading.process.rss,
        });
        if !self.parts.app.headroom().overdue().is_zero() {
            return ("degraded", "the thread that watches the memory is overdue".to_owned(), details);
        }
        let unreadable = snapshot.reading.unreadable;
        // Whoever sets the budget knows the limit that the server could never read.
        let is_known = snapshot.budget.source == LimitSource::Explicit;
        let unreadable = Unreadable { limit_unknown: unreadable.limit_unknown && !is_known, ..unreadable };
        if unreadable.any() {
            let said =
                "the kernel's memory figures cannot be read: `doctor` of /api/health/memory says what to do";
            return ("degraded", said.to_owned(), details);
        }
        match snapshot.level.status() {
            "healthy" => ("up", "within the budget".to_owned(), details),
            word => ("degraded", format!("memory is at the level {word}"), details),
        }
    }

    fn check_tasks(&self) -> Finding {
        let running = self.tasks.running();
        let details = json!({ "running": running });
        if self.status.is_live() {
            ("up", "the background tasks make progress".to_owned(), details)
        } else {
            ("down", "the background tasks make no progress".to_owned(), details)
        }
    }
}
