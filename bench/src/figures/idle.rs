use super::{AT_REST, median};
use crate::process;
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use std::time::Duration;

/// Looks at a server at rest. What it does every now and then brings code back for a moment.
const LOOKS: u64 = 15;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Resident memory at rest: after the first start, which makes the database, and after a further one. The middle one of
/// some looks.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let mut rows = Vec::new();
    for figure in ["idle resident memory, first start", "idle resident memory, existing database"] {
        let server = Start::on(setup, &data_dir).go().await?;
        tokio::time::sleep(AT_REST).await;
        rows.push(row(figure, &server).await?);
        server.stop().await?;
    }
    Ok(rows)
}

async fn row(figure: &str, server: &Server) -> anyhow::Result<Row> {
    let (mut resident, mut anonymous) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        let memory = process::memory(server.pid())?;
        resident.push(memory.resident);
        anonymous.push(memory.anonymous);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let highest = resident.iter().max().copied().unwrap_or(0);
    let note = format!(
        "{} of it anonymous, {} at most in {LOOKS} s, peak {}",
        Quantity::bytes(median(anonymous)),
        Quantity::bytes(highest),
        Quantity::bytes(process::memory(server.pid())?.peak)
    );
    Ok(Row::at_most(figure, Quantity::bytes(median(resident)), Quantity::mebibytes(16)).with_note(note))
}
