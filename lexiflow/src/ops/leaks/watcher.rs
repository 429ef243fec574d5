use super::Watch;
use crate::ops::Ops;
use crate::ops::error::Error;
use std::sync::Arc;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often within a window the requests in flight are counted: a single count would be chance.
const COUNTS: u32 = 10;

/// Takes a window at each interval until it is told to end, and writes the history down then.
pub async fn run(ops: Arc<Ops>, stop: CancellationToken) {
    let mut watch = ops.leaks.watch.subscribe();
    let running = || ops.parts.app.headroom().ledger().len() as u64;
    while let Some(Some(in_flight)) = stop.run_until_cancelled(due(&mut watch, running)).await {
        // Somebody who takes a profile at this moment goes first; the next window is not far.
        let Ok(_alone) = ops.profiles.try_lock() else { continue };
        let (watching, now) = (Arc::clone(&ops), ops.parts.app.clock().now());
        let work = move || watching.take_leak_window(now, in_flight);
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

/// Waits until a window is due, and gives the mean of the requests in flight meanwhile. New settings count from the
/// moment they are given. `None` when nobody can change them any more.
async fn due(watch: &mut Receiver<Watch>, running: impl Fn() -> u64) -> Option<u64> {
    loop {
        let Watch { is_on, interval } = *watch.borrow_and_update();
        let mean = async {
            let mut sum = 0;
            for _ in 0..COUNTS {
                sleep(interval / COUNTS).await;
                sum += running();
            }
            sum.div_ceil(u64::from(COUNTS))
        };
        tokio::select! {
            mean = mean, if is_on => return Some(mean),
            changed = watch.changed() => changed.ok()?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::watch::channel;
    use tokio::time::timeout;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_hours(1);
    const PATIENCE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn new_settings_count_from_the_moment_they_are_given() {
        let (settings, mut watch) = channel(Watch { is_on: false, interval: SHORT });
        let off = timeout(SHORT * 3, due(&mut watch, || 3)).await;
        assert!(off.is_err(), "what is off takes no windows");
        settings.send_replace(Watch { is_on: true, interval: SHORT });
        assert_eq!(timeout(PATIENCE, due(&mut watch, || 3)).await, Ok(Some(3)));

        settings.send_replace(Watch { is_on: true, interval: LONG });
        let change = async {
            tokio::task::yield_now().await;
            settings.send_replace(Watch { is_on: true, interval: SHORT });
        };
        let waited = timeout(PATIENCE, due(&mut watch, || 3));
        assert_eq!(tokio::join!(waited, change).0, Ok(Some(3)), "an hour was waited for all the same");
        drop(settings);
        assert_eq!(timeout(PATIENCE, due(&mut watch, || 3)).await, Ok(None));
    }
}
