//! How soon the server is itself again when the attackers are gone.

use super::{health, reports};
use crate::client::Connection;
use crate::process;
use crate::quantity::Quantity;
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
    /// Where the bytes were at that time, if it was not.
    pub held: String,
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
            if is_settled && recovery.resident > small {
                recovery.held = held(server, &mut connection).await?;
            }
        }
        if (is_settled && recovery.normal_after.is_some()) || begun.elapsed() >= PATIENCE {
            return Ok(recovery);
        }
        tokio::time::sleep(EACH).await;
    }
}

/// The resident memory by its kinds, and the parts that the memory report tells.
async fn held(server: &Server, connection: &mut Option<Connection>) -> anyhow::Result<String> {
    let memory = process::memory(server.pid())?;
    let report = health::report(server.address(), connection).await;
    let parts = report.as_ref().and_then(reports::parts).unwrap_or_else(|| "no report".to_owned());
    let (anonymous, resident) = (Quantity::bytes(memory.anonymous), Quantity::bytes(memory.resident));
    Ok(format!("; anonymous {anonymous} of {resident}, {parts}"))
}
