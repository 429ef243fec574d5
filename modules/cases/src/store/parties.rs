use super::{Fields, attorneys, batch, hold, id_value, part_of};
use crate::Error;
use crate::model::alias::{Alias, aliases};
use crate::model::list::{PartyFilter, PartySort};
use crate::model::pairing::mark;
use crate::model::party::{Party, PartyFields};
use access::Sight;
use db::{Reads, Stamp, Tx};
use ids::{CaseId, FirmId, PartyId};
use sea_orm::sea_query::Value;
use web::{Page, Sort};

const INSERT: &str = "INSERT INTO parties (firm_id, id, case_id, position, name, name_key, kind, extra_info, \
                      terminated_on, criminal, version, created_at, updated_at)";

const INSERT_ALIAS: &str = "INSERT INTO party_aliases (firm_id, party_id, position, kind, name, name_key)";

const UPDATE: &str = "UPDATE parties SET name = $3, name_key = $4, kind = $5, extra_info = $6, terminated_on = $7, \
                      criminal = $8, version = $9, updated_at = $10 \
                      WHERE firm_id = $1 AND id = $2 AND version = $11";

const DELETE: &str = "DELETE FROM parties WHERE firm_id = $1 AND id = $2 AND version = $3";

const DELETE_ALIASES: &str = "DELETE FROM party_aliases WHERE firm_id = $1 AND party_id = $2";

const LAST_POSITION: &str =
    "SELECT COALESCE(MAX(position), 0) FROM parties WHERE firm_id = $1 AND case_id = $2";

/// How much of a name is its key, in characters.
const NAME_KEY_CHARS: usize = 500;

/// All that [`read`] reads, in its order.
const COLUMNS: &str = "id, case_id, position, name, kind, extra_info, terminated_on, criminal, version, created_at, \
                       updated_at";

/// Stores new parties with their counsel and other names.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, parties: &[Party]) -> Result<(), Error> {
    let rows = parties.iter().map(|party| row_of(firm, party)).collect();
    batch::insert(tx, INSERT, rows).await?;
    let names = parties.iter().flat_map(|party| alias_rows(firm, party)).collect();
    batch::insert(tx, INSERT_ALIAS, names).await?;
    attorneys::insert(tx, firm, parties).await
}

/// Saves the state that follows `before`, with counsel and other names where they differ.
pub(crate) async fn save(tx: &mut Tx, firm: FirmId, before: &Party, after: &Party) -> Result<(), Error> {
    let values = [
        id_value(firm),
        id_value(after.id),
        Value::from(after.fields.name.as_str()),
        Value::from(name_key(&after.fields.name)),
        Value::from(after.fields.kind.as_str()),
        Value::from(after.fields.extra_info.clone()),
        Value::from(after.fields.terminated_on),
        Value::from(after.fields.criminal.clone()),
        Value::from(after.version),
        Stamp(after.updated_at).into(),
        Value::from(before.version),
    ];
    if tx.run(db::sql(tx.dialect(), UPDATE, values)).await? == 0 {
        return Err(Error::Stale { now: after.version });
    }
    if before.aliases != after.aliases {
        let of_party = [id_value(firm), id_value(after.id)];
        tx.run(db::sql(tx.dialect(), DELETE_ALIASES, of_party)).await?;
        batch::insert(tx, INSERT_ALIAS, alias_rows(firm, after).collect()).await?;
    }
    if before.fields.attorneys != after.fields.attorneys {
        attorneys::replace(tx, firm, after).await?;
    }
    Ok(())
}

/// Removes a party with its counsel.
pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, party: &Party) -> Result<(), Error> {
    let values = [id_value(firm), id_value(party.id), Value::from(party.version)];
    match tx.run(db::sql(tx.dialect(), DELETE, values)).await? {
        0 => Err(Error::Stale { now: party.version + 1 }),
        _ => Ok(()),
    }
}

pub(crate) async fn find(db: &impl Reads, sight: Sight, id: PartyId) -> Result<Party, Error> {
    let mut values = vec![id_value(sight.firm()), id_value(id)];
    let seen = sight.and_sees("parties.case_id", &mut values);
    let text = format!("SELECT {COLUMNS} FROM parties WHERE firm_id = $1 AND id = $2{seen}");
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    let row = rows.first().ok_or(Error::PartyNotFound(id))?;
    let mut party = [read(row)?];
    attorneys::fill(db, sight.firm(), &mut party).await?;
    let [party] = party;
    Ok(party)
}

/// One party that nobody else changes until this transaction ends, with its counsel.
pub(crate) async fn find_for_change(tx: &mut Tx, sight: Sight, id: PartyId) -> Result<Party, Error> {
    hold(tx, sight, ("parties", "case_id"), id).await?;
    find(tx, sight, id).await
}

/// The place of the last party in the case's list; 0 when there is none.
pub(crate) async fn last_position(db: &impl Reads, firm: FirmId, case: CaseId) -> Result<i64, Error> {
    let rows = db.rows(db::sql(db.dialect(), LAST_POSITION, [id_value(firm), id_value(case)])).await?;
    rows.first().map_or(Ok(0), |row| Fields::of(row).next())
}

/// All parties of a case with their counsel, in the order of the list. [`Error::TooManyParties`] above `most`.
pub(crate) async fn of_case(
    db: &impl Reads,
    sight: Sight,
    case: CaseId,
    most: usize,
) -> Result<Vec<Party>, Error> {
    let limit = Value::from(i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1));
    let mut values = vec![id_value(sight.firm()), id_value(case), limit];
    let seen = sight.and_sees("parties.case_id", &mut values);
    let text = format!(
        "SELECT {COLUMNS} FROM parties WHERE firm_id = $1 AND case_id = $2{seen} ORDER BY position, id LIMIT $3"
    );
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    if rows.len() > most {
        return Err(Error::TooManyParties { most });
    }
    let mut parties = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    attorneys::fill(db, sight.firm(), &mut parties).await?;
    Ok(parties)
}

/// A page of parties with their counsel, and how many the filter lets through.
pub(crate) async fn list(
    db: &impl Reads,
    sight: Sight,
    filter: &PartyFilter,
    sort: Sort<PartySort>,
    page: Page,
) -> Result<(Vec<Party>, u64), Error> {
    let (mut condition, mut values) = condition(sight.firm(), filter);
    condition.push_str(&sight.and_sees_among_many("case_id", &mut values));
    let text = format!("SELECT count(*) FROM parties WHERE {condition}");
    let counted = db.rows(db::sql(db.dialect(), text, values.clone())).await?;
    let total = counted.first().map_or(Ok(0), |row| Fields::of(row).count())?;
    if page.offset() >= total {
        return Ok((Vec::new(), total));
    }
    let column = match sort.field {
        PartySort::Name => "name_key",
        PartySort::Position => "position",
        PartySort::UpdatedAt => "updated_at",
    };
    let way = if sort.descending { "DESC" } else { "ASC" };
    let (limit, offset) = (values.len() + 1, values.len() + 2);
    values.extend(
        [page.limit(), page.offset()].map(|rows| Value::from(i64::try_from(rows).unwrap_or(i64::MAX))),
    );
    let text = format!(
        "SELECT {COLUMNS} FROM parties WHERE {condition} ORDER BY {column} {way}, id {way} \
         LIMIT ${limit} OFFSET ${offset}"
    );
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    let mut parties = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    attorneys::fill(db, sight.firm(), &mut parties).await?;
    Ok((parties, total))
}

fn condition(firm: FirmId, filter: &PartyFilter) -> (String, Vec<Value>) {
    let mut text = "firm_id = $1".to_owned();
    let mut values = vec![id_value(firm)];
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        text.push_str(" AND ");
        text.push_str(&condition.replace('?', &format!("${}", values.len())));
    };
    if let Some(case) = filter.case {
        and("case_id = ?", id_value(case));
    }
    if let Some(kind) = &filter.kind {
        and("kind = ?", kind.as_str().into());
    }
    if let Some(part) = &filter.text {
        let names = r"(name_key LIKE ? ESCAPE '\' OR EXISTS (SELECT 1 FROM party_aliases WHERE party_aliases.firm_id = $1 AND party_aliases.party_id = parties.id AND party_aliases.name_key LIKE ? ESCAPE '\'))";
        and(names, part_of(&mark(part)).into());
    }
    (text, values)
}

fn row_of(firm: FirmId, party: &Party) -> [Value; 13] {
    let fields = &party.fields;
    [
        id_value(firm),
        id_value(party.id),
        id_value(party.case_id),
        Value::from(party.position),
        Value::from(fields.name.as_str()),
        Value::from(name_key(&fields.name)),
        Value::from(fields.kind.as_str()),
        Value::from(fields.extra_info.clone()),
        Value::from(fields.terminated_on),
        Value::from(fields.criminal.clone()),
        Value::from(party.version),
        Stamp(party.created_at).into(),
        Stamp(party.updated_at).into(),
    ]
}

fn alias_rows(firm: FirmId, party: &Party) -> impl Iterator<Item = [Value; 6]> {
    (1_i64..).zip(&party.aliases).map(move |(position, Alias { kind, name })| {
        [
            id_value(firm),
            id_value(party.id),
            Value::from(position),
            Value::from(kind.as_str()),
            Value::from(name.as_str()),
            Value::from(name_key(name)),
        ]
    })
}

/// What a name is found and ordered by: PostgreSQL takes no more than 2,700 bytes into an index.
fn name_key(name: &str) -> String {
    mark(name).chars().take(NAME_KEY_CHARS).collect()
}

/// Counsel is filled in afterwards; other names are read from the listing again, which is what they were stored from.
fn read(row: &db::Row) -> Result<Party, Error> {
    let mut row = Fields::of(row);
    let (id, case_id, position) = (row.id()?, row.id()?, row.next()?);
    let fields = PartyFields {
        name: row.next()?,
        kind: row.next()?,
        extra_info: row.next()?,
        terminated_on: row.next()?,
        criminal: row.next()?,
        attorneys: Vec::new(),
    };
    Ok(Party {
        id,
        case_id,
        aliases: aliases(&fields.name, fields.extra_info.as_deref()),
        fields,
        position,
        version: row.next()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}
