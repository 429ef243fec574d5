//! Small loops to count instructions with: what one more measured poll, and one more lease, costs; and a leak as a library
//! in C would have it, for the score of the leak verdict.

use crate::measured::measure;
use crate::meter::{Meter, RequestMemory};
use crate::pool::Pool;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Pending until it has been polled `left` times, allocating nothing.
struct Steps {
    left: u64,
}

impl Future for Steps {
    type Output = ();

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        self.left = black_box(self.left.saturating_sub(1));
        if self.left == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Polls a future `polls` times.
#[inline(never)]
pub fn plain_polls(polls: u64) {
    drive(Steps { left: polls });
}

/// Polls the same future `polls` times, measured.
#[inline(never)]
pub fn measured_polls(polls: u64) -> RequestMemory {
    let meter = Meter::new();
    drive(measure(meter.clone(), Steps { left: polls }));
    meter.totals()
}

/// The same, with one small allocation kept over each poll, so that every poll has something to bill.
#[inline(never)]
pub fn measured_allocating_polls(polls: u64) -> RequestMemory {
    let meter = Meter::new();
    drive(measure(meter.clone(), Allocating { steps: Steps { left: polls }, held: Vec::new() }));
    meter.totals()
}

/// What [`measured_allocating_polls`] does, without the meter.
#[inline(never)]
pub fn plain_allocating_polls(polls: u64) {
    drive(Allocating { steps: Steps { left: polls }, held: Vec::new() });
}

/// What [`leases`] does, without the lease.
#[inline(never)]
pub fn no_leases(times: u64) -> u64 {
    (0..times).fold(0, |granted, _| granted + *black_box(&black_box(4096)))
}

/// Borrows and gives back `times` times through the four levels of a request whose firm is known.
#[inline(never)]
pub fn leases(times: u64) -> u64 {
    let class = Pool::root("root", 1 << 30).child("class", 1 << 30);
    let firm = class.share(Arc::from("firm"), 1 << 30);
    let request = class.request(Arc::from("request"));
    let mut granted = u64::from(request.join(&firm).is_ok());
    for _ in 0..times {
        // As callers ask, who leave with a refusal.
        let Ok(lease) = request.try_lease(black_box(4096)) else { return granted };
        granted += black_box(&lease).bytes();
    }
    granted
}

/// The same, with a new request each time that joins its firm.
#[inline(never)]
pub fn requests(times: u64) -> u64 {
    let class = Pool::root("root", 1 << 30).child("class", 1 << 30);
    let firm = class.share(Arc::from("firm"), 1 << 30);
    let name: Arc<str> = Arc::from("request");
    let mut granted = 0;
    for _ in 0..times {
        let request = class.request(Arc::clone(&name));
        granted += u64::from(black_box(request.join(&firm)).is_ok());
        if let Ok(lease) = request.try_lease(black_box(4096)) {
            granted += black_box(&lease).bytes();
        }
    }
    granted
}

struct Allocating {
    steps: Steps,
    held: Vec<u8>,
}

impl Future for Allocating {
    type Output = ();

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.held = black_box(Vec::with_capacity(100));
        Pin::new(&mut self.steps).poll(cx)
    }
}

fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// Asks C's `malloc` for memory and forgets it. Inlined, so that the caller's line is the one that leaks.
#[inline(always)]
#[expect(unsafe_code, reason = "there is no safe way to call malloc")]
#[expect(clippy::inline_always, reason = "the line that is to be named is the caller's")]
pub fn leak_in_c(bytes: usize) {
    // SAFETY: any size may be asked for; what comes back, perhaps null, is never looked at.
    black_box(unsafe { libc::malloc(black_box(bytes)) });
}
