use super::{Fields, batch, id_value};
use crate::Error;
use crate::model::party::{Attorney, Party};
use db::{Reads, Tx};
use ids::{FirmId, PartyId};
use sea_orm::sea_query::Value;
use serde_json::json;
use std::collections::HashMap;

const INSERT: &str = "INSERT INTO attorneys (firm_id, id, party_id, position, name, contact, roles)";

const DELETE: &str = "DELETE FROM attorneys WHERE firm_id = $1 AND party_id = $2";

/// How many parties' counsel one statement reads.
const PARTIES_AT_ONCE: usize = 100;

/// Stores the counsel of new parties. Counsel without an id is not stored: the verbs give every one an id first.
pub(super) async fn insert(tx: &mut Tx, firm: FirmId, parties: &[Party]) -> Result<(), Error> {
    let rows = parties.iter().flat_map(|party| rows_of(firm, party)).collect();
    batch::insert(tx, INSERT, rows).await
}

/// Stores a party's counsel anew; those that stay keep their ids.
pub(super) async fn replace(tx: &mut Tx, firm: FirmId, party: &Party) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), DELETE, [id_value(firm), id_value(party.id)])).await?;
    batch::insert(tx, INSERT, rows_of(firm, party).collect()).await
}

fn rows_of(firm: FirmId, party: &Party) -> impl Iterator<Item = [Value; 7]> {
    (1_i64..).zip(&party.fields.attorneys).filter_map(move |(position, attorney)| {
        Some([
            id_value(firm),
            id_value(attorney.id?),
            id_value(party.id),
            Value::from(position),
            Value::from(attorney.name.clone()),
            Value::from(attorney.contact.clone()),
            Value::from(json!(attorney.roles)),
        ])
    })
}

/// Gives each party its counsel, in the order of the listing.
pub(super) async fn fill(db: &impl Reads, firm: FirmId, parties: &mut [Party]) -> Result<(), Error> {
    for some in parties.chunks_mut(PARTIES_AT_ONCE) {
        let mut counsel = of(db, firm, some).await?;
        for party in some {
            party.fields.attorneys = counsel.remove(&party.id).unwrap_or_default();
        }
    }
    Ok(())
}

async fn of(
    db: &impl Reads,
    firm: FirmId,
    parties: &[Party],
) -> Result<HashMap<PartyId, Vec<Attorney>>, Error> {
    let places = (2..parties.len() + 2).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "SELECT party_id, id, name, contact, roles FROM attorneys WHERE firm_id = $1 AND party_id IN ({places}) \
         ORDER BY party_id, position, id"
    );
    let values = std::iter::once(id_value(firm)).chain(parties.iter().map(|party| id_value(party.id)));
    let mut counsel: HashMap<PartyId, Vec<Attorney>> = HashMap::new();
    for row in db.rows(db::sql(db.dialect(), text, values)).await? {
        let mut row = Fields::of(&row);
        let party = row.id()?;
        let attorney = Attorney {
            id: Some(row.id()?),
            name: row.next()?,
            contact: row.next()?,
            roles: serde_json::from_value(row.next()?).unwrap_or_default(),
        };
        counsel.entry(party).or_default().push(attorney);
    }
    Ok(counsel)
}
