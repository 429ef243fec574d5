use db::{Dialect, Migration, Reads as _};
use uuid::Uuid;

/// A table of users, for modules that refer to users and need nothing else of the module that keeps them.
pub fn users() -> Vec<Migration> {
    vec![Migration { name: "0020_accounts", statements: tables }]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let id = match dialect {
        Dialect::Sqlite => "blob",
        Dialect::Postgres => "uuid",
    };
    vec![
        format!("CREATE TABLE users (id {id} NOT NULL PRIMARY KEY, firm_id {id} NOT NULL)"),
        "CREATE UNIQUE INDEX users_firm_id ON users (firm_id, id)".to_owned(),
    ]
}

/// Adds a user to that table.
pub async fn add_user(db: &db::Db, firm: Uuid, user: Uuid) {
    let mut tx = db.writer().begin().await.expect("a transaction begins");
    let text = "INSERT INTO users (id, firm_id) VALUES ($1, $2)";
    tx.run(db::sql(tx.dialect(), text, [user.into(), firm.into()])).await.expect("the user is added");
    tx.commit().await.expect("the user is kept");
}
