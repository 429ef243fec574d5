use super::{median, server_with_cases};
use crate::load::nanos;
use crate::quantity::Quantity;
use crate::server::Start;
use crate::setup::Setup;
use crate::table::Row;

/// From the start of the process to the first 200 of `/api/health`, asked each millisecond, on a database with cases.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let (server, connections) = server_with_cases(setup, Start::on(setup, &data_dir)).await?;
    drop(connections);
    server.stop().await?;
    let mut times = Vec::new();
    for _ in 0..setup.amounts.starts {
        let server = Start::on(setup, &data_dir).directly().go().await?;
        times.push(nanos(server.ready_after));
        server.stop().await?;
    }
    let (least, most) = (times.iter().min().copied(), times.iter().max().copied());
    let note = format!(
        "median of {}, {} to {}",
        times.len(),
        Quantity::nanos(least.unwrap_or(0)),
        Quantity::nanos(most.unwrap_or(0))
    );
    let figure = format!("start to first 200, {} cases", setup.amounts.cases);
    Ok(vec![Row::at_most(&figure, Quantity::nanos(median(times)), Quantity::millis(150)).with_note(note)])
}
