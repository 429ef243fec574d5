use super::RateKey;
use headroom::{Cache, CacheConfig, RegistryFull, StoreRegistry};
use std::sync::{Arc, Mutex, PoisonError};

/// The allocation behind an entry, in bytes.
const ENTRY_BYTES: u64 = 64;

/// What is known of one key.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// When everything that was admitted will be paid for; see [`super::gcra`].
    pub(super) paid_micros: i64,
    /// Requests admitted here that other servers have not heard of.
    pub(super) untold: u32,
    /// Whether the key is among those to be told.
    pub(super) is_queued: bool,
}

/// Counts by key, in so many bytes. A full table drops whom it saw least lately, first those whom it saw once. Who is
/// dropped from the principals still counts under the address; an address that is dropped begins anew.
#[derive(Debug)]
pub(super) struct Table {
    entries: Arc<Cache<RateKey, Arc<Mutex<Entry>>>>,
    /// Two first requests of one key must not each begin a count.
    beginning: Mutex<()>,
}

impl Table {
    pub(super) fn register(name: &str, bytes: u64, stores: &StoreRegistry) -> Result<Self, RegistryFull> {
        let entries = Cache::new(CacheConfig {
            name: name.to_owned(),
            cap_bytes: bytes,
            ttl_micros: None,
            usual_entry_bytes: ENTRY_BYTES,
            weigh: |_, _| ENTRY_BYTES,
        });
        // Nothing gives a forgotten count back, and whoever asks too often may also be who fills the memory.
        let entries = Arc::new(entries.costing(u64::MAX).keeping(bytes));
        stores.register(Arc::clone(&entries) as _)?;
        Ok(Self { entries, beginning: Mutex::new(()) })
    }

    /// Looks at a key's entry, which is begun if there is none.
    pub(super) fn with<T>(&self, key: RateKey, look: impl FnOnce(&mut Entry) -> T) -> T {
        let entry = self.entries.get(&key, 0).unwrap_or_else(|| self.begin(key));
        look(&mut entry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at a key's entry if it is still there.
    pub(super) fn known<T>(&self, key: &RateKey, look: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let entry = self.entries.get(key, 0)?;
        let mut entry = entry.lock().unwrap_or_else(PoisonError::into_inner);
        Some(look(&mut entry))
    }

    fn begin(&self, key: RateKey) -> Arc<Mutex<Entry>> {
        let _turn = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = self.entries.get(&key, 0) {
            return entry;
        }
        let entry = Arc::new(Mutex::new(Entry::default()));
        self.entries.insert(key, Arc::clone(&entry), 0);
        entry
    }
}
