use super::{TENANT_CAP, Tenant};
use crate::class::Class;
use crate::meter::RequestMemory;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The memory of a tenant's requests of one class that are over, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantMemory {
    /// Requests that are over.
    pub requests: u64,
    /// Allocated by all of them.
    pub allocated: u64,
    /// Freed by all of them.
    pub freed: u64,
    /// The highest peak of one.
    pub peak_max: u64,
    /// Retained by all of them at their end.
    pub retained: i64,
}

impl TenantMemory {
    fn add(&mut self, memory: RequestMemory) {
        self.requests += 1;
        self.allocated = self.allocated.saturating_add(memory.allocated);
        self.freed = self.freed.saturating_add(memory.freed);
        self.peak_max = self.peak_max.max(memory.peak_live);
        self.retained = self.retained.saturating_add(memory.retained);
    }
}

/// Whose requests of which class; those that found no place have no name.
pub(super) type Key = (Class, Option<Tenant>);

/// What one row takes: its key and figures, and as much again for the map that is at most half empty, in bytes.
const ROW_BYTES: u64 = 2 * (size_of::<Key>() + size_of::<TenantMemory>() + 1) as u64;

/// The figures of tenants, kept while their accounts come and go.
#[derive(Debug, Default)]
pub(super) struct Figures(
    // bounded: `TENANT_CAP` tenants in a class, all classes together, and one row for each class's others; a part of the
    // registered store.
    Mutex<HashMap<Key, TenantMemory>>,
);

impl Figures {
    /// What they take at most, in bytes.
    pub(super) const CAP_BYTES: u64 = (TENANT_CAP + Class::ALL.len()) as u64 * ROW_BYTES;

    pub(super) fn record(&self, class: Class, tenant: Tenant, memory: RequestMemory) {
        self.with(|rows| {
            let own = (class, Some(tenant));
            let has_place = rows.contains_key(&own) || rows.len() < TENANT_CAP;
            rows.entry(if has_place { own } else { (class, None) }).or_default().add(memory);
        });
    }

    pub(super) fn all(&self) -> HashMap<Key, TenantMemory> {
        self.with(|rows| rows.clone())
    }

    pub(super) fn len(&self) -> u64 {
        self.with(|rows| rows.len() as u64)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.len() * ROW_BYTES
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Key, TenantMemory>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
