//! The table: one row for each figure.

use crate::quantity::Quantity;
use serde::Serialize;
use std::io::{self, Write};

/// How a figure stands to its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Within the target.
    Met,
    /// Outside it.
    Missed,
    /// The figure has no target; it explains another one.
    Untargeted,
    /// This machine cannot measure it, and why.
    Skipped(String),
    /// It went wrong, and how.
    Failed(String),
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub figure: String,
    /// What it should be, in words.
    pub target: String,
    /// What it is.
    pub measured: Option<Quantity>,
    /// What helps to read it.
    pub note: String,
    /// How it stands.
    pub verdict: Verdict,
}

impl Row {
    /// A figure that should not be above `limit`.
    pub(crate) fn at_most(figure: &str, measured: Quantity, limit: Quantity) -> Self {
        let verdict = if measured.amount <= limit.amount { Verdict::Met } else { Verdict::Missed };
        Self::new(figure, &format!("<= {limit}"), measured, verdict)
    }

    /// A figure that should not be below `limit`.
    pub(crate) fn at_least(figure: &str, measured: Quantity, limit: Quantity) -> Self {
        let verdict = if measured.amount >= limit.amount { Verdict::Met } else { Verdict::Missed };
        Self::new(figure, &format!(">= {limit}"), measured, verdict)
    }

    /// A figure that should be exactly `wanted`.
    pub(crate) fn exactly(figure: &str, measured: Quantity, wanted: Quantity) -> Self {
        let verdict = if measured.amount == wanted.amount { Verdict::Met } else { Verdict::Missed };
        Self::new(figure, &wanted.to_string(), measured, verdict)
    }

    /// A figure without a target.
    pub(crate) fn plain(figure: &str, measured: Quantity) -> Self {
        Self::new(figure, "", measured, Verdict::Untargeted)
    }

    /// The same figure, held to nothing.
    pub(crate) fn without_target(self) -> Self {
        match self.verdict {
            Verdict::Met | Verdict::Missed => {
                Self { target: String::new(), verdict: Verdict::Untargeted, ..self }
            }
            _ => self,
        }
    }

    /// A figure that this machine cannot measure.
    pub(crate) fn skipped(figure: &str, reason: &str) -> Self {
        Self::without(figure, Verdict::Skipped(reason.to_owned()))
    }

    /// A figure whose measurement went wrong.
    pub(crate) fn failed(figure: &str, reason: &str) -> Self {
        Self::without(figure, Verdict::Failed(reason.to_owned()))
    }

    /// The same with words that help to read it.
    pub(crate) fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }

    fn new(figure: &str, target: &str, measured: Quantity, verdict: Verdict) -> Self {
        Self {
            figure: figure.to_owned(),
            target: target.to_owned(),
            measured: Some(measured),
            note: String::new(),
            verdict,
        }
    }

    fn without(figure: &str, verdict: Verdict) -> Self {
        Self {
            figure: figure.to_owned(),
            target: String::new(),
            measured: None,
            note: String::new(),
            verdict,
        }
    }

    fn cells(&self) -> [String; 4] {
        let measured = self.measured.map(|measured| measured.to_string()).unwrap_or_default();
        let measured = if self.note.is_empty() {
            measured
        } else {
            format!("{measured} ({})", self.note).trim().to_owned()
        };
        let verdict = match &self.verdict {
            Verdict::Met => "met".to_owned(),
            Verdict::Missed => "MISSED".to_owned(),
            Verdict::Untargeted => "-".to_owned(),
            Verdict::Skipped(reason) => format!("SKIPPED: {reason}"),
            Verdict::Failed(reason) => format!("FAILED: {reason}"),
        };
        [self.figure.clone(), self.target.clone(), measured, verdict]
    }
}

/// Writes the rows as a table that is also Markdown.
pub(crate) fn print(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let heads = ["figure", "target", "measured", "verdict"].map(str::to_owned);
    let cells: Vec<[String; 4]> = std::iter::once(heads).chain(rows.iter().map(Row::cells)).collect();
    let mut widths = [0; 4];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for (at, row) in cells.iter().enumerate() {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "| {} |", padded.collect::<Vec<_>>().join(" | "))?;
        if at == 0 {
            writeln!(out, "|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"))?;
        }
    }
    Ok(())
}
