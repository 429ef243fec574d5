use crate::api;
use crate::client::Connection;
use crate::figures::create_case;
use crate::figures::requests::LIST;
use crate::load::{self, Call, Until};
use crate::quantity::Quantity;
use crate::server::Start;
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

pub(super) const SHARE: &str = "request meter, of all instructions of real requests";

/// Where the meter's code is, also where it is inlined into other functions. What is inlined into it from the standard library,
/// atomics above all, stands under that library's files and is not in the sum.
const METER: [&str; 6] = [
    "headroom/src/meter.rs",
    "headroom/src/measured.rs",
    "headroom/src/scope.rs",
    "headroom/src/taken.rs",
    "headroom/src/detached.rs",
    "headroom/src/registered.rs",
];

/// What the meter takes of requests by 64 clients: lists, and a creation for every fourth. Two runs of the server under
/// callgrind, of which one answers more; what they differ by is the requests'.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Row> {
    let few = count(setup, 1).await?;
    let many = count(setup, 1 + setup.amounts.counted_rounds).await?;
    let all = many.all.saturating_sub(few.all).max(1);
    let meter = many.meter.saturating_sub(few.meter);
    anyhow::ensure!(few.meter > 0 && meter > 0, "no instruction of the meter was seen: {few:?}, {many:?}");
    let share = Quantity::percent_hundredths(meter * 10_000 / all);
    let requests = setup.amounts.counted_rounds * CLIENTS as u64;
    let note = format!(
        "callgrind, {meter} of {all} instructions of {requests} requests by {CLIENTS} clients, by the lines of the meter's files"
    );
    Ok(Row::at_most(SHARE, share, Quantity::percent_hundredths(100)).with_note(note))
}

const CLIENTS: usize = 64;

#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    all: u64,
    meter: u64,
}

/// A run in which each client asks so often.
async fn count(setup: &Setup, each: u64) -> anyhow::Result<Counted> {
    let folder = setup.folder()?;
    let out = folder.path().join("callgrind.out");
    let start = Start::on(setup, &folder.path().join("data"));
    let server = start.counting_into(&out).go().await?;
    let token = api::login(&server).await?;
    let mut connections = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        connections.push(Connection::open(server.address(), Some(&token)).await?);
    }
    let ask = |client: usize, at: u64| match client % 4 {
        0 => create_case(client, at),
        _ => Call { path: LIST.to_owned(), body: None },
    };
    load::run(&mut connections, Until::Count(each), ask).await.faultless()?;
    drop(connections);
    server.stop().await?;
    read(&out)
}

/// Sums what callgrind counted: all of it, and what the meter's own lines took.
fn read(out: &Path) -> anyhow::Result<Counted> {
    let file = File::open(out).with_context(|| format!("callgrind wrote no {}", out.display()))?;
    // bounded: the files of one program.
    let mut is_meter: HashMap<String, bool> = HashMap::new();
    let (mut counted, mut within, mut is_call) = (Counted::default(), false, false);
    for line in BufReader::new(file).lines() {
        let line = line?;
        let file = ["fl=", "fi=", "fe=", "cfi=", "cfl="].iter().find_map(|kind| line.strip_prefix(kind));
        if let Some(file) = file {
            // A file has its name where it comes first, if only as that of something called, and later its number alone.
            let (number, name) = file.split_once(' ').unwrap_or((file, ""));
            if !name.is_empty() {
                is_meter.insert(number.to_owned(), METER.iter().any(|meter| name.ends_with(meter)));
            }
            if !line.starts_with('c') {
                within = is_meter.get(number).copied().unwrap_or(false);
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost = line.split_whitespace().nth(1).and_then(|cost| cost.parse().ok()).unwrap_or(0);
            // What follows a call is what the called took, which stands there as well.
            if !std::mem::take(&mut is_call) {
                counted.all += cost;
                counted.meter += if within { cost } else { 0 };
            }
        }
    }
    Ok(counted)
}
