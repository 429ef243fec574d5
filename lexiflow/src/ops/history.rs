//! What the memory was like lately, for a graph, and the spells in which it was critical.

use super::Ops;
use super::error::Error;
use super::report::{fresh, written};
use super::spells::CriticalSpell;
use access::Ctx;
use axum::Extension;
use axum::response::Response;
use chrono::{SubsecRound as _, TimeDelta};
use clock::Timestamp;
use headroom::{Headroom, HistoryRow};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use web::{Problem, ProblemBody, ValidQuery};

/// Rows of an answer: a day in ten minutes each.
const ROWS: usize = 144;
const MINUTE_MICROS: u64 = 60_000_000;

/// How far back.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// How many minutes back, 1 to 1440; 60 unless told. Up to two are told by the second.
    #[garde(range(min = 1, max = 1440))]
    #[param(minimum = 1, maximum = 1440)]
    minutes: Option<u64>,
}

/// What the memory was like.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemoryHistory {
    /// How long the stretch of each row is.
    #[schema(example = 60)]
    every_seconds: u64,
    /// The stretches, oldest first. There is none for a time in which the server did not run.
    rows: Vec<MemoryHistoryRow>,
    /// Spells of critical memory of this server and those before it: the last five of a week, oldest first; null where their
    /// folder cannot be read.
    spells: Option<Vec<CriticalSpell>>,
}

/// A stretch of time: the most of each figure, and how many requests fared badly.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemoryHistoryRow {
    /// When it begins, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    from: String,
    /// The highest level.
    #[schema(example = "normal")]
    level: &'static str,
    /// What the kernel counted and could not take back.
    #[schema(example = 58_720_256)]
    charged_bytes: u64,
    /// What the allocator had handed out.
    #[schema(example = 32_715_571)]
    heap_bytes: u64,
    /// What was lent.
    #[schema(example = 1_048_576)]
    lent_bytes: u64,
    /// The limit at its end.
    #[schema(example = 268_435_456)]
    limit_bytes: u64,
    /// Requests that ran at once.
    #[schema(example = 12)]
    running: u64,
    /// What was asked of a part of the budget and refused: one request may ask more than once.
    #[schema(example = 0)]
    refused: u64,
    /// Requests that were refused because their class had to wait.
    #[schema(example = 0)]
    shed: u64,
    /// Requests that were ended to stay within the limit.
    #[schema(example = 0)]
    ended: u64,
}

/// Show what the memory was like in the last hour, or as far back as a day; and what was written down when it was critical.
#[utoipa::path(get, path = "/api/monitoring/memory/history", tag = "Monitoring", operation_id = "showMemoryHistory",
    params(HistoryQuery), responses(
    (status = 200, description = "The stretches and the spells", body = MemoryHistory),
    (status = 400, description = "So many minutes are not kept", body = ProblemBody)))]
pub(super) async fn show_history(
    ctx: Ctx,
    Extension(ops): Extension<Arc<Ops>>,
    ValidQuery(query): ValidQuery<HistoryQuery>,
) -> Result<Response, Problem> {
    let back = query.minutes.unwrap_or(60) * MINUTE_MICROS;
    let (every_micros, rows) = rows_of(ctx.app().headroom(), back, ROWS, ctx.now());
    let spells = headroom::spawn_blocking(move || ops.spells.all()).await.map_err(|_| Error::Stopping)?;
    let spells = spells.inspect_err(|error| {
        tracing::warn!(%error, "the reports of critical memory cannot be read");
    });
    let spells = spells.ok();
    Ok(fresh(StatusCode::OK, &MemoryHistory { every_seconds: every_micros / 1_000_000, rows, spells }))
}

/// The rows of the engine, in the times of people; and how long each stretch is, in microseconds.
pub(super) fn rows_of(
    headroom: &Headroom,
    back_micros: u64,
    most: usize,
    now: Timestamp,
) -> (u64, Vec<MemoryHistoryRow>) {
    let uptime = headroom.uptime_micros();
    let (every, rows) = headroom.history(back_micros, most);
    (every, rows.iter().map(|row| MemoryHistoryRow::of(row, uptime, now)).collect())
}

impl MemoryHistoryRow {
    fn of(row: &HistoryRow, uptime_micros: u64, now: Timestamp) -> Self {
        let ago = uptime_micros.saturating_sub(row.from_micros);
        // The two clocks are read one after the other: without their fractions, the same row has the same name each time.
        let from = now - TimeDelta::microseconds(i64::try_from(ago).unwrap_or(0));
        let from = from.round_subsecs(0);
        Self {
            from: written(from),
            level: row.level.as_str(),
            charged_bytes: row.charged_bytes,
            heap_bytes: row.heap_bytes,
            lent_bytes: row.lent_bytes,
            limit_bytes: row.limit_bytes,
            running: row.running,
            refused: row.requests.refused,
            shed: row.requests.shed,
            ended: row.requests.ended,
        }
    }
}
