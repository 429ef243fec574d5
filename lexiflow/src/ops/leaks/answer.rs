use super::counted::CountAnswer;
use super::history::{PastVerdict, Run};
use super::{Watch, Watched, build_id};
use crate::ops::report::written;
use headroom::heap_profile::{HeapProfile, Mapping};
use headroom::leaks::{Severity, Suspect};
use serde::Serialize;
use utoipa::ToSchema;

/// The verdict on this process, and what is remembered of earlier ones.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"watching": true, "intervalMs": 30_000, "windows": 121, "stacks": 31, "liveBytes": 9_437_184,
    "lastWindowAt": "2026-01-31T13:00:00.000000Z", "buildId": "ee05ebdd2c3a",
    "mappings": [{"path": "/opt/lexiflow", "buildId": "ee05ebdd2c3a"}],
    "suspects": [{"site": "3f9a01c27be4", "severity": "high", "secondsToLimit": 240_000, "confidencePercent": 98,
        "growsWith": "requests", "bytesPerHour": 12_582_912, "bytesPerRequest": 512, "liveBytes": 13_107_200,
        "grownBytes": 12_582_912, "samples": 25, "windows": 32, "spanMs": 3_600_000, "holder": null,
        "since": "2026-01-31T12:08:00.000000Z", "stacks": 1, "calls": ["lexiflow+0x2b3c4d", "lexiflow+0x1a2b3c"]}],
    "counts": [{"name": "files", "now": 31, "growing": false, "perHour": null, "confidencePercent": null, "since": null}],
    "history": [{"site": "3f9a01c27be4", "buildId": "ee05ebdd2c3a",
        "calls": ["lexiflow+0x2b3c4d", "lexiflow+0x1a2b3c"], "bytesPerHour": 12_582_912,
        "firstSeenAt": "2026-01-31T12:08:00.000000Z", "lastSeenAt": "2026-01-31T13:00:00.000000Z", "runs": 1,
        "lastRunAt": "2026-01-31T12:00:00.000000Z"}],
    "runs": [{"buildId": "ee05ebdd2c3a", "startedAt": "2026-01-31T12:00:00.000000Z",
        "lastAt": "2026-01-31T13:00:00.000000Z", "count": 121, "every": 2,
        "windows": [{"at": 1_769_860_800, "liveBytes": 9_437_184, "requests": 4213, "inFlight": 3}]}]}))]
pub(in crate::ops) struct LeakReport {
    /// Whether the heap is watched at all.
    watching: bool,
    /// Time between two windows, in milliseconds.
    interval_ms: u64,
    /// Windows of this process so far.
    windows: u64,
    /// Stacks that are followed.
    stacks: usize,
    /// Live bytes in the last window, as estimated from the samples.
    live_bytes: u64,
    /// The last window, RFC 3339 in UTC; null before the first.
    last_window_at: Option<String>,
    /// The linker's mark of the running program; empty before the first window.
    build_id: String,
    /// The files that calls lie in, the program first.
    mappings: Vec<CodeFile>,
    /// What leaks, the fastest first.
    pub(super) suspects: Vec<SuspectAnswer>,
    /// What is counted beside the memory, and whether there is ever more of it.
    counts: Vec<CountAnswer>,
    /// What leaked, in this and in earlier runs, the latest last.
    history: Vec<PastVerdict>,
    /// The latest runs, the present one last.
    runs: Vec<Run>,
}

/// A file with code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodeFile {
    /// Where it lies.
    path: String,
    /// The linker's mark of it.
    build_id: String,
}

/// A stack that leaks, or calls that several stacks begin with and that leak by all of them together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::ops) struct SuspectAnswer {
    /// A name for these calls, the same in every run of one build.
    pub(in crate::ops) site: String,
    /// How soon something has to be done: `low`, `medium`, `high` or `critical`.
    pub(in crate::ops) severity: &'static str,
    /// When the rest of the budget is used up at this speed, in seconds.
    pub(in crate::ops) seconds_to_limit: u64,
    /// How sure it is, in percent.
    confidence_percent: u8,
    /// `requests`, when each leaves something behind, or `time`.
    grows_with: &'static str,
    /// How fast it grows.
    pub(in crate::ops) bytes_per_hour: u64,
    /// What each request leaves behind; null when it grows with time.
    bytes_per_request: Option<u64>,
    /// Live bytes that were allocated there.
    live_bytes: u64,
    /// How many of them came within the windows that were compared.
    grown_bytes: u64,
    /// Sampled allocations that this rests on.
    samples: u64,
    /// Windows that were compared.
    windows: u64,
    /// How long they took, in milliseconds.
    span_ms: u64,
    /// A bounded store that grows in step and may hold more than it counts; null when none does.
    holder: Option<String>,
    /// Since when the verdict has stood, RFC 3339 in UTC.
    since: Option<String>,
    /// How many stacks begin with these calls, when each alone grows too slowly to be told; otherwise 1.
    stacks: u64,
    /// The calls, innermost first, as places in their files.
    calls: Vec<String>,
}

impl LeakReport {
    pub(super) fn of(watched: &Watched, watch: Watch, suspects: Vec<SuspectAnswer>) -> Self {
        let code = watched.code.as_ref();
        let file =
            |mapping: &Mapping| CodeFile { path: mapping.path.clone(), build_id: mapping.build_id.clone() };
        Self {
            watching: watch.is_on,
            interval_ms: watch.interval_ms(),
            windows: watched.detector.windows(),
            stacks: watched.detector.stacks(),
            live_bytes: watched.detector.live_bytes(),
            last_window_at: watched.last_window.map(written),
            build_id: code.map(build_id).unwrap_or_default().to_owned(),
            mappings: code.into_iter().flat_map(HeapProfile::mappings).map(file).collect(),
            suspects,
            counts: watched.counts(),
            history: watched.history.verdicts.clone(),
            runs: watched.history.runs.clone(),
        }
    }

    /// Leaves only the latest of the history and of the runs.
    pub(super) fn latest(mut self, limit: usize) -> Self {
        self.history.drain(..self.history.len().saturating_sub(limit));
        self.runs.drain(..self.runs.len().saturating_sub(limit));
        self
    }
}

impl SuspectAnswer {
    pub(super) fn of(calls: Vec<String>, suspect: &Suspect, room_bytes: u64) -> Self {
        let seconds_to_limit = suspect.seconds_to_fill(room_bytes);
        let since = i64::try_from(suspect.since_micros).ok();
        Self {
            site: site_of(&calls),
            severity: Severity::of(seconds_to_limit).as_str(),
            seconds_to_limit,
            confidence_percent: suspect.confidence_percent,
            grows_with: suspect.scale.as_str(),
            bytes_per_hour: suspect.bytes_per_hour,
            bytes_per_request: suspect.bytes_per_request,
            live_bytes: suspect.live_bytes,
            grown_bytes: suspect.grown_bytes,
            samples: suspect.samples,
            windows: suspect.windows,
            span_ms: suspect.span_micros / 1000,
            holder: suspect.holder.clone(),
            since: since.and_then(chrono::DateTime::from_timestamp_micros).map(written),
            stacks: suspect.stacks,
            calls,
        }
    }
}

/// A name for these calls. The innermost one alone would not do: it is the allocator's.
pub(super) fn site_of(calls: &[String]) -> String {
    let digest = crypto::digest::sha256(calls.join(";").as_bytes());
    crypto::digest::hex(&digest[..6])
}
