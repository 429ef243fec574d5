//! What the memory reports of an attack tell.

use crate::quantity::Quantity;
use crate::table::Row;
use serde_json::Value;
use std::collections::BTreeMap;

/// The largest part of the limit that may be charged although nobody asked for it and nothing was set aside for it, in
/// percent.
const UNEXPLAINED_PERCENT: u64 = 10;

/// What the reports told so far.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// How often each level was seen.
    pub levels: BTreeMap<String, u64>,
    /// How often a report told of a purge against pressure.
    pub purges: u64,
    /// The report with the largest unexplained charge.
    most: Option<Books>,
}

/// The three truths of a report, and what is set aside, in bytes.
#[derive(Debug, Clone, Copy)]
struct Books {
    charged: u64,
    registered: u64,
    sockets: u64,
    /// What the limit has beyond the budget: for the fixed part, sockets, the reserve and the allocator's slack.
    set_aside: u64,
    limit: u64,
}

impl Books {
    fn of(report: &Value) -> Option<Self> {
        let number = |path: &str| report.pointer(path)?.as_u64();
        let limit = number("/budget/limitBytes")?;
        Some(Self {
            charged: number("/gaps/charged")?,
            registered: number("/gaps/registered")?,
            sockets: number("/cgroup/sock").unwrap_or(0),
            set_aside: limit.saturating_sub(number("/budget/bytes")?),
            limit,
        })
    }

    /// What is charged beyond what was asked for and the sockets.
    fn unregistered(&self) -> u64 {
        self.charged.saturating_sub(self.registered + self.sockets)
    }
}

impl Reports {
    /// Takes in one report, or that there was no answer.
    pub(super) fn note(&mut self, report: Option<&Value>) {
        let level = report.and_then(level_of).unwrap_or_else(|| "no answer".to_owned());
        *self.levels.entry(level).or_default() += 1;
        let Some(report) = report else { return };
        let actions = report.get("actions").and_then(Value::as_array);
        let is_purge = |action: &Value| action.get("action").and_then(Value::as_str) == Some("purge");
        self.purges += u64::from(actions.is_some_and(|actions| actions.iter().any(is_purge)));
        let larger = |books: &Books| self.most.is_none_or(|most| books.unregistered() > most.unregistered());
        if let Some(books) = Books::of(report).filter(larger) {
            self.most = Some(books);
        }
    }

    /// Whether everything that was charged had been asked for or set aside.
    pub(super) fn row(&self) -> Row {
        let figure = "charged beyond what was registered and sockets";
        let Some(books) = self.most else { return Row::failed(figure, "no report told it") };
        let most = books.set_aside + books.limit / 100 * UNEXPLAINED_PERCENT;
        let note = format!(
            "{} charged, {} registered, {} of sockets at that moment; {} are set aside",
            Quantity::bytes(books.charged),
            Quantity::bytes(books.registered),
            Quantity::bytes(books.sockets),
            Quantity::bytes(books.set_aside)
        );
        Row::at_most(figure, Quantity::bytes(books.unregistered()), Quantity::bytes(most)).with_note(note)
    }
}

/// The level that a memory report names.
pub(super) fn level_of(report: &Value) -> Option<String> {
    report.get("level")?.as_str().map(str::to_owned)
}
