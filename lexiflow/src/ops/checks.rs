mod machine;
mod work;

use super::report::written;
use super::{Ops, store};
use crate::about;
use headroom::{LimitSource, Unreadable};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// How long one check may take. They run beside each other, so that all take no longer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a report is believed.
const BELIEVED: Duration = Duration::from_secs(5);

/// What one check found.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// `up`, `degraded`, `down`, or `disabled` for what this server does not have.
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
            "details": {"events": {"waiting": 0, "retrying": 0, "dead": 0, "oldestSeconds": 0},
                "jobs": {"waiting": 1, "running": 0, "dead": 0, "oldestSeconds": 0}}},
        "audit": {"status": "up", "responseTimeMs": 0, "message": "no verification found a fault",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"verifications": 4, "broken": 0, "wentBesideDatabase": 0, "cameBack": 0}},
        "mail": {"status": "up", "responseTimeMs": 1, "message": "mail is written into the data folder",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"waiting": 0, "running": 0, "dead": 0}},
        "search": {"status": "up", "responseTimeMs": 1, "message": "the index follows",
            "lastChecked": "2026-03-02T12:00:40.118304Z", "details": {"lagSeconds": 0}},
        "scheduler": {"status": "up", "responseTimeMs": 1, "message": "periodic work runs in time",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"schedules": 9, "lastRunAt": "2026-03-02T12:00:38.000214Z", "overdueSeconds": 0}},
        "cpu": {"status": "up", "responseTimeMs": 200, "message": "the runtime is in time",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"processPercent": 3.21, "machinePercent": 12.5, "cores": 2, "stallMs": 0}},
        "clock": {"status": "up", "responseTimeMs": 0, "message": "the clock goes on evenly",
            "lastChecked": "2026-03-02T12:00:40.118304Z", "details": {"steppedMs": 2}},
        "cache": {"status": "up", "responseTimeMs": 0, "message": "caches are within their caps",
            "lastChecked": "2026-03-02T12:00:40.118304Z",
            "details": {"stores": 21, "entries": 210, "bytes": 1_048_576, "maxBytes": 16_777_216,
                "hits": 4210, "misses": 31, "evictions": 0}},
        "bus": {"status": "disabled", "responseTimeMs": 0,
            "message": "each server works by itself, and those on one database meet in it",
            "lastChecked": "2026-03-02T12:00:40.118304Z", "details": null},
        "scanner": {"status": "disabled", "responseTimeMs": 0, "message": "this version scans no files",
            "lastChecked": "2026-03-02T12:00:40.118304Z", "details": null},
        "webhooks": {"status": "disabled", "responseTimeMs": 0, "message": "this version sends no webhooks",
            "lastChecked": "2026-03-02T12:00:40.118304Z", "details": null},
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
        let (down, degraded) = ("down", "degraded");
        let (database, storage, queues, audit, mail, search, scheduler, cpu) = tokio::join!(
            self.timed(down, self.check_database()),
            self.timed(down, self.check_storage()),
            self.timed(down, self.check_queues()),
            self.timed(degraded, self.check_audit()),
            self.timed(degraded, self.check_mail()),
            self.timed(degraded, self.check_search()),
            self.timed(degraded, self.check_scheduler()),
            self.timed(degraded, self.check_cpu()),
        );
        let at_once = [
            ("memory", self.check_memory()),
            ("tasks", self.check_tasks()),
            ("cache", self.check_cache()),
            ("clock", self.check_clock()),
            ("bus", disabled("each server works by itself, and those on one database meet in it")),
            ("scanner", disabled("this version scans no files")),
            ("webhooks", disabled("this version sends no webhooks")),
        ];
        let mut checks = BTreeMap::from([
            ("database", database),
            ("storage", storage),
            ("queues", queues),
            ("audit", audit),
            ("mail", mail),
            ("search", search),
            ("scheduler", scheduler),
            ("cpu", cpu),
        ]);
        checks.extend(at_once.map(|(name, finding)| (name, self.check(Duration::ZERO, finding))));
        FullHealth {
            status: overall(&checks),
            version: about::VERSION,
            uptime_seconds: self.status.uptime().as_secs(),
            timestamp: written(self.parts.app.clock().now()),
            checks,
        }
    }

    /// A check that has `late` for its status when it gives no answer in time.
    async fn timed(&self, late: &'static str, check: impl Future<Output = Finding>) -> Check {
        let started = Instant::now();
        let finding = tokio::time::timeout(TIMEOUT, check).await;
        let no_answer = || (late, format!("gave no answer within {} s", TIMEOUT.as_secs()), Value::Null);
        self.check(started.elapsed(), finding.unwrap_or_else(|_| no_answer()))
    }

    fn check(&self, took: Duration, (status, message, details): Finding) -> Check {
        Check {
            status,
            response_time_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
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
        let running = self.tasks.background();
        let details = json!({ "running": running });
        if self.status.is_live() {
            ("up", "the background tasks make progress".to_owned(), details)
        } else {
            ("down", "the background tasks make no progress".to_owned(), details)
        }
    }
}

fn overall(checks: &BTreeMap<&'static str, Check>) -> &'static str {
    if checks.values().any(Check::is_fatal) {
        "unhealthy"
    } else if checks.values().any(|check| check.status == "degraded") {
        "degraded"
    } else {
        "healthy"
    }
}

/// A part that this server does not have, and why.
fn disabled(because: &str) -> Finding {
    ("disabled", because.to_owned(), Value::Null)
}
