//! What the server gets of the machine, and what it keeps in memory.

use super::{Finding, Ops};
use crate::ops::process::{CpuTime, cpu_time};
use crate::ops::report::{decimal, percent};
use serde_json::json;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// For how long the processors are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A runtime that comes so late keeps everybody waiting.
const LATE: Duration = Duration::from_secs(5);
/// What a clock was set by is told for so long.
const TOLD: Duration = Duration::from_mins(10);
/// A clock that was set by more than this makes times in the log and of tokens doubtful.
const STEPPED: Duration = Duration::from_mins(1);

impl Ops {
    /// What is used of the processors at this moment, by this process and by all.
    pub(super) async fn check_cpu(&self) -> Finding {
        let (began, before, machine) = (Instant::now(), headroom::process_cpu_micros(), cpu_time());
        tokio::time::sleep(LOOK).await;
        let elapsed = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let used = headroom::process_cpu_micros().saturating_sub(before);
        let stall = self.status.stall();
        let details = json!({
            // Of one processor: with two of them it may be 200.
            "processPercent": decimal(&percent(used, elapsed)),
            "machinePercent": machine.zip(cpu_time()).map(|(before, now)| {
                let CpuTime { busy, all } = now.since(before);
                if all == 0 { decimal("0") } else { decimal(&percent(busy, all)) }
            }),
            "cores": std::thread::available_parallelism().map_or(1, usize::from),
            "stallMs": u64::try_from(stall.as_millis()).unwrap_or(u64::MAX),
        });
        if stall > LATE {
            let said = "the runtime comes late: the machine has too little processor time";
            return ("degraded", said.to_owned(), details);
        }
        ("up", "the runtime is in time".to_owned(), details)
    }

    /// Whether the clock was set lately: it is held against one that only goes on.
    pub(super) fn check_clock(&self) -> Finding {
        let now = self.parts.app.clock().now();
        let mut compared = self.compared.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, at) = *compared;
        let by_the_clock = (now - at).num_milliseconds();
        let passed = i64::try_from(then.elapsed().as_millis()).unwrap_or(i64::MAX);
        let stepped = by_the_clock.saturating_sub(passed);
        if then.elapsed() >= TOLD {
            *compared = (Instant::now(), now);
        }
        drop(compared);
        let details = json!({ "steppedMs": stepped });
        if u128::from(stepped.unsigned_abs()) > STEPPED.as_millis() {
            let said = "the clock was set lately, or the machine stood still: let it follow a time server";
            return ("degraded", said.to_owned(), details);
        }
        ("up", "the clock goes on evenly".to_owned(), details)
    }

    /// The bounded stores of the process, together.
    pub(super) fn check_cache(&self) -> Finding {
        let stores = self.parts.app.headroom().stores().snapshot();
        let sum = |figure: fn(&headroom::StoreStats) -> u64| stores.iter().map(figure).sum::<u64>();
        let details = json!({
            "stores": stores.len(), "entries": sum(|store| store.entries), "bytes": sum(|store| store.bytes),
            "maxBytes": sum(|store| store.cap_bytes), "hits": sum(|store| store.hits),
            "misses": sum(|store| store.misses), "evictions": sum(|store| store.evictions),
        });
        match stores.iter().find(|store| store.bytes > store.cap_bytes) {
            Some(over) => ("degraded", format!("`{}` holds more than its cap", over.name), details),
            None => ("up", "caches are within their caps".to_owned(), details),
        }
    }
}
