use crate::meter::Meter;
use tokio::task::JoinHandle;

/// Runs `work` on the runtime's blocking threads and bills it to the meter of the caller, if there is one. How many
/// run at once is bounded by the runtime's `max_blocking_threads`; the others wait.
///
/// The runtime's own cell for the task is allocated by the caller and freed by whoever finishes last, so a few hundred
/// bytes may count as retained. Must be called inside a tokio runtime.
#[expect(clippy::disallowed_methods, reason = "the one place that hands work to the blocking threads")]
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let meter = Meter::current().map(|meter| (meter.part(), meter));
    tokio::task::spawn_blocking(move || match meter {
        Some((_part, meter)) => meter.around(work),
        None => work(),
    })
}
