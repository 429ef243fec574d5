//! From a reading to the shares that the level is made of.

use crate::judge::Observation;
use crate::level::{Level, Thresholds, permille};
use crate::limit::Budget;
use crate::source::Reading;

/// What the judge sees: the worst share, and of the heap and the charge the one that is nearer to its limit.
pub(crate) fn observe(
    reading: &Reading,
    budget: &Budget,
    thresholds: &Thresholds,
    at_micros: u64,
) -> Observation {
    let heap = reading.allocator.map_or(0, |allocator| allocator.allocated);
    let charged = charge_of(reading, budget);
    let limit = budget.limit.bytes;
    let (used, limit) = if permille(heap, budget.bytes) > permille(charged, limit) {
        (heap, budget.bytes)
    } else {
        (charged, limit)
    };
    let share = share_of(reading, budget, thresholds);
    Observation { at_micros, share, used, limit, pressure: reading.pressure }
}

/// What the kernel cannot take back, in bytes.
pub(crate) fn charge_of(reading: &Reading, budget: &Budget) -> u64 {
    match reading.cgroup {
        Some(cgroup) if budget.limit.source.is_cgroup() => cgroup.unreclaimable(),
        _ => reading.process.rss_anon,
    }
}

/// From this part of the limit on, in thousandths, all counts that cannot be dropped at once, known part or not.
const EDGE: u32 = 970;

/// The worst of these shares, in thousandths: the live heap of the budget, what the kernel cannot take back of the hard
/// limit (near the limit all that is charged but for clean page cache), and the resident memory of the budget. The last one reaches the `warning` mark at 75 % of the budget and the
/// `critical` mark at all of it, since resident memory includes what a purge would give back.
pub(crate) fn share_of(reading: &Reading, budget: &Budget, thresholds: &Thresholds) -> u32 {
    let heap = reading.allocator.map_or(0, |allocator| permille(allocator.allocated, budget.bytes));
    let charge = permille(charge_of(reading, budget), budget.limit.bytes);
    let edge = reading.cgroup.filter(|_| budget.limit.source.is_cgroup());
    let edge = edge.map_or(0, |cgroup| permille(cgroup.undroppable(), budget.limit.bytes));
    let charge = if edge >= EDGE { charge.max(edge) } else { charge };
    let resident = permille(reading.process.rss_anon, budget.bytes);
    let (warning, critical) = (thresholds.enter(Level::Warning), thresholds.enter(Level::Critical));
    let resident = if resident < 750 {
        resident * warning / 750
    } else {
        let past = u64::from(resident - 750) * u64::from(critical - warning) / 250;
        warning.saturating_add(u32::try_from(past).unwrap_or(u32::MAX))
    };
    heap.max(charge).max(resident)
}
