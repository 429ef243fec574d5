use super::settings::{Gap, Settings};
use std::time::Duration;

/// How often somebody may ask.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// Requests of most kinds.
    pub general: Rate,
    /// Sign-ins and everything else that proves who somebody is.
    pub auth: Rate,
    /// Files that are brought.
    pub upload: Rate,
    /// So many times as much may come from one address when its requests show a token.
    pub address_factor: u32,
    /// So many requests of one user may run at once; 0 for as many as they like.
    pub max_concurrent: u32,
    /// Bytes of each of the two tables of counts.
    pub table_bytes: u64,
}

/// So many requests in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The requests; 0 for as many as they like.
    pub limit: u32,
    /// The time.
    pub window: Duration,
}

impl RateLimit {
    pub(super) fn from_settings(s: &Settings) -> Result<Self, Gap> {
        Ok(Self {
            general: Rate { limit: s.number("rate_limit.max")?, window: s.time("rate_limit.ttl")? },
            auth: Rate { limit: s.number("rate_limit.auth_max")?, window: s.time("rate_limit.auth_ttl")? },
            upload: Rate {
                limit: s.number("rate_limit.upload_max")?,
                window: s.time("rate_limit.upload_ttl")?,
            },
            address_factor: s.number("rate_limit.address_factor")?,
            max_concurrent: s.number("rate_limit.max_concurrent")?,
            table_bytes: s.number("rate_limit.table_size")?,
        })
    }
}
