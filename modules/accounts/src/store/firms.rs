use crate::{Error, Firm};
use access::Role;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str =
    "INSERT INTO firms (id, name, slug, version, created_at, updated_at) VALUES ($1, $2, $3, 1, $4, $4)";
const FIRST: &str = "SELECT id, name, slug, created_at FROM firms ORDER BY created_at, id LIMIT 1";
const FIND: &str = "SELECT id, name, slug, created_at FROM firms WHERE id = $1";
/// Takes the firm's row for this transaction: whoever takes it next waits for the commit.
const TAKE: &str = "UPDATE firms SET version = version + 1, updated_at = $2 WHERE id = $1";
const FIRST_ADMINISTRATOR: &str = "SELECT id, role FROM users WHERE firm_id = $1 AND active = $2 AND id <> $3 \
                                   AND role IN ('super_admin', 'admin') ORDER BY role DESC, created_at, id LIMIT 1";
const OF_SLUG: &str = "SELECT id, name, slug, created_at FROM firms WHERE slug = $1";
const PAGE: &str = "SELECT id, name, slug, created_at FROM firms ORDER BY slug, id LIMIT $1 OFFSET $2";
const RENAME: &str = "UPDATE firms SET name = $2, version = version + 1, updated_at = $3 WHERE id = $1";

pub(crate) async fn insert(tx: &mut Tx, firm: &Firm) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(firm.id)),
        Value::from(firm.name.as_str()),
        Value::from(firm.slug.as_str()),
        Value::from(Stamp(firm.created_at)),
    ];
    match tx.run(db::sql(tx.dialect(), INSERT, values)).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_duplicate_of("firms", "slug") => Err(Error::FirmExists),
        Err(error) => Err(error.into()),
    }
}

/// The firm that was set up first: asked once, at the start of the server.
pub(crate) async fn first(db: &impl Reads) -> Result<Option<Firm>, Error> {
    read(db.rows(db::sql(db.dialect(), FIRST, [])).await?.first())
}

pub(crate) async fn find(db: &impl Reads, firm: FirmId) -> Result<Option<Firm>, Error> {
    let find = db::sql(db.dialect(), FIND, [Value::from(Uuid::from(firm))]);
    read(db.rows(find).await?.first())
}

/// Makes this transaction the only one that may take an administrator from the firm.
pub(crate) async fn take(tx: &mut Tx, firm: FirmId, now: Timestamp) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), TAKE, values)).await?;
    Ok(())
}

/// The firm with this short name. For the command line, which looks after all firms.
pub(crate) async fn of_slug(db: &impl Reads, slug: &str) -> Result<Option<Firm>, Error> {
    read(db.rows(db::sql(db.dialect(), OF_SLUG, [Value::from(slug)])).await?.first())
}

/// One page of the server's firms, by their short names. For the command line, which looks after all of them.
pub(crate) async fn page(db: &impl Reads, (offset, limit): (u64, u64)) -> Result<Vec<Firm>, Error> {
    let number = |number| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let rows = db.rows(db::sql(db.dialect(), PAGE, [number(limit), number(offset)])).await?;
    Ok(rows.iter().map(firm).collect::<Result<_, _>>().map_err(db::Error::from)?)
}

/// Gives the firm another name. Its short name stays.
pub(crate) async fn rename(tx: &mut Tx, firm: FirmId, name: &str, now: Timestamp) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(name), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), RENAME, values)).await?;
    Ok(())
}

/// The firm's oldest active administrator of the highest role, other than `beside`.
pub(crate) async fn first_administrator(
    db: &impl Reads,
    firm: FirmId,
    beside: Option<UserId>,
) -> Result<Option<(UserId, Role)>, Error> {
    let beside = beside.map_or(Uuid::nil(), Uuid::from);
    let values = [Value::from(Uuid::from(firm)), Value::from(true), Value::from(beside)];
    let rows = db.rows(db::sql(db.dialect(), FIRST_ADMINISTRATOR, values)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let id: Uuid = row.get("id").map_err(db::Error::from)?;
    Ok(Some((id.into(), super::users::role(row).map_err(db::Error::from)?)))
}

fn read(row: Option<&db::Row>) -> Result<Option<Firm>, Error> {
    Ok(row.map(firm).transpose().map_err(db::Error::from)?)
}

fn firm(row: &db::Row) -> Result<Firm, db::Misread> {
    Ok(Firm {
        id: row.get::<Uuid>("id")?.into(),
        name: row.get("name")?,
        slug: row.get("slug")?,
        created_at: row.get::<Stamp>("created_at")?.0,
    })
}
