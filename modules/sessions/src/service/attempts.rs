use crate::Error;
use crate::model::Settings;
use clock::Timestamp;
use crypto::digest;
use headroom::{Cache, CacheConfig, RegistryFull, StoreRegistry};
use ids::UserId;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The allocation behind a counter, in bytes.
const COUNTER_BYTES: u64 = 32;

/// Whose attempts are counted: half a SHA-256, so that no address lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 16]);

impl Key {
    /// The account that an e-mail address names, known or not.
    pub(crate) fn account(email: &str) -> Self {
        Self::of("account", email.trim().to_lowercase().as_bytes())
    }

    /// A user who is signed in.
    pub(crate) fn user(user: UserId) -> Self {
        Self::of("user", user.to_string().as_bytes())
    }

    /// The customer from whom a request comes.
    pub(crate) fn address(address: IpAddr) -> Self {
        match web::customer(address) {
            IpAddr::V4(address) => Self::of("v4", &address.octets()),
            IpAddr::V6(address) => Self::of("v6", &address.octets()),
        }
    }

    /// Who asks for the challenge of a passkey: a page does so when it is shown, whether or not anybody signs in.
    #[cfg(feature = "passkeys")]
    pub(crate) fn asking(self) -> Self {
        Self::of("asks", &self.0)
    }

    /// A passkey, by its id, known or not.
    #[cfg(feature = "passkeys")]
    pub(crate) fn passkey(id: &[u8]) -> Self {
        Self::of("passkey", id)
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

/// Attempts counted in fixed windows. An attempt counts when it begins, so that many at once do not slip through; it is
/// taken back when it succeeds.
#[derive(Debug)]
pub(crate) struct Attempts {
    windows: Arc<Cache<Key, Window>>,
    /// Two first attempts of one key must not each begin a window.
    beginning: Mutex<()>,
    window_micros: i64,
}

/// An attempt under way.
#[derive(Debug)]
pub(crate) struct Attempt(Arc<AtomicU32>);

impl Attempt {
    /// It succeeded: it and all before it are forgotten.
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// It was none.
    pub(crate) fn take_back(&self) {
        let taken = self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
        // Nothing to take back means that a success has cleared the count meanwhile.
        let _already_cleared = taken.is_err();
    }
}

impl Attempts {
    pub(crate) fn register(settings: &Settings, stores: &StoreRegistry) -> Result<Self, RegistryFull> {
        let window_micros = settings.attempt_window.num_microseconds().unwrap_or(i64::MAX);
        let windows = Cache::new(CacheConfig {
            name: "sessions.attempts".to_owned(),
            cap_bytes: settings.attempts_bytes,
            ttl_micros: Some(window_micros),
            usual_entry_bytes: COUNTER_BYTES,
            weigh: |_, _| COUNTER_BYTES,
        });
        // Nothing gives a forgotten attempt back, and whoever guesses passwords may also be who fills the memory.
        let windows = Arc::new(windows.costing(u64::MAX).keeping(settings.attempts_bytes));
        stores.register(Arc::clone(&windows) as _)?;
        Ok(Self { windows, beginning: Mutex::new(()), window_micros })
    }

    /// Counts an attempt, unless `limit` of them have been counted in this window.
    pub(crate) fn begin(&self, key: Key, limit: u32, now: Timestamp) -> Result<Attempt, Error> {
        let now_micros = now.timestamp_micros();
        let window = self.window(key, now_micros);
        if window.count.fetch_add(1, Ordering::Relaxed) < limit {
            return Ok(Attempt(window.count));
        }
        window.count.fetch_sub(1, Ordering::Relaxed);
        let left_micros = window.until_micros.saturating_sub(now_micros).max(1).unsigned_abs();
        Err(Error::TooManyAttempts { retry_after_seconds: left_micros.div_ceil(1_000_000) })
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
