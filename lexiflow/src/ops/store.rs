use db::{Db, Error, Reads as _};

/// Asks the database for nothing, to see whether it answers. One that met damaged pages counts as gone: what it would
/// answer cannot be trusted.
pub(super) async fn ping(db: &Db) -> Result<(), Error> {
    if db.stats().is_damaged() {
        return Err(Error::Closed);
    }
    db.reader().rows(db::sql(db.dialect(), "SELECT 1", [])).await.map(drop)
}
