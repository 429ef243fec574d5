use crate::size_class::size_class;
use crate::stores::{BoundedStore, Eviction};
use quick_cache::sync::Cache as Shards;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};
use std::hash::{Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// What an entry costs beside its key and value: the table's slot, its ghost's and the index.
const ENTRY_OVERHEAD: u64 = 96;
/// Below this a cache is one piece, so that splitting it does not make ordinary values oversize.
const SPLIT_FROM: u64 = 16 << 20;

/// How many heap bytes a key and its value hold together, beside their own size.
pub type Weigh<K, V> = fn(&K, &V) -> u64;

type Table<K, V> = Shards<K, Entry<V>, StoredWeight, RandomState, Counting>;

/// What a cache is made of.
#[derive(Debug, Clone)]
pub struct CacheConfig<K, V> {
    /// The name in the store registry.
    pub name: String,
    /// The most bytes it holds, overhead included.
    pub cap_bytes: u64,
    /// How long an entry lives, in microseconds; `None` for as long as there is room.
    pub ttl_micros: Option<i64>,
    /// An entry's usual size in bytes, to size the table.
    pub usual_entry_bytes: u64,
    /// Heap bytes of a key and its value.
    pub weigh: Weigh<K, V>,
}

/// A cache bounded in bytes. It has no clock: the caller passes the time. Nothing is pinned: a value is handed out as a clone, such as of
/// an `Arc`, and whoever has one keeps it when the entry goes.
pub struct Cache<K, V> {
    name: String,
    cap_bytes: AtomicU64,
    largest: AtomicU64,
    ttl_micros: Option<i64>,
    weigh: Weigh<K, V>,
    usual_entry_bytes: u64,
    /// Changed only where its capacity is: who shrinks it sets it back, and a smaller cap makes another one.
    shards: RwLock<Table<K, V>>,
    evictions: Arc<AtomicU64>,
    hits: AtomicU64,
    misses: AtomicU64,
    oversize: AtomicU64,
    cost_micros_per_kib: u64,
    floor_bytes: u64,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    bytes: u64,
    expires_micros: i64,
}

#[derive(Clone)]
struct StoredWeight;

impl<K, V> Weighter<K, Entry<V>> for StoredWeight {
    fn weight(&self, _key: &K, entry: &Entry<V>) -> u64 {
        entry.bytes
    }
}

/// Counts evictions and lets the evicted entries be dropped outside the shard's lock.
#[derive(Clone)]
struct Counting(Arc<AtomicU64>);

impl<K, V> Lifecycle<K, Entry<V>> for Counting {
    type RequestState = Option<(K, Entry<V>)>;

    fn on_evict(&self, state: &mut Self::RequestState, key: K, entry: Entry<V>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        *state = Some((key, entry));
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache.
    pub fn new(config: CacheConfig<K, V>) -> Self {
        let cap = config.cap_bytes.max(1);
        let evictions = Arc::new(AtomicU64::new(0));
        let shards = shards(cap, config.usual_entry_bytes, Counting(Arc::clone(&evictions)));
        let largest = AtomicU64::new(largest_in(&shards));
        Self {
            name: config.name,
            cap_bytes: AtomicU64::new(cap),
            largest,
            ttl_micros: config.ttl_micros,
            weigh: config.weigh,
            usual_entry_bytes: config.usual_entry_bytes,
            shards: RwLock::new(shards),
            evictions,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            oversize: AtomicU64::new(0),
            cost_micros_per_kib: 0,
            floor_bytes: 0,
        }
    }

    /// Says what it takes to get one KiB back that was thrown out, in microseconds: caches that cost less shrink first.
    #[must_use]
    pub fn costing(mut self, micros_per_kib: u64) -> Self {
        self.cost_micros_per_kib = micros_per_kib;
        self
    }

    /// Keeps so many bytes also when memory is scarce.
    #[must_use]
    pub fn keeping(mut self, floor_bytes: u64) -> Self {
        self.floor_bytes = floor_bytes.min(*self.cap_bytes.get_mut());
        self
    }

    fn table(&self) -> RwLockReadGuard<'_, Table<K, V>> {
        self.shards.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of `key`, unless it has expired at `now_micros` (UTC microseconds, as the caller's clock tells).
    pub fn get(&self, key: &K, now_micros: i64) -> Option<V> {
        let table = self.table();
        match table.get(key) {
            Some(entry) if entry.expires_micros > now_micros => {
                self.hits.fetch_add(1, Ordering::Relaxed);
                Some(entry.value)
            }
            Some(_) => {
                // Another thread may have put a fresh value there meanwhile; that one stays.
                if table.remove_if(key, |entry| entry.expires_micros <= now_micros).is_some() {
                    self.evictions.fetch_add(1, Ordering::Relaxed);
                }
                self.misses.fetch_add(1, Ordering::Relaxed);
                None
            }
            None => {
                self.misses.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    /// Keeps `value` under `key`. `false` when it is too large to keep: it is counted, and an older value of the same
    /// key is gone all the same, since it is no longer true.
    pub fn insert(&self, key: K, value: V, now_micros: i64) -> bool {
        let bytes = self.weight_of(&key, &value);
        if bytes > self.largest.load(Ordering::Relaxed) {
            self.oversize.fetch_add(1, Ordering::Relaxed);
            self.table().remove(&key);
            return false;
        }
        let expires_micros = self.ttl_micros.map_or(i64::MAX, |ttl| now_micros.saturating_add(ttl));
        self.table().insert(key, Entry { value, bytes, expires_micros });
        true
    }

    /// Forgets `key` and gives its value back.
    pub fn remove(&self, key: &K) -> Option<V> {
        self.table().remove(key).map(|(_, entry)| entry.value)
    }

    /// Forgets every entry for which `keep` is false.
    pub fn retain(&self, keep: impl Fn(&K, &V) -> bool) {
        self.table().retain(|key, entry| keep(key, &entry.value));
    }

    /// Forgets everything that has expired at `now_micros`.
    pub fn sweep(&self, now_micros: i64) {
        let before = self.entries();
        self.table().retain(|_, entry| entry.expires_micros > now_micros);
        self.evictions.fetch_add(before.saturating_sub(self.entries()), Ordering::Relaxed);
    }

    /// What an entry of this key and value weighs, in bytes: key, value, their heap rounded to what the allocator
    /// really hands out, and the table's overhead.
    pub fn weight_of(&self, key: &K, value: &V) -> u64 {
        size_class((self.weigh)(key, value)).saturating_add(in_table::<K, V>())
    }

    /// Values refused because they were too large.
    pub fn oversize(&self) -> u64 {
        self.oversize.load(Ordering::Relaxed)
    }

    /// Entries now.
    pub fn entries(&self) -> u64 {
        self.table().len() as u64
    }

    /// Bytes now.
    pub fn bytes(&self) -> u64 {
        self.table().weight()
    }

    /// What the empty places of the table and its index take together with the used ones, in bytes: a table keeps the
    /// room that it once needed.
    pub fn room_bytes(&self) -> u64 {
        let used = self.table().memory_used();
        (used.entries as u64).saturating_add(used.map as u64)
    }

    /// Throws out entries until at most `bytes` are held; returns the bytes freed. The cap stays as it was.
    pub fn shrink_to(&self, bytes: u64) -> u64 {
        let table = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        let before = table.weight();
        if before <= bytes {
            return 0;
        }
        // The capacity is split over the shards rounded up; rounding down here keeps the sum under the target.
        let shards = table.num_shards() as u64;
        table.set_capacity(bytes / shards * shards);
        let freed = before.saturating_sub(table.weight());
        table.set_capacity(self.cap());
        freed
    }

    /// Sets another cap, of at least what is kept when memory is scarce; throws out what is beyond it. With a smaller cap
    /// what is kept moves into a table of that size, and the room of the old one is given back.
    pub fn set_cap(&self, cap_bytes: u64) {
        let cap = cap_bytes.max(self.floor_bytes).max(1);
        let mut table = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        let before = self.cap_bytes.swap(cap, Ordering::Relaxed);
        // This decides what stays: it knows what was used lately.
        table.set_capacity(cap);
        if cap < before {
            let smaller = shards(cap, self.usual_entry_bytes, Counting(Arc::clone(&self.evictions)));
            for (key, entry) in table.drain() {
                smaller.insert(key, entry);
            }
            *table = smaller;
        }
        self.largest.store(largest_in(&table), Ordering::Relaxed);
    }

    fn cap(&self) -> u64 {
        self.cap_bytes.load(Ordering::Relaxed)
    }
}

/// A value of nearly a whole shard would only push everything else out.
fn largest_in<K: Eq + Hash, V: Clone>(shards: &Table<K, V>) -> u64 {
    shards.shard_capacity() / 10 * 9
}

fn in_table<K, V>() -> u64 {
    (size_of::<K>() + size_of::<Entry<V>>()) as u64 + ENTRY_OVERHEAD
}

fn shards<K: Eq + Hash, V: Clone>(cap: u64, usual: u64, counting: Counting) -> Table<K, V> {
    let entries = (cap / (usual + in_table::<K, V>()).max(1)).clamp(1, 1 << 20);
    let entries = usize::try_from(entries).unwrap_or(1);
    let options = OptionsBuilder::new()
        .shards(if cap >= SPLIT_FROM { 4 } else { 1 })
        .estimated_items_capacity(entries)
        .weight_capacity(cap)
        .build();
    match options {
        Ok(options) => Shards::with_options(options, StoredWeight, RandomState::new(), counting),
        // Only a missing capacity is refused, and both are given above.
        Err(_) => Shards::with(entries, cap, StoredWeight, RandomState::new(), counting),
    }
}

impl<K, V> std::fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.name)
            .field("cap_bytes", &self.cap_bytes)
            .finish_non_exhaustive()
    }
}

impl<K, V> BoundedStore for Cache<K, V>
where
    K: Eq + Hash + Send + Sync,
    V: Clone + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn entries(&self) -> u64 {
        Cache::entries(self)
    }

    fn bytes(&self) -> u64 {
        Cache::bytes(self)
    }

    fn cap_bytes(&self) -> u64 {
        self.cap()
    }

    /// As many as fit into the cap if all weigh the least that an entry weighs.
    fn max_entries(&self) -> Option<u64> {
        Some(self.cap() / in_table::<K, V>())
    }

    fn ttl_micros(&self) -> Option<i64> {
        self.ttl_micros
    }

    fn eviction(&self) -> Eviction {
        Eviction::LeastUsed
    }

    fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }

    fn shrink_to(&self, bytes: u64) -> u64 {
        Cache::shrink_to(self, bytes)
    }

    fn cost_micros_per_kib(&self) -> u64 {
        self.cost_micros_per_kib
    }

    fn floor_bytes(&self) -> u64 {
        self.floor_bytes
    }

    fn sweep(&self, now_micros: i64) {
        Cache::sweep(self, now_micros);
    }
}
