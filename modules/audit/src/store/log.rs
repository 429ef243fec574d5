use crate::model::{Chained, Entry, Filter, Form, Link};
use access::Sight;
use clock::Timestamp;
use db::{Misread, Reads, Row, Stamp, Tx};
use ids::FirmId;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Order, Query, SelectStatement, Value};
use uuid::Uuid;

const TABLE: &str = "audit_log";

const COLUMNS: [&str; 23] = [
    "firm_id",
    "seq",
    "id",
    "user_id",
    "session_id",
    "action",
    "entity",
    "entity_id",
    "case_id",
    "outcome",
    "reason",
    "changes",
    "address",
    "user_agent",
    "method",
    "route",
    "correlation",
    "at",
    "hash",
    "form",
    "api_key_id",
    "status",
    "elapsed_micros",
];

/// Where the changes stand among the columns.
const CHANGES: usize = 11;

/// A list shows no changes longer than this, in bytes: five hundred of them would be dozens of megabytes.
pub(crate) const LISTED_CHANGES_BYTES: u64 = 4096;

/// The one insert that every verb pays for: fixed text, so that the connection prepares it once.
const INSERT: &str = "INSERT INTO audit_log (firm_id, seq, id, user_id, session_id, action, entity, entity_id, case_id, \
                      outcome, reason, changes, address, user_agent, method, route, correlation, at, hash, form, \
                      api_key_id, status, elapsed_micros) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
                      $20, $21, $22, $23)";

/// What the next entry of the firm follows. Nobody else adds to the chain before this transaction ends: PostgreSQL lets
/// the next one wait at the row of the chain, and SQLite has one writer.
pub(crate) async fn lock_end(tx: &mut Tx, firm: FirmId, now: Stamp) -> Result<Link, db::Error> {
    let mut chain =
        Query::select().column("begun_at").from("audit_chains").and_where(of_firm(firm)).limit(1).take();
    chain.lock(LockType::Update);
    if tx.one::<Begun>(&chain).await?.is_none() {
        let begin =
            "INSERT INTO audit_chains (firm_id, begun_at) VALUES ($1, $2) ON CONFLICT (firm_id) DO NOTHING";
        let values = [Value::from(Uuid::from(firm)), Value::from(now)];
        tx.run(db::sql(tx.dialect(), begin, values)).await?;
        // Another one may have begun it at the same moment, and must be waited for.
        tx.one::<Begun>(&chain).await?;
    }
    // A statement of its own, after the lock: on PostgreSQL it sees what was committed while this one waited.
    end(tx, firm).await
}

/// When a chain was begun.
struct Begun(Timestamp);

impl db::FromRow for Begun {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        Ok(Self(row.at::<Stamp>(0)?.0))
    }
}

/// When the firm's chain was begun; nothing when there is none.
pub(crate) async fn begun_at(db: &impl Reads, firm: FirmId) -> Result<Option<Timestamp>, db::Error> {
    let query = Query::select().column("begun_at").from("audit_chains").and_where(of_firm(firm)).take();
    Ok(db.one::<Begun>(&query).await?.map(|begun| begun.0))
}

/// The last entry of the firm, or what its last tombstone says.
pub(crate) async fn end(db: &impl Reads, firm: FirmId) -> Result<Link, db::Error> {
    match link(db, firm, i64::MAX).await? {
        Some(link) => Ok(link),
        // Every entry may have gone for its age.
        None => super::checkpoints::last_tombstone(db, firm).await,
    }
}

/// The last entry up to `seq`.
pub(crate) async fn link(db: &impl Reads, firm: FirmId, seq: i64) -> Result<Option<Link>, db::Error> {
    const TEXT: &str =
        "SELECT seq, hash, at FROM audit_log WHERE firm_id = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1";
    let values = [Value::from(Uuid::from(firm)), Value::from(seq)];
    let rows = db.rows(db::sql(db.dialect(), TEXT, values)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Link { seq: row.at(0)?, hash: bytes(row, 1)?, at: Some(row.at::<Stamp>(2)?.0) }))
}

/// The number of the first entry at or after a moment: times never go back within a chain, so that it is found by
/// halving.
pub(crate) async fn first_since(db: &impl Reads, firm: FirmId, at: Stamp) -> Result<i64, db::Error> {
    let (mut low, mut high) = (1, end(db, firm).await?.seq + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        // What is gone for its age was before.
        match link(db, firm, middle).await?.and_then(|link| link.at) {
            Some(found) if found >= at.0 => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(low)
}

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, chained: &Chained) -> Result<(), db::Error> {
    let entry = &chained.entry;
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(entry.seq),
        Value::from(Uuid::from(entry.id)),
        Value::from(entry.user.map(Uuid::from)),
        Value::from(entry.session.map(Uuid::from)),
        Value::from(entry.action.as_str()),
        Value::from(entry.entity.as_str()),
        Value::from(entry.entity_id),
        Value::from(entry.case.map(Uuid::from)),
        Value::from(entry.outcome.as_str()),
        Value::from(entry.reason.clone()),
        Value::from(chained.changes_text.clone()),
        Value::from(entry.address.clone()),
        Value::from(entry.user_agent.clone()),
        Value::from(entry.method.clone()),
        Value::from(entry.route.clone()),
        Value::from(entry.correlation.as_str()),
        Value::from(Stamp(entry.at)),
        Value::from(chained.hash.to_vec()),
        Value::from(i64::from(chained.form)),
        Value::from(entry.key.map(Uuid::from)),
        Value::from(entry.status.map(i64::from)),
        Value::from(entry.elapsed_microseconds),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

fn of_firm(firm: FirmId) -> Expr {
    Expr::col("firm_id").eq(Uuid::from(firm))
}

/// Entries after `after` up to `to`, in the order of the chain, at most `limit`.
pub(crate) async fn stretch(
    db: &impl Reads,
    firm: FirmId,
    after: i64,
    to: i64,
    limit: u64,
) -> Result<Vec<Met>, db::Error> {
    let query = Query::select()
        .columns(COLUMNS)
        .from(TABLE)
        .and_where(of_firm(firm))
        .and_where(Expr::col("seq").gt(after))
        .and_where(Expr::col("seq").lte(to))
        .order_by("seq", Order::Asc)
        .take();
    db.at_most(&query, limit).await
}

/// What of the chain a question reaches, by sequence numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// After this one.
    pub(crate) after: i64,
    /// Before this one.
    pub(crate) before: i64,
}

impl Reach {
    pub(crate) const ALL: Self = Self { after: 0, before: i64::MAX };
}

/// The entries that fit, the newest first unless told, without long changes.
pub(crate) async fn list(
    db: &impl Reads,
    sight: Sight,
    filter: &Filter,
    reach: Reach,
    newest_first: bool,
    (limit, offset): (u64, u64),
) -> Result<Vec<Chained>, db::Error> {
    let mut query = Query::select();
    for (place, column) in COLUMNS.into_iter().enumerate() {
        if place == CHANGES {
            let short =
                Expr::case(Expr::cust("length(changes)").lte(LISTED_CHANGES_BYTES), Expr::col("changes"));
            query.expr_as(short, "changes");
        } else {
            query.column(column);
        }
    }
    fitting(&mut query, sight, filter, reach);
    query.order_by("seq", if newest_first { Order::Desc } else { Order::Asc }).offset(offset);
    db.at_most(&query, limit).await
}

/// How many entries fit.
pub(crate) async fn count(
    db: &impl Reads,
    sight: Sight,
    filter: &Filter,
    reach: Reach,
) -> Result<u64, db::Error> {
    let mut query = Query::select();
    query.column("seq");
    fitting(&mut query, sight, filter, reach);
    db.count(&query).await
}

/// How many entries fit, counted up to `most` and no further.
pub(crate) async fn count_up_to(
    db: &impl Reads,
    sight: Sight,
    filter: &Filter,
    reach: Reach,
    most: u64,
) -> Result<u64, db::Error> {
    let mut some = Query::select();
    some.column("seq").limit(most);
    fitting(&mut some, sight, filter, reach);
    let counted = Query::select().expr(Expr::val(1).count()).from_subquery(some, "some").take();
    let counted = db.one::<Count>(&counted).await?.map_or(0, |count| count.0);
    Ok(u64::try_from(counted).unwrap_or(0))
}

struct Count(i64);

impl db::FromRow for Count {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        Ok(Self(row.at(0)?))
    }
}

/// The entries that fit, whole, in the order of the chain.
pub(crate) async fn export(
    db: &impl Reads,
    sight: Sight,
    filter: &Filter,
    reach: Reach,
    limit: u64,
) -> Result<Vec<Chained>, db::Error> {
    let mut query = Query::select();
    query.columns(COLUMNS);
    fitting(&mut query, sight, filter, reach);
    query.order_by("seq", Order::Asc);
    db.at_most(&query, limit).await
}

pub(super) fn fitting(query: &mut SelectStatement, sight: Sight, filter: &Filter, reach: Reach) {
    query.from(TABLE).and_where(of_firm(sight.firm())).cond_where(sight.sees("case_id"));
    query.and_where(Expr::col("seq").gt(reach.after)).and_where(Expr::col("seq").lt(reach.before));
    if let Some(user) = filter.user {
        query.and_where(Expr::col("user_id").eq(Uuid::from(user)));
    }
    if let Some(id) = filter.entity_id {
        query.and_where(Expr::col("entity_id").eq(id));
    }
    if let Some(case) = filter.case {
        query.and_where(Expr::col("case_id").eq(Uuid::from(case)));
    }
    let texts = [
        ("action", &filter.action),
        ("entity", &filter.entity),
        ("outcome", &filter.outcome),
        ("address", &filter.address),
        ("correlation", &filter.correlation),
    ];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            query.and_where(Expr::col(column).eq(wanted.as_str()));
        }
    }
}

/// One entry, whole.
pub(crate) async fn find(db: &impl Reads, sight: Sight, seq: i64) -> Result<Option<Chained>, db::Error> {
    let by_number = Query::select()
        .columns(COLUMNS)
        .from(TABLE)
        .and_where(of_firm(sight.firm()))
        .and_where(Expr::col("seq").eq(seq))
        .cond_where(sight.sees("case_id"))
        .take();
    db.one(&by_number).await
}

/// Removes entries that lie under a tombstone, at most `limit`; how many went.
pub(crate) async fn remove(tx: &mut Tx, firm: FirmId, up_to: i64, limit: i64) -> Result<u64, db::Error> {
    let text = "DELETE FROM audit_log WHERE firm_id = $1 AND seq IN \
                (SELECT seq FROM audit_log WHERE firm_id = $1 AND seq <= $2 ORDER BY seq LIMIT $3)";
    let values = [Value::from(Uuid::from(firm)), Value::from(up_to), Value::from(limit)];
    tx.run(db::sql(tx.dialect(), text, values)).await
}

/// The firms that have a chain: those after `after`, at most `limit`, in the order of their ids.
pub(crate) async fn firms(
    db: &impl Reads,
    after: Option<FirmId>,
    limit: u64,
) -> Result<Vec<FirmId>, db::Error> {
    let mut query = Query::select();
    query.column("firm_id").from("audit_chains").order_by("firm_id", Order::Asc);
    if let Some(after) = after {
        query.and_where(Expr::col("firm_id").gt(Uuid::from(after)));
    }
    Ok(db.at_most::<Firm>(&query, limit).await?.into_iter().map(|firm| firm.0).collect())
}

struct Firm(FirmId);

impl db::FromRow for Firm {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        Ok(Self(row.at::<Uuid>(0)?.into()))
    }
}

/// Bytes of a fixed length. What somebody cut or lengthened is read as zeros, which no hash and no signature is.
pub(super) fn bytes<const N: usize>(row: &Row, place: usize) -> Result<[u8; N], Misread> {
    let bytes: Vec<u8> = row.at(place)?;
    Ok(bytes.try_into().unwrap_or([0; N]))
}

/// By place: a verification reads hundreds of thousands of them in a second.
impl db::FromRow for Chained {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        let id = |place| row.at::<Option<Uuid>>(place);
        let entry = Entry {
            firm: row.at::<Uuid>(0)?.into(),
            seq: row.at(1)?,
            id: row.at::<Uuid>(2)?.into(),
            user: id(3)?.map(Into::into),
            session: id(4)?.map(Into::into),
            key: id(20)?.map(Into::into),
            action: row.at(5)?,
            entity: row.at(6)?,
            entity_id: row.at(7)?,
            case: id(8)?.map(Into::into),
            outcome: row.at(9)?,
            status: status(row.at(21)?)?,
            reason: row.at(10)?,
            changes: None,
            address: row.at(12)?,
            user_agent: row.at(13)?,
            method: row.at(14)?,
            route: row.at(15)?,
            correlation: row.at(16)?,
            elapsed_microseconds: row.at(22)?,
            at: row.at::<Stamp>(17)?.0,
        };
        let form = Form::try_from(row.at::<i64>(19)?);
        let form = form.map_err(|error| Misread::new("form", error.to_string()))?;
        Ok(Self { entry, form, changes_text: row.at(CHANGES)?, hash: bytes(row, 18)? })
    }
}

fn status(number: Option<i64>) -> Result<Option<u16>, Misread> {
    let status = number.map(u16::try_from).transpose();
    status.map_err(|_| Misread::new("status", "is none of HTTP's"))
}

/// An entry as a verification meets it: somebody may have written into it what cannot be read at all.
pub(crate) enum Met {
    Legible(Box<Chained>),
    /// Its number.
    Garbled(i64),
}

impl Met {
    pub(crate) fn seq(&self) -> i64 {
        match self {
            Self::Legible(chained) => chained.entry.seq,
            Self::Garbled(seq) => *seq,
        }
    }
}

impl db::FromRow for Met {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        match Chained::from_row(row) {
            Ok(chained) => Ok(Self::Legible(Box::new(chained))),
            Err(_) => Ok(Self::Garbled(row.at(1)?)),
        }
    }
}
