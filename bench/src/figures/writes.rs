use super::{create_case, slow_disk};
use crate::api;
use crate::load::{self, Outcome, Until};
use crate::process;
use crate::quantity::Quantity;
use crate::server::Start;
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use http::StatusCode;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const CLIENTS: usize = 64;
const GROUP_COMMIT: &str = "DB_GROUP_COMMIT";

#[derive(Debug, Default)]
struct Sum {
    created: u64,
    wall_nanos: u64,
    cpu_nanos: u64,
    nanos: Vec<u64>,
}

impl Sum {
    fn rate(&self) -> Quantity {
        Quantity::rate(self.created, self.wall_nanos)
    }

    fn note(mut self) -> String {
        self.nanos.sort_unstable();
        let all = Outcome { nanos: self.nanos, ..Outcome::default() };
        format!(
            "{} cases, p50 {}, p99 {}, CPU {} each",
            self.created,
            Quantity::nanos(all.percentile(50)),
            Quantity::nanos(all.percentile(99)),
            Quantity::nanos(self.cpu_nanos / self.created.max(1)),
        )
    }
}

/// 64 clients that create cases, with group commit and without it in turn, each on a new database; then a crash.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let (mut grouped, mut single) = (Sum::default(), Sum::default());
    let sync = sync_nanos(&setup.scratch)?;
    for _ in 0..setup.amounts.write_rounds {
        round(setup, true, None, &mut grouped).await?;
        round(setup, false, None, &mut single).await?;
    }
    let rows = vec![
        Row::at_least(
            "64 clients create, group commit on / off",
            gain(&grouped, &single)?,
            Quantity::ratio(8, 1),
        )
        .with_note(format!(
            "synchronous=FULL, one 4 KiB append and fdatasync here: {}",
            Quantity::nanos(sync)
        )),
        on_a_slow_disk(setup).await?,
        Row::at_least(
            "64 clients create, group commit on",
            grouped.rate(),
            Quantity::rate(4000, 1_000_000_000),
        )
        .with_note(grouped.note()),
        Row::plain("64 clients create, group commit off", single.rate()).with_note(single.note()),
        crash(setup).await?,
    ];
    Ok(rows)
}

fn gain(grouped: &Sum, single: &Sum) -> anyhow::Result<Quantity> {
    Ok(Quantity::ratio(u64::try_from(grouped.rate().amount)?, u64::try_from(single.rate().amount)?))
}

/// What sharing gives where a sync costs more than here.
async fn on_a_slow_disk(setup: &Setup) -> anyhow::Result<Row> {
    let folder = setup.folder()?;
    let delay = slow_disk::library(folder.path())?;
    let (mut grouped, mut single) = (Sum::default(), Sum::default());
    round(setup, true, Some(&delay), &mut grouped).await?;
    round(setup, false, Some(&delay), &mut single).await?;
    let figure = "the same, each sync made to last 2 ms longer";
    let note = format!("{} and {}", grouped.rate(), single.rate());
    Ok(Row::at_least(figure, gain(&grouped, &single)?, Quantity::ratio(8, 1)).with_note(note))
}

/// One server, one length of time. What it has afterwards is exactly what it acknowledged.
async fn round(setup: &Setup, is_grouped: bool, delay: Option<&Path>, sum: &mut Sum) -> anyhow::Result<()> {
    let folder = setup.folder()?;
    let mut start = Start::on(setup, &folder.path().join("data"));
    if let Some(delay) = delay {
        start = start.with("LD_PRELOAD", &delay.display().to_string());
    }
    let server = start.with(GROUP_COMMIT, &is_grouped.to_string()).go().await?;
    let mut connections = api::connections(&server, CLIENTS).await?;
    let length = Duration::from_millis(setup.amounts.write_millis);
    let before = process::cpu_nanos(server.pid())?;
    let outcome = load::run(&mut connections, Until::Elapsed(length), create_case).await.faultless()?;
    sum.cpu_nanos += process::cpu_nanos(server.pid())? - before;
    sum.created += outcome.count();
    sum.wall_nanos += outcome.wall_nanos;
    let counted = api::count_cases(connections.first_mut().context("no connection")?).await?;
    anyhow::ensure!(
        counted == outcome.count(),
        "{} creations were acknowledged, but there are {counted} cases",
        outcome.count()
    );
    sum.nanos.extend(outcome.nanos);
    drop(connections);
    server.stop().await
}

/// Kills the server while 64 clients create, starts it again, and looks for what it had acknowledged.
async fn crash(setup: &Setup) -> anyhow::Result<Row> {
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let server = Start::on(setup, &data_dir).go().await?;
    let mut connections = api::connections(&server, CLIENTS).await?;
    let middle = Duration::from_millis(setup.amounts.write_millis / 3);
    let end = Until::Elapsed(Duration::from_millis(setup.amounts.write_millis));
    let killed = async {
        tokio::time::sleep(middle).await;
        server.kill().await
    };
    let (outcome, killed) = tokio::join!(load::run(&mut connections, end, create_case), killed);
    killed?;
    anyhow::ensure!(
        outcome.count() > 0,
        "nothing was created before the server was killed: {:?}",
        outcome.fault
    );
    let server = Start::on(setup, &data_dir).go().await?;
    let mut connections = api::connections(&server, 1).await?;
    let connection = connections.first_mut().context("no connection")?;
    let counted = api::count_cases(connection).await?;
    let mut lost = outcome.count().saturating_sub(counted);
    for answer in &outcome.newest {
        let (status, _) = connection.get(&format!("/api/cases/{}", api::id_of(answer)?)).await?;
        lost += u64::from(status != StatusCode::OK);
    }
    let note = format!(
        "{} acknowledged, {counted} there after the restart, the newest {} looked up",
        outcome.count(),
        outcome.newest.len()
    );
    server.stop().await?;
    Ok(Row::exactly("lost after kill -9 amid 64 clients", Quantity::count(lost), Quantity::count(0))
        .with_note(note))
}

/// What the disk takes for one small append that is on it afterwards: the floor of a creation without group commit.
fn sync_nanos(scratch: &Path) -> anyhow::Result<u64> {
    let mut file = tempfile::tempfile_in(scratch)?;
    let append = |file: &mut File| -> anyhow::Result<u64> {
        let begun = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        Ok(load::nanos(begun.elapsed()))
    };
    let times: anyhow::Result<Vec<u64>> = (0..100).map(|_| append(&mut file)).collect();
    Ok(super::median(times?))
}
