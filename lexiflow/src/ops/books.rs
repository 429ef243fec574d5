//! Where the bytes are that the kernel counts: each part as it was declared, asked for or measured, and what is left.

use crate::state::{BASE_BYTES, CONNECTION_BYTES, STREAM_BYTES};
use headroom::Snapshot;
use serde_json::{Map, Value};
use web::server::ServerStats;

/// One moment's books, in bytes.
pub(super) struct Books {
    charged: u64,
    parts: [(&'static str, u64); 9],
}

impl Books {
    pub(super) fn of(snapshot: &Snapshot, stats: &ServerStats) -> Self {
        let (reading, gaps) = (&snapshot.reading, snapshot.gaps());
        let group = reading.cgroup.filter(|_| snapshot.budget.limit.source.is_cgroup()).unwrap_or_default();
        let allocator = reading.allocator.unwrap_or_default();
        Self {
            charged: gaps.charged,
            parts: [
                ("lent", gaps.registered.saturating_sub(gaps.stored)),
                ("stores", gaps.stored),
                // As the bounds declare them: their buffers are inside of libraries.
                ("programAtRest", BASE_BYTES),
                ("connections", stats.open().saturating_mul(CONNECTION_BYTES)),
                ("requests", stats.requests().saturating_mul(STREAM_BYTES)),
                // Freed and not given back yet, rounded up, and the allocator's own tables.
                ("allocator", allocator.resident.saturating_sub(allocator.allocated)),
                ("sockets", group.sock),
                ("kernel", group.kernel.saturating_sub(group.slab_reclaimable)),
                ("unwrittenFiles", group.unwritten().saturating_add(group.shmem)),
            ],
        }
    }

    /// What is charged beyond the sum of the parts. Below zero where less is held than was declared or asked for.
    pub(super) fn unexplained(&self) -> i64 {
        let known = self.parts.iter().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(self.charged).saturating_sub(signed(known))
    }

    pub(super) fn report(&self) -> Value {
        let mut report = Map::new();
        report.insert("charged".to_owned(), self.charged.into());
        report.extend(self.parts.map(|(name, bytes)| (name.to_owned(), bytes.into())));
        report.insert("unexplained".to_owned(), self.unexplained().into());
        report.into()
    }
}
