//! The budget tree against a model of it, step by step: whatever is borrowed, grown, split, merged, given back, moved to
//! a share, waited for and given up, every pool counts exactly what is lent below it, and who waits is served in the end.

use headroom::{Lease, Pool, Refusal};
use proptest::prelude::*;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const POOLS: usize = 8;
const LONG: Duration = Duration::from_mins(10);

/// The root and two classes; below the left one two shares and two requests, below the right one a pool with a floor.
const ROOT: usize = 0;
const LEFT: usize = 1;
const RIGHT: usize = 2;
const ONE: usize = 3;
const TWO: usize = 4;
const FIRST: usize = 5;
const SECOND: usize = 6;
const LEAF: usize = 7;
const FLOOR: u64 = 100;

fn tree() -> [Pool; POOLS] {
    let root = Pool::root("root", 1000);
    let (left, right) = (root.child("left", 700), root.child("right", 600));
    let shares = [left.share("share".into(), 400), left.share("share".into(), 500)];
    let requests = [left.request("request".into()), left.request("request".into())];
    let leaf = right.child_with_floor("leaf", 350, FLOOR);
    let ([one, two], [first, second]) = (shares, requests);
    [root, left, right, one, two, first, second, leaf]
}

#[derive(Debug, Clone)]
enum Step {
    Lease(usize, u64),
    Grow(usize, u64),
    Shrink(usize, u64),
    Split(usize, u64),
    Merge(usize, usize),
    Drop(usize),
    SetLimit(usize, u64),
    Join(usize, usize),
    Wait(usize, u64),
    Look,
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![8 => 0u64..600, 1 => 0u64..1200, 1 => Just(u64::MAX)];
    let lessees = prop_oneof![Just(ROOT), Just(LEFT), Just(FIRST), Just(SECOND), Just(LEAF), Just(RIGHT)];
    prop_oneof![
        4 => (lessees.clone(), bytes.clone()).prop_map(|(pool, bytes)| Step::Lease(pool, bytes)),
        2 => (0usize..8, bytes.clone()).prop_map(|(lease, bytes)| Step::Grow(lease, bytes)),
        1 => (0usize..8, bytes.clone()).prop_map(|(lease, bytes)| Step::Shrink(lease, bytes)),
        1 => (0usize..8, bytes.clone()).prop_map(|(lease, bytes)| Step::Split(lease, bytes)),
        1 => (0usize..8, 0usize..8).prop_map(|(a, b)| Step::Merge(a, b)),
        3 => (0usize..8).prop_map(Step::Drop),
        1 => (0..POOLS, 0u64..1200).prop_map(|(pool, bytes)| Step::SetLimit(pool, bytes)),
        1 => (FIRST..=SECOND, ONE..=TWO).prop_map(|(request, share)| Step::Join(request, share)),
        3 => (lessees, bytes).prop_map(|(pool, bytes)| Step::Wait(pool, bytes)),
        2 => Just(Step::Look),
        1 => (0usize..8).prop_map(Step::Cancel),
    ]
}

#[derive(Default)]
struct Called(AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One that waits, and is polled only when it was called.
struct Waiter {
    pool: usize,
    called: Arc<Called>,
    future: Pin<Box<dyn Future<Output = Result<Lease, Refusal>>>>,
}

impl Waiter {
    fn on(pools: &[Pool; POOLS], pool: usize, bytes: u64) -> Self {
        let lessor = pools[pool].clone();
        let future = Box::pin(async move { lessor.lease(bytes, LONG).await });
        Self { pool, called: Arc::new(Called(AtomicBool::new(true))), future }
    }

    fn look(&mut self) -> Poll<Option<Lease>> {
        if !self.called.0.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.called));
        self.future.as_mut().poll(&mut Context::from_waker(&waker)).map(Result::ok)
    }
}

/// The model: the live leases, who waits, and which request has joined which share.
#[derive(Default)]
struct World {
    leases: Vec<(usize, Lease)>,
    waiters: Vec<Waiter>,
    joined: [Option<usize>; POOLS],
    /// Asked for once, a share stays the one to be joined.
    promised: [Option<usize>; POOLS],
}

impl World {
    fn slot(&self, wanted: usize) -> Option<usize> {
        (!self.leases.is_empty()).then(|| wanted % self.leases.len())
    }

    fn path(&self, pool: usize) -> Vec<usize> {
        let above = match pool {
            FIRST | SECOND => vec![LEFT, ROOT],
            LEFT | RIGHT => vec![ROOT],
            LEAF => vec![RIGHT, ROOT],
            _ => vec![],
        };
        [pool].into_iter().chain(self.joined[pool]).chain(above).collect()
    }

    /// What every pool must count: the sum of the leases on it and below it.
    fn expected(&self) -> [u64; POOLS] {
        let mut sums = [0; POOLS];
        for (pool, lease) in &self.leases {
            for above in self.path(*pool) {
                sums[above] += lease.bytes();
            }
        }
        sums
    }

    fn apply(&mut self, pools: &[Pool; POOLS], step: &Step) {
        match *step {
            Step::Lease(pool, bytes) => {
                self.leases.extend(pools[pool].try_lease(bytes).ok().map(|lease| (pool, lease)));
            }
            Step::SetLimit(pool, bytes) => pools[pool].set_limit(bytes),
            Step::Join(request, share) => {
                let share = *self.promised[request].get_or_insert(share);
                if pools[request].join(&pools[share]).is_ok() {
                    self.joined[request] = Some(share);
                }
            }
            Step::Wait(pool, bytes) => self.waiters.push(Waiter::on(pools, pool, bytes)),
            Step::Look => self.look(),
            Step::Cancel(at) if !self.waiters.is_empty() => {
                drop(self.waiters.remove(at % self.waiters.len()));
            }
            Step::Cancel(_) => {}
            _ => self.change_lease(step),
        }
    }

    fn change_lease(&mut self, step: &Step) {
        match *step {
            Step::Grow(at, bytes) => {
                if let Some(at) = self.slot(at) {
                    drop(self.leases[at].1.grow(bytes));
                }
            }
            Step::Shrink(at, bytes) => {
                if let Some(at) = self.slot(at) {
                    self.leases[at].1.shrink(bytes);
                }
            }
            Step::Split(at, bytes) => {
                if let Some(at) = self.slot(at) {
                    let pool = self.leases[at].0;
                    let part = self.leases[at].1.split(bytes);
                    self.leases.extend(part.map(|part| (pool, part)));
                }
            }
            Step::Merge(into, from) => {
                if let (Some(into), Some(from)) = (self.slot(into), self.slot(from))
                    && into != from
                {
                    let (pool, lease) = self.leases.remove(from);
                    let into = if from < into { into - 1 } else { into };
                    let refused = self.leases[into].1.merge(lease).err();
                    self.leases.extend(refused.map(|refused| (pool, refused)));
                }
            }
            Step::Drop(at) => {
                if let Some(at) = self.slot(at) {
                    drop(self.leases.swap_remove(at));
                }
            }
            _ => {}
        }
    }

    /// Polls whoever was called; the order is that of their coming.
    fn look(&mut self) {
        let leases = &mut self.leases;
        self.waiters.retain_mut(|waiter| match waiter.look() {
            Poll::Pending => true,
            Poll::Ready(outcome) => {
                leases.extend(outcome.map(|lease| (waiter.pool, lease)));
                false
            }
        });
    }

    /// Gives everything back as it comes, until nobody is called any more.
    fn finish(&mut self, pools: &[Pool; POOLS]) {
        for pool in pools {
            pool.set_limit(2000);
        }
        self.leases.clear();
        for _ in 0..self.waiters.len() * 4 + 4 {
            self.look();
            self.leases.clear();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_pool_counts_exactly_what_is_lent_below_it(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let pools = tree();
        let mut world = World::default();
        for step in &steps {
            let before: Vec<u64> = pools.iter().map(Pool::used).collect();
            world.apply(&pools, step);
            let used: Vec<u64> = pools.iter().map(Pool::used).collect();
            prop_assert_eq!(&used[..], &world.expected()[..], "after {:?}", step);
            for (index, pool) in pools.iter().enumerate() {
                // A limit may be lowered under what is lent, but nothing may be lent above it.
                prop_assert!(used[index] <= before[index] || used[index] <= pool.limit(), "{step:?}: {pool:?}");
                prop_assert!(pool.stats().peak >= used[index]);
            }
            prop_assert!(pools[LEAF].limit() >= FLOOR, "a floor holds");
        }
        world.finish(&pools);
        prop_assert_eq!(world.waiters.len(), 0, "somebody sleeps beside free memory");
        prop_assert!(pools.iter().all(|pool| pool.used() == 0), "something was left over");
    }
}

/// A future may be dropped at any await: after each number of polls it has charged nothing and left every queue.
#[test]
fn whatever_waits_may_be_given_up_after_any_number_of_polls() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    // Between two polls the obstacle moves: first the share is full, then the class, then the root.
    let obstacles = [ONE, LEFT, ROOT, ONE, ROOT, LEFT];
    let scene = |polls: usize| {
        let pools = tree();
        pools[FIRST].join(&pools[ONE]).unwrap();
        let mut waiter = Waiter::on(&pools, FIRST, 300);
        let mut blocking = None;
        for at in obstacles.iter().cycle().take(polls) {
            // What comes back calls the waiter, but before it looks, the room is gone elsewhere.
            drop(blocking.take());
            blocking = pools[*at].try_lease(pools[*at].limit() - 200).ok();
            waiter.called.0.store(true, Ordering::SeqCst);
            assert!(waiter.look().is_pending(), "{polls} polls");
        }
        (pools, waiter, blocking)
    };
    for polls in 0..=obstacles.len() * 2 {
        let (pools, waiter, blocking) = scene(polls);
        drop(waiter);
        assert_eq!(pools[FIRST].used(), 0, "{polls} polls");
        drop(blocking);
        assert!(pools.iter().all(|pool| pool.used() == 0), "{polls} polls");
        let whole = pools[FIRST].try_lease(400).unwrap();
        assert_eq!(whole.bytes(), pools[ROOT].used(), "no queue is left behind: {polls} polls");
    }
    let (pools, mut waiter, blocking) = scene(3);
    drop(blocking);
    let Poll::Ready(Some(lease)) = waiter.look() else { panic!("it was not called") };
    assert_eq!((lease.bytes(), pools[ROOT].used()), (300, 300));
}
