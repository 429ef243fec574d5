use super::{FEW_CLIENTS, median, server_with_cases, yardstick};
use crate::api;
use crate::client::Connection;
use crate::load::{self, Call, Outcome, Until};
use crate::process;
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use http::StatusCode;
use serde_json::Value;

pub(super) const LIST: &str = "/api/cases?status=open&sort=title&limit=20";

/// The server's CPU time for a list, for one case and for a creation, in this order, so that the first two see the same
/// cases.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let (server, mut connections) =
        server_with_cases(setup, Start::on(setup, &folder.path().join("data"))).await?;
    let ids = ids(&mut connections, setup.amounts.cases).await?;
    check_list(&mut connections, setup.amounts.cases).await?;
    let list = |_, _| Call { path: LIST.to_owned(), body: None };
    let show = |client: usize, at: u64| {
        let pick = usize::try_from(at.wrapping_mul(37)).unwrap_or(0) + client;
        let id = ids.get(pick % ids.len()).map(String::as_str).unwrap_or_default();
        Call { path: format!("/api/cases/{id}"), body: None }
    };
    // Docket numbers that the cases so far do not have.
    let create = |client: usize, at: u64| super::create_case(client + FEW_CLIENTS, at);
    let mut rounds = Rounds { setup, server: &server, connections: &mut connections, sent: 0 };
    let rows = vec![
        rounds.row("CPU time, list 20 of 1,000 filtered, sorted, total", 350, list).await?,
        rounds.row("CPU time, one case", 120, show).await?,
        rounds.row("CPU time, create a case", 200, create).await?,
    ];
    drop(connections);
    server.stop().await?;
    Ok(rows.into_iter().chain(yardstick::measure(setup)?).collect())
}

struct Rounds<'a> {
    setup: &'a Setup,
    server: &'a Server,
    connections: &'a mut [Connection],
    /// Calls of each client until now.
    sent: u64,
}

impl Rounds<'_> {
    async fn row(
        &mut self,
        figure: &str,
        limit_micros: u64,
        make: impl Fn(usize, u64) -> Call + Copy,
    ) -> anyhow::Result<Row> {
        let each = self.setup.amounts.requests.div_ceil(u64::try_from(FEW_CLIENTS)?);
        self.round(each / 4, make).await?;
        let mut costs = Vec::new();
        let mut all = Outcome::default();
        for _ in 0..self.setup.amounts.rounds {
            let before = process::cpu_nanos(self.server.pid())?;
            let outcome = self.round(each, make).await?;
            costs.push((process::cpu_nanos(self.server.pid())? - before) / outcome.count().max(1));
            all.wall_nanos += outcome.wall_nanos;
            all.nanos.extend(outcome.nanos);
        }
        all.nanos.sort_unstable();
        let note = format!(
            "{}, p50 {}, p99 {}, {FEW_CLIENTS} clients",
            Quantity::rate(all.count(), all.wall_nanos),
            Quantity::nanos(all.percentile(50)),
            Quantity::nanos(all.percentile(99)),
        );
        let cost = Quantity::nanos(median(costs));
        Ok(Row::at_most(figure, cost, Quantity::micros(limit_micros)).with_note(note))
    }

    async fn round(
        &mut self,
        each: u64,
        make: impl Fn(usize, u64) -> Call + Copy,
    ) -> anyhow::Result<Outcome> {
        let from = self.sent;
        self.sent += each;
        load::run(self.connections, Until::Count(each), move |client, at| make(client, from + at))
            .await
            .faultless()
    }
}

/// The ids of all cases.
async fn ids(connections: &mut [Connection], cases: u64) -> anyhow::Result<Vec<String>> {
    let connection = connections.first_mut().context("no connection")?;
    let (status, answer) = connection.get(&format!("/api/cases?limit={}", cases.min(1000))).await?;
    let answer = api::checked(status, &answer, StatusCode::OK)?;
    let cases = answer.get("data").and_then(Value::as_array).context("the list has no data")?;
    let ids: Option<Vec<String>> =
        cases.iter().map(|case| Some(case.get("id")?.as_str()?.to_owned())).collect();
    ids.filter(|ids| !ids.is_empty()).context("the cases have no ids")
}

/// The measured list gives what it should: 20 open cases in the order of their titles, and how many there are.
async fn check_list(connections: &mut [Connection], cases: u64) -> anyhow::Result<()> {
    let connection = connections.first_mut().context("no connection")?;
    let (status, answer) = connection.get(LIST).await?;
    let answer = api::checked(status, &answer, StatusCode::OK)?;
    let total = answer.get("total").and_then(Value::as_u64);
    let data = answer.get("data").and_then(Value::as_array).context("the list has no data")?;
    let titles: Vec<Option<&str>> =
        data.iter().map(|case| case.get("title").and_then(Value::as_str)).collect();
    let are_open = data.iter().all(|case| case.get("status").and_then(Value::as_str) == Some("open"));
    anyhow::ensure!(
        data.len() == 20
            && titles.is_sorted()
            && are_open
            && total.is_some_and(|total| total < cases && total > 20),
        "the list of open cases is not what it should be: {} of {total:?} cases, titles {titles:?}",
        data.len()
    );
    Ok(())
}
