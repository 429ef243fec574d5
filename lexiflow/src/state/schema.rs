//! The schema: every module's migrations in their one order.

use db::{Db, Migration, Reads as _};

/// All migrations, in the order in which they are applied and rendered.
pub fn migrations() -> Vec<Migration> {
    let mut all = queue::migrations();
    for module in [
        access::migrations,
        audit::migrations,
        accounts::migrations,
        sessions::migrations,
        clients::migrations,
        cases::migrations,
        docket::migrations,
        documents::migrations,
        billing::migrations,
        walls::migrations,
        search::migrations,
    ] {
        all.extend(module());
    }
    all
}

/// The names of the migrations that the database has; none when it is empty.
pub async fn applied_migrations(db: &Db) -> Result<Vec<String>, db::Error> {
    let dialect = db.dialect();
    if !db::migrate::is_known(db.reader(), dialect).await? {
        return Ok(Vec::new());
    }
    let names = db::sql(dialect, "SELECT name FROM schema_migrations ORDER BY name", []);
    let rows = db.reader().rows(names).await?;
    rows.iter().map(|row| row.at(0).map_err(db::Error::from)).collect()
}
