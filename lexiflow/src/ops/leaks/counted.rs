//! What is counted at each window beside the memory: what leaks here holds few bytes and ends a server all the same.

use crate::ops::error::Error;
use crate::ops::report::written;
use crate::ops::{Ops, process};
use clock::Timestamp;
use headroom::Snapshot;
use headroom::leaks::CountTrend;
use serde::Serialize;
use utoipa::ToSchema;

/// Something that is counted, and whether there is ever more of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "files", "now": 31, "growing": false, "perHour": null, "confidencePercent": null,
    "since": null}))]
pub(in crate::ops) struct CountAnswer {
    /// `files` that are open; `sockets` and `tasks`, without those of the connections of clients; `threads`; `detached` work
    /// that outlived what began it; `databaseReaders` that are lent; `temporaryFiles` of uploads.
    pub(in crate::ops) name: &'static str,
    /// How many there were in the last window.
    pub(in crate::ops) now: u64,
    /// Whether they only get more, at a comparable load.
    pub(in crate::ops) growing: bool,
    /// How many more in an hour; null when they are not growing.
    pub(in crate::ops) per_hour: Option<u64>,
    /// How sure it is, in percent; null when they are not growing.
    confidence_percent: Option<u8>,
    /// Since when the verdict has stood, RFC 3339 in UTC; null when there is none.
    since: Option<String>,
}

impl CountAnswer {
    pub(in crate::ops) fn of(trend: CountTrend) -> Self {
        let since = trend.growth.and_then(|growth| i64::try_from(growth.since_micros).ok());
        let since = since.and_then(chrono::DateTime::from_timestamp_micros);
        Self {
            name: trend.name,
            now: trend.now,
            growing: trend.growth.is_some(),
            per_hour: trend.growth.map(|growth| growth.per_hour),
            confidence_percent: trend.growth.map(|growth| growth.confidence_percent),
            since: since.map(written),
        }
    }
}

/// Names and numbers.
pub(super) type Counted = [(&'static str, u64); 7];

impl Ops {
    /// Takes a window of the watch for leaks. Blocks.
    pub(super) fn take_leak_window(&self, now: Timestamp, in_flight: u64) -> Result<(), Error> {
        let count = |snapshot: &Snapshot| self.count(snapshot);
        if self.leaks.take_window(self.parts.app.headroom(), now, in_flight, count)? {
            self.keep_for_leak(now);
        }
        Ok(())
    }

    /// Counts now. Asks the kernel for each open descriptor: some milliseconds where thousands are.
    fn count(&self, snapshot: &Snapshot) -> Counted {
        // Those are bounded, and wait for their clients as long as these like: each has a socket and a task.
        let clients = self.stats.open();
        let sockets = process::sockets();
        let (open, idle) = self.parts.app.db().reader().connections();
        let busy = usize::try_from(open).unwrap_or(usize::MAX).saturating_sub(idle);
        let tasks = self.tasks.count();
        [
            ("files", snapshot.reading.process.fds.saturating_sub(sockets)),
            ("sockets", sockets.saturating_sub(clients)),
            ("threads", snapshot.reading.process.threads),
            ("tasks", tasks.alive.saturating_sub(clients)),
            ("detached", tasks.leaked),
            ("databaseReaders", u64::try_from(busy).unwrap_or(u64::MAX)),
            ("temporaryFiles", self.parts.files.blobs.arriving()),
        ]
    }
}
