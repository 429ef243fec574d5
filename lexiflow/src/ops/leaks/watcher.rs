use crate::ops::Ops;
use crate::ops::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often within a window the requests in flight are counted: a single count would be chance.
const COUNTS: u32 = 10;

/// Takes a window at each interval until it is told to end, and writes the history down then.
pub async fn run(ops: Arc<Ops>, stop: CancellationToken) {
    let Some(interval) = ops.leaks.interval else { return };
    while let Some(in_flight) = wait(&ops, interval, &stop).await {
        // Somebody who takes a profile at this moment goes first; the next window is not far.
        let Ok(_alone) = ops.profiles.try_lock() else { continue };
        let (watching, now) = (Arc::clone(&ops), ops.parts.app.clock().now());
        let work = move || watching.leaks.take_window(watching.parts.app.headroom(), now, in_flight);
        match headroom::spawn_blocking(work).await {
            Ok(Err(Error::Unsuited)) => {
                tracing::warn!("the allocator takes no samples: the heap is not watched for leaks");
                return;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a window of the leak detector is left out"),
            Ok(Ok(())) => {}
            Err(_) => return,
        }
    }
    let ended = Arc::clone(&ops);
    // At the end of the process there may be nobody left to do it: then the last windows are not remembered.
    drop(headroom::spawn_blocking(move || ended.leaks.close()).await);
}

/// Waits for the interval; the mean of the requests in flight meanwhile, or `None` when it is time to end.
async fn wait(ops: &Ops, interval: Duration, stop: &CancellationToken) -> Option<u64> {
    let mut sum = 0;
    for _ in 0..COUNTS {
        stop.run_until_cancelled(tokio::time::sleep(interval / COUNTS)).await?;
        sum += ops.parts.app.headroom().ledger().len();
    }
    Some((sum as u64).div_ceil(u64::from(COUNTS)))
}
