//! `lexiflow memory leaks`: the server's verdict, by function and line.

use super::http::Server;
use super::profile::failed;
use super::sites::{NamedStack, shortened, size};
use super::symbols::Symbols;
use super::{number, rows, text};
use crate::commands::arguments::Leaks;
use crate::commands::{CommandError, Console};
use headroom::heap_profile::{HeapUse, Mapping};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};

const PATH: &str = "/api/monitoring/memory/leaks";
const CHECK: &str = "/api/monitoring/memory/leaks/check";
/// Files of a report have made-up places so far apart; only what lies within a file is told.
const APART: u64 = 1 << 48;
/// More files than a process maps.
const FILES: usize = 256;

/// Fetches or reads the report and prints it. A report in a file needs no server.
pub(super) fn show(
    server: impl FnOnce() -> Result<Server, CommandError>,
    asked: &Leaks,
    console: &mut Console,
) -> Result<(), CommandError> {
    let report = match &asked.file {
        Some(path) => {
            let bytes = fs::read(path).map_err(|source| failed(path, source))?;
            serde_json::from_slice(&bytes).map_err(|error| {
                CommandError::Memory(format!("{} is no report of leaks: {error}", path.display()))
            })?
        }
        None if asked.check => server()?.post(CHECK)?,
        None => server()?.get(PATH)?,
    };
    let mappings = mappings(&report);
    let mut symbols = Symbols::of(&mappings, asked.binary.as_deref());
    let has_any = rows(&report, "suspects").chain(rows(&report, "history")).next().is_some();
    for warning in symbols.warnings().filter(|_| has_any) {
        writeln!(console.err, "lexiflow: {warning}")?;
    }
    let lines = Line::group(&report, &mappings, &mut symbols);
    head(&report, lines.len(), &mut console.out)?;
    for line in &lines {
        line.write(&mut console.out)?;
    }
    counts(&report, &mut console.out)?;
    earlier(&report, &mappings, &mut symbols, &mut console.out)
}

/// The report's files, at made-up addresses.
fn mappings(report: &Value) -> Vec<Mapping> {
    let file = |(index, file): (u64, &Value)| Mapping {
        start: (index + 1) * APART,
        end: (index + 2) * APART,
        offset: 0,
        path: text(file, "/path").to_owned(),
        build_id: file["buildId"].as_str().unwrap_or_default().to_owned(),
    };
    (0..).zip(rows(report, "mappings")).take(FILES).map(file).collect()
}

/// `lexiflow+0x2b3c4d` at the made-up address of its file; what lies in no file stays as it is.
fn address(call: &str, mappings: &[Mapping]) -> u64 {
    let (name, place) = call.rsplit_once('+').unwrap_or(("", call));
    let place = u64::from_str_radix(place.trim_start_matches("0x"), 16).unwrap_or(0) % APART;
    mappings.iter().find(|mapping| mapping.name() == name).map_or(place, |mapping| mapping.start + place)
}

fn named(entry: &Value, mappings: &[Mapping], symbols: &mut Symbols<'_>) -> (String, String) {
    let calls: Vec<u64> =
        rows(entry, "calls").filter_map(Value::as_str).map(|call| address(call, mappings)).collect();
    let stack = NamedStack::at(&calls, HeapUse::default(), symbols);
    let (function, line) = stack.site_name();
    (shortened(if function.is_empty() { "(unknown)" } else { &function }), line.to_owned())
}

fn head(report: &Value, count: usize, out: &mut dyn Write) -> io::Result<()> {
    if report["watching"] == false {
        return writeln!(
            out,
            "the server does not watch for leaks: set LEAK_DETECTION_ENABLED=true and MEMORY_MONITORING_ENABLED=true"
        );
    }
    let (windows, live) = (number(report, "/windows"), number(report, "/liveBytes"));
    let seconds = number(report, "/intervalMs") / 1000;
    let verdict = match count {
        0 => "no line of code leaks".to_owned(),
        1 => "1 line of code leaks".to_owned(),
        count => format!("{count} lines of code leak"),
    };
    let live = size(i64::try_from(live).unwrap_or(i64::MAX));
    writeln!(out, "{verdict}; {windows} windows of {seconds} s, {live} live (estimated from samples)")
}

/// A line of code with all its stacks: the allocator's ways of one call may differ, and so may the ways to it.
#[derive(Debug, Default)]
struct Line {
    function: String,
    place: String,
    per_hour: u64,
    per_request: Option<u64>,
    live: u64,
    samples: u64,
    span_ms: u64,
    confidence: u64,
    room_seconds: u64,
    /// The most stacks that were judged as one.
    stacks: u64,
    sites: Vec<String>,
    holder: Option<String>,
}

impl Line {
    fn group(report: &Value, mappings: &[Mapping], symbols: &mut Symbols<'_>) -> Vec<Self> {
        let mut lines: BTreeMap<(String, String), Self> = BTreeMap::new();
        for suspect in rows(report, "suspects") {
            let key = named(suspect, mappings, symbols);
            let line = lines.entry(key.clone()).or_insert_with(|| Self {
                function: key.0,
                place: key.1,
                ..Self::default()
            });
            line.add(suspect);
        }
        let mut lines: Vec<Self> = lines.into_values().collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.per_hour));
        lines
    }

    fn add(&mut self, suspect: &Value) {
        let of = |name: &str| suspect[name].as_u64().unwrap_or(0);
        // The room is the same for all; together they use it up sooner than the fastest alone.
        let room = u128::from(of("secondsToLimit")) * u128::from(of("bytesPerHour"));
        self.per_hour = self.per_hour.saturating_add(of("bytesPerHour"));
        self.room_seconds = u64::try_from(room / u128::from(self.per_hour.max(1))).unwrap_or(u64::MAX);
        if let Some(bytes) = suspect["bytesPerRequest"].as_u64() {
            self.per_request = Some(self.per_request.unwrap_or(0).saturating_add(bytes));
        }
        self.live = self.live.saturating_add(of("liveBytes"));
        self.samples = self.samples.saturating_add(of("samples"));
        self.span_ms = self.span_ms.max(of("spanMs"));
        self.confidence = self.confidence.max(of("confidencePercent"));
        self.stacks = self.stacks.max(of("stacks"));
        self.sites.push(text(suspect, "/site").to_owned());
        self.holder = self.holder.take().or_else(|| suspect["holder"].as_str().map(str::to_owned));
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let bytes = |bytes: u64| size(i64::try_from(bytes).unwrap_or(i64::MAX));
        let severity = headroom::leaks::Severity::of(self.room_seconds).as_str();
        writeln!(out, "{severity:<8}  {:>11}/h  {}  {}", bytes(self.per_hour), self.function, self.place)?;
        write!(out, "          {} % sure, limit in {}", self.confidence, duration(self.room_seconds))?;
        match self.per_request {
            Some(per_request) => write!(out, ", {} for each request", bytes(per_request))?,
            None => write!(out, ", grows with time")?,
        }
        let span = duration(self.span_ms / 1000);
        write!(out, "; {} live in {} samples, seen over {span}", bytes(self.live), self.samples)?;
        writeln!(out, "; site {}", self.sites.join(", "))?;
        if self.stacks > 1 {
            writeln!(
                out,
                "          by {} ways together, each of which is too slow to be told alone",
                self.stacks
            )?;
        }
        match &self.holder {
            Some(holder) => {
                writeln!(out, "          the store `{holder}` grows in step: it may hold more than it counts")
            }
            None => Ok(()),
        }
    }
}

/// What is counted beside the memory and only gets more.
fn counts(report: &Value, out: &mut dyn Write) -> io::Result<()> {
    for count in rows(report, "counts").filter(|count| count["growing"] == true) {
        let (name, now, per_hour) = (text(count, "/name"), number(count, "/now"), number(count, "/perHour"));
        let (sure, since) = (number(count, "/confidencePercent"), text(count, "/since"));
        writeln!(out, "{per_hour:>19}/h  more {name}, {now} now; {sure} % sure, since {since}")?;
    }
    Ok(())
}

/// What leaked before and does not now.
fn earlier(
    report: &Value,
    mappings: &[Mapping],
    symbols: &mut Symbols<'_>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let is_current = |past: &Value| rows(report, "suspects").any(|suspect| suspect["site"] == past["site"]);
    let mut is_first = true;
    for past in rows(report, "history").filter(|past| !is_current(past)) {
        if std::mem::take(&mut is_first) {
            writeln!(out, "leaked before:")?;
        }
        let per_hour = size(past["bytesPerHour"].as_i64().unwrap_or(0));
        let (seen, site) = (text(past, "/lastSeenAt"), text(past, "/site"));
        // Another build's addresses mean other lines in this one.
        let (function, place) = if past["buildId"] == report["buildId"] {
            named(past, mappings, symbols)
        } else {
            (format!("another build, {}", text(past, "/buildId")), String::new())
        };
        writeln!(out, "{per_hour:>19}/h  {function}  {place}  last seen {seen}; site {site}")?;
    }
    Ok(())
}

/// The two largest units of a time.
fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (3650.., _) => "more than 10 years".to_owned(),
        (1.., _) => format!("{days} d {hours} h"),
        (0, 1..) => format!("{hours} h {minutes} min"),
        (0, 0) => format!("{minutes} min {} s", seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(report: &Value) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, report.to_string()).unwrap();
        let (out, err) = (folder.path().join("out"), folder.path().join("err"));
        let mut console = Console::to(fs::File::create(&out).unwrap(), fs::File::create(&err).unwrap());
        let server = || panic!("a report in a file needs no server");
        let asked = Leaks { check: false, file: Some(path), binary: Some("/bin/sh".into()) };
        show(server, &asked, &mut console).unwrap();
        (fs::read_to_string(out).unwrap(), fs::read_to_string(err).unwrap())
    }

    #[test]
    fn two_stacks_of_one_line_are_one_leak() {
        let suspect = |site: &str, hour: u64| {
            json!({"site": site, "severity": "high", "secondsToLimit": 3_600_000_000 / hour, "confidencePercent": 97,
                "growsWith": "requests", "bytesPerHour": hour, "bytesPerRequest": 300, "liveBytes": 2_097_152,
                "samples": 4, "spanMs": 5_400_000, "stacks": if site == "aa" { 20 } else { 1 }, "holder": "cases.cache", "calls": ["server+0x1234"]})
        };
        let report = json!({"watching": true, "intervalMs": 30_000, "windows": 40, "liveBytes": 9_437_184,
            "buildId": "ee", "mappings": [{"path": "/opt/server", "buildId": "ee"}],
            "suspects": [suspect("aa", 1_000_000), suspect("bb", 3_000_000)],
            "counts": [{"name": "tasks", "now": 9, "growing": false, "perHour": null},
                {"name": "files", "now": 79, "growing": true, "perHour": 60, "confidencePercent": 97, "since": "noon"}],
            "history": [{"site": "aa", "buildId": "ee", "bytesPerHour": 5, "calls": []},
                {"site": "cc", "buildId": "dd", "bytesPerHour": 2048, "lastSeenAt": "yesterday", "calls": []}]});
        let (out, err) = printed(&report);
        assert!(err.contains("another build"), "{err}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines[0],
            "1 line of code leaks; 40 windows of 30 s, 9.00 MiB live (estimated from samples)"
        );
        assert!(lines[1].starts_with("critical     3.81 MiB/h  server+0x1234"), "{out}");
        assert!(
            lines[2].contains("97 % sure, limit in 15 min 0 s, 600 B for each request; 4.00 MiB live"),
            "{out}"
        );
        assert!(lines[2].ends_with("in 8 samples, seen over 1 h 30 min; site aa, bb"), "{out}");
        assert!(lines[3].contains("by 20 ways together"), "{out}");
        assert!(lines[4].contains("`cases.cache` grows in step"), "{out}");
        assert_eq!(lines[5].trim_start(), "60/h  more files, 79 now; 97 % sure, since noon");
        assert_eq!(lines[6], "leaked before:");
        assert!(lines[7].contains("2.00 KiB/h  another build, dd") && lines.len() == 8, "{out}");
    }

    #[test]
    fn a_server_that_does_not_watch_says_how_to_make_it() {
        let (out, err) = printed(&json!({"watching": false}));
        assert!(out.contains("LEAK_DETECTION_ENABLED=true") && err.is_empty(), "{out}{err}");
    }
}
