//! What follows from another limit of the system, or another budget.

use super::{Headroom, mark_of};
use crate::controller::{Chore, Chores};
use crate::lending::Lending;
use crate::level::Thresholds;
use crate::limit::{Budget, budget_of};
use crate::source::Reading;
use crate::tuning::Tuning;
use std::sync::PoisonError;

impl Headroom {
    /// What is lent beyond this wakes the controller.
    pub(super) fn set_mark(&self, thresholds: &Thresholds) {
        let lendable = self.lending().lendable(&self.budget());
        self.inner.root.tree().bell.set_mark(mark_of(lendable, thresholds));
    }

    /// Whether nothing ran for half of the last ten seconds, because the kernel let all wait for memory. The level does not tell it:
    /// where `memory.high` lies below what is needed, little may be lent and much may stand still.
    pub fn is_at_standstill(&self) -> bool {
        self.inner.controls.is_at_standstill()
    }

    /// How much of the budget is lent.
    pub fn lending(&self) -> Lending {
        *self.inner.lending.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends by other figures from now on: what is not lent may depend on the limit, and the limit may change. What is lent
    /// already stays so until it comes back.
    pub fn lend_by(&self, lending: Lending) {
        self.set_pools(Some(lending));
    }

    /// Sets the limits of the pools by what can be lent now. One at a time: whoever comes later knows the newer budget.
    fn set_pools(&self, other: Option<Lending>) {
        let mut lending = self.inner.lending.write().unwrap_or_else(PoisonError::into_inner);
        *lending = other.unwrap_or(*lending);
        let lendable = lending.lendable(&self.budget());
        self.inner.root.set_limit(lendable);
        self.inner.classes.set_limits(lendable);
        drop(lending);
        self.set_mark(&self.tuning().thresholds);
    }

    /// When the system's limit or the budget that is asked for has changed, cuts a new budget and sets the pools' limits
    /// by it.
    pub(super) fn follow_limit(
        &self,
        reading: &Reading,
        tuning: &Tuning,
        at_micros: u64,
        chores: Option<&Chores>,
    ) -> Budget {
        let known = self.budget();
        let budget = budget_of(tuning.explicit_budget_bytes, reading.limit);
        if known == budget {
            return known;
        }
        self.inner.budget.send_replace(budget);
        self.set_pools(None);
        if known.limit == reading.limit {
            self.inner.controls.budget_changed();
            tracing::info!(budget_bytes = budget.bytes, "memory budget changed");
            return budget;
        }
        if reading.limit.bytes < known.limit.bytes {
            // What was kept within the old one may be what is too much for the new one.
            self.leave(Chore::PurgePages, chores);
        }
        self.inner.controls.limit_changed(at_micros, known.limit.bytes, reading.limit.bytes);
        tracing::info!(
            limit_bytes = reading.limit.bytes,
            budget_bytes = budget.bytes,
            source = reading.limit.source.as_str(),
            "memory limit changed"
        );
        budget
    }
}
