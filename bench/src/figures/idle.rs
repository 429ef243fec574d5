use crate::process;
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use std::time::Duration;

/// What follows a start, such as giving back the memory of the first password's hash, is over by then.
const SETTLE: Duration = Duration::from_secs(3);

/// Resident memory at rest: after the first start, which makes the database, and after a further one.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let mut rows = Vec::new();
    for figure in ["idle resident memory, first start", "idle resident memory, existing database"] {
        let server = Start::on(setup, &data_dir).go().await?;
        tokio::time::sleep(SETTLE).await;
        rows.push(row(figure, &server)?);
        server.stop().await?;
    }
    Ok(rows)
}

fn row(figure: &str, server: &Server) -> anyhow::Result<Row> {
    let memory = process::memory(server.pid())?;
    let note = format!(
        "{} of it anonymous, peak {}",
        Quantity::bytes(memory.anonymous),
        Quantity::bytes(memory.peak)
    );
    Ok(Row::at_most(figure, Quantity::bytes(memory.resident), Quantity::mebibytes(16)).with_note(note))
}
