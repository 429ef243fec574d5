use crate::observe::charge_of;
use crate::snapshot::Snapshot;

/// The three truths about memory at one moment, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gaps {
    /// What was asked for before it was used: everything that the pools have lent, and what the bounded stores hold.
    pub registered: u64,
    /// The part of it that the bounded stores hold.
    pub stored: u64,
    /// What the allocator has handed out.
    pub measured: u64,
    /// What the kernel counts against the process and cannot take back.
    pub charged: u64,
}

impl Gaps {
    /// What is used and nobody asked for. At rest it is the fixed part: code's own data, connections, the runtime.
    pub fn unregistered(&self) -> i64 {
        difference(self.measured, self.registered)
    }

    /// What the kernel counts beyond the live heap: stacks, the allocator's slack and book-keeping, sockets, code pages
    /// that were written to.
    pub fn unmeasured(&self) -> i64 {
        difference(self.charged, self.measured)
    }
}

fn difference(larger: u64, smaller: u64) -> i64 {
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    signed(larger).saturating_sub(signed(smaller))
}

impl Snapshot {
    /// Registered, measured and charged memory, to be held against each other.
    pub fn gaps(&self) -> Gaps {
        let lent = self.pools.iter().find(|pool| pool.parent.is_none()).map_or(0, |root| root.used);
        let stored: u64 = self.stores.iter().map(|store| store.bytes).sum();
        Gaps {
            registered: lent.saturating_add(stored),
            stored,
            measured: self.heap_used(),
            charged: charge_of(&self.reading, &self.budget),
        }
    }
}
