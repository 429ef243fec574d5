use crate::Error;
use db::{Reads, Tx};
use ids::{DocumentId, FirmId, Id};

// Texts are read after their document, which the caller has seen.
const INSERT: &str =
    "INSERT INTO document_texts (document_id, number, piece, firm_id, text) VALUES ($1, $2, $3, $4, $5)";
const CLEAR: &str = "DELETE FROM document_texts WHERE firm_id = $1 AND document_id = $2 AND number = $3";
const COUNT: &str =
    "SELECT count(*) FROM document_texts WHERE firm_id = $1 AND document_id = $2 AND number = $3";
const PIECE: &str =
    "SELECT text FROM document_texts WHERE firm_id = $1 AND document_id = $2 AND number = $3 AND piece = $4";

/// Adds a piece of a version's text.
pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    document: DocumentId,
    number: i64,
    piece: u32,
    text: &str,
) -> Result<(), Error> {
    let values =
        [document.uuid().into(), number.into(), i64::from(piece).into(), firm.uuid().into(), text.into()];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Removes all pieces of a version's text.
pub(crate) async fn clear(tx: &mut Tx, firm: FirmId, document: DocumentId, number: i64) -> Result<(), Error> {
    let values = [firm.uuid().into(), document.uuid().into(), number.into()];
    tx.run(db::sql(tx.dialect(), CLEAR, values)).await?;
    Ok(())
}

/// How many pieces a version's text has.
pub(crate) async fn count(
    db: &impl Reads,
    firm: FirmId,
    document: DocumentId,
    number: i64,
) -> Result<u32, Error> {
    let values = [firm.uuid().into(), document.uuid().into(), number.into()];
    let rows = db.rows(db::sql(db.dialect(), COUNT, values)).await?;
    let count = rows.first().map_or(Ok(0), |row| row.at::<i64>(0)).map_err(db::Error::from)?;
    Ok(u32::try_from(count).unwrap_or(0))
}

/// One piece of a version's text.
pub(crate) async fn piece(
    db: &impl Reads,
    firm: FirmId,
    document: DocumentId,
    number: i64,
    piece: u32,
) -> Result<Option<String>, Error> {
    let values = [firm.uuid().into(), document.uuid().into(), number.into(), i64::from(piece).into()];
    let rows = db.rows(db::sql(db.dialect(), PIECE, values)).await?;
    Ok(rows.first().map(|row| row.at(0)).transpose().map_err(db::Error::from)?)
}
