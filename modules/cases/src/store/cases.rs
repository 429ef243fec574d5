use super::{Fields, hold, id_value, opt_id_value};
use crate::Error;
use crate::model::case::{Case, CaseFields};
use crate::model::status::CaseStatus;
use access::Sight;
use db::{Reads, Stamp, Tx, Violation};
use ids::{CaseId, FirmId, UserId};
use sea_orm::sea_query::Value;

const INSERT: &str = "INSERT INTO cases (firm_id, id, number, title, title_key, status, practice_area, client_id, \
     lead_user_id, court, docket_number, docket_key, judge, referred_to, cause, nature_of_suit, jurisdiction, \
     jury_demand, demand, description, filed_on, terminated_on, extra, closed_at, version, updated_at, opened_at, \
     created_at, found_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
     $23, $24, $25, $26, $27, $28, $29) ON CONFLICT (firm_id, number) DO NOTHING";

const UPDATE: &str = "UPDATE cases SET number = $3, title = $4, title_key = $5, status = $6, practice_area = $7, \
     client_id = $8, lead_user_id = $9, court = $10, docket_number = $11, docket_key = $12, judge = $13, \
     referred_to = $14, cause = $15, nature_of_suit = $16, jurisdiction = $17, jury_demand = $18, demand = $19, \
     description = $20, filed_on = $21, terminated_on = $22, extra = $23, closed_at = $24, version = $25, \
     updated_at = $26, found_by = $28 WHERE firm_id = $1 AND id = $2 AND version = $27";

const SET_LEAD: &str = "UPDATE cases SET lead_user_id = $3 WHERE firm_id = $1 AND id = $2";

const DELETE: &str = "DELETE FROM cases WHERE firm_id = $1 AND id = $2 AND version = $3";

/// All that [`read`] reads, in its order.
const SELECT: &str = "SELECT id, number, title, status, practice_area, client_id, lead_user_id, court, docket_number, judge, \
     referred_to, cause, nature_of_suit, jurisdiction, jury_demand, demand, description, filed_on, terminated_on, \
     extra, opened_at, closed_at, version, created_at, updated_at FROM cases WHERE firm_id = $1 AND ";
const BY_ID: &str = "id = $2";
const BY_DOCKET: &str = "court = $2 AND docket_key = $3";
const EXISTS: &str = "SELECT 1 FROM cases WHERE firm_id = $1 AND id = $2";

/// Stores a new case. `false` when its number is taken, and then nothing is stored.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, case: &Case) -> Result<bool, Error> {
    let lead = case.fields.lead_user_id.filter(|_| !has_both(case));
    let mut values = values(firm, case, lead);
    values.extend([Stamp(case.opened_at).into(), Stamp(case.created_at).into(), found_by_of(case)]);
    let rows = tx.run(db::sql(tx.dialect(), INSERT, values)).await.map_err(|error| refused(error, case))?;
    if rows == 1 && has_both(case) {
        set_lead(tx, firm, case).await?;
    }
    Ok(rows == 1)
}

/// Saves the state that follows version `seen`.
pub(crate) async fn save(tx: &mut Tx, firm: FirmId, case: &Case, seen: i64) -> Result<(), Error> {
    let mut values = values(firm, case, case.fields.lead_user_id);
    values.extend([Value::from(seen), found_by_of(case)]);
    if has_both(case) {
        set_lead(tx, firm, case).await?;
    }
    match tx.run(db::sql(tx.dialect(), UPDATE, values)).await.map_err(|error| refused(error, case))? {
        0 => Err(Error::Stale { now: case.version }),
        _ => Ok(()),
    }
}

/// Whether both references of a case are set. The database does not say which of two is broken, so that the lead is then
/// written by itself.
fn has_both(case: &Case) -> bool {
    case.fields.client_id.is_some() && case.fields.lead_user_id.is_some()
}

async fn set_lead(tx: &mut Tx, firm: FirmId, case: &Case) -> Result<(), Error> {
    let lead = case.fields.lead_user_id;
    let values = [id_value(firm), id_value(case.id), opt_id_value(lead)];
    match (tx.run(db::sql(tx.dialect(), SET_LEAD, values)).await, lead) {
        (Ok(_), _) => Ok(()),
        (Err(db::Error::Violation(Violation::Reference)), Some(lead)) => Err(Error::UnknownLead(lead)),
        (Err(error), _) => Err(error.into()),
    }
}

/// Removes a case with its parties and their counsel. What refers to it otherwise keeps it.
pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, case: &Case) -> Result<(), Error> {
    let values = [id_value(firm), id_value(case.id), Value::from(case.version)];
    match tx.run(db::sql(tx.dialect(), DELETE, values)).await {
        Ok(0) => Err(Error::Stale { now: case.version + 1 }),
        Ok(_) => Ok(()),
        Err(db::Error::Violation(Violation::Reference)) => Err(Error::InUse(case.id)),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn find(db: &impl Reads, sight: Sight, id: CaseId) -> Result<Case, Error> {
    let mut values = vec![id_value(sight.firm()), id_value(id)];
    let text = format!("{SELECT}{BY_ID}{}", sight.and_sees("cases.id", &mut values));
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    rows.first().map_or(Err(Error::NotFound(id)), read)
}

/// One case that nobody else changes until this transaction ends.
pub(crate) async fn find_for_change(tx: &mut Tx, sight: Sight, id: CaseId) -> Result<Case, Error> {
    hold(tx, sight, ("cases", "id"), id).await?;
    find(tx, sight, id).await
}

/// The firm's case with this docket, however its number is spelled.
pub(crate) async fn by_docket(
    db: &impl Reads,
    sight: Sight,
    court: &str,
    docket_key: &str,
) -> Result<Option<Case>, Error> {
    let mut values = vec![id_value(sight.firm()), Value::from(court), Value::from(docket_key)];
    let text = format!("{SELECT}{BY_DOCKET}{}", sight.and_sees("cases.id", &mut values));
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    rows.first().map(read).transpose()
}

pub(crate) async fn exists(db: &impl Reads, sight: Sight, id: CaseId) -> Result<(), Error> {
    let mut values = vec![id_value(sight.firm()), id_value(id)];
    let text = format!("{EXISTS}{}", sight.and_sees("cases.id", &mut values));
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    if rows.is_empty() { Err(Error::NotFound(id)) } else { Ok(()) }
}

/// How much of a title is its key, in characters: an index of PostgreSQL takes at most 2,704 bytes of a row.
const TITLE_KEY_CHARS: usize = 500;

fn title_key(title: &str) -> String {
    title.to_lowercase().chars().take(TITLE_KEY_CHARS).collect()
}

fn found_by_of(case: &Case) -> Value {
    found_by(&case.fields.title, case.number(), case.fields.docket_number.as_deref())
}

/// Title and numbers, each on a line of its own, so that nothing is found across two of them.
fn found_by(title: &str, number: &str, docket_number: Option<&str>) -> Value {
    let lines = [title, number, docket_number.unwrap_or_default()].map(folding::folded);
    Value::from(lines.join("\n"))
}

/// How many cases are folded again in one transaction.
const REFOLDED_AT_ONCE: usize = 256;

const UNFOLDED: &str = "SELECT id, title, number, docket_number FROM cases WHERE found_by IS NULL LIMIT $1";
const FOLD: &str =
    "UPDATE cases SET found_by = $2 WHERE id = $1 AND title = $3 AND number = $4 AND found_by IS NULL";

/// Fills in what some cases are found by that an older version has stored, of whatever firm. Returns how many it looked at.
pub(crate) async fn refold(tx: &mut Tx) -> Result<usize, Error> {
    let limit = Value::from(i64::try_from(REFOLDED_AT_ONCE).unwrap_or(i64::MAX));
    let rows = tx.rows(db::sql(tx.dialect(), UNFOLDED, [limit])).await?;
    for row in &rows {
        let mut row = Fields::of(row);
        let (id, title, number): (CaseId, String, String) = (row.id()?, row.next()?, row.next()?);
        let docket_number: Option<String> = row.next()?;
        let found_by = found_by(&title, &number, docket_number.as_deref());
        tx.run(db::sql(tx.dialect(), FOLD, [id_value(id), found_by, title.into(), number.into()])).await?;
    }
    Ok(rows.len())
}

/// The values that insert and update begin with alike.
fn values(firm: FirmId, case: &Case, lead: Option<UserId>) -> Vec<Value> {
    let fields = &case.fields;
    let text = |text: &Option<String>| Value::from(text.clone());
    let mut values = Vec::with_capacity(29);
    values.extend([
        id_value(firm),
        id_value(case.id),
        Value::from(case.number()),
        Value::from(fields.title.as_str()),
        Value::from(title_key(&fields.title)),
        Value::from(fields.status.as_str()),
        text(&fields.practice_area),
        opt_id_value(fields.client_id),
        opt_id_value(lead),
        text(&fields.court),
        text(&fields.docket_number),
        Value::from(fields.docket_key()),
        text(&fields.judge),
        text(&fields.referred_to),
        text(&fields.cause),
        text(&fields.nature_of_suit),
        text(&fields.jurisdiction),
        text(&fields.jury_demand),
        text(&fields.demand),
        text(&fields.description),
        Value::from(fields.filed_on),
        Value::from(fields.terminated_on),
        Value::from(fields.extra.clone()),
        Value::from(case.closed_at.map(Stamp)),
        Value::from(case.version),
        Stamp(case.updated_at).into(),
    ]);
    values
}

/// The references of a case are its client and its lead, of which one is set here or the lead is known to be right; its
/// unique keys are its number and its docket.
fn refused(error: db::Error, case: &Case) -> Error {
    if error.is_duplicate_of("cases", "docket_key") {
        return Error::DocketTaken(case.fields.docket_number.clone().unwrap_or_default());
    }
    if error.is_duplicate_of("cases", "number") {
        return Error::NumberTaken(case.number().to_owned());
    }
    match (error, case.fields.client_id, case.fields.lead_user_id) {
        (db::Error::Violation(Violation::Reference), Some(client), _) => Error::UnknownClient(client),
        (db::Error::Violation(Violation::Reference), None, Some(lead)) => Error::UnknownLead(lead),
        (error, ..) => error.into(),
    }
}

fn read(row: &db::Row) -> Result<Case, Error> {
    let mut row = Fields::of(row);
    Ok(Case {
        id: row.id()?,
        fields: CaseFields {
            number: row.next()?,
            title: row.next()?,
            status: read_status(&mut row)?,
            practice_area: row.next()?,
            client_id: row.opt_id()?,
            lead_user_id: row.opt_id()?,
            court: row.next()?,
            docket_number: row.next()?,
            judge: row.next()?,
            referred_to: row.next()?,
            cause: row.next()?,
            nature_of_suit: row.next()?,
            jurisdiction: row.next()?,
            jury_demand: row.next()?,
            demand: row.next()?,
            description: row.next()?,
            filed_on: row.next()?,
            terminated_on: row.next()?,
            extra: row.next()?,
        },
        opened_at: row.time()?,
        closed_at: row.opt_time()?,
        version: row.next()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

pub(super) fn read_status(row: &mut Fields<'_>) -> Result<CaseStatus, Error> {
    row.next::<String>()?.parse().map_err(Error::Row)
}
