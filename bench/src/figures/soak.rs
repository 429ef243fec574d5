#![expect(clippy::float_arithmetic, reason = "the statistics of a trend; no money")]

use super::{create_case, open_cases};
use crate::api;
use crate::client::Connection;
use crate::load::{self, Call, Until};
use crate::process;
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use headroom::leaks::statistics::{mann_kendall, theil_sen};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 1000;
const SECONDS: u64 = 1800;
/// Cases before: the database is larger than what its connections keep of it.
const CASES: u64 = 8000;
/// How many ask at once, and for how long, before the people come: so many that each of the database's connections is
/// used, and each of them fills what it keeps. People who think in between need one or two of them, and the others would
/// fill in the course of hours.
const FILLERS: usize = 16;
const FILLING: Duration = Duration::from_secs(15);
/// It goes on until a round has added less than this, in hundredths, or for so many rounds.
const FULL: u64 = 1;
const ROUNDS: usize = 16;
/// The time in which everything fills that fills once, as a part of the whole: caches, and what the heap's profile and the
/// watch over leaks get to know of stacks, which are half a MiB within the first quarter of an hour and no more later.
const WARM_UP: u32 = 2;
const SAMPLE: Duration = Duration::from_secs(5);
/// One request in so many is a creation.
const CREATIONS: u64 = 50;
/// How far the memory may move, in hundredths of its mean.
const VARIATION: u64 = 5;
/// Less likely by chance than this, the memory has a trend.
const CHANCE: f64 = 0.01;

/// Heap and stacks of a server that a thousand people use for a while.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let server = Start::on(setup, &data_dir).with("ACCESS_TOKEN_TTL_MINUTES", "720").go().await?;
    // Docket numbers that none of the people uses.
    drop(open_cases(&server, CASES, |client, at| create_case(client + CONNECTIONS, at)).await?);
    fill(setup, &server).await?;
    let length = Duration::from_secs(setup.attack.seconds.unwrap_or(SECONDS));
    let begun = Instant::now();
    let mut people = JoinSet::new();
    for (person, connection) in api::connections(&server, CONNECTIONS).await?.into_iter().enumerate() {
        people.spawn(person_at_work(connection, person, begun + length));
    }
    let mut samples = Vec::new();
    while begun.elapsed() < length {
        tokio::time::sleep(SAMPLE).await;
        if begun.elapsed() >= length / WARM_UP {
            samples.push(process::memory(server.pid())?.anonymous);
        }
        if let Some(ended) = people.try_join_next() {
            ended??;
        }
    }
    let mut requests = 0;
    while let Some(done) = people.join_next().await {
        requests += done??;
    }
    server.stop().await?;
    let series: Vec<_> =
        minutes(&samples)?.into_iter().map(|bytes| Quantity::bytes(bytes).to_string()).collect();
    setup.say(&format!("each minute after the warm-up: {}", series.join(", ")));
    rows(&samples, requests, length)
}

/// Asks until nothing is kept beyond what was.
async fn fill(setup: &Setup, server: &Server) -> anyhow::Result<()> {
    let mut fillers = api::connections(server, FILLERS).await?;
    let mut before = process::memory(server.pid())?.anonymous;
    for round in 1..=ROUNDS {
        load::run(&mut fillers, Until::Elapsed(FILLING), look_through).await.faultless()?;
        tokio::time::sleep(SAMPLE).await;
        let after = process::memory(server.pid())?.anonymous;
        setup.say(&format!("filled for {round} rounds: {}", Quantity::bytes(after)));
        if after < before + before / 100 * FULL {
            break;
        }
        before = after;
    }
    Ok(())
}

/// Questions that look at much of the database.
fn look_through(client: usize, at: u64) -> Call {
    let page = at * 7 + client as u64;
    let path = match page % 3 {
        0 => format!("/api/cases?query=nobody{page}"),
        1 => format!("/api/cases?limit=100&sort=title&page={}", 1 + page % (CASES / 100)),
        _ => "/api/search?query=freight".to_owned(),
    };
    Call { path, body: None }
}

/// Reads lists and cases, now and then opens one, and thinks for 2 to 10 seconds in between.
async fn person_at_work(mut connection: Connection, person: usize, until: Instant) -> anyhow::Result<u64> {
    let seed = u64::try_from(person)?;
    for at in 0.. {
        // A connection that says nothing at first is closed.
        let pause = if at == 0 { seed * 7 % 2000 } else { 2000 + (seed * 7919 + at * 104_729) % 8000 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if Instant::now() >= until {
            return Ok(at);
        }
        let (status, answer) = if (seed + at).is_multiple_of(CREATIONS) {
            let call = create_case(person, at);
            connection.post(&call.path, call.body.unwrap_or_default()).await?
        } else {
            let paths = ["/api/cases?limit=20&status=open", "/api/auth/me", "/api/search?query=freight"];
            connection.get(paths[usize::try_from(at)? % paths.len()]).await?
        };
        let start: String = String::from_utf8_lossy(&answer).chars().take(200).collect();
        anyhow::ensure!(status.is_success(), "answered {status}: {start}");
    }
    Ok(0)
}

/// One figure a minute: neighbours are too much alike to count as witnesses of their own.
fn minutes(samples: &[u64]) -> anyhow::Result<Vec<u64>> {
    let per_minute = usize::try_from(60 / SAMPLE.as_secs())?;
    Ok(samples.chunks(per_minute).map(|minute| super::median(minute.to_vec())).collect())
}

fn rows(samples: &[u64], requests: u64, length: Duration) -> anyhow::Result<Vec<Row>> {
    let (Some(least), Some(most)) = (samples.iter().min(), samples.iter().max()) else {
        anyhow::bail!("there is no sample after the warm-up: let it last longer");
    };
    let mean = samples.iter().sum::<u64>() / u64::try_from(samples.len())?;
    let minutes: Vec<f64> = minutes(samples)?.into_iter().map(as_f64).collect();
    let at: Vec<f64> = (0..minutes.len()).map(|minute| as_f64(minute as u64)).collect();
    let trend = mann_kendall(&minutes);
    let slope = theil_sen(&at, &minutes) * 60.0 / 1024.0;
    let figure = format!("soak, {CONNECTIONS} connections, {} s", length.as_secs());
    let note = format!(
        "{} samples of heap and stacks, {} to {}, mean {}; {requests} requests",
        samples.len(),
        Quantity::bytes(*least),
        Quantity::bytes(*most),
        Quantity::bytes(mean)
    );
    let moved = Quantity::percent_hundredths((most - least) * 10_000 / mean.max(1));
    let variation = Row::at_most(
        &format!("{figure}: (most - least) / mean"),
        moved,
        Quantity::percent_hundredths(VARIATION * 100),
    );
    let words = format!("slope {slope:.1} KiB an hour over {} minutes", minutes.len());
    let trend = Row::at_least(
        &format!("{figure}: chance that there is no trend"),
        hundredths(trend.p),
        hundredths(CHANCE),
    );
    Ok(vec![variation.with_note(note), trend.with_note(words)])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability")]
fn hundredths(probability: f64) -> Quantity {
    Quantity::percent_hundredths((probability * 10_000.0).round() as u64)
}

#[expect(clippy::cast_precision_loss, reason = "bytes of one process are far below 2^52")]
fn as_f64(number: u64) -> f64 {
    number as f64
}
