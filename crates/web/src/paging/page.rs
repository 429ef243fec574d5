use crate::problem::{Fault, Problem};

/// How many items a page has when the caller does not say.
pub const DEFAULT_LIMIT: u64 = 20;
/// The most items of a page.
pub const MAX_LIMIT: u64 = 1000;

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    number: u64,
    limit: u64,
}

impl Page {
    /// Checks the parameters `page` (from 1) and `limit` (1 to `max`, 20 by default). What lies outside is refused with
    /// 400, never cut. A page beyond the end is allowed: it is empty.
    pub fn from_parts(page: Option<u64>, limit: Option<u64>, max: u64) -> Result<Self, Problem> {
        let (number, limit) = (page.unwrap_or(1), limit.unwrap_or(DEFAULT_LIMIT.min(max)));
        let mut faults = Vec::new();
        if !(1..=max).contains(&limit) {
            faults.push(Fault::new("limit", "out_of_range", format!("must be from 1 to {max}")));
        }
        let offset = number.checked_sub(1).and_then(|before| before.checked_mul(limit.max(1)));
        if offset.is_none_or(|offset| i64::try_from(offset).is_err()) {
            faults.push(Fault::new("page", "out_of_range", "must be 1 or more, and within a 64-bit offset"));
        }
        if faults.is_empty() { Ok(Self { number, limit }) } else { Err(Problem::invalid(faults)) }
    }

    /// The page's number, from 1.
    pub fn number(self) -> u64 {
        self.number
    }

    /// The most items on it.
    pub fn limit(self) -> u64 {
        self.limit
    }

    /// How many items lie before it; fits an `i64`.
    pub fn offset(self) -> u64 {
        (self.number - 1).saturating_mul(self.limit)
    }

    /// How many items lie before its end, if it is full.
    pub fn end(self) -> u64 {
        self.offset().saturating_add(self.limit)
    }

    /// How many pages a list of `total` items has.
    pub fn count_for(self, total: u64) -> u64 {
        total.div_ceil(self.limit)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, limit: DEFAULT_LIMIT }
    }
}
