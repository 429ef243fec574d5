//! The budget's arithmetic: nothing above a limit, nothing lost, nothing left over.

use headroom::{Pool, RefusalKind};

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
