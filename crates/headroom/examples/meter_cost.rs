//! Instructions of the meter and of a lease, to be run under callgrind:
//! `valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/meter_cost measured 100000`.
//! The difference between two counts of rounds, divided by it, is the cost of one round.

use headroom::probe;

headroom::install_allocator!();

fn main() {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(100_000);
    match what.as_str() {
        "plain" => probe::plain_polls(rounds),
        "measured" => drop(std::hint::black_box(probe::measured_polls(rounds))),
        "plain-allocating" => probe::plain_allocating_polls(rounds),
        "measured-allocating" => {
            // An optimiser that reads the counters too early would bill less.
            let memory = std::hint::black_box(probe::measured_allocating_polls(rounds));
            assert_eq!((memory.allocated, memory.retained), (rounds * 112, 0));
        }
        // All in one function, so that the optimiser sees the allocation and the meter side by side.
        "inlined" => {
            let meter = headroom::Meter::new();
            for _ in 0..rounds {
                meter.around(|| drop(std::hint::black_box(Box::new([0_u8; 100]))));
            }
            assert_eq!(meter.totals().allocated, rounds * 112);
        }
        "no-lease" => drop(std::hint::black_box(probe::no_leases(rounds))),
        "lease" => drop(std::hint::black_box(probe::leases(rounds))),
        "request" => drop(std::hint::black_box(probe::requests(rounds))),
        _ => std::process::exit(2),
    }
}
