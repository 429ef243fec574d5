use super::{Fields, id_value};
use crate::Error;
use crate::model::numbering::NumberTemplate;
use db::{Reads, Tx};
use ids::FirmId;
use sea_orm::sea_query::Value;

const NEXT: &str = "INSERT INTO case_numbering (firm_id, template, last_seq) VALUES ($1, $2, 1) \
                    ON CONFLICT (firm_id) DO UPDATE SET last_seq = case_numbering.last_seq + 1";

const LAST: &str = "SELECT template, last_seq FROM case_numbering WHERE firm_id = $1";

const SET: &str = "INSERT INTO case_numbering (firm_id, template, last_seq) VALUES ($1, $2, 0) \
                   ON CONFLICT (firm_id) DO UPDATE SET template = excluded.template";

const TEMPLATE: &str = "SELECT template FROM case_numbering WHERE firm_id = $1";

/// The firm's template and its next running number, from 1. The row stays locked until the transaction ends, so two
/// transactions never see the same number, and one that fails gives its number back.
pub(crate) async fn next(tx: &mut Tx, firm: FirmId) -> Result<(NumberTemplate, i64), Error> {
    let values = [id_value(firm), Value::from(NumberTemplate::DEFAULT)];
    // Not `RETURNING`: SQLite makes a table of its own for its rows, and copies of the pages that it changes.
    tx.run(db::sql(tx.dialect(), NEXT, values)).await?;
    let rows = tx.rows(db::sql(tx.dialect(), LAST, [id_value(firm)])).await?;
    let row = rows.first().ok_or(Error::Unnumbered)?;
    let mut fields = Fields::of(row);
    let template: String = fields.next()?;
    Ok((template.parse()?, fields.next()?))
}

/// The firm's template, or the one that firms begin with.
pub(crate) async fn template(db: &impl Reads, firm: FirmId) -> Result<NumberTemplate, Error> {
    let rows = db.rows(db::sql(db.dialect(), TEMPLATE, [id_value(firm)])).await?;
    match rows.first() {
        Some(row) => Ok(Fields::of(row).next::<String>()?.parse()?),
        None => Ok(NumberTemplate::DEFAULT.parse()?),
    }
}

pub(crate) async fn set_template(tx: &mut Tx, firm: FirmId, template: &NumberTemplate) -> Result<(), Error> {
    let values = [id_value(firm), Value::from(template.as_str())];
    tx.run(db::sql(tx.dialect(), SET, values)).await?;
    Ok(())
}
