use crate::sync::{AtomicBool, AtomicU64, Ordering};
use std::sync::OnceLock;
use std::thread::Thread;

/// Wakes the controller before its turn: a burst between two looks must not go unseen.
#[derive(Debug)]
pub(crate) struct Bell {
    /// From this much lent on, in bytes, a large loan rings.
    mark: AtomicU64,
    /// Rung and not yet answered, so that a thousand refusals wake nobody a thousand times.
    is_rung: AtomicBool,
    watcher: OnceLock<Thread>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { mark: AtomicU64::new(u64::MAX), is_rung: AtomicBool::new(false), watcher: OnceLock::new() }
    }
}

impl Bell {
    /// Smaller loans leave it to the next look, in bytes.
    pub(crate) const LOUD: u64 = 64 << 10;

    pub(crate) fn set_mark(&self, bytes: u64) {
        self.mark.store(bytes, Ordering::Relaxed);
    }

    /// Names the thread that comes; the first one stays.
    pub(crate) fn answer(&self, watcher: Thread) {
        let _first = self.watcher.set(watcher);
    }

    /// After a large loan: rings if too much is lent.
    pub(crate) fn hear(&self, used: u64) {
        if used >= self.mark.load(Ordering::Relaxed) {
            self.ring();
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::AcqRel)
            && let Some(watcher) = self.watcher.get()
        {
            watcher.unpark();
        }
    }

    /// The watcher is here.
    pub(crate) fn hush(&self) {
        self.is_rung.store(false, Ordering::Release);
    }
}
