//! From what was sampled to what there is.

use super::HeapUse;

/// Estimates all allocations of a stack from its sampled ones.
///
/// A byte is sampled with probability 1/`rate`, so an allocation of `s` bytes with 1 - exp(-s/rate): large ones always,
/// small ones rarely. Dividing by that probability at the stack's average size gives the estimate. The average would be
/// wrong for a stack with different sizes, but jemalloc (`prof_unbias`, on by default) adds up each sample's own estimate
/// and prints the counts from which this very formula gives that sum back. Nothing is lost by using it; not using it
/// would understate small allocations a thousandfold.
#[expect(clippy::float_arithmetic, reason = "the estimate is an exponential; its result is a count again")]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "an estimate: 53 bits are more than its own error leaves, and a cast to i64 saturates"
)]
pub(super) fn unbiased(objects: u64, bytes: u64, rate: u64) -> HeapUse {
    if objects == 0 || bytes == 0 || rate == 0 {
        return HeapUse::default();
    }
    let average = bytes as f64 / objects as f64;
    // exp_m1 keeps its digits where exp(-x) is nearly one.
    let probability = -(-average / rate as f64).exp_m1();
    HeapUse {
        objects: (objects as f64 / probability).round() as i64,
        bytes: (bytes as f64 / probability).round() as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_allocation_counts_as_it_is_and_a_small_one_for_many() {
        assert_eq!(unbiased(1, 64 << 20, 1 << 19), HeapUse { objects: 1, bytes: 64 << 20 });
        let small = unbiased(1, 64, 1 << 19);
        assert!((8_190..=8_194).contains(&small.objects) && (524_200..=524_400).contains(&small.bytes));
        assert_eq!(unbiased(0, 5, 1 << 19), HeapUse::default());
        assert_eq!(unbiased(u64::MAX, 1, u64::MAX).objects, i64::MAX);
    }
}
