//! Stores give back together what is asked of them, and what is cheapest to get again goes first.

use headroom::{BoundedStore, StoreRegistry};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A store that gives back exactly what is asked.
struct Exact {
    name: String,
    bytes: AtomicU64,
    cap: u64,
    floor: u64,
    cost: u64,
}

impl BoundedStore for Exact {
    fn name(&self) -> &str {
        &self.name
    }

    fn entries(&self) -> u64 {
        self.bytes()
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn cap_bytes(&self) -> u64 {
        self.cap
    }

    fn hits(&self) -> u64 {
        0
    }

    fn misses(&self) -> u64 {
        0
    }

    fn evictions(&self) -> u64 {
        0
    }

    fn shrink_to(&self, bytes: u64) -> u64 {
        let before = self.bytes.fetch_min(bytes, Ordering::Relaxed);
        before.saturating_sub(bytes)
    }

    fn cost_micros_per_kib(&self) -> u64 {
        self.cost
    }

    fn floor_bytes(&self) -> u64 {
        self.floor
    }
}

fn store() -> impl Strategy<Value = (u64, u64, u64, u64)> {
    (0u64..5, 100u64..10_000).prop_flat_map(|(cost, cap)| (Just(cost), Just(cap), 0..=cap, 0..=cap))
}

proptest! {
    #[test]
    fn what_is_above_the_mark_is_freed_from_the_cheapest(
        all in prop::collection::vec(store(), 1..8), percent in 0u64..=100
    ) {
        let registry = StoreRegistry::default();
        let stores: Vec<Arc<Exact>> = all.iter().enumerate().map(|(index, &(cost, cap, bytes, floor))| {
            let store = Exact { name: index.to_string(), bytes: AtomicU64::new(bytes), cap, floor, cost };
            Arc::new(store)
        }).collect();
        for store in &stores {
            registry.register(Arc::clone(store) as _).unwrap();
        }
        let marked: u64 = stores.iter()
            .map(|store| store.bytes().saturating_sub((store.cap / 100 * percent).max(store.floor)))
            .sum();
        let before = registry.bytes();
        let freed = registry.shrink_all(percent);
        prop_assert_eq!(freed, before - registry.bytes());
        prop_assert_eq!(freed, marked, "neither less nor more than each above its own mark");
        prop_assert_eq!(registry.shrink_all(percent), 0, "what a cheap store gave for a dear one is not asked for again");
        for (store, &(_, _, held, floor)) in stores.iter().zip(&all) {
            prop_assert!(store.bytes() >= held.min(floor), "nothing goes below its floor");
            if store.bytes() < held {
                let cheaper = stores.iter().filter(|other| other.cost < store.cost);
                for other in cheaper {
                    prop_assert!(other.bytes() <= other.floor, "a dearer store gave while a cheaper one had more");
                }
            }
        }
    }
}

#[test]
fn a_store_that_has_filled_again_and_one_after_the_pressure_count_for_themselves() {
    let registry = StoreRegistry::default();
    let store = |name: &str, cost| {
        let store = Exact { name: name.to_owned(), bytes: AtomicU64::new(100), cap: 100, floor: 0, cost };
        let store = Arc::new(store);
        registry.register(Arc::clone(&store) as _).unwrap();
        store
    };
    let (cheap, dear) = (store("cheap", 1), store("dear", 9));
    assert_eq!((registry.shrink_all(75), cheap.bytes(), dear.bytes()), (50, 50, 100));
    assert_eq!(registry.shrink_all(75), 0);
    cheap.bytes.store(90, Ordering::Relaxed);
    assert_eq!((registry.shrink_all(75), cheap.bytes()), (40, 50), "what came since goes");
    assert_eq!((registry.shrink_all(50), cheap.bytes(), dear.bytes()), (50, 0, 100));
    registry.forget_sheds();
    assert_eq!((registry.shrink_all(50), dear.bytes()), (50, 50));
}
