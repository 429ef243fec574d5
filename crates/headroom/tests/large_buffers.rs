//! What becomes of large buffers. Alone in its program, because it looks at all the memory of the process.

use headroom::Allocator;
use std::hint::black_box;

headroom::install_allocator!();

const MIB: u64 = 1 << 20;

#[test]
fn a_large_buffer_goes_back_the_moment_it_is_freed_whatever_the_decay() {
    let allocator = Allocator::open().unwrap();
    assert!(allocator.return_large_at_once());
    assert!(allocator.set_decay(10_000));
    for size in [2 * MIB, 64 * MIB] {
        let buffers = || (0..128 * MIB / size).map(|_| vec![1_u8; usize::try_from(size).unwrap()]);
        let held: Vec<_> = black_box(buffers().collect());
        let with = allocator.stats().unwrap();
        drop(held);
        let after = allocator.stats().unwrap();
        assert!(
            after.resident < with.resident - 120 * MIB,
            "{size}: {} to {}",
            with.resident,
            after.resident
        );
    }
}
