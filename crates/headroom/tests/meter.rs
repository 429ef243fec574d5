//! Per-request memory, with jemalloc as this program's allocator: exact, wherever the work runs.

use headroom::{Meter, RequestMemory, inherit, measure, size_class, spawn_blocking};
use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

headroom::install_allocator!();

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// What a tokio task, its handle and a channel's cell may add to the bill.
const RUNTIME_SLACK: u64 = 4 * KIB;

fn bytes(count: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(count))
}

/// Pending once. Unlike the runtime's own way to yield, it makes the runtime allocate nothing.
async fn pause() {
    let mut paused = false;
    poll_fn(|cx| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Drives a measured future on this thread, with nothing else between the polls.
fn figures<F: Future>(work: F) -> (F::Output, RequestMemory) {
    let meter = Meter::new();
    let mut future = pin!(measure(meter.clone(), work));
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return (output, meter.totals());
        }
    }
}

#[test]
fn the_bill_is_the_sum_of_the_usable_sizes_to_the_byte() {
    let ((), memory) = figures(async {
        let first = bytes(10_000); // usable 10,240
        pause().await;
        let second = bytes(100); // usable 112
        pause().await;
        drop(first);
        let third = bytes(1_000); // usable 1,024
        drop((second, third));
    });
    let expected = RequestMemory {
        allocated: 10_240 + 112 + 1_024,
        freed: 10_240 + 112 + 1_024,
        peak_live: 10_240 + 112,
        retained: 0,
        polls: 3,
        registered_peak: 0,
    };
    assert_eq!(memory, expected);
}

#[test]
fn what_the_result_holds_is_retained() {
    let (kept, memory) = figures(async { bytes(5_000) });
    assert_eq!((memory.retained, memory.peak_live), (5_120, 5_120));
    drop(kept);
}

#[test]
fn a_large_block_that_lives_within_one_poll_is_seen() {
    let ((), memory) = figures(async {
        drop(bytes(80 << 20));
        drop(bytes(1 << 20));
    });
    assert_eq!((memory.allocated, memory.retained), (81 * MIB, 0));
    // The allocator notes its peak every 64 KiB.
    assert!((80 * MIB - 64 * KIB..=80 * MIB + 64 * KIB).contains(&memory.peak_live), "{}", memory.peak_live);
}

#[test]
fn a_loop_that_frees_as_it_goes_has_a_small_peak() {
    let ((), memory) = figures(async {
        drop(bytes(1 << 20));
    });
    assert!(memory.peak_live >= MIB - 64 * KIB);
    let ((), memory) = figures(async {
        for _ in 0..1_000 {
            drop(bytes(10_000));
        }
    });
    assert_eq!(memory.allocated, 1_000 * 10_240);
    assert!(memory.peak_live <= 10_240 + 64 * KIB, "{}", memory.peak_live);
}

#[test]
fn a_cancelled_future_is_billed_for_what_it_frees() {
    let meter = Meter::new();
    {
        let mut future = Box::pin(measure(meter.clone(), async {
            let held = bytes(10_000);
            pause().await;
            drop(held);
        }));
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(meter.totals().retained, 10_240);
    }
    assert_eq!(meter.totals().retained, 0);
}

#[test]
fn each_byte_is_billed_once_to_the_innermost_meter() {
    let (outer, inner) = (Meter::new(), Meter::new());
    let (a, b, c) = outer.around(|| {
        let a = bytes(10_000);
        let b = inner.around(|| bytes(20_000));
        assert_eq!(inner.totals().allocated, 20_480);
        // The same meter inside itself does not count twice.
        let c = outer.around(|| bytes(1_000));
        (a, b, c)
    });
    assert_eq!(outer.totals().allocated, 10_240 + 1_024);
    assert_eq!(inner.totals().allocated, 20_480);
    assert!(Meter::current().is_none(), "nobody is billed afterwards");
    drop((a, b, c));
    assert_eq!(outer.totals().freed, 0);
}

#[test]
fn a_panic_inside_ends_the_bill() {
    let meter = Meter::new();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        meter.around(|| std::panic::resume_unwind(Box::new(())));
    }));
    assert!(outcome.is_err());
    assert!(Meter::current().is_none());
    let before = meter.totals();
    drop(bytes(10_000));
    assert_eq!(meter.totals(), before);
}

#[test]
fn the_current_meter_outlives_the_scope_it_came_from() {
    let kept = {
        let meter = Meter::new();
        meter.around(|| {
            drop(bytes(10_000));
            Meter::current()
        })
    };
    let kept = kept.unwrap();
    assert_eq!(kept.totals().allocated, 10_240);
    kept.around(|| drop(bytes(1_000)));
    assert_eq!(kept.totals().allocated, 11_264);
}

#[test]
fn measuring_allocates_nothing() {
    let memory = headroom::probe::measured_polls(1_000);
    assert_eq!(memory, RequestMemory { polls: 1_000, ..RequestMemory::default() });
    let memory = headroom::probe::measured_allocating_polls(1_000);
    assert_eq!((memory.allocated, memory.retained), (1_000 * 112, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_and_spawned_work_is_billed_to_its_request() {
    let meter = Meter::new();
    let request = measure(meter.clone(), async {
        let large = spawn_blocking(|| bytes(8 << 20)).await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(inherit(async {
            let held = bytes(4 << 20);
            tokio::task::yield_now().await;
            let nested = spawn_blocking(|| bytes(2 << 20)).await.unwrap();
            drop((held, nested));
        }));
        tasks.join_next().await.unwrap().unwrap();
        drop(large);
    });
    request.await;
    let memory = meter.totals();
    assert!((14 * MIB..14 * MIB + RUNTIME_SLACK).contains(&memory.allocated), "{memory:?}");
    assert!(memory.retained.unsigned_abs() < RUNTIME_SLACK, "{memory:?}");
    assert!((14 * MIB - 128 * KIB..=14 * MIB + RUNTIME_SLACK).contains(&memory.peak_live), "{memory:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_run_at_once_do_not_pay_for_each_other() {
    let meters: Vec<Meter> = (0..8).map(|_| Meter::new()).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for (index, meter) in meters.iter().enumerate() {
        let rounds = (index + 1) * 100;
        tasks.spawn(meter.spawned(async move {
            for _ in 0..rounds {
                let held = bytes(10_000);
                pause().await;
                drop(held);
            }
        }));
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for (index, meter) in meters.iter().enumerate() {
        let memory = meter.totals();
        assert_eq!(memory.allocated, (index as u64 + 1) * 100 * 10_240);
        assert_eq!((memory.retained, memory.peak_live), (0, 10_240));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_requests_only_the_large_one_is_large() {
    let (large, small) = (Meter::new(), Meter::new());
    let work = |count: usize| async move {
        let held = bytes(count);
        pause().await;
        drop(held);
    };
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(large.spawned(work(80 << 20)));
    tasks.spawn(small.spawned(work(1 << 20)));
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(large.totals().peak_live, 80 * MIB);
    assert_eq!(small.totals().peak_live, MIB);
}

#[test]
fn what_another_thread_frees_outside_any_scope_stays_on_the_bill() {
    let meter = Meter::new();
    let block = meter.around(|| bytes(100_000));
    std::thread::scope(|scope| {
        scope.spawn(move || drop(block));
    });
    let memory = meter.totals();
    assert_eq!((memory.freed, memory.retained), (0, 102_400));
}

#[test]
fn sizes_round_up_as_the_allocator_rounds_them() {
    let sizes =
        (1..20_000).chain((20_000..300_000).step_by(1_013)).chain([1 << 20, (1 << 20) + 1, (8 << 20) - 1]);
    for asked in sizes {
        let meter = Meter::new();
        meter.around(|| drop(bytes(asked)));
        assert_eq!(size_class(asked as u64), meter.totals().allocated, "{asked} bytes");
    }
}

#[test]
fn what_was_borrowed_is_noted_on_the_meter_of_whoever_runs() {
    let ((), memory) = figures(async {
        let mut first = headroom::Registered::here(1_000);
        pause().await;
        first.grow(500);
        drop(first);
        let _second = headroom::Registered::here(200);
        pause().await;
    });
    assert_eq!(memory.registered_peak, 1_500);
    // Nobody is measured here.
    drop(headroom::Registered::here(1));
}

#[test]
fn what_goes_into_a_store_stays_registered_until_the_work_is_over() {
    let meter = Meter::new();
    meter.around(|| {
        headroom::Registered::stored(1_000);
        drop(headroom::Registered::here(200));
        headroom::Registered::stored(50);
    });
    assert_eq!(meter.totals().registered_peak, 1_200);
    meter.around(|| drop(headroom::Registered::here(500)));
    assert_eq!(meter.totals().registered_peak, 1_550);
    // Nobody's work has no books.
    headroom::Registered::stored(1);
}

#[test]
fn work_that_outlives_its_request_is_counted_while_it_runs() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let meter = Meter::new();
        let (release, hold) = std::sync::mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let blocking = meter.around(|| headroom::spawn_blocking(move || hold.recv()));
        let (mut tasks, mut late) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
        tasks.spawn(meter.spawned(told));
        tasks.spawn(meter.spawned(std::future::ready(Ok(()))));
        let before = headroom::detached_work();
        while tasks.len() > 1 {
            drop(tasks.join_next().await);
        }
        assert_eq!(headroom::detached_work(), before, "while the request runs nothing is detached");
        assert_eq!((meter.end(), meter.end()), (2, 0), "the blocking work and the task that waits");
        late.spawn(meter.spawned(std::future::ready(())));
        let during = headroom::detached_work();
        assert_eq!((during.now - before.now, during.total - before.total), (3, 3));
        drop((release, tell));
        drop((blocking.await, tasks.join_next().await, late.join_next().await));
        let after = headroom::detached_work();
        assert_eq!((after.now, after.total - before.total), (before.now, 3));
    });
}

#[test]
fn what_others_read_is_the_works_while_it_keeps_it_and_its_end_is_nobodys() {
    let meter = Meter::new();
    let read = vec![7; 100_000];
    let kept = meter.around(|| meter.take_over(read));
    assert_eq!(kept.as_ref().len(), 100_000);
    let memory = meter.totals();
    assert_eq!((memory.allocated, memory.retained, memory.peak_live), (100_000, 100_000, 100_000));
    // It may also go where somebody else is billed, who frees and allocates around it.
    let other = Meter::new();
    other.around(|| {
        drop(bytes(1_000));
        drop(kept);
        drop(bytes(1_000));
    });
    let memory = meter.totals();
    assert_eq!((memory.freed, memory.retained, memory.peak_live), (100_000, 0, 100_000));
    let memory = other.totals();
    assert_eq!((memory.allocated, memory.freed), (2_048, 2_048));
}

#[test]
fn what_others_kept_for_the_work_is_freed_on_its_bill() {
    let meter = Meter::new();
    let kept = meter.around(|| bytes(100_000));
    meter.free(kept);
    let memory = meter.totals();
    assert_eq!((memory.allocated, memory.freed, memory.peak_live), (102_400, 102_400, 102_400));
    assert_eq!(memory.polls, 1, "no poll of the work");
}
