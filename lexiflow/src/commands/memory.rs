//! `lexiflow memory`: asks a running server about its memory, over HTTP as any operator would.

mod flame;
mod history;
mod http;
mod leaks;
mod profile;
mod sites;
mod symbols;
mod trace;

use super::arguments::{Memory, MemoryView};
use super::{CommandError, Console, write_table};
use crate::config::Sources;
use crate::ops::BOOK_PARTS as PARTS;
use http::Server;
use serde_json::{Value, json};
use std::io::Write as _;

/// Where the token is when the command line has none: other users of the machine see its words.
const TOKEN: &str = "LEXIFLOW_TOKEN";

pub(super) fn run(asked: Memory, sources: &Sources, console: &mut Console) -> Result<(), CommandError> {
    let Memory { url, token, what } = asked;
    let server = || {
        let token = token.or_else(|| sources.environment.value(TOKEN).map(str::to_owned));
        let url = url.map_or_else(|| configured(sources), Ok)?;
        Ok::<_, CommandError>(Server { url, token })
    };
    match what {
        MemoryView::Status => status(&server()?.get("/api/monitoring/memory/stats")?, console)?,
        MemoryView::Stores => stores(&server()?.get("/api/monitoring/memory/stores")?, console)?,
        MemoryView::Requests { top } => {
            requests(&server()?.get("/api/monitoring/memory/requests")?, top.unwrap_or(usize::MAX), console)?;
        }
        MemoryView::History { minutes } => {
            history::show(&server()?.get(&format!("{}?minutes={minutes}", history::PATH))?, console)?;
        }
        MemoryView::Purge => purge(&server()?.post("/api/monitoring/memory/purge")?, console)?,
        MemoryView::Shed { store } => {
            let asked = json!({ "store": store });
            shed(&server()?.post_json("/api/monitoring/memory/shrink", &asked)?, console)?;
        }
        MemoryView::Profile(asked) => profile::take(&server()?, &asked, console)?,
        MemoryView::Diff(asked) => profile::compare(&asked, console)?,
        MemoryView::Leaks(asked) => leaks::show(server, &asked, console)?,
        MemoryView::Trace(asked) => trace::follow(&server()?, &asked, console)?,
    }
    Ok(console.out.flush()?)
}

/// The server that these settings would start.
fn configured(sources: &Sources) -> Result<String, CommandError> {
    let server = super::settings(sources)?.config.server;
    Ok(format!("http://{}", super::healthcheck::address(&server.host, server.port)?))
}

/// A number of an answer; zero where it is missing.
fn number(answer: &Value, pointer: &str) -> u64 {
    answer.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn text<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or("-")
}

fn rows<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    answer[member].as_array().into_iter().flatten()
}

fn status(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let level = text(answer, "/level");
    let permille = number(answer, "/usedPermille");
    writeln!(console.out, "level {level}, {}.{} % used; in bytes:", permille / 10, permille % 10)?;
    let figures = [
        ("budget", "/budget/bytes"),
        ("limit", "/budget/limitBytes"),
        ("resident", "/process/rss"),
        ("  anonymous", "/process/rssAnon"),
        ("  of files", "/process/rssFile"),
        ("  highest", "/process/peakRss"),
        ("allocated", "/allocator/allocated"),
        ("allocator resident", "/allocator/resident"),
        ("allocator metadata", "/allocator/metadata"),
        ("purges", "/allocator/purges"),
    ];
    write_table(&mut console.out, &figures.map(|(name, pointer)| (name, number(answer, pointer))))?;
    books(answer, console)?;
    pools(answer, console)?;
    finished(answer, console)
}

/// Where the bytes are that the kernel counts.
fn books(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    writeln!(out, "{:>12}  charged by the kernel, of which", number(answer, "/books/charged"))?;
    for (name, said) in PARTS.iter().chain(&[("unexplained", "unexplained")]) {
        match answer["books"][name].as_i64() {
            Some(bytes) => writeln!(out, "{bytes:>12}  {said}")?,
            None => writeln!(out, "{:>12}  {said}", "-")?,
        }
    }
    Ok(())
}

/// The budget's parts, and the firms' shares that hold most.
fn pools(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    writeln!(
        out,
        "{:>12} {:>12} {:>12} {:>10} {:>10}  part",
        "used", "limit", "peak", "refused", "requests"
    )?;
    for part in rows(answer, "pools").chain(rows(answer, "firms")) {
        let of = |name: &str| part[name].as_u64().unwrap_or(0);
        write!(out, "{:>12} {:>12} {:>12} {:>10} ", of("used"), of("limit"), of("peak"), of("refused"))?;
        match part.get("firm") {
            None => writeln!(out, "{:>10}  {}", "", text(part, "/name"))?,
            Some(_) => writeln!(out, "{:>10}  {}, {}", of("requests"), text(part, "/class"), whose(part))?,
        }
    }
    Ok(())
}

/// What the firms' requests did that are over.
fn finished(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    writeln!(
        out,
        "{:>12} {:>14} {:>12} {:>10}  finished requests of",
        "peak", "allocated", "retained", "requests"
    )?;
    for part in rows(answer, "firms") {
        let of = |name: &str| part["finished"][name].as_i64().unwrap_or(0);
        write!(out, "{:>12} {:>14} {:>12} ", of("peak"), of("allocated"), of("retained"))?;
        writeln!(out, "{:>10}  {}, {}", of("requests"), text(part, "/class"), whose(part))?;
    }
    Ok(())
}

/// Whose a share is, as far as the caller may know.
fn whose(share: &Value) -> &'static str {
    if share["firm"].is_null() { "another firm" } else { "your firm" }
}

fn stores(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    writeln!(
        out,
        "{:>12} {:>12} {:>10} {:>10} {:>10} {:>10}  store",
        "bytes", "cap", "entries", "hits", "misses", "evicted"
    )?;
    for store in rows(answer, "stores") {
        let of = |name: &str| store[name].as_u64().unwrap_or(0);
        write!(out, "{:>12} {:>12} {:>10} ", of("bytes"), of("maxBytes"), of("entries"))?;
        writeln!(
            out,
            "{:>10} {:>10} {:>10}  {}",
            of("hits"),
            of("misses"),
            of("evictions"),
            text(store, "/name")
        )?;
    }
    Ok(())
}

fn requests(answer: &Value, top: usize, console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    let (measured, large) = (number(answer, "/measured"), number(answer, "/large"));
    writeln!(out, "{measured} requests measured, {large} of them large; in bytes:")?;
    writeln!(out, "{:>12} {:>10} {:>14} {:>12}  route", "peak", "requests", "allocated", "retained")?;
    for route in rows(answer, "routes").take(top) {
        let of = |name: &str| route[name].as_i64().unwrap_or(0);
        write!(out, "{:>12} {:>10} ", of("peak"), of("requests"))?;
        writeln!(out, "{:>14} {:>12}  {}", of("allocated"), of("retained"), text(route, "/route"))?;
    }
    writeln!(out, "{:>12} {:>10} {:>14} {:>12}  background work", "peak", "runs", "allocated", "retained")?;
    for work in rows(answer, "background").take(top) {
        let of = |name: &str| work[name].as_i64().unwrap_or(0);
        write!(out, "{:>12} {:>10} ", of("peak"), of("runs"))?;
        writeln!(out, "{:>14} {:>12}  {}", of("allocated"), of("retained"), text(work, "/work"))?;
    }
    writeln!(out, "{:>12} {:>10} {:>14}  {:11}  running now", "live", "age in ms", "lent", "class")?;
    for request in rows(answer, "running") {
        let of = |name: &str| request[name].as_u64().unwrap_or(0);
        write!(out, "{:>12} {:>10} {:>14}  ", of("live"), of("ageMs"), of("lent"))?;
        writeln!(out, "{:11}  {}", text(request, "/class"), text(request, "/route"))?;
    }
    Ok(())
}

fn purge(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let (freed, millis) = (&answer["freedMB"], &answer["durationMs"]);
    writeln!(console.out, "{freed} MiB given back in {millis} ms; in bytes, before and after:")?;
    for (name, member) in
        [("allocated", "allocated"), ("allocator resident", "resident"), ("resident", "rss")]
    {
        let of = |stats: &str| number(answer, &format!("/{stats}/{member}"));
        writeln!(console.out, "{name:18}  {:>12}  {:>12}", of("beforeStats"), of("afterStats"))?;
    }
    Ok(())
}

fn shed(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let of = |pointer: &str| sites::size(i64::try_from(number(answer, pointer)).unwrap_or(i64::MAX));
    let (freed, before) = (of("/freedBytes"), of("/beforeBytes"));
    writeln!(console.out, "{freed} of {before} thrown out of {}", text(answer, "/store"))?;
    if number(answer, "/freedBytes") == 0 {
        writeln!(console.out, "it is empty but for what it keeps always, or it throws nothing out")?;
    }
    Ok(())
}
