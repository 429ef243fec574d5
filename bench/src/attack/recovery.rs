//! How soon the server is itself again when the attackers are gone.

use super::health;
use crate::process;
use crate::server::Server;
use std::time::{Duration, Instant};

const EACH: Duration = Duration::from_millis(100);
/// What has not come back by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The memory is looked at last at this time.
const MEMORY_LIMIT: Duration = Duration::from_secs(10);

/// What was seen after the attack.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// From the attack's end until the level was normal.
    pub normal_after: Option<Duration>,
    /// Resident memory when it first was small enough, or at the time when it should have been.
    pub resident: u64,
    pub resident_after: Duration,
    /// The last level that was seen, if it was not normal.
    pub last_level: String,
}

/// Looks until both are as they should be, or the patience ends.
pub(super) async fn watch(server: &Server, small: u64) -> anyhow::Result<Recovery> {
    let begun = Instant::now();
    let mut recovery = Recovery::default();
    let (mut connection, mut is_settled) = (None, false);
    loop {
        if recovery.normal_after.is_none()
            && let Some(level) = health::level(server.address(), &mut connection).await
        {
            recovery.normal_after = (level == "normal").then(|| begun.elapsed());
            recovery.last_level = level;
        }
        if !is_settled {
            recovery.resident = process::memory(server.pid())?.resident;
            recovery.resident_after = begun.elapsed();
            is_settled = recovery.resident <= small || begun.elapsed() >= MEMORY_LIMIT;
        }
        if (is_settled && recovery.normal_after.is_some()) || begun.elapsed() >= PATIENCE {
            return Ok(recovery);
        }
        tokio::time::sleep(EACH).await;
    }
}
