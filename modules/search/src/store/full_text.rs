//! One of the four named places that branch on the dialect: writing and asking the index of words. Each pair does the
//! same thing; the tests run both.

use super::field;
use crate::model::{MARK_END, MARK_START, marked};
use crate::passage::Terms;
use crate::query::folded;
use crate::{Entry, Error, Hit, Kind, Query, Results};
use db::{Dialect, Reads, Stamp, sql};
use ids::FirmId;
use sea_orm::Statement;
use sea_orm::sea_query::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A longer text is gone through on a thread where it holds up nobody.
const SHORT_TEXT_BYTES: usize = 4 << 10;

const UPSERT: &str = "INSERT INTO search_entries (firm_id, kind, entity_id, piece, case_id, title, body, at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                      ON CONFLICT (firm_id, kind, entity_id, piece) DO UPDATE SET \
                      case_id = excluded.case_id, title = excluded.title, body = excluded.body, at = excluded.at";

const UPSERT_POSTGRES: &str = "INSERT INTO search_entries (firm_id, kind, entity_id, piece, case_id, title, body, at, words) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
     setweight(to_tsvector('simple', $9), 'A') || setweight(to_tsvector('simple', $10), 'D')) \
     ON CONFLICT (firm_id, kind, entity_id, piece) DO UPDATE SET \
     case_id = excluded.case_id, title = excluded.title, body = excluded.body, at = excluded.at, \
     words = excluded.words";

pub(super) fn upsert(dialect: Dialect, entry: &Entry) -> Statement {
    let mut values = vec![
        Value::from(Uuid::from(entry.firm)),
        Value::from(entry.kind.as_str()),
        Value::from(entry.entity),
        Value::from(entry.piece),
        Value::from(entry.case.map(Uuid::from)),
        Value::from(entry.title.as_str()),
        Value::from(entry.body.as_str()),
        Value::from(Stamp(entry.at)),
    ];
    match dialect {
        Dialect::Sqlite => sql(dialect, UPSERT, values),
        Dialect::Postgres => {
            values.extend([Value::from(folded(&entry.title)), Value::from(folded(&entry.body))]);
            sql(dialect, UPSERT_POSTGRES, values)
        }
    }
}

/// The page of hits and the counts of the whole result.
pub(crate) async fn search(
    db: &impl Reads,
    firm: FirmId,
    kinds: &[Kind],
    query: &Query,
    limit: u64,
    offset: u64,
) -> Result<Results, Error> {
    let dialect = db.dialect();
    let asked = match dialect {
        Dialect::Sqlite => query.fts5(),
        Dialect::Postgres => query.tsquery(),
    };
    let mut values = vec![Value::from(asked.as_str()), Value::from(Uuid::from(firm))];
    values.extend(kinds.iter().map(|kind| Value::from(kind.as_str())));
    let counts = counts(db.rows(sql(dialect, counting(dialect, kinds.len()), values.clone())).await?)?;
    values.push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
    values.push(Value::from(i64::try_from(offset).unwrap_or(i64::MAX)));
    let best = db.rows(sql(dialect, ranking(dialect, kinds.len()), values)).await?;
    let terms = (dialect == Dialect::Postgres).then(|| Arc::new(Terms::of(query)));
    let mut hits = Vec::with_capacity(best.len());
    for row in best {
        let (seq, score): (i64, i64) = (field(&row, 0)?, field(&row, 1)?);
        let values = [Value::from(asked.as_str()), Value::from(seq)];
        let passage = db.rows(sql(dialect, passages(dialect), values)).await?;
        if let Some(row) = passage.first() {
            let mut texts = (field(row, 5)?, field(row, 6)?);
            if let Some(terms) = &terms {
                texts = shown(terms, texts).await?;
            }
            hits.push(hit(row, texts, score)?);
        }
    }
    Ok(Results { hits, counts })
}

fn counts(rows: Vec<db::Row>) -> Result<Vec<(Kind, u64)>, Error> {
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        let (kind, count): (String, i64) = (field(&row, 0)?, field(&row, 1)?);
        if let Ok(kind) = kind.parse() {
            counts.push((kind, u64::try_from(count).unwrap_or(0)));
        }
    }
    Ok(counts)
}

/// Title and body with their matches between marks. One hit after the other, so that one text is held at a time.
async fn shown(terms: &Arc<Terms>, (title, body): (String, String)) -> Result<(String, String), Error> {
    let long = title.len() + body.len() > SHORT_TEXT_BYTES;
    let terms = Arc::clone(terms);
    let work = move || (terms.whole(&title), terms.best(&body));
    if long { headroom::spawn_blocking(work).await.map_err(|_| Error::Stopping) } else { Ok(work()) }
}

fn hit(row: &db::Row, (title, body): (String, String), score_milli: i64) -> Result<Hit, Error> {
    let kind: String = field(row, 0)?;
    let at: Stamp = field(row, 4)?;
    Ok(Hit {
        kind: kind.parse().map_err(|()| Error::Kind(kind))?,
        entity: field(row, 1)?,
        case: field::<Option<Uuid>>(row, 2)?.map(Into::into),
        title: field(row, 3)?,
        score_milli,
        title_snippet: marked(&title),
        body_snippet: marked(&body),
        at: at.0,
    })
}

/// `$3, $4 …`: one place holder for each kind.
fn kinds_list(kinds: usize) -> String {
    (0..kinds).map(|index| format!("${}", index + 3)).collect::<Vec<_>>().join(", ")
}

/// `CROSS JOIN` on SQLite fixes the order: the index of words is asked once and its rows are looked up. Left to itself,
/// SQLite goes through the firm's entries and asks the index again for each.
fn counting(dialect: Dialect, kinds: usize) -> String {
    let list = kinds_list(kinds);
    match dialect {
        Dialect::Sqlite => format!(
            "SELECT e.kind, count(DISTINCT e.entity_id) FROM search_text CROSS JOIN search_entries e \
             ON e.seq = search_text.rowid WHERE search_text MATCH $1 AND e.firm_id = $2 AND e.kind IN ({list}) \
             GROUP BY e.kind"
        ),
        Dialect::Postgres => format!(
            "SELECT e.kind, count(DISTINCT e.entity_id) FROM search_entries e \
             WHERE e.words @@ to_tsquery('simple', $1) AND e.firm_id = $2 AND e.kind IN ({list}) GROUP BY e.kind"
        ),
    }
}

/// The best piece of each thing, best first; equal scores by the order of the index, so that pages do not overlap.
/// FTS5 ranks only inside its own query, so what matched is materialized before it is grouped.
fn ranking(dialect: Dialect, kinds: usize) -> String {
    let list = kinds_list(kinds);
    let (limit, offset) = (kinds + 3, kinds + 4);
    match dialect {
        Dialect::Sqlite => format!(
            "WITH matched AS MATERIALIZED (SELECT e.seq AS seq, e.kind AS kind, e.entity_id AS entity_id, \
             CAST(-1000 * bm25(search_text, 4.0, 1.0) AS INTEGER) AS score \
             FROM search_text CROSS JOIN search_entries e ON e.seq = search_text.rowid \
             WHERE search_text MATCH $1 AND e.firm_id = $2 AND e.kind IN ({list})) \
             SELECT seq, max(score) FROM matched \
             GROUP BY kind, entity_id ORDER BY max(score) DESC, seq LIMIT ${limit} OFFSET ${offset}"
        ),
        Dialect::Postgres => format!(
            "SELECT seq, score FROM (SELECT DISTINCT ON (e.kind, e.entity_id) e.seq AS seq, \
             (1000 * ts_rank_cd('{{0.25, 0.25, 0.25, 1.0}}', e.words, to_tsquery('simple', $1)))::bigint AS score \
             FROM search_entries e \
             WHERE e.words @@ to_tsquery('simple', $1) AND e.firm_id = $2 AND e.kind IN ({list}) \
             ORDER BY e.kind, e.entity_id, score DESC, e.seq) best \
             ORDER BY score DESC, seq LIMIT ${limit} OFFSET ${offset}"
        ),
    }
}

/// `ts_headline` of PostgreSQL has its own idea of words: it marks nothing in a tag, an address or a path, nor a letter
/// with an accent. There the texts themselves are asked for.
fn passages(dialect: Dialect) -> String {
    let (start, end) = (u32::from(MARK_START), u32::from(MARK_END));
    match dialect {
        Dialect::Sqlite => format!(
            "SELECT e.kind, e.entity_id, e.case_id, e.title, e.at, \
             highlight(search_text, 0, char({start}), char({end})), \
             snippet(search_text, 1, char({start}), char({end}), '…', 32) \
             FROM search_text CROSS JOIN search_entries e ON e.seq = search_text.rowid \
             WHERE search_text MATCH $1 AND search_text.rowid = $2"
        ),
        Dialect::Postgres => {
            "SELECT e.kind, e.entity_id, e.case_id, e.title, e.at, e.title, e.body FROM search_entries e \
             WHERE e.words @@ to_tsquery('simple', $1) AND e.seq = $2"
                .to_owned()
        }
    }
}
