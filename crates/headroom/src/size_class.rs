/// The largest size that shares pages with others; larger allocations take whole pages.
const SMALL_MAX: u64 = 14 << 10;
/// The page jemalloc is built for.
const PAGE: u64 = 4096;

/// What an allocation of `bytes` really takes: jemalloc serves small sizes from classes, four to each doubling, and
/// rounds larger ones up to whole pages.
pub fn size_class(bytes: u64) -> u64 {
    match bytes {
        0 => 0,
        1..=8 => 8,
        9..=128 => bytes.next_multiple_of(16),
        129..=SMALL_MAX => bytes.next_multiple_of(1 << ((bytes - 1).ilog2() - 2)),
        _ => bytes.checked_next_multiple_of(PAGE).unwrap_or(bytes),
    }
}
