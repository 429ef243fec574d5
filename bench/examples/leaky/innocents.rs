//! Twelve shapes that are none. Whatever is said of them is a false alarm.

use crate::{Moment, Shape, Work, shape};
use headroom::{Cache, CacheConfig, StoreRegistry};
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::sync::Arc;

const MIB: usize = 1 << 20;

pub(crate) fn all() -> Vec<Shape> {
    vec![
        shape("warm-up", |_| warm_up()),
        shape("registered-cache-fills", registered_cache),
        shape("tenants-come-and-stay", |_| tenants()),
        shape("sawtooth", |_| sawtooth()),
        shape("fragmentation", |_| fragmentation()),
        Shape {
            in_flight: |window| 10 + window * 6,
            ..shape("in-flight-grows", |_| held_in_flight(|w| 10 + w * 6))
        },
        Shape { in_flight: wave, ..shape("daily-wave", |_| held_in_flight(wave)) },
        shape("full-ring", |_| full_ring()),
        shape("imports-come-and-go", |_| imports()),
        shape("pool-grows-to-its-size", |_| pool()),
        shape("sessions-expire", |_| sessions()),
        shape("backlog-is-worked-off", |_| backlog()),
    ]
}

fn buffer(bytes: usize) -> Box<[u8]> {
    black_box(vec![1; bytes]).into_boxed_slice()
}

/// Runs `work` at the first request of each window.
fn each_window(mut work: impl FnMut(u64) + 'static) -> Work {
    let mut last = None;
    Box::new(move |moment: &Moment| {
        if last.replace(moment.window) != Some(moment.window) {
            work(moment.window);
        }
        0
    })
}

fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// Tables are filled in the first three minutes.
fn warm_up() -> Work {
    let mut tables = Vec::new();
    Box::new(move |moment| {
        if moment.window < 6 {
            tables.push(buffer(4_096));
        }
        0
    })
}

/// A cache that has not reached its cap when the run ends.
fn registered_cache(stores: &StoreRegistry) -> Work {
    let cache = Arc::new(Cache::new(CacheConfig {
        name: "answers".to_owned(),
        cap_bytes: 256 << 20,
        ttl_micros: None,
        usual_entry_bytes: 512,
        weigh: |_: &u64, value: &Arc<[u8]>| value.len() as u64 + 16,
    }));
    let _is_the_first = stores.register(Arc::clone(&cache) as _).is_ok();
    Box::new(move |moment| {
        cache.insert(moment.request, Arc::from(buffer(496)), 0);
        0
    })
}

/// Two thousand firms; each that calls for the first time gets its settings, and ever fewer are new.
fn tenants() -> Work {
    let mut known = HashMap::new();
    let mut chance = Chance(7);
    Box::new(move |_| {
        known.entry(chance.below(2_000)).or_insert_with(|| buffer(16 << 10));
        0
    })
}

/// A batch gathers for four minutes and is written out.
fn sawtooth() -> Work {
    let mut batch = Vec::new();
    Box::new(move |moment| {
        if moment.request % (8 * 1_200) == 0 {
            batch.clear();
        }
        batch.push(buffer(2_048));
        0
    })
}

/// Things of all sizes replace each other; their sum stays about the same.
fn fragmentation() -> Work {
    let mut things: Vec<Box<[u8]>> = (0..20_000).map(|_| buffer(600)).collect();
    let mut chance = Chance(11);
    Box::new(move |_| {
        let (place, bytes) = (small(chance.below(20_000)), small(8 + chance.below(1_200)));
        things[place] = buffer(bytes);
        0
    })
}

fn wave(window: u64) -> u64 {
    20 + (window % 80).abs_diff(40) * 10
}

/// Each request in flight holds its buffer.
fn held_in_flight(in_flight: fn(u64) -> u64) -> Work {
    let mut held = Vec::new();
    each_window(move |window| {
        held.resize_with(small(in_flight(window)), || buffer(32 << 10));
    })
}

fn full_ring() -> Work {
    let mut ring = VecDeque::new();
    Box::new(move |_| {
        if ring.len() == 5_000 {
            ring.pop_front();
        }
        ring.push_back(buffer(2_000));
        0
    })
}

/// Every forty windows an import holds much for three of them.
fn imports() -> Work {
    let mut held = Vec::new();
    each_window(move |window| {
        let is_importing = window % 40 < 3;
        held.resize_with(if is_importing { 64 } else { 0 }, || buffer(MIB));
    })
}

/// Connections are opened as they are needed, up to a hundred.
fn pool() -> Work {
    let mut connections = Vec::new();
    Box::new(move |moment| {
        if connections.len() < 100 && moment.request % 60 == 0 {
            connections.push(buffer(128 << 10));
        }
        0
    })
}

/// A session lives for five minutes.
fn sessions() -> Work {
    let mut sessions = VecDeque::new();
    Box::new(move |moment| {
        while sessions.front().is_some_and(|(born, _)| born + 10 <= moment.window) {
            sessions.pop_front();
        }
        sessions.push_back((moment.window, buffer(1_000)));
        0
    })
}

/// Work piles up for five minutes in every half an hour and is worked off.
fn backlog() -> Work {
    let mut waiting = Vec::new();
    Box::new(move |moment| {
        if moment.window % 60 >= 40 && moment.window % 60 < 50 {
            waiting.push(buffer(1_500));
        } else {
            waiting.truncate(waiting.len().saturating_sub(3));
        }
        0
    })
}

/// A repeatable stream of chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
