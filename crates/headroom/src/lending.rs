use crate::Budget;

/// What decides how much of a budget is lent, whatever the budget becomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lending {
    /// What the server needs whatever it does, in bytes: its open connections and what it begins with. Of the budget only
    /// the rest is lent, but never less than a quarter where that fits beside what nobody borrows.
    pub held_back_bytes: u64,
    /// What of the limit nobody borrows, in bytes, as it was declared: what is lent has to fit beside it.
    pub unlent_bytes: u64,
    /// What is lent all the same, in bytes: what the largest borrower needs, with some room beside it. A server that lends less does
    /// not work.
    pub needed_bytes: u64,
}

impl Lending {
    /// What of the budget can be lent, in bytes. A budget that is asked for stands for a limit of which it is three quarters.
    pub(crate) fn lendable(self, budget: &Budget) -> u64 {
        let limit = budget.limit.bytes.min(budget.bytes.saturating_mul(4) / 3);
        let beside = limit.saturating_sub(self.unlent_bytes).max(self.needed_bytes);
        budget.bytes.saturating_sub(self.held_back_bytes).max(budget.bytes / 4).min(beside)
    }
}
