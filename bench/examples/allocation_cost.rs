//! Instructions of allocations within a measured poll, to be run under callgrind:
//! `valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/allocation_cost measured 11 10000`.
//! Between two numbers of allocations the difference of `measured` less that of `plain` is what the meter adds to each.

use std::hint::black_box;

headroom::install_allocator!();

#[inline(never)]
fn poll(allocations: u64) {
    for _ in 0..allocations {
        drop(black_box(Box::new([0_u8; 100])));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_default();
    let mut number = || arguments.next().and_then(|number| number.parse().ok()).unwrap_or(1);
    let (allocations, polls): (u64, u64) = (number(), number());
    match mode.as_str() {
        "plain" => (0..polls).for_each(|_| poll(black_box(allocations))),
        "measured" => {
            let meter = headroom::Meter::new();
            (0..polls).for_each(|_| meter.around(|| poll(black_box(allocations))));
            assert_eq!(meter.totals().allocated, polls * allocations * 112, "the meter saw every allocation");
        }
        _ => std::process::exit(2),
    }
}
