use db::{Db, Error, Reads as _};

/// Asks the database for nothing, to see whether it answers.
pub(super) async fn ping(db: &Db) -> Result<(), Error> {
    db.reader().rows(db::sql(db.dialect(), "SELECT 1", [])).await.map(drop)
}
