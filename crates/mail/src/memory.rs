use crate::{Error, Outgoing, Transport};
use clock::Timestamp;
use futures_util::future::BoxFuture;
use std::sync::{Mutex, PoisonError};

/// How many mails are kept.
const MOST: usize = 1000;

/// Keeps mail in memory: for tests.
#[derive(Debug, Default)]
pub struct MemoryTransport {
    // bounded: by MOST; the oldest goes.
    delivered: Mutex<Vec<Outgoing>>,
}

impl MemoryTransport {
    /// Nothing delivered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was delivered, oldest first.
    pub fn delivered(&self) -> Vec<Outgoing> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, mail: &Outgoing) {
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        delivered.retain(|known| known.id() != mail.id());
        if delivered.len() >= MOST {
            delivered.remove(0);
        }
        delivered.push(mail.clone());
    }
}

impl Transport for MemoryTransport {
    fn deliver<'a>(&'a self, mail: &'a Outgoing) -> BoxFuture<'a, Result<(), Error>> {
        self.keep(mail);
        Box::pin(std::future::ready(Ok(())))
    }

    fn forget_old(&self, _now: Timestamp) -> BoxFuture<'_, Result<usize, Error>> {
        Box::pin(std::future::ready(Ok(0)))
    }
}
