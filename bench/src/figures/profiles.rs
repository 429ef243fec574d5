use super::AT_REST;
use crate::api;
use crate::process;
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::table::Row;

const PROFILES: [&str; 3] = ["default", "high-concurrency", "memory-constrained"];
/// Fewer than the smallest profile lets in.
const CONNECTIONS: usize = 200;
/// Requests of the short load: 8 clients that search, so that compressors, readers and threads are all in use.
const LOAD_CLIENTS: usize = 8;
const LOAD_ROUNDS: usize = 100;

/// What each profile of settings costs: at rest, for each idle connection, and at the height of a short load.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for profile in PROFILES {
        let folder = setup.folder()?;
        let data_dir = folder.path().join("data");
        // The first start makes the database, and hashes a password.
        Start::on(setup, &data_dir).go().await?.stop().await?;
        let server = Start::on(setup, &data_dir).with("LEXIFLOW_PROFILE", profile).go().await?;
        tokio::time::sleep(AT_REST).await;
        rows.extend(measure_one(profile, &server).await?);
        server.stop().await?;
    }
    Ok(rows)
}

async fn measure_one(profile: &str, server: &Server) -> anyhow::Result<Vec<Row>> {
    let idle = process::memory(server.pid())?;
    let token = api::login(server).await?;
    tokio::time::sleep(AT_REST).await;
    let before = process::memory(server.pid())?;
    let mut connections = api::waiting(server, &token, CONNECTIONS).await?;
    let held = process::memory(server.pid())?;
    let each = held.anonymous.saturating_sub(before.anonymous) / u64::try_from(CONNECTIONS)?;
    for round in 0..LOAD_ROUNDS {
        let calls = connections.iter_mut().take(LOAD_CLIENTS).enumerate().map(|(client, connection)| {
            let case = api::new_case(client, u64::try_from(round).unwrap_or(0));
            async move {
                connection.post("/api/cases", case).await?;
                connection.get("/api/cases?limit=100").await
            }
        });
        futures_util::future::try_join_all(calls).await?;
    }
    let peak = process::memory(server.pid())?.resident;
    let note = format!("{} of it anonymous", Quantity::bytes(idle.anonymous));
    Ok(vec![
        Row::plain(&format!("{profile}: idle resident"), Quantity::bytes(idle.resident)).with_note(note),
        Row::plain(&format!("{profile}: for each idle connection"), Quantity::bytes(each)),
        Row::plain(&format!("{profile}: resident after a short load"), Quantity::bytes(peak)),
    ])
}
