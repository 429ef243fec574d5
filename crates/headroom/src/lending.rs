use crate::{Budget, Settings};

/// What decides how much of a budget is lent, whatever the budget becomes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lending {
    held_back: u64,
    unlent: u64,
    needed: u64,
}

impl Lending {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            held_back: settings.held_back_bytes,
            unlent: settings.unlent_bytes,
            needed: settings.needed_bytes,
        }
    }

    /// What of the budget can be lent, in bytes. A budget that is asked for stands for a limit of which it is three quarters.
    pub(crate) fn lendable(self, budget: &Budget) -> u64 {
        let limit = budget.limit.bytes.min(budget.bytes.saturating_mul(4) / 3);
        let beside = limit.saturating_sub(self.unlent).max(self.needed);
        budget.bytes.saturating_sub(self.held_back).min(beside).max(budget.bytes / 4)
    }
}
