//! What profiles leave behind. One test in a program of its own, since it counts what the whole process holds.

use headroom::Allocator;
use headroom::heap_profile::take_heap_profile;

headroom::install_allocator!();

#[test]
fn two_hundred_profiles_leave_nothing_behind() {
    let allocator = Allocator::open().unwrap();
    let held = std::hint::black_box(vec![7_u8; 8 << 20]);
    let take = |times: u32| {
        for _ in 0..times {
            let profile = take_heap_profile().unwrap();
            assert!(profile.total().bytes >= 8 << 20);
            let mut bytes = Vec::new();
            profile.write_pprof(&mut bytes).unwrap();
        }
        allocator.stats().unwrap().allocated
    };
    // The first ones fill the thread's own reserve of freed pieces, which counts as allocated.
    let before = take(200);
    let after = take(200);
    assert!(after.saturating_sub(before) <= 64 << 10, "{before} bytes grew to {after}");
    drop(held);
}
