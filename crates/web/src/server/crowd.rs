use super::idle::Activity;
use super::streams::{Share, Streams};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// Connections that had work within this time let as much pass, so that those without work go first.
const IDLE_FIRST: Duration = Duration::from_millis(100);

/// How many connections there may be, beside the reserved ones, how many requests at once on those of HTTP/2, and for how long
/// a connection may do nothing. All may change while the server runs, as the memory limit and the pressure do. Cloning gives
/// another handle.
#[derive(Debug, Clone)]
pub struct Crowd(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: Arc<Semaphore>,
    counts: Mutex<Counts>,
    streams: Streams,
    changed: Notify,
}

#[derive(Debug)]
struct Counts {
    most: usize,
    /// Connections beyond those.
    surplus: usize,
    /// How many are about to go.
    leaving: usize,
    /// For how long one may be without a request, where that is less than the settings say.
    idle: Option<Duration>,
}

impl Crowd {
    /// So many connections and, beside one on each, so many streams on all of them together.
    pub fn of(connections: usize, streams: u64) -> Self {
        let connections = connections.min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared {
            places: Arc::new(Semaphore::new(connections)),
            counts: Mutex::new(Counts { most: connections, surplus: 0, leaving: 0, idle: None }),
            streams: Streams::of(streams),
            changed: Notify::new(),
        }))
    }

    /// Another number of each. Where there are more than that, connections go: those first that have no work, the others once
    /// their requests are answered.
    pub fn set(&self, connections: usize, streams: u64) {
        let connections = connections.min(Semaphore::MAX_PERMITS);
        self.with(|counts| {
            let more = connections.saturating_sub(counts.most);
            let kept = more.min(counts.surplus);
            counts.surplus -= kept;
            self.0.places.add_permits(more - kept);
            let fewer = counts.most.saturating_sub(connections);
            counts.surplus += fewer - self.0.places.forget_permits(fewer);
            counts.most = connections;
        });
        self.0.streams.set(streams);
        self.0.changed.notify_waiters();
    }

    /// Lets connections go that are without a request for so long; `None` for as long as the settings let them. How long it
    /// was before.
    pub fn keep_idle_for(&self, most: Option<Duration>) -> Option<Duration> {
        let before = self.with(|counts| std::mem::replace(&mut counts.idle, most));
        self.0.changed.notify_waiters();
        before
    }

    /// The most connections at present.
    pub fn connections(&self) -> usize {
        self.with(|counts| counts.most)
    }

    /// The most streams at present, beside one on each connection.
    pub fn streams(&self) -> u64 {
        self.0.streams.all()
    }

    /// A place if there is one.
    pub(super) fn try_enter(&self) -> Option<Place> {
        let held = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        Some(self.place(held))
    }

    /// The next place that becomes free.
    pub(super) async fn enter(&self) -> Result<Place, AcquireError> {
        let held = Arc::clone(&self.0.places).acquire_owned().await?;
        Ok(self.place(held))
    }

    /// What a connection of HTTP/2 may have of the streams, of which it has at most `most`.
    pub(super) fn share(&self, most: u32) -> Share {
        self.0.streams.take(most)
    }

    /// Returns when a connection has to go: there are more than there may be, it has more streams than are left for it, or it did
    /// nothing for too long.
    pub(super) async fn leave(&self, activity: Option<&Activity>, share: Option<&Share>) {
        loop {
            let changed = self.0.changed.notified();
            let is_over = self.with(|counts| counts.surplus > counts.leaving);
            if is_over && activity.is_some_and(|activity| activity.was_at_work_within(IDLE_FIRST)) {
                tokio::time::sleep(IDLE_FIRST).await;
            }
            if share.is_some_and(Share::yields) || self.claim() {
                return;
            }
            let most = self.with(|counts| counts.idle);
            let Some((activity, most)) = activity.zip(most) else {
                changed.await;
                continue;
            };
            let due = activity.idle_at(most, most);
            if due <= Instant::now() {
                return;
            }
            tokio::select! { () = changed => {}, () = sleep_until(due) => {} }
        }
    }

    /// Whether one more has to go: the caller will.
    fn claim(&self) -> bool {
        self.with(|counts| {
            let goes = counts.surplus > counts.leaving;
            counts.leaving += usize::from(goes);
            goes
        })
    }

    /// One that was to go has work for longer: another one has to go in its stead.
    pub(super) fn linger(&self) {
        self.with(|counts| counts.leaving = counts.leaving.saturating_sub(1));
        self.0.changed.notify_waiters();
    }

    fn place(&self, held: OwnedSemaphorePermit) -> Place {
        Place { crowd: self.clone(), held: Some(held) }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.0.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The right to one connection.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    held: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let held = self.held.take();
        self.crowd.with(|counts| {
            counts.leaving = counts.leaving.saturating_sub(1);
            if counts.surplus > 0 {
                counts.surplus -= 1;
                held.into_iter().for_each(OwnedSemaphorePermit::forget);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Crowd;
    use proptest::prelude::*;

    #[test]
    fn who_is_one_too_many_goes_and_nobody_else() {
        let crowd = Crowd::of(3, 0);
        let mut places: Vec<_> = (0..3).map(|_| crowd.try_enter().unwrap()).collect();
        assert!(crowd.try_enter().is_none() && !crowd.claim());
        crowd.set(1, 0);
        assert!(crowd.claim() && crowd.claim(), "two are too many");
        assert!(!crowd.claim());
        drop((places.pop(), places.pop()));
        assert!(crowd.try_enter().is_none(), "the places are gone with them");
        crowd.set(2, 0);
        let _second = crowd.try_enter().unwrap();
        assert!(crowd.try_enter().is_none() && !crowd.claim());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Enter,
        Go(usize),
        Claim,
        Set(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Enter),
            (0_usize..40).prop_map(Step::Go),
            Just(Step::Claim),
            (0_usize..20).prop_map(Step::Set),
        ]
    }

    proptest! {
        /// However the number changes: nobody comes in when it is reached, and all of it is there again when all have gone.
        #[test]
        fn no_place_is_lost_and_none_is_made(steps in proptest::collection::vec(step(), 0..200)) {
            let (crowd, mut most, mut held) = (Crowd::of(8, 0), 8, Vec::new());
            for step in steps {
                match step {
                    Step::Enter => {
                        let place = crowd.try_enter();
                        prop_assert_eq!(place.is_some(), held.len() < most);
                        held.extend(place);
                    }
                    Step::Go(at) if at < held.len() => drop(held.swap_remove(at)),
                    Step::Go(_) => {}
                    Step::Claim => prop_assert!(!crowd.claim() || held.len() > most),
                    Step::Set(number) => {
                        crowd.set(number, 0);
                        most = number;
                    }
                }
            }
            held.clear();
            let again: Vec<_> = std::iter::from_fn(|| crowd.try_enter()).collect();
            prop_assert_eq!(again.len(), most);
        }
    }
}
