use crate::node::Role;
use crate::pool::{Blocked, Pool};
use crate::queue::{Asker, Full, Waiter};
use crate::refusal::{Refusal, RefusalKind};
use crate::sync::Ordering;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

/// Charges with patience; see [`Pool::lease`].
pub(crate) async fn patiently(pool: &Pool, held: u64, bytes: u64, wait: Duration) -> Result<(), Refusal> {
    let outcome = match tokio::time::timeout(wait, in_turn(pool, held, bytes)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(Blocked { at: pool.tightest(bytes), kind: RefusalKind::Exhausted }),
    };
    outcome.map_err(|blocked| blocked.refuse(bytes))
}

/// Asks, takes a place where it is refused, and asks again whenever it is called. Dropped at any await, it leaves every
/// queue and has charged nothing: nothing is awaited between the charge and the return.
pub(crate) async fn in_turn(pool: &Pool, held: u64, bytes: u64) -> Result<(), Blocked> {
    if bytes > 0 && pool.tree().strikes() {
        return Err(Blocked { at: pool.tightest(bytes), kind: RefusalKind::Exhausted });
    }
    let ticket = pool.tree().ticket();
    let ask = || match pool.charge(held, bytes, Asker::Patient(ticket)) {
        Err(blocked) if blocked.kind == RefusalKind::Exhausted => Ok(Some(blocked)),
        Err(blocked) => Err(blocked),
        Ok(()) => Ok(None),
    };
    let Some(mut blocked) = ask()? else { return Ok(()) };
    if !may_wait(pool, held, bytes) {
        return Err(blocked);
    }
    let mut turn = Turn { waiter: Arc::new(Waiter::new(ticket, bytes)), places: Vec::new() };
    loop {
        if turn.stand_at(&blocked.at).is_err() {
            return Err(blocked);
        }
        // What came back between the refusal and the place in the queue called nobody: ask once more.
        match ask()? {
            None => return Ok(()),
            Some(again) if again.at.is_same(&blocked.at) => {}
            Some(elsewhere) => {
                blocked = elsewhere;
                continue;
            }
        }
        poll_fn(|context| turn.waiter.poll_called(context.waker())).await;
        match ask()? {
            None => return Ok(()),
            Some(again) => blocked = again,
        }
    }
}

/// Whether the borrower may wait with what it holds. Without a declaration, it needs what it has and what it asks for.
fn may_wait(pool: &Pool, held: u64, bytes: u64) -> bool {
    let node = &*pool.node;
    let held = if node.role == Role::Request { node.used().max(held) } else { held };
    let needed = node.declared.load(Ordering::Relaxed).max(held.saturating_add(bytes));
    held <= needed / 2
}

/// The places of one that waits, given up when it is dropped.
struct Turn {
    waiter: Arc<Waiter>,
    /// Where it stands: where it waits, and where it waited before.
    places: Vec<Pool>,
}

impl Turn {
    /// Waits at `at` from now on. Whom it was called before elsewhere may go instead.
    fn stand_at(&mut self, at: &Pool) -> Result<(), Full> {
        at.node.stand(&self.waiter)?;
        if !self.places.iter().any(|place| place.is_same(at)) {
            self.places.push(at.clone());
        }
        for place in self.places.iter().filter(|place| !place.is_same(at)) {
            place.node.step_aside(&self.waiter);
        }
        // It was called because something came back: what is too little for it may be enough for the next.
        at.node.call_next();
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        for place in &self.places {
            place.node.leave(&self.waiter);
        }
    }
}
