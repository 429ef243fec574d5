//! jemalloc as the allocator of this test program, with the server's settings.

use headroom::{Allocator, MALLOC_CONF};
use std::hint::black_box;

headroom::install_allocator!();

const MIB: u64 = 1 << 20;

#[test]
fn the_settings_reach_the_allocator_before_main() {
    assert!(Allocator::is_in_use());
    let conf = MALLOC_CONF.to_str().unwrap();
    assert!(conf.contains("narenas:2") && conf.contains("background_thread:true"));
    assert_eq!(tikv_jemalloc_ctl::opt::narenas::read().unwrap(), 2, "jemalloc did not read the symbol");
    assert!(tikv_jemalloc_ctl::opt::background_thread::read().unwrap());
}

#[test]
fn the_figures_follow_a_large_allocation_and_a_purge_gives_it_back() {
    let allocator = Allocator::open().unwrap();
    let before = allocator.stats().unwrap();
    let block = black_box(vec![1_u8; 64 << 20]);
    let with = allocator.stats().unwrap();
    // Other threads of the test program come and go meanwhile.
    assert!(with.allocated >= before.allocated + 63 * MIB);
    assert!(with.active >= with.allocated && with.mapped >= with.active && with.resident >= with.active);
    assert!(with.metadata > 0);

    let spaces = allocator.spaces(10).unwrap();
    assert!(spaces.large >= 64 * MIB && spaces.small > 0);
    assert!(spaces.top.len() <= 10 && spaces.top.windows(2).all(|pair| pair[0].bytes >= pair[1].bytes));
    assert_eq!((spaces.top[0].size, spaces.top[0].count), (64 * MIB, 1));

    drop(block);
    let report = allocator.purge().unwrap();
    let after = allocator.stats().unwrap();
    assert!(after.allocated < with.allocated - 60 * MIB);
    assert!(report.after_resident < with.resident - 60 * MIB, "{report:?}");
    assert!(report.freed <= report.before_resident);
}
