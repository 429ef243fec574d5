use crate::controller::survive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The most stores one process may register.
pub const STORE_CAP: usize = 256;

/// A map, queue or cache with a declared bound.
pub trait BoundedStore: Send + Sync {
    /// A unique name, such as `sessions.tokens`.
    fn name(&self) -> &str;
    /// Entries now.
    fn entries(&self) -> u64;
    /// Bytes now, keys and overhead included.
    fn bytes(&self) -> u64;
    /// The most bytes it may hold.
    fn cap_bytes(&self) -> u64;
    /// The most entries, counted or as many as fit into the most bytes; `None` where bytes alone are counted.
    fn max_entries(&self) -> Option<u64> {
        None
    }
    /// How long an entry is believed, in microseconds; `None` for as long as there is room.
    fn ttl_micros(&self) -> Option<i64> {
        None
    }
    /// Whom a full store drops.
    fn eviction(&self) -> Eviction {
        Eviction::Nobody
    }
    /// Look-ups that found something; none in a table that is no cache.
    fn hits(&self) -> u64 {
        0
    }
    /// Look-ups that found nothing; none in a table that is no cache.
    fn misses(&self) -> u64 {
        0
    }
    /// Entries thrown out to make room; none in a table that refuses instead.
    fn evictions(&self) -> u64 {
        0
    }
    /// Throws out entries until at most `bytes` are held and tells how many bytes that freed. The cap stays: the store
    /// may fill again. A store that cannot shed frees nothing.
    fn shrink_to(&self, bytes: u64) -> u64;
    /// What it takes to get one KiB back that was thrown out, in microseconds: what is cheapest goes first.
    fn cost_micros_per_kib(&self) -> u64 {
        0
    }
    /// What the store keeps even when memory is scarce, in bytes.
    fn floor_bytes(&self) -> u64 {
        0
    }
    /// Throws out what has expired at `now_micros` (UTC microseconds). Most stores have nothing that expires.
    fn sweep(&self, _now_micros: i64) {}
}

/// Whom a store drops when it is full and something new comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// Who was looked at least lately, and first those that were looked at once.
    LeastUsed,
    /// Who is used by nobody at this moment.
    Idle,
    /// Who is smallest.
    Smallest,
    /// Who came first.
    Oldest,
    /// Nobody: what is new is refused, or not noted.
    Nobody,
}

impl Eviction {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeastUsed => "leastUsed",
            Self::Idle => "idle",
            Self::Smallest => "smallest",
            Self::Oldest => "oldest",
            Self::Nobody => "nobody",
        }
    }
}

/// A store's figures at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStats {
    /// The store's name.
    pub name: String,
    /// Entries.
    pub entries: u64,
    /// Bytes held.
    pub bytes: u64,
    /// The most bytes it may hold.
    pub cap_bytes: u64,
    /// The most entries; `None` where bytes alone are counted.
    pub max_entries: Option<u64>,
    /// How long an entry is believed, in microseconds; `None` for as long as there is room.
    pub ttl_micros: Option<i64>,
    /// Whom it drops when it is full.
    pub eviction: Eviction,
    /// Look-ups that found something.
    pub hits: u64,
    /// Look-ups that found nothing.
    pub misses: u64,
    /// Entries thrown out to make room.
    pub evictions: u64,
    /// Bytes thrown out under memory pressure.
    pub shed_bytes: u64,
}

/// More stores than a process should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are already {STORE_CAP} bounded stores: share one instead of making another")]
pub struct RegistryFull;

/// All bounded stores of the process. Cloning gives another handle on the same registry.
#[derive(Clone, Default)]
pub struct StoreRegistry {
    // bounded: `STORE_CAP`; it is the registry itself.
    stores: Arc<RwLock<Vec<Registered>>>,
}

#[derive(Clone)]
struct Registered {
    store: Arc<dyn BoundedStore>,
    shed_bytes: Arc<AtomicU64>,
    /// What it was shrunk by below its own part, in the stead of dearer stores.
    stood_in_bytes: Arc<AtomicU64>,
}

impl std::fmt::Debug for StoreRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all().iter().map(|store| store.name().to_owned())).finish()
    }
}

impl StoreRegistry {
    /// Adds a store; one of the same name is replaced.
    pub fn register(&self, store: Arc<dyn BoundedStore>) -> Result<(), RegistryFull> {
        let mut stores = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = stores.iter_mut().find(|known| known.store.name() == store.name()) {
            known.store = store;
            return Ok(());
        }
        if stores.len() >= STORE_CAP {
            return Err(RegistryFull);
        }
        stores.push(Registered { store, shed_bytes: Arc::default(), stood_in_bytes: Arc::default() });
        Ok(())
    }

    /// The stores, in order of registration.
    pub fn all(&self) -> Vec<Arc<dyn BoundedStore>> {
        self.registered().into_iter().map(|known| known.store).collect()
    }

    /// Copied, so that a store may be asked for as long as it takes.
    fn registered(&self) -> Vec<Registered> {
        self.stores.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The figures of all stores.
    pub fn snapshot(&self) -> Vec<StoreStats> {
        self.registered()
            .iter()
            .map(|Registered { store, shed_bytes, .. }| StoreStats {
                name: store.name().to_owned(),
                entries: store.entries(),
                bytes: store.bytes(),
                cap_bytes: store.cap_bytes(),
                max_entries: store.max_entries(),
                ttl_micros: store.ttl_micros(),
                eviction: store.eviction(),
                hits: store.hits(),
                misses: store.misses(),
                evictions: store.evictions(),
                shed_bytes: shed_bytes.load(Ordering::Relaxed),
            })
            .collect()
    }

    /// What all stores hold, in bytes.
    pub fn bytes(&self) -> u64 {
        self.all().iter().map(|store| store.bytes()).sum()
    }

    /// What all stores may hold, in bytes.
    pub fn cap_bytes(&self) -> u64 {
        self.all().iter().map(|store| store.cap_bytes()).sum()
    }

    /// Throws out what has expired at `now_micros` (UTC microseconds) and tells how many bytes that freed.
    pub fn sweep(&self, now_micros: i64) -> u64 {
        let sweep = |store: &Arc<dyn BoundedStore>| {
            let before = store.bytes();
            store.sweep(now_micros);
            before.saturating_sub(store.bytes())
        };
        self.all().iter().map(sweep).sum()
    }

    /// Frees what the stores hold above `percent` of their caps, all together, and tells how many bytes that were. It is
    /// taken from the stores whose bytes are cheapest to get back, and from none below its floor: a cheap store may lose
    /// everything while a dear one keeps all. What a store gave in the stead of others counts the next time, until it has
    /// filled again or [`forget_sheds`](Self::forget_sheds).
    pub fn shrink_all(&self, percent: u64) -> u64 {
        let mut stores = self.registered();
        stores.sort_by_key(|known| known.store.cost_micros_per_kib());
        let (above, stood_in) = stores.iter().fold((0_u64, 0_u64), |(above, stood_in), known| {
            let (own, below) = known.against(percent);
            let stands_in = known.stood_in_bytes.load(Ordering::Relaxed).min(below);
            known.stood_in_bytes.store(stands_in, Ordering::Relaxed);
            (above + own, stood_in + stands_in)
        });
        let excess = above.saturating_sub(stood_in);
        let mut freed = 0;
        for known in stores {
            if freed >= excess {
                break;
            }
            let (store, (own, _)) = (&known.store, known.against(percent));
            let target = store.bytes().saturating_sub(excess - freed).max(store.floor_bytes());
            let shed = survive(|| store.shrink_to(target)).unwrap_or(0);
            known.shed_bytes.fetch_add(shed, Ordering::Relaxed);
            known.stood_in_bytes.fetch_add(shed.saturating_sub(own), Ordering::Relaxed);
            freed += shed;
        }
        freed
    }

    /// The pressure is over: the next time every store counts for itself again.
    pub fn forget_sheds(&self) {
        for known in self.registered() {
            known.stood_in_bytes.store(0, Ordering::Relaxed);
        }
    }
}

impl Registered {
    /// By how much the store is above and by how much below `percent` of its cap, in bytes.
    fn against(&self, percent: u64) -> (u64, u64) {
        let store = &self.store;
        let kept = (store.cap_bytes() / 100 * percent.min(100)).max(store.floor_bytes());
        let bytes = store.bytes();
        (bytes.saturating_sub(kept), kept.saturating_sub(bytes))
    }
}
