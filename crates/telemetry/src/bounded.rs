use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

/// What a label says when there are too many different ones.
const OTHER: &str = "other";
/// The longest label text in bytes.
const MAX_TEXT: usize = 160;

/// Label values that are admitted up to a cap, so that a series cannot be made by a client's wish.
#[derive(Debug)]
pub(crate) struct Bounded {
    cap: usize,
    // bounded: `cap` texts of 160 bytes at most.
    seen: RwLock<HashSet<Arc<str>>>,
    other: Arc<str>,
}

impl Bounded {
    pub(crate) fn new(cap: usize) -> Self {
        Self { cap, seen: RwLock::default(), other: Arc::from(OTHER) }
    }

    /// `text` itself while there is room for it, else `other`.
    pub(crate) fn admit(&self, text: &str) -> Arc<str> {
        if text.len() > MAX_TEXT {
            return Arc::clone(&self.other);
        }
        if let Some(known) = self.seen.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Arc::clone(known);
        }
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.get(text) {
            return Arc::clone(known);
        }
        if seen.len() >= self.cap {
            return Arc::clone(&self.other);
        }
        let fresh: Arc<str> = Arc::from(text);
        seen.insert(Arc::clone(&fresh));
        fresh
    }
}
