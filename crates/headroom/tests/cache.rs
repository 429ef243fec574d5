//! The cache keeps within its bytes, whatever is put in.

use headroom::{BoundedStore, Cache, CacheConfig, StoreRegistry};
use proptest::prelude::*;
use std::sync::Arc;

fn cache(cap_bytes: u64, ttl_micros: Option<i64>) -> Cache<u32, Arc<[u8]>> {
    Cache::new(CacheConfig {
        name: String::from("test.bytes"),
        cap_bytes,
        ttl_micros,
        usual_entry_bytes: 1000,
        weigh: |_, value| value.len() as u64 + 16,
    })
}

fn value(bytes: usize) -> Arc<[u8]> {
    Arc::from(vec![7; bytes])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_weight_is_bounded_and_exact(
        cap in 2_000u64..100_000, puts in prop::collection::vec((0u32..50, 0usize..20_000), 1..200)
    ) {
        let cache = cache(cap, None);
        for (key, bytes) in puts {
            let kept = cache.insert(key, value(bytes), 0);
            prop_assert!(cache.bytes() <= cap);
            let present: u64 = (0..50)
                .filter_map(|key| cache.get(&key, 0).map(|value| cache.weight_of(&key, &value)))
                .sum();
            prop_assert_eq!(cache.bytes(), present);
            prop_assert!(kept || cache.get(&key, 0).is_none(), "a refused value must not leave an older one");
        }
        cache.shrink_to(0);
        prop_assert_eq!((cache.entries(), cache.bytes()), (0, 0));
    }
}

#[test]
fn an_oversize_value_is_refused_and_counted() {
    let cache = cache(10_000, None);
    assert!(cache.insert(1, value(100), 0));
    assert!(!cache.insert(1, value(9_900), 0));
    assert_eq!((cache.oversize(), cache.entries()), (1, 0));
}

#[test]
fn an_entry_lives_as_long_as_it_was_given() {
    let cache = cache(10_000, Some(500));
    cache.insert(1, value(10), 1_000);
    cache.insert(2, value(10), 1_200);
    assert!(cache.get(&1, 1_499).is_some());
    assert!(cache.get(&1, 1_500).is_none());
    assert_eq!(cache.entries(), 1, "an expired entry is gone when it is asked for");
    cache.sweep(1_700);
    assert_eq!((cache.entries(), cache.bytes()), (0, 0));
    assert_eq!((BoundedStore::hits(&cache), BoundedStore::misses(&cache), cache.evictions()), (1, 1, 2));
}

#[test]
fn shrinking_frees_what_it_says_and_leaves_the_cap() {
    let cache = cache(64_000, None);
    for key in 0..50 {
        cache.insert(key, value(1_000), 0);
    }
    let before = cache.bytes();
    let freed = cache.shrink_to(16_000);
    assert!(cache.bytes() <= 16_000);
    assert_eq!(before - cache.bytes(), freed);
    assert!(cache.evictions() > 0);
    for key in 0..50 {
        cache.insert(key, value(1_000), 0);
    }
    assert!(cache.bytes() > 32_000, "the cache fills again");
}

#[test]
fn a_cache_in_several_pieces_shrinks_as_a_whole() {
    let cache = cache(32 << 20, None);
    for key in 0..20_000 {
        cache.insert(key, value(1_000), 0);
    }
    cache.shrink_to(1_000_003);
    assert!(cache.bytes() <= 1_000_003);
    assert!(cache.bytes() > 900_000);
}

#[test]
fn the_registry_lists_and_shrinks_every_store() {
    let registry = StoreRegistry::default();
    let cache = Arc::new(cache(64_000, None));
    registry.register(Arc::clone(&cache) as Arc<dyn BoundedStore>).unwrap();
    registry.register(Arc::clone(&cache) as Arc<dyn BoundedStore>).unwrap();
    for key in 0..50 {
        cache.insert(key, value(1_000), 0);
    }
    let listed = registry.snapshot();
    assert_eq!(listed.len(), 1, "one name, one store");
    assert_eq!((listed[0].name.as_str(), listed[0].cap_bytes), ("test.bytes", 64_000));
    assert_eq!((listed[0].bytes, listed[0].entries), (cache.bytes(), cache.entries()));
    assert_eq!((listed[0].max_entries, listed[0].ttl_micros), (BoundedStore::max_entries(&*cache), None));
    assert_eq!(listed[0].eviction, headroom::Eviction::LeastUsed);
    let freed = registry.shrink_all(50);
    assert!(freed > 0 && cache.bytes() <= 32_000);
    assert_eq!(registry.snapshot()[0].shed_bytes, freed);
    let more = registry.shrink_all(0);
    assert_eq!(registry.snapshot()[0].shed_bytes, freed + more, "a counter only grows");
}

#[test]
fn no_more_entries_fit_than_it_says_however_small_they_are() {
    let cache = cache(64_000, None);
    let most = BoundedStore::max_entries(&cache).unwrap();
    for key in 0..2_000 {
        cache.insert(key, value(0), 0);
    }
    assert!(
        most < 1_000 && cache.entries() > most / 2 && cache.entries() <= most,
        "{} of {most}",
        cache.entries()
    );
}

#[test]
fn another_cap_counts_at_once_and_never_goes_below_what_is_kept() {
    let cache = cache(100_000, None).keeping(4_000);
    for key in 0..20 {
        cache.insert(key, value(3_000), 0);
    }
    assert!(cache.bytes() > 50_000);
    cache.set_cap(10_000);
    assert!(cache.bytes() <= 10_000 && cache.cap_bytes() == 10_000);
    assert!(!cache.insert(50, value(9_500), 0), "what was no oversize value is one now");
    cache.set_cap(100_000);
    assert!(cache.insert(50, value(9_500), 0));
    cache.set_cap(0);
    assert!(cache.bytes() <= 4_000 && cache.cap_bytes() == 4_000);
}

#[test]
fn a_smaller_cap_gives_the_room_of_the_table_back_and_keeps_what_fits() {
    let cache = cache(4 << 20, None);
    for key in 0..3_000 {
        cache.insert(key, value(1_000), 0);
    }
    let (entries, room) = (cache.entries(), cache.room_bytes());
    assert!(entries == 3_000 && room > 100_000, "{entries} entries in {room} bytes");
    cache.set_cap(100_000);
    let kept = (0..3_000).filter(|key| cache.get(key, 0).is_some()).count() as u64;
    assert!(kept > 50 && kept == cache.entries(), "{kept} kept");
    assert!(cache.bytes() <= 100_000 && cache.room_bytes() < room / 10, "{} bytes", cache.room_bytes());
    assert_eq!(BoundedStore::evictions(&cache), 3_000 - kept);
    cache.set_cap(4 << 20);
    assert_eq!(cache.entries(), kept, "a larger cap keeps all");
}

#[test]
fn a_cap_may_change_while_others_use_the_cache() {
    let cache = cache(1 << 20, None);
    std::thread::scope(|scope| {
        for worker in 0..3_u32 {
            let cache = &cache;
            scope.spawn(move || {
                for round in 0..2_000 {
                    let key = worker * 10_000 + round;
                    cache.insert(key, value(500), 0);
                    cache.get(&key, 0);
                    cache.remove(&(key / 2));
                }
            });
        }
        for round in 0..200 {
            cache.set_cap(if round % 2 == 0 { 50_000 } else { 1 << 20 });
        }
    });
    cache.set_cap(50_000);
    let present: u64 = (0..30_000).filter_map(|key| Some(cache.weight_of(&key, &cache.get(&key, 0)?))).sum();
    assert!(cache.bytes() == present && present <= 50_000, "{} and {present}", cache.bytes());
}

#[test]
fn what_is_read_stays_and_what_is_not_read_goes() {
    let cache = cache(40_000, None);
    for key in 0..20 {
        assert!(cache.insert(key, value(1_000), 0));
    }
    for key in 20..400 {
        // Half of the first ones are asked for all the time.
        (0..10).for_each(|read| drop(cache.get(&read, 0)));
        assert!(cache.insert(key, value(1_000), 0));
        // What comes anew is asked for again a while, too: what nobody ever asks for again stays out in any case.
        (20.max(key - 5)..=key).for_each(|read| drop(cache.get(&read, 0)));
    }
    let kept = |keys: std::ops::Range<u32>| keys.filter(|key| cache.get(key, 0).is_some()).count();
    assert_eq!((kept(0..10), kept(10..20)), (10, 0));
}
