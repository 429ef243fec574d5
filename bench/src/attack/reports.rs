//! What the memory reports of an attack tell.

use super::attackers::Attacker;
use super::siege::Plan;
use crate::quantity::Quantity;
use crate::table::Row;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the kernel counts and no part of the report explains, in percent of the limit.
const UNEXPLAINED_PERCENT: u64 = 10;
/// What the allocator may keep of it, in percent.
const SLACK_PERCENT: u64 = 10;
/// What may be registered for one file on its way, in bytes.
const FILE_BYTES: u64 = 1 << 20;
/// Where files come in and go out.
const FILE_ROUTES: [&str; 2] = ["/api/documents", "/api/documents/{id}/download"];
/// Two reports come each half a second.
const JUST_NOW_MILLIS: u64 = 1_500;
/// Requests that run hold what is declared for them: what streams may have, a part of the limit, and one on each connection.
const STREAMS_PART: u64 = 32;
const REQUEST_BYTES: u64 = 6 << 10;

/// Which part of the allocator's is within its pages, which is its tables, and which could go back.
fn of_the_allocator(report: &Value) -> String {
    let of = |name: &str| report.pointer(&format!("/allocator/{name}")).and_then(Value::as_u64).unwrap_or(0);
    let (within, tables) = (of("active").saturating_sub(of("allocated")), of("metadata"));
    let unused = of("resident").saturating_sub(of("active")).saturating_sub(tables);
    let [within, tables, unused] = [within, tables, unused].map(Quantity::bytes);
    format!("; of the allocator {within} within pages, {tables} tables, {unused} free pages")
}

/// What the reports told so far.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// How often each level was seen.
    pub levels: BTreeMap<String, u64>,
    /// How often a report told of a purge against pressure, and of stores that were shrunk.
    pub purges: u64,
    pub shrinkings: u64,
    /// The books with the most that nothing explains, and with the most that the allocator had not given back: at one look, and
    /// of two that follow each other at the one with less.
    worst: Option<Books>,
    slackest: Option<Books>,
    slack_that_lasts: Option<Books>,
    /// How many such two there were, and how often one of them was missing or came late.
    pairs: u64,
    lone_looks: u64,
    /// The most requests that ran at once, and that was registered for one file.
    requests: u64,
    file: u64,
}

/// What a report says of where the bytes are.
#[derive(Debug, Clone)]
struct Books {
    unexplained: i64,
    allocator: u64,
    said: String,
}

impl Books {
    fn of(report: &Value) -> Option<Self> {
        let books = report.get("books")?.as_object()?;
        let number = |name: &str| books.get(name)?.as_u64();
        Some(Self {
            unexplained: books.get("unexplained")?.as_i64()?,
            allocator: number("allocator")?,
            said: format!("{}{}", parts(report)?, of_the_allocator(report)),
        })
    }
}

fn keep_slackest(kept: &mut Option<Books>, books: Books) {
    if kept.as_ref().is_none_or(|kept| books.allocator > kept.allocator) {
        *kept = Some(books);
    }
}

impl Reports {
    /// Takes in one report, or that there was no answer.
    pub(super) fn note(&mut self, report: Option<&Value>) {
        let level = report.and_then(level_of).unwrap_or_else(|| "no answer".to_owned());
        *self.levels.entry(level).or_default() += 1;
        let Some(report) = report else { return };
        self.purges += u64::from(tells_of(report, "purge"));
        self.shrinkings += u64::from(tells_of(report, "shrink_stores"));
        self.file = self.file.max(registered_for_a_file(report));
        let running = report.pointer("/requests/running").and_then(Value::as_u64);
        self.requests = self.requests.max(running.unwrap_or(0));
        let Some(books) = Books::of(report) else { return };
        if self.worst.as_ref().is_none_or(|worst| books.unexplained > worst.unexplained) {
            self.worst = Some(books.clone());
        }
        keep_slackest(&mut self.slackest, books);
    }

    /// Takes in two reports of which the second has followed the first soon, or that there were no such two.
    pub(super) fn note_what_lasts(&mut self, both: Option<(&Value, &Value)>) {
        let both = both.and_then(|(first, again)| Books::of(first).zip(Books::of(again)));
        let Some((first, again)) = both else {
            self.lone_looks += 1;
            return;
        };
        self.pairs += 1;
        let less = if first.allocator < again.allocator { first } else { again };
        keep_slackest(&mut self.slack_that_lasts, less);
    }

    /// What the books must show, and the most that the allocator kept.
    pub(super) fn rows(&self, plan: &Plan, most_connections: u64) -> Vec<Row> {
        let unexplained = "charged and explained by no part of the report";
        let (Some(worst), Some(slackest), Some(lasting)) =
            (&self.worst, &self.slackest, &self.slack_that_lasts)
        else {
            return vec![Row::failed(unexplained, "no report told it")];
        };
        let at_most = |figure: &str, bytes: u64, most: u64| {
            Row::at_most(figure, Quantity::bytes(bytes), Quantity::bytes(most))
        };
        let bytes = u64::try_from(worst.unexplained).unwrap_or(0);
        vec![
            at_most(unexplained, bytes, plan.limit / 100 * UNEXPLAINED_PERCENT).with_note(worst.said.clone()),
            at_most(
                "freed and not given back by the allocator, also 100 ms later",
                lasting.allocator,
                plan.limit / 100 * SLACK_PERCENT,
            )
            .with_note(format!(
                "{} pairs of looks, {} incomplete; {}",
                self.pairs, self.lone_looks, lasting.said
            )),
            Row::plain("freed and not given back at a single look", Quantity::bytes(slackest.allocator))
                .with_note(slackest.said.clone()),
            at_most(
                "declared for the requests that ran at once",
                self.requests * REQUEST_BYTES,
                plan.limit / STREAMS_PART + most_connections * REQUEST_BYTES,
            ),
            self.largest_file(plan),
        ]
    }

    fn largest_file(&self, plan: &Plan) -> Row {
        let figure = "registered for one file on its way";
        let comes = [Attacker::Uploads, Attacker::BigUpload].iter().any(|one| plan.attackers.contains(one));
        if comes && self.file == 0 {
            return Row::failed(figure, "no report told of one");
        }
        Row::at_most(figure, Quantity::bytes(self.file), Quantity::bytes(FILE_BYTES))
    }
}

/// Whether this was done since the last report, and gave something back.
fn tells_of(report: &Value, action: &str) -> bool {
    let actions = report.get("actions").and_then(Value::as_array);
    let number = |one: &Value, name: &str| one.get(name).and_then(Value::as_u64);
    let is_it = |one: &Value| {
        let (before, after) = (number(one, "beforeBytes"), number(one, "afterBytes"));
        let is_new = number(one, "agoMs").is_some_and(|ago| ago <= JUST_NOW_MILLIS);
        one.get("action").and_then(Value::as_str) == Some(action)
            && after.is_some()
            && before > after
            && is_new
    };
    actions.is_some_and(|actions| actions.iter().any(is_it))
}

fn registered_for_a_file(report: &Value) -> u64 {
    let routes = report.get("routes").and_then(Value::as_array).into_iter().flatten();
    let is_of_files = |route: &&Value| {
        route.get("route").and_then(Value::as_str).is_some_and(|route| FILE_ROUTES.contains(&route))
    };
    let registered = |route: &Value| route.get("registered").and_then(Value::as_u64);
    routes.filter(is_of_files).filter_map(registered).max().unwrap_or(0)
}

/// The parts that a memory report tells, in words.
pub(super) fn parts(report: &Value) -> Option<String> {
    let said = |(name, bytes): (&String, &Value)| {
        let bytes = bytes.as_i64()?;
        let sign = if bytes < 0 { "-" } else { "" };
        Some(format!("{name} {sign}{}", Quantity::bytes(bytes.unsigned_abs())))
    };
    let parts: Vec<String> = report.get("books")?.as_object()?.iter().filter_map(said).collect();
    Some(parts.join(", "))
}

/// The level that a memory report names.
pub(super) fn level_of(report: &Value) -> Option<String> {
    report.get("level")?.as_str().map(str::to_owned)
}
