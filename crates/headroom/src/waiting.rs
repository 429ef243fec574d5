use crate::lease::Lease;
use crate::pool::{Blocked, Node, Pool};
use crate::refusal::{Refusal, RefusalKind};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Borrows with patience; see [`Pool::lease`].
pub(crate) async fn lease(pool: &Pool, bytes: u64, wait: Duration) -> Result<Lease, Refusal> {
    let outcome = match tokio::time::timeout(wait, in_turn(pool, bytes)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(Blocked { at: pool.tightest(bytes), kind: RefusalKind::Exhausted }),
    };
    outcome.map_err(|blocked| blocked.refuse(bytes))
}

/// Takes a place in the pool's queue and, at its head, asks again whenever the pool that refused gets something back.
/// Dropped at any await, it leaves the queue and has charged nothing: the lease exists from the charge on.
async fn in_turn(pool: &Pool, bytes: u64) -> Result<Lease, Blocked> {
    let _turn = pool.node.turnstile.lock().await;
    loop {
        let blocked = match attempt(pool, bytes) {
            Err(blocked) if blocked.kind == RefusalKind::Exhausted => blocked,
            settled => return settled,
        };
        let sleeper = Sleeper::on(&blocked.at.node);
        let mut freed = pin!(blocked.at.node.freed.notified());
        freed.as_mut().enable();
        // Bytes given back between the refusal above and this line rang for nobody: ask once more.
        match attempt(pool, bytes) {
            Err(again) if again.kind == RefusalKind::Exhausted && again.at.is_same(&blocked.at) => {
                freed.await;
            }
            Err(again) if again.kind == RefusalKind::Exhausted => {}
            settled => return settled,
        }
        drop(sleeper);
    }
}

fn attempt(pool: &Pool, bytes: u64) -> Result<Lease, Blocked> {
    pool.charge(0, bytes).map(|()| Lease::of(pool.clone(), bytes))
}

/// Counts itself among those who wait, for as long as it lives.
struct Sleeper<'a>(&'a Node);

impl<'a> Sleeper<'a> {
    fn on(node: &'a Node) -> Self {
        node.sleepers.fetch_add(1, Ordering::SeqCst);
        Self(node)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}
