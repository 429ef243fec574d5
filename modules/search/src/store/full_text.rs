//! One of the four named places that branch on the dialect: writing and asking the index of words. Each pair does the
//! same thing; the tests run both.

mod ranked;

use super::field;
use crate::model::{Visible, marked};
use crate::passage::Terms;
use crate::{Entry, Error, Hit, Hits, Kind, Query, Results};
use db::{Dialect, Reads, Stamp, Tx, sql};
use sea_orm::sea_query::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use uuid::Uuid;

/// A longer text is gone through on a thread where it holds up nobody.
const SHORT_TEXT_BYTES: usize = 4 << 10;

/// Nothing in `folding` means that the words were made by an older version and have to be made again.
const FOLDING: i64 = 1;

const UPSERT: &str = "INSERT INTO search_entries (firm_id, kind, entity_id, piece, case_id, title, body, at, folding) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                      ON CONFLICT (firm_id, kind, entity_id, piece) DO UPDATE SET case_id = excluded.case_id, \
                      title = excluded.title, body = excluded.body, at = excluded.at, folding = excluded.folding";
const SEQ: &str =
    "SELECT seq FROM search_entries WHERE firm_id = $1 AND kind = $2 AND entity_id = $3 AND piece = $4";
const WORDS: &str = "INSERT OR REPLACE INTO search_text (rowid, title, body) VALUES ($1, $2, $3)";

const UPSERT_POSTGRES: &str = "INSERT INTO search_entries (firm_id, kind, entity_id, piece, case_id, title, body, at, folding, words) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::tsvector) \
     ON CONFLICT (firm_id, kind, entity_id, piece) DO UPDATE SET \
     case_id = excluded.case_id, title = excluded.title, body = excluded.body, at = excluded.at, \
     folding = excluded.folding, words = excluded.words";

pub(super) async fn upsert(tx: &mut Tx, entry: &Entry) -> Result<(), Error> {
    let dialect = tx.dialect();
    let mut values = vec![
        Value::from(Uuid::from(entry.firm)),
        Value::from(entry.kind.as_str()),
        Value::from(entry.entity),
        Value::from(entry.piece),
        Value::from(entry.case.map(Uuid::from)),
        Value::from(entry.title.as_str()),
        Value::from(entry.body.as_str()),
        Value::from(Stamp(entry.at)),
        Value::from(FOLDING),
    ];
    match dialect {
        Dialect::Sqlite => {
            let key: Vec<Value> = values.iter().take(4).cloned().collect();
            // Not `RETURNING`: it makes the statement one that may be undone by itself, for which FTS5 writes all words
            // that it gathered, and so a segment for each entry instead of one for the batch.
            tx.run(sql(dialect, UPSERT, values)).await?;
            for row in tx.rows(sql(dialect, SEQ, key)).await? {
                let seq: i64 = field(&row, 0)?;
                let values = [Value::from(seq), spaced(&entry.title).into(), spaced(&entry.body).into()];
                tx.run(sql(dialect, WORDS, values)).await?;
            }
        }
        Dialect::Postgres => {
            values.push(Value::from(tsvector(&entry.title, &entry.body)));
            tx.run(sql(dialect, UPSERT_POSTGRES, values)).await?;
        }
    }
    Ok(())
}

/// How many entries are folded again in one transaction: each holds up to a quarter of a megabyte of text.
const REFOLDED_AT_ONCE: usize = 16;

/// Makes the words of some entries again that have those of an older version. Returns of how many.
pub(crate) async fn refold(tx: &mut Tx) -> Result<usize, Error> {
    let dialect = tx.dialect();
    let (held, set) = match dialect {
        Dialect::Sqlite => ("", "UPDATE search_entries SET folding = $2 WHERE seq = $1"),
        Dialect::Postgres => {
            (" FOR UPDATE", "UPDATE search_entries SET folding = $2, words = $3::tsvector WHERE seq = $1")
        }
    };
    let old = format!(
        "SELECT seq, title, body FROM search_entries WHERE folding IS NULL ORDER BY seq LIMIT {REFOLDED_AT_ONCE}{held}"
    );
    let rows = tx.rows(sql(dialect, old, [])).await?;
    for row in &rows {
        let (seq, title, body): (i64, String, String) = (field(row, 0)?, field(row, 1)?, field(row, 2)?);
        let mut values = vec![Value::from(seq), Value::from(FOLDING)];
        match dialect {
            Dialect::Sqlite => {
                let words = [Value::from(seq), spaced(&title).into(), spaced(&body).into()];
                tx.run(sql(dialect, WORDS, words)).await?;
            }
            Dialect::Postgres => values.push(Value::from(tsvector(&title, &body))),
        }
        tx.run(sql(dialect, set, values)).await?;
    }
    Ok(rows.len())
}

/// Words with a blank between them, which is how FTS5's tokenizer `ascii` takes them apart again.
fn spaced(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for place in folding::places(text) {
        words.push_str(if words.is_empty() { "" } else { " " });
        folding::fold_word(text.get(place).unwrap_or_default(), &mut words);
    }
    words
}

/// A literal of the type `tsvector`: the words with their places. PostgreSQL's own parser would cut them again, by rules
/// that depend on the locale of the database.
fn tsvector(title: &str, body: &str) -> String {
    let mut literal = String::with_capacity((title.len() + body.len()) * 2);
    let mut at = 0;
    for (text, weight) in [(title, "A"), (body, "")] {
        for place in folding::places(text) {
            at += 1;
            literal.push('\'');
            folding::fold_word(text.get(place).unwrap_or_default(), &mut literal);
            // Writing to a string cannot fail.
            write!(literal, "':{at}{weight} ").unwrap_or_default();
        }
        // No phrase goes from the title on into the body.
        at += 1;
    }
    literal
}

const FOUND: &str =
    "SELECT kind, entity_id, case_id, title, at, body FROM search_entries WHERE firm_id = $1 AND seq = $2";

/// The most words that the beginnings in a query may stand for, all together.
const BEGUN: usize = 64;
const BEGUN_WITH: &str =
    "SELECT term FROM search_vocabulary WHERE term >= $1 AND term < $2 ORDER BY term LIMIT $3";

/// The words that begin as the query says. Asked for a beginning itself, FTS5 gathers the places of all such words in
/// memory; of words, it goes through the places.
async fn begun(db: &impl Reads, query: &Query) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut found = BTreeMap::new();
    let mut left = BEGUN;
    for beginning in query.beginnings() {
        let after = format!("{beginning}{}", char::MAX);
        let most = i64::try_from(left + 1).unwrap_or(i64::MAX);
        let values = [Value::from(beginning), Value::from(after), Value::from(most)];
        let rows = db.rows(sql(db.dialect(), BEGUN_WITH, values)).await?;
        left = left.checked_sub(rows.len()).ok_or_else(|| Error::TooBroad(beginning.to_owned()))?;
        let words = rows.iter().map(|row| field(row, 0)).collect::<Result<Vec<String>, _>>()?;
        found.insert(beginning.to_owned(), words);
    }
    Ok(found)
}

/// The page of hits and the counts of the whole result.
pub(crate) async fn search(
    db: &impl Reads,
    visible: &Visible,
    query: &Query,
    limit: u64,
    offset: u64,
) -> Result<Results, Error> {
    let (dialect, firm, kinds) = (db.dialect(), Uuid::from(visible.firm()), visible.kinds());
    let asked = match dialect {
        Dialect::Sqlite => query.fts5(&begun(db, query).await?),
        Dialect::Postgres => query.tsquery(),
    };
    let mut values = vec![Value::from(asked), Value::from(firm)];
    values.extend(kinds.iter().map(|kind| Value::from(kind.as_str())));
    let seen = visible.condition("e.kind", |sight| sight.and_sees("e.case_id", &mut values));
    let counts = match dialect {
        Dialect::Sqlite => {
            let rows = db.rows(sql(dialect, ranked::counting(kinds, &seen), values.clone())).await?;
            ranked::counts(kinds, &rows)?
        }
        Dialect::Postgres => {
            counts(db.rows(sql(dialect, counting(kinds.len(), &seen), values.clone())).await?)?
        }
    };
    values.push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
    values.push(Value::from(i64::try_from(offset).unwrap_or(i64::MAX)));
    let page = format!("LIMIT ${} OFFSET ${}", values.len() - 1, values.len());
    let ranking = match dialect {
        Dialect::Sqlite => ranked::ranking(kinds, &seen, &page),
        Dialect::Postgres => ranking(kinds.len(), &seen, &page),
    };
    // A page beyond the end is empty: nothing is ranked to be passed over.
    if counts.iter().map(|(_, count)| count).sum::<u64>() <= offset {
        return Ok(Results { hits: Hits::default(), counts });
    }
    let best = best(&db.rows(sql(dialect, ranking, values)).await?)?;
    let terms = Arc::new(Terms::of(query));
    let mut hits = Hits::with_capacity(best.len());
    for (seq, score) in best {
        // The case is asked again: it may have got a wall, or the caller left its team, since the page was ranked.
        let mut values = vec![Value::from(firm), Value::from(seq)];
        let seen = visible
            .condition("search_entries.kind", |sight| sight.and_sees("search_entries.case_id", &mut values));
        let found = db.rows(sql(dialect, format!("{FOUND}{seen}"), values)).await?;
        if let Some(row) = found.first() {
            let texts = shown(&terms, (field(row, 3)?, field(row, 5)?)).await?;
            hits.push(&hit(row, texts, score)?);
        }
    }
    Ok(Results { hits, counts })
}

/// Which entries, and how well each matches. The rows themselves are many small things, and this page takes its time.
fn best(rows: &[db::Row]) -> Result<Vec<(i64, i64)>, Error> {
    rows.iter().map(|row| Ok((field(row, 0)?, field(row, 1)?))).collect()
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

fn counting(kinds: usize, seen: &str) -> String {
    let list = kinds_list(kinds);
    format!(
        "SELECT e.kind, count(DISTINCT e.entity_id) FROM search_entries e \
         WHERE e.words @@ $1::tsquery AND e.firm_id = $2 AND e.kind IN ({list}){seen} GROUP BY e.kind"
    )
}

/// The best piece of each thing, best first; equal scores by the order of the index, so that pages do not overlap.
fn ranking(kinds: usize, seen: &str, page: &str) -> String {
    let list = kinds_list(kinds);
    format!(
        "SELECT seq, score FROM (SELECT DISTINCT ON (e.kind, e.entity_id) e.seq AS seq, \
         (1000 * ts_rank_cd('{{0.25, 0.25, 0.25, 1.0}}', e.words, $1::tsquery))::bigint AS score \
         FROM search_entries e \
         WHERE e.words @@ $1::tsquery AND e.firm_id = $2 AND e.kind IN ({list}){seen} \
         ORDER BY e.kind, e.entity_id, score DESC, e.seq) best \
         ORDER BY score DESC, seq {page}"
    )
}
