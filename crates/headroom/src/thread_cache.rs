use crate::mallctl;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// A thread that has work all the time gives back no more often than this: what it gives it has to fetch again.
const AT_MOST_EVERY: Duration = Duration::from_millis(100);

thread_local! {
    static GAVE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Gives what the allocator keeps for the calling thread back to all threads, unless that was done just now. For a thread that is
/// about to wait: the allocator looks after a thread's cache when the thread allocates, so that one which waits keeps hundreds of
/// kilobytes of freed memory for as long as it does. Whether something was given back.
pub fn give_back_thread_cache() -> bool {
    let now = Instant::now();
    // Not there while the thread ends: its cache ends with it.
    let is_due = GAVE.try_with(|gave| {
        let is_due = gave.get().is_none_or(|gave| now.duration_since(gave) >= AT_MOST_EVERY);
        if is_due {
            gave.set(Some(now));
        }
        is_due
    });
    is_due == Ok(true) && mallctl::act(c"thread.tcache.flush")
}
