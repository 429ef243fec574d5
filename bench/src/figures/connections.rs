use crate::api;
use crate::client::Connection;
use crate::process;
use crate::quantity::Quantity;
use crate::server::Start;
use crate::setup::Setup;
use crate::table::Row;
use std::time::Duration;

/// As many as a large firm has people.
const CONNECTIONS: usize = 1000;
/// What one may cost, in bytes.
const EACH_BYTES: u64 = 24 << 10;
/// The allocator has given back by then what only the requests needed.
const SETTLE: Duration = Duration::from_secs(5);

/// What a connection costs that asked once and now waits, kept alive.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let server =
        Start::on(setup, &folder.path().join("data")).with("KEEP_ALIVE_TIMEOUT_MS", "600000").go().await?;
    // The buffers and caches that the first requests make are there whatever comes.
    let token = api::login(&server).await?;
    let mut first = Connection::open(server.address(), Some(&token)).await?;
    for _ in 0..100 {
        first.get("/api/auth/me").await?;
    }
    tokio::time::sleep(SETTLE).await;
    let before = process::memory(server.pid())?;
    let crowd = api::waiting(&server, &token, CONNECTIONS).await?;
    tokio::time::sleep(SETTLE).await;
    let after = process::memory(server.pid())?;
    anyhow::ensure!(!crowd.iter().any(Connection::is_closed), "the server ended connections");
    let count = u64::try_from(CONNECTIONS)?;
    let growth = after.anonymous.saturating_sub(before.anonymous);
    let note = format!(
        "{count} connections, heap and stacks from {} to {}, resident from {} to {}",
        Quantity::bytes(before.anonymous),
        Quantity::bytes(after.anonymous),
        Quantity::bytes(before.resident),
        Quantity::bytes(after.resident)
    );
    drop((first, crowd));
    server.stop().await?;
    let each = Quantity::bytes(growth / count);
    Ok(vec![Row::at_most("an idle keep-alive connection", each, Quantity::bytes(EACH_BYTES)).with_note(note)])
}
