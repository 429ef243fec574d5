//! Declared bounds: what adds up, what does not, and what the table says.

use headroom::{Bound, Bounds, MemoryBounds, Part};
use proptest::prelude::*;

const MIB: u64 = 1 << 20;

struct Takes(Part, &'static str, u64, &'static str);

impl MemoryBounds for Takes {
    fn declare(&self, bounds: &mut Bounds) {
        let Self(part, consumer, bytes, remedy) = *self;
        bounds.add(Bound { part, consumer, expression: format!("{} MiB", bytes / MIB), bytes, remedy });
    }
}

#[test]
fn what_fits_fits_to_the_byte_and_one_more_does_not() {
    // Of 100 MiB, ten are slack and four the reserve.
    let bounds = |fixed| {
        Bounds::of(100 * MIB)
            .with(&Takes(Part::Kernel, "sockets", 6 * MIB, "MAX_CONNECTIONS"))
            .with(&Takes(Part::Lent, "hash", 19 * MIB, "ARGON2_MEMORY"))
            .with(&Takes(Part::Lent, "body", 10 * MIB, "PAYLOAD_JSON_LIMIT"))
            .with(&Takes(Part::Fixed, "pages", fixed, "DB_READERS"))
    };
    assert_eq!(bounds(61 * MIB).missing_bytes(), 0);
    assert_eq!(bounds(61 * MIB + 1).missing_bytes(), 1);
    assert_eq!(
        bounds(61 * MIB).remedies(),
        ["DB_READERS", "ARGON2_MEMORY", "PAYLOAD_JSON_LIMIT", "MAX_CONNECTIONS"]
    );
}

#[test]
fn the_table_names_every_consumer_and_rounds_against_itself() {
    let bounds = Bounds::of(64 * MIB).with(&Takes(Part::Fixed, "pages", 60 * MIB + 1, "DB_READERS"));
    let table = bounds.to_string();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert_eq!(rows[1], ["61441", "fixed", "pages"], "{table}");
    assert_eq!(rows[2][..2], ["4096", "reserve"], "{table}");
    assert_eq!(rows[4][..2], ["72090", "sum"], "{table}");
    assert_eq!(rows[5], ["65536", "limit"], "{table}");
}

proptest! {
    #[test]
    fn no_sum_overflows_and_more_never_needs_less(
        limit in 0..u64::MAX, takes in prop::collection::vec(0..u64::MAX, 0..6), more in 0..u64::MAX,
    ) {
        let bounds = takes.iter().fold(Bounds::of(limit), |bounds, bytes| {
            bounds.with(&Takes(Part::Fixed, "x", *bytes, ""))
        });
        let larger = bounds.clone().with(&Takes(Part::Kernel, "y", more, ""));
        prop_assert!(larger.sum_bytes() >= bounds.sum_bytes());
        prop_assert!(larger.missing_bytes() >= bounds.missing_bytes());
        prop_assert_eq!(bounds.missing_bytes() == 0, bounds.sum_bytes() <= limit);
    }
}
