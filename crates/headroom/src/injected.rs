use crate::allocator::AllocatorStats;
use crate::limit::{Limit, LimitSource};
use crate::process::ProcessStats;
use crate::source::{MemorySource, Reading, Unreadable};
use std::sync::{Mutex, PoisonError};

/// A source that says what a test wants.
#[derive(Debug)]
pub struct InjectedSource {
    reading: Mutex<Reading>,
}

impl InjectedSource {
    /// A machine of `limit_bytes` on which nothing is used yet.
    pub fn with_limit(limit_bytes: u64) -> Self {
        Self {
            reading: Mutex::new(Reading {
                limit: Limit { bytes: limit_bytes, source: LimitSource::Physical },
                process: ProcessStats::default(),
                cgroup: None,
                pressure: None,
                allocator: None,
                unreadable: Unreadable::default(),
            }),
        }
    }

    /// Lets the program hold so many bytes of heap from now on.
    pub fn hold_heap(&self, bytes: u64) {
        self.change(|reading| {
            reading.allocator = Some(AllocatorStats { allocated: bytes, ..AllocatorStats::default() });
        });
    }

    /// Changes what is read from now on.
    pub fn change(&self, change: impl FnOnce(&mut Reading)) {
        change(&mut self.reading.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl MemorySource for InjectedSource {
    fn read(&self) -> Reading {
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
