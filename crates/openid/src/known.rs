use crate::discovery::Discovery;
use crate::keys::KeySet;
use clock::Timestamp;
use headroom::{Cache, CacheConfig, RegistryFull, StoreRegistry};
use std::sync::{Arc, Mutex, PoisonError};

/// The most bytes of what is known of a provider: a document and a set of keys of the largest size that is read.
pub const CACHE_BYTES: u64 = 640 << 10;

/// How long it is believed, in microseconds: an hour.
const BELIEVED_MICROS: i64 = 60 * 60 * 1_000_000;

/// Keys are looked for once in so long a time because of one that is not known, in microseconds: a minute.
const AGAIN_MICROS: i64 = 60 * 1_000_000;

/// Read texts take more room than written ones: each string its own.
const SPREAD: u64 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Discovery,
    Keys,
}

#[derive(Debug, Clone)]
enum Fact {
    Discovery(Arc<Discovery>),
    Keys(Arc<KeySet>),
}

/// What is known of the provider, in a bounded store.
#[derive(Debug)]
pub(crate) struct Known {
    facts: Arc<Cache<Part, Fact>>,
    /// When keys were last looked for because of one that was not known.
    looked_at_micros: Mutex<i64>,
}

impl Known {
    pub(crate) fn register(stores: &StoreRegistry) -> Result<Self, RegistryFull> {
        let facts = Cache::new(CacheConfig {
            name: "openid.provider".to_owned(),
            cap_bytes: CACHE_BYTES,
            ttl_micros: Some(BELIEVED_MICROS),
            usual_entry_bytes: CACHE_BYTES / 2,
            weigh: |_, fact| match fact {
                Fact::Discovery(discovery) => discovery.bytes * SPREAD,
                Fact::Keys(keys) => keys.bytes * SPREAD,
            },
        });
        // A request to another server for some KiB.
        let facts = Arc::new(facts.costing(20_000));
        stores.register(Arc::clone(&facts) as _)?;
        Ok(Self { facts, looked_at_micros: Mutex::new(i64::MIN) })
    }

    pub(crate) fn discovery(&self, now: Timestamp) -> Option<Arc<Discovery>> {
        match self.facts.get(&Part::Discovery, now.timestamp_micros())? {
            Fact::Discovery(discovery) => Some(discovery),
            Fact::Keys(_) => None,
        }
    }

    pub(crate) fn keys(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        match self.facts.get(&Part::Keys, now.timestamp_micros())? {
            Fact::Keys(keys) => Some(keys),
            Fact::Discovery(_) => None,
        }
    }

    pub(crate) fn learn_discovery(&self, discovery: &Arc<Discovery>, now: Timestamp) {
        let fact = Fact::Discovery(Arc::clone(discovery));
        self.facts.insert(Part::Discovery, fact, now.timestamp_micros());
    }

    pub(crate) fn learn_keys(&self, keys: &Arc<KeySet>, now: Timestamp) {
        self.facts.insert(Part::Keys, Fact::Keys(Arc::clone(keys)), now.timestamp_micros());
    }

    /// Whether keys may be looked for again because of one that is not known; it counts as done.
    pub(crate) fn may_look_again(&self, now: Timestamp) -> bool {
        let now = now.timestamp_micros();
        let mut looked_at = self.looked_at_micros.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back does not forbid it for ever.
        let is_due = now.saturating_sub(*looked_at) >= AGAIN_MICROS || now < *looked_at;
        if is_due {
            *looked_at = now;
        }
        is_due
    }
}
