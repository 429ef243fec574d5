use super::entrance::EntranceSettings;
use clock::Timestamp;
use crypto::digest;
use headroom::{Cache, CacheConfig, RegistryFull, StoreRegistry};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The allocation behind a counter, in bytes.
const COUNTER_BYTES: u64 = 32;

/// What is counted: half a SHA-256, so that no address lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    /// Mail to an address.
    pub(super) fn mail(email: &str) -> Self {
        Self::of("mail", email.trim().to_lowercase().as_bytes())
    }

    /// Requests from a customer.
    pub(super) fn caller(address: IpAddr) -> Self {
        match web::customer(address) {
            IpAddr::V4(address) => Self::of("v4", &address.octets()),
            IpAddr::V6(address) => Self::of("v6", &address.octets()),
        }
    }

    fn of(kind: &str, name: &[u8]) -> Self {
        let digest = digest::sha256(&[kind.as_bytes(), b":", name].concat());
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self(half)
    }
}

#[derive(Debug, Clone)]
struct Window {
    until_micros: i64,
    count: Arc<AtomicU32>,
}

/// Requests counted in fixed windows.
#[derive(Debug)]
pub(super) struct Attempts {
    windows: Arc<Cache<Key, Window>>,
    /// Two first requests of one key must not each begin a window.
    beginning: Mutex<()>,
    window_micros: i64,
}

impl Attempts {
    pub(super) fn register(
        settings: &EntranceSettings,
        stores: &StoreRegistry,
    ) -> Result<Self, RegistryFull> {
        let window_micros = settings.window.num_microseconds().unwrap_or(i64::MAX);
        let windows = Cache::new(CacheConfig {
            name: "accounts.attempts".to_owned(),
            cap_bytes: settings.attempts_bytes,
            ttl_micros: Some(window_micros),
            usual_entry_bytes: COUNTER_BYTES,
            weigh: |_, _| COUNTER_BYTES,
        });
        // Nothing gives a forgotten count back, and whoever asks too often may also be who fills the memory.
        let windows = Arc::new(windows.costing(u64::MAX).keeping(settings.attempts_bytes));
        stores.register(Arc::clone(&windows) as _)?;
        Ok(Self { windows, beginning: Mutex::new(()), window_micros })
    }

    /// Counts one, unless `limit` of them have been counted in this window: then the seconds until the next one is
    /// looked at.
    pub(super) fn count(&self, key: Key, limit: u32, now: Timestamp) -> Result<(), u64> {
        let now_micros = now.timestamp_micros();
        let window = self.window(key, now_micros);
        if window.count.fetch_add(1, Ordering::Relaxed) < limit {
            return Ok(());
        }
        window.count.fetch_sub(1, Ordering::Relaxed);
        let left_micros = window.until_micros.saturating_sub(now_micros).max(1).unsigned_abs();
        Err(left_micros.div_ceil(1_000_000))
    }

    fn window(&self, key: Key, now_micros: i64) -> Window {
        let _turn = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = self.windows.get(&key, now_micros) {
            return window;
        }
        let window = Window {
            until_micros: now_micros.saturating_add(self.window_micros),
            count: Arc::new(AtomicU32::new(0)),
        };
        self.windows.insert(key, window.clone(), now_micros);
        window
    }
}
