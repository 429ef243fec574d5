//! What the memory reports of an attack tell.

use crate::quantity::Quantity;
use crate::table::Row;
use serde_json::Value;
use std::collections::BTreeMap;

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

/// The truths of a report, in bytes.
#[derive(Debug, Clone, Copy)]
struct Books {
    charged: u64,
    registered: u64,
    sockets: u64,
}

impl Books {
    fn of(report: &Value) -> Option<Self> {
        let number = |path: &str| report.pointer(path)?.as_u64();
        Some(Self {
            charged: number("/gaps/charged")?,
            registered: number("/gaps/registered")?,
            sockets: number("/cgroup/sock").unwrap_or(0),
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

    /// The most that was charged although nobody had asked for it: the fixed part, connections and the allocator's slack.
    pub(super) fn row(&self) -> Row {
        let figure = "charged beyond what was registered and sockets";
        let Some(books) = self.most else { return Row::failed(figure, "no report told it") };
        let note = format!(
            "{} charged, {} registered, {} of sockets at that moment",
            Quantity::bytes(books.charged),
            Quantity::bytes(books.registered),
            Quantity::bytes(books.sockets)
        );
        Row::plain(figure, Quantity::bytes(books.unregistered())).with_note(note)
    }
}

/// The level that a memory report names.
pub(super) fn level_of(report: &Value) -> Option<String> {
    report.get("level")?.as_str().map(str::to_owned)
}
