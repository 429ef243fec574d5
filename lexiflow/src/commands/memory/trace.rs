//! `lexiflow memory trace`: a line every few seconds, the actions as they are taken, and from time to time what grew.

use super::http::Server;
use super::sites::{self, Site, size};
use super::symbols::Symbols;
use super::{number, rows, text};
use crate::commands::arguments::Trace;
use crate::commands::{CommandError, Console};
use headroom::heap_profile::{HeapProfile, OtherProgram};
use serde_json::Value;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

const HEALTH: &str = "/api/health/memory?format=bytes";
const PROFILE: &str = "/api/monitoring/memory/profile?format=pprof";

/// Follows the server's memory until the time is over or the command is interrupted.
pub(super) fn follow(server: &Server, asked: &Trace, console: &mut Console) -> Result<(), CommandError> {
    let began = Instant::now();
    let base = profile(server)?;
    let mut trace = Trail { began, heap: None, looked: Duration::ZERO, listed: Duration::ZERO };
    let end = asked.seconds.map(Duration::from_secs);
    writeln!(
        console.out,
        "{:>7}  {:9}  {:>11}  {:>11}  {:>11}  requests",
        "after", "level", "heap", "change", "resident"
    )?;
    loop {
        let now = began.elapsed();
        trace.line(&server.get_also_unwell(HEALTH)?, now, console)?;
        let is_over = end.is_some_and(|end| now >= end);
        if is_over || now.saturating_sub(trace.listed) >= Duration::from_secs(asked.growth) {
            trace.listed = now;
            grown(&base, &profile(server)?, asked, console)?;
        }
        console.out.flush()?;
        if is_over {
            return Ok(());
        }
        let next = now + Duration::from_secs(asked.every);
        wait_until(began + end.map_or(next, |end| next.min(end)));
    }
}

/// Nothing wakes this thread, but the system may let it go on too soon.
fn wait_until(then: Instant) {
    while let Some(left) = then.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::park_timeout(left);
    }
}

fn profile(server: &Server) -> Result<HeapProfile, CommandError> {
    HeapProfile::read_pprof(&server.ask("GET", PROFILE)?)
        .map_err(|error| CommandError::Memory(format!("the server's profile cannot be read: {error}")))
}

/// What was seen last.
struct Trail {
    began: Instant,
    heap: Option<u64>,
    looked: Duration,
    listed: Duration,
}

impl Trail {
    fn line(&mut self, health: &Value, now: Duration, console: &mut Console) -> Result<(), CommandError> {
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let heap = number(health, "/allocator/allocated");
        let change = signed(heap).saturating_sub(signed(self.heap.unwrap_or(heap)));
        let (level, cause) = (text(health, "/level"), text(health, "/cause"));
        let (resident, requests) = (number(health, "/process/rss"), number(health, "/requests/measured"));
        let out = &mut console.out;
        let (heap_size, change, resident) = (size(signed(heap)), size(change), size(signed(resident)));
        write!(
            out,
            "{:>6}s  {level:9}  {heap_size:>11}  {change:>11}  {resident:>11}  {requests}",
            now.as_secs()
        )?;
        writeln!(out, "{}", if cause == "none" { String::new() } else { format!("  because of {cause}") })?;
        // Since the last look, or, in the first line, nothing: what was done before is not part of the trace.
        let since = self.began.elapsed().saturating_sub(self.looked);
        if self.heap.is_some() {
            let is_new = |action: &&Value| u128::from(number(action, "/agoMs")) <= since.as_millis();
            for action in rows(health, "actions").filter(is_new) {
                let (name, before) = (text(action, "/action"), size(signed(number(action, "/beforeBytes"))));
                let after = action.get("afterBytes").and_then(Value::as_u64);
                let after = after.map_or_else(|| "not seen yet".to_owned(), |bytes| size(signed(bytes)));
                writeln!(out, "         action {name}: {before} -> {after}")?;
            }
        }
        (self.heap, self.looked) = (Some(heap), now);
        Ok(())
    }
}

/// Lists the lines of code that hold more than at the beginning.
fn grown(
    base: &HeapProfile,
    newer: &HeapProfile,
    asked: &Trace,
    console: &mut Console,
) -> Result<(), CommandError> {
    let growth = newer.since(base).map_err(|OtherProgram| {
        CommandError::Memory("the server was replaced by another build meanwhile: start again".to_owned())
    })?;
    let mut symbols = Symbols::of(growth.mappings(), asked.binary.as_deref());
    for warning in symbols.warnings() {
        writeln!(console.err, "lexiflow: {warning}")?;
    }
    let stacks = sites::resolve(&growth, &mut symbols);
    let sites: Vec<Site<'_>> = Site::group(&stacks).into_iter().filter(Site::has_grown).collect();
    Ok(sites::write_table(&mut console.out, &sites, growth.total(), "grown since the beginning", asked.top)?)
}
