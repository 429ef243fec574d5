//! Where the bytes are that the kernel counts: each part as it was declared, asked for or measured, and what is left.

use crate::state::{BASE_BYTES, CONNECTION_BYTES, STREAM_BYTES};
use headroom::{Headroom, Snapshot};
use serde_json::{Map, Value};
use web::server::ServerStats;

/// The parts, as the reports name them and as people read them.
pub(crate) const PARTS: [(&str, &str); 9] = [
    ("lent", "lent"),
    ("stores", "in stores"),
    ("programAtRest", "the program at rest, as declared"),
    ("connections", "connections, as declared"),
    ("requests", "requests that hold nothing lent, as declared"),
    ("allocator", "not given back by the allocator"),
    ("sockets", "in sockets"),
    ("kernel", "the kernel's own"),
    ("unwrittenFiles", "of files, not on the disk yet"),
];

/// One moment's books, in bytes.
pub(super) struct Books {
    charged: u64,
    parts: [u64; PARTS.len()],
}

impl Books {
    /// Of the moment of this snapshot.
    pub(super) fn of(headroom: &Headroom, snapshot: &Snapshot, stats: &ServerStats) -> Self {
        let (reading, gaps) = (&snapshot.reading, snapshot.gaps());
        let group = reading.cgroup.filter(|_| snapshot.budget.limit.source.is_cgroup()).unwrap_or_default();
        let allocator = reading.allocator.unwrap_or_default();
        // One that is followed has borrowed what it holds.
        let others = stats.requests().saturating_sub(headroom.ledger().len() as u64);
        Self {
            charged: gaps.charged,
            parts: [
                gaps.registered.saturating_sub(gaps.stored),
                gaps.stored,
                // As the bounds declare them: their buffers are inside of libraries.
                BASE_BYTES,
                stats.open().saturating_mul(CONNECTION_BYTES),
                others.saturating_mul(STREAM_BYTES),
                // Freed and not given back yet, rounded up, and the allocator's own tables.
                allocator.resident.saturating_sub(allocator.allocated),
                group.sock,
                group.kernel.saturating_sub(group.slab_reclaimable),
                group.unwritten().saturating_add(group.shmem),
            ],
        }
    }

    /// What is charged beyond the sum of the parts. Below zero where less is held than was declared or asked for.
    pub(super) fn unexplained(&self) -> i64 {
        let known = self.parts.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(self.charged).saturating_sub(signed(known))
    }

    pub(super) fn report(&self) -> Value {
        let mut report = Map::new();
        report.insert("charged".to_owned(), self.charged.into());
        let named = PARTS.iter().zip(self.parts);
        report.extend(named.map(|((name, _), bytes)| ((*name).to_owned(), bytes.into())));
        report.insert("unexplained".to_owned(), self.unexplained().into());
        report.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headroom::{AllocatorStats, CgroupStats, Class, InjectedSource, Limit, LimitSource, Settings};
    use std::sync::Arc;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_parts_and_what_nothing_explains_are_what_is_charged() {
        let source = Arc::new(InjectedSource::with_limit(400 * MIB));
        source.change(|reading| {
            reading.limit = Limit { bytes: 400 * MIB, source: LimitSource::CgroupV2 };
            let allocator =
                AllocatorStats { allocated: 40 * MIB, resident: 52 * MIB, ..AllocatorStats::default() };
            reading.allocator = Some(allocator);
            reading.cgroup = Some(CgroupStats {
                anon: 55 * MIB,
                sock: 7 * MIB,
                kernel: 5 * MIB,
                slab_reclaimable: 2 * MIB,
                file: 90 * MIB,
                file_dirty: 3 * MIB,
                file_writeback: MIB,
                ..CgroupStats::default()
            });
        });
        let headroom = Headroom::new(Settings::default(), source);
        let _lent = headroom.class(Class::Standard).try_lease(6 * MIB);
        let books = Books::of(&headroom, &headroom.snapshot(), &ServerStats::default());
        let report = books.report();
        let of = |name: &str| report[name].as_u64().unwrap();
        assert_eq!((of("charged"), of("lent"), of("allocator")), (69 * MIB, 6 * MIB, 12 * MIB));
        assert_eq!((of("sockets"), of("kernel"), of("unwrittenFiles")), (7 * MIB, 3 * MIB, 4 * MIB));
        let sum: u64 = PARTS.iter().map(|(name, _)| of(name)).sum();
        let unexplained = report["unexplained"].as_i64().unwrap();
        assert_eq!(i64::try_from(sum).unwrap() + unexplained, i64::try_from(69 * MIB).unwrap());
        assert!(unexplained > 0, "29 MiB of heap that nobody asked for: {report:#}");
    }
}
