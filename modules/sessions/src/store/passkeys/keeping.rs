//! What only a server that knows passkeys does with their rows.

use super::{of_user, words};
use crate::Error;
use crate::model::{MOST_PASSKEYS, Passkey, Reference};
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, PasskeyId, SessionId, UserId};
use passkey::NewPasskey;
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO passkeys (id, firm_id, user_id, credential_id, public_key, counter, name, \
                      transports, may_be_backed_up, is_backed_up, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const OF_CREDENTIAL: &str = "SELECT id, firm_id, user_id, public_key, counter, may_be_backed_up FROM passkeys \
                             WHERE credential_id = $1";
const REFERENCES: &str = "SELECT credential_id, transports FROM passkeys WHERE firm_id = $1 AND user_id = $2 \
                          ORDER BY created_at, id LIMIT $3";
/// Moves the counter on, or leaves it where it never counts: of two with the same count, one finds it taken.
const USED: &str = "UPDATE passkeys SET counter = $3, is_backed_up = $4, last_used_at = $5 \
                    WHERE firm_id = $1 AND id = $2 AND (counter < $3 OR (counter = 0 AND $3 = 0))";
const SHOWN_IN: &str = "UPDATE sessions SET passkey_id = $3, proved_at = $4 WHERE firm_id = $1 AND id = $2";

/// A passkey as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) id: PasskeyId,
    pub(crate) firm: FirmId,
    pub(crate) user: UserId,
    pub(crate) public_key: Vec<u8>,
    pub(crate) counter: u32,
    pub(crate) may_be_backed_up: bool,
}

/// Adds a passkey. Whose it is when it is there already, nobody is told.
pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    passkey: &Passkey,
    made: &NewPasskey,
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(passkey.id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(made.id.clone()),
        Value::from(made.public_key.clone()),
        Value::from(i64::from(made.counter)),
        Value::from(passkey.name.as_str()),
        Value::from(passkey.transports.join(" ")),
        Value::from(made.may_be_backed_up),
        Value::from(made.is_backed_up),
        Value::from(Stamp(passkey.created_at)),
    ];
    match tx.run(db::sql(tx.dialect(), INSERT, values)).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_duplicate_of("passkeys", "credential_id") => Err(Error::PasskeyKnown),
        Err(error) => Err(error.into()),
    }
}

/// The passkey with this id. Knows no firm: the id names one passkey on the whole server.
pub(crate) async fn of_credential(db: &impl Reads, credential: &[u8]) -> Result<Option<Kept>, Error> {
    let values = [Value::from(credential.to_vec())];
    let rows = db.rows(db::sql(db.dialect(), OF_CREDENTIAL, values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// A user's passkeys as authenticators know them.
pub(crate) async fn references(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Vec<Reference>, Error> {
    let mut values = of_user(firm, user);
    values.push(super::number(MOST_PASSKEYS));
    let rows = db.rows(db::sql(db.dialect(), REFERENCES, values)).await?;
    let reference = |row: &db::Row| {
        Ok(Reference {
            id: passkey::text(&row.get::<Vec<u8>>("credential_id")?),
            transports: words(&row.get::<String>("transports")?),
        })
    };
    Ok(rows.iter().map(reference).collect::<Result<_, db::Misread>>().map_err(db::Error::from)?)
}

/// Notes that a passkey was shown. `false` when its counter did not move on, or it is not there any more.
pub(crate) async fn used(
    tx: &mut Tx,
    firm: FirmId,
    id: PasskeyId,
    asserted: passkey::Asserted,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(id)),
        Value::from(i64::from(asserted.counter)),
        Value::from(asserted.is_backed_up),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), USED, values)).await? == 1)
}

/// Notes in a login that a passkey was shown just now.
pub(crate) async fn shown_in(
    tx: &mut Tx,
    firm: FirmId,
    session: SessionId,
    id: PasskeyId,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(session)),
        Value::from(Uuid::from(id)),
        Value::from(Stamp(now)),
    ];
    tx.run(db::sql(tx.dialect(), SHOWN_IN, values)).await?;
    Ok(())
}

fn read(row: &db::Row) -> Result<Kept, db::Misread> {
    let counter: i64 = row.get("counter")?;
    Ok(Kept {
        id: row.get::<Uuid>("id")?.into(),
        firm: row.get::<Uuid>("firm_id")?.into(),
        user: row.get::<Uuid>("user_id")?.into(),
        public_key: row.get("public_key")?,
        counter: u32::try_from(counter).map_err(|error| db::Misread::new("counter", error.to_string()))?,
        may_be_backed_up: row.get("may_be_backed_up")?,
    })
}
