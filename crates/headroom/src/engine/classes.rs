//! The pools of the classes of work.

use crate::class::Class;
use crate::pool::{Pool, PoolStats};

/// The part of what can be lent that only interactive work may use, in percent. The classes' own limits overlap: without
/// it, lists and files together could take all of it, and a person who waits for one page would find nothing.
const RESERVED_PERCENT: u64 = 10;

/// One pool for each class: interactive work borrows of the root, all other work of what is left of it.
pub(super) struct Classes {
    unreserved: Pool,
    pools: [Pool; Class::ALL.len()],
}

impl Classes {
    /// Pools below `root`, of which `lendable` bytes can be lent.
    pub(super) fn below(root: &Pool, lendable: u64) -> Self {
        let unreserved = root.child("unreserved", unreserved(lendable));
        let pools = Class::ALL.map(|class| {
            let above = if class == Class::Interactive { root } else { &unreserved };
            above.child(class.as_str(), limit(class, lendable))
        });
        Self { unreserved, pools }
    }

    /// Another sum can be lent.
    pub(super) fn set_limits(&self, lendable: u64) {
        self.unreserved.set_limit(unreserved(lendable));
        for class in Class::ALL {
            self.of(class).set_limit(limit(class, lendable));
        }
    }

    pub(super) fn of(&self, class: Class) -> &Pool {
        &self.pools[class as usize]
    }

    pub(super) fn pools(&self) -> &[Pool; Class::ALL.len()] {
        &self.pools
    }

    pub(super) fn stats(&self) -> impl Iterator<Item = PoolStats> {
        std::iter::once(&self.unreserved).chain(&self.pools).map(Pool::stats)
    }
}

/// A class's share of what can be lent, in bytes.
fn limit(class: Class, lendable: u64) -> u64 {
    lendable / 100 * class.percent()
}

/// What all classes but the interactive one may hold together, in bytes.
fn unreserved(lendable: u64) -> u64 {
    lendable - lendable / 100 * RESERVED_PERCENT
}
