//! The questions to FTS5. A word may stand in every case of a firm: what a search holds must not grow with what it finds.
//!
//! Only documents have more pieces than one, and only they are grouped. All else is counted as it comes by, and of its
//! ranks SQLite keeps no more than the page and those before it.

use crate::store::field;
use crate::{Error, Kind};
use db::Row;

/// `CROSS JOIN` fixes the order: the index of words is asked once and its rows are looked up. Left to itself, SQLite goes
/// through the firm's entries and asks the index again for each.
const MATCHED: &str = "FROM search_text CROSS JOIN search_entries e ON e.seq = search_text.rowid \
                       WHERE search_text MATCH $1 AND e.firm_id = $2 AND e.kind";

/// The place holder of each kind, from `$3` on.
fn places(kinds: &[Kind]) -> impl Iterator<Item = (Kind, String)> {
    kinds.iter().enumerate().map(|(at, kind)| (*kind, format!("${}", at + 3)))
}

fn list(kinds: &[Kind], wanted: impl Fn(Kind) -> bool) -> String {
    let places: Vec<_> = places(kinds).filter(|(kind, _)| wanted(*kind)).map(|(_, place)| place).collect();
    places.join(", ")
}

/// One row, with the number of things of each kind. `seen` is the rest of the condition: what the caller's eyes see.
pub(super) fn counting(kinds: &[Kind], seen: &str) -> String {
    let count = |(kind, place): (Kind, String)| match kind {
        Kind::Document => format!("count(DISTINCT CASE WHEN e.kind = {place} THEN e.entity_id END)"),
        Kind::Case | Kind::Party | Kind::Docket => format!("count(CASE WHEN e.kind = {place} THEN 1 END)"),
    };
    let counts: Vec<_> = places(kinds).map(count).collect();
    format!("SELECT {} {MATCHED} IN ({}){seen}", counts.join(", "), list(kinds, |_| true))
}

/// The kinds of which there are any.
pub(super) fn counts(kinds: &[Kind], rows: &[Row]) -> Result<Vec<(Kind, u64)>, Error> {
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let mut counts = Vec::with_capacity(kinds.len());
    for (at, kind) in kinds.iter().enumerate() {
        let count: i64 = field(row, at)?;
        if count > 0 {
            counts.push((*kind, count.unsigned_abs()));
        }
    }
    Ok(counts)
}

/// The best piece of each thing, best first; equal scores by the order of the index, so that pages do not overlap.
pub(super) fn ranking(kinds: &[Kind], seen: &str, page: &str) -> String {
    let scored = |list: String| {
        format!(
            "SELECT e.seq AS seq, e.entity_id AS entity_id, \
             CAST(-1000 * bm25(search_text, 4.0, 1.0) AS INTEGER) AS score {MATCHED} IN ({list}){seen}"
        )
    };
    let pieces = list(kinds, |kind| kind == Kind::Document);
    let whole = list(kinds, |kind| kind != Kind::Document);
    let mut arms = Vec::new();
    if !whole.is_empty() {
        arms.push(format!("SELECT seq, score FROM ({})", scored(whole)));
    }
    let mut with = String::new();
    if !pieces.is_empty() {
        // FTS5 ranks only inside its own query: what matched is laid down before it is grouped.
        with = format!("WITH pieces AS MATERIALIZED ({}) ", scored(pieces));
        arms.push("SELECT seq, max(score) AS score FROM pieces GROUP BY entity_id".to_owned());
    }
    let arms = arms.join(" UNION ALL ");
    format!("{with}SELECT seq, score FROM ({arms}) ORDER BY score DESC, seq {page}")
}
