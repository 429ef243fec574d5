//! The budget's arithmetic: nothing above a limit, nothing lost, nothing left over.

use headroom::{Lease, Pool, RefusalKind};
use proptest::prelude::*;

const POOLS: usize = 5;

/// root 1000 ← left 700, right 600; left ← leaf 400; leaf ← twig 350 with a floor of 100.
fn tree() -> [Pool; POOLS] {
    let root = Pool::root("root", 1000);
    let left = root.child("left", 700);
    let right = root.child("right", 600);
    let leaf = left.child("leaf", 400);
    let twig = leaf.child_with_floor("twig", 350, 100);
    [root, left, right, leaf, twig]
}

/// The pools above each pool, itself included.
const PATHS: [&[usize]; POOLS] = [&[0], &[1, 0], &[2, 0], &[3, 1, 0], &[4, 3, 1, 0]];

#[derive(Debug, Clone)]
enum Step {
    Lease(usize, u64),
    Grow(usize, u64),
    Shrink(usize, u64),
    Split(usize, u64),
    Merge(usize, usize),
    Drop(usize),
    SetLimit(usize, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![0u64..1200, Just(u64::MAX)];
    prop_oneof![
        4 => (0..POOLS, bytes.clone()).prop_map(|(pool, bytes)| Step::Lease(pool, bytes)),
        2 => (0usize..8, bytes.clone()).prop_map(|(lease, bytes)| Step::Grow(lease, bytes)),
        1 => (0usize..8, bytes.clone()).prop_map(|(lease, bytes)| Step::Shrink(lease, bytes)),
        1 => (0usize..8, bytes).prop_map(|(lease, bytes)| Step::Split(lease, bytes)),
        1 => (0usize..8, 0usize..8).prop_map(|(a, b)| Step::Merge(a, b)),
        2 => (0usize..8).prop_map(Step::Drop),
        1 => (0..POOLS, 0u64..1200).prop_map(|(pool, bytes)| Step::SetLimit(pool, bytes)),
    ]
}

/// The live leases, each with the index of its pool.
#[derive(Default)]
struct Held {
    leases: Vec<(usize, Lease)>,
}

impl Held {
    fn slot(&self, wanted: usize) -> Option<usize> {
        (!self.leases.is_empty()).then(|| wanted % self.leases.len())
    }

    /// What every pool must count: the sum of the leases on it and below it.
    fn expected(&self) -> [u64; POOLS] {
        let mut sums = [0; POOLS];
        for (pool, lease) in &self.leases {
            for above in PATHS[*pool] {
                sums[*above] += lease.bytes();
            }
        }
        sums
    }

    /// Applies a step; whether it was one that may raise a pool's use.
    fn apply(&mut self, pools: &[Pool; POOLS], step: &Step) -> bool {
        match *step {
            Step::Lease(pool, bytes) => {
                if let Ok(lease) = pools[pool].try_lease(bytes) {
                    self.leases.push((pool, lease));
                }
                return true;
            }
            Step::Grow(at, bytes) => {
                if let Some(at) = self.slot(at) {
                    drop(self.leases[at].1.grow(bytes));
                }
                return true;
            }
            Step::Shrink(at, bytes) => {
                if let Some(at) = self.slot(at) {
                    self.leases[at].1.shrink(bytes);
                }
            }
            Step::Split(at, bytes) => {
                if let Some(at) = self.slot(at) {
                    let pool = self.leases[at].0;
                    if let Some(part) = self.leases[at].1.split(bytes) {
                        self.leases.push((pool, part));
                    }
                }
            }
            Step::Merge(into, from) => {
                if let (Some(into), Some(from)) = (self.slot(into), self.slot(from))
                    && into != from
                {
                    let (pool, lease) = self.leases.remove(from);
                    let into = if from < into { into - 1 } else { into };
                    if let Err(refused) = self.leases[into].1.merge(lease) {
                        self.leases.push((pool, refused));
                    }
                }
            }
            Step::Drop(at) => {
                if let Some(at) = self.slot(at) {
                    drop(self.leases.swap_remove(at));
                }
            }
            Step::SetLimit(pool, bytes) => pools[pool].set_limit(bytes),
        }
        false
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_pool_counts_exactly_what_is_lent_below_it(steps in prop::collection::vec(step(), 1..60)) {
        let pools = tree();
        let mut held = Held::default();
        for step in &steps {
            let before: Vec<u64> = pools.iter().map(Pool::used).collect();
            let may_rise = held.apply(&pools, step);
            let used: Vec<u64> = pools.iter().map(Pool::used).collect();
            prop_assert_eq!(&used[..], &held.expected()[..], "after {:?}", step);
            for (index, pool) in pools.iter().enumerate() {
                prop_assert!(used[index] <= before[index] || may_rise, "{:?} raised {}", step, pool.name());
                // A limit may be lowered under what is lent, but nothing may be lent above it.
                prop_assert!(used[index] <= before[index] || used[index] <= pool.limit());
                prop_assert!(pool.stats().peak >= used[index]);
            }
            prop_assert!(pools[4].limit() >= 100, "a floor holds");
        }
        drop(held);
        prop_assert!(pools.iter().all(|pool| pool.used() == 0), "something was left over");
    }
}

#[test]
fn a_refusal_says_who_and_why() {
    let [_root, left, _right, leaf, _twig] = tree();
    let too_large = leaf.try_lease(500).unwrap_err();
    assert_eq!((&*too_large.scope, too_large.kind, too_large.limit), ("leaf", RefusalKind::TooLarge, 400));
    assert_eq!(too_large.retry_after, None);

    let _held = left.try_lease(600).unwrap();
    let full = leaf.try_lease(200).unwrap_err();
    assert_eq!((&*full.scope, full.kind, full.available), ("left", RefusalKind::Exhausted, 100));
    assert!(full.is_retryable() && full.retry_after.is_some());
    assert!(full.to_string().contains("left") && full.to_string().contains("200 bytes"));
    assert_eq!(leaf.used(), 0, "what the leaf had charged was taken back");
    assert_eq!((left.stats().refused, leaf.stats().refused), (1, 1));
}

#[test]
fn growing_past_the_whole_pool_is_too_large_even_when_each_part_would_fit() {
    let pool = Pool::root("small", 100);
    let mut lease = pool.try_lease(60).unwrap();
    assert_eq!(lease.grow(50).unwrap_err().kind, RefusalKind::TooLarge);
    assert_eq!((lease.bytes(), pool.used()), (60, 60));
    lease.grow(40).unwrap();
    assert_eq!(pool.available(), 0);
}

#[test]
fn a_draining_root_refuses_below_it_but_takes_everything_back() {
    let [root, _left, right, leaf, _twig] = tree();
    let lease = leaf.try_lease(10).unwrap();
    root.drain();
    assert_eq!(right.try_lease(1).unwrap_err().kind, RefusalKind::Draining);
    drop(lease);
    assert_eq!(root.used(), 0);
}

#[test]
fn a_lowered_limit_lends_nothing_until_enough_came_back() {
    let pool = Pool::root("pool", 100);
    let mut lease = pool.try_lease(80).unwrap();
    pool.set_limit(50);
    assert_eq!(pool.try_lease(1).unwrap_err().kind, RefusalKind::Exhausted);
    lease.shrink(40);
    assert!(pool.try_lease(10).is_ok());
    assert!(pool.try_lease(11).is_err());
}

#[test]
fn many_threads_never_see_a_pool_above_its_limit() {
    let root = Pool::root("root", 1000);
    let children: Vec<Pool> = (0..4).map(|index| root.child(&format!("child {index}"), 400)).collect();
    std::thread::scope(|scope| {
        for worker in 0..4u64 {
            let (root, children) = (&root, &children);
            scope.spawn(move || {
                let mut seed = worker + 1;
                for _ in 0..20_000 {
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let child = &children[usize::try_from(seed >> 62).unwrap()];
                    let lease = child.try_lease((seed >> 40) % 350);
                    assert!(root.used() <= 1000 && child.used() <= 400);
                    if let Ok(mut lease) = lease {
                        drop(lease.grow(seed >> 50 & 63));
                        assert!(root.used() <= 1000);
                    }
                }
            });
        }
    });
    assert_eq!(root.used(), 0);
    assert!(children.iter().all(|child| child.used() == 0));
    assert!(root.stats().peak <= 1000);
}
