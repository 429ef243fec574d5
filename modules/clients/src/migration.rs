use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, IndexCreateStatement, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "0030_clients", statements: tables }]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let clients = Table::create()
        .table("clients")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.text("number"))
        .col(columns.text("name"))
        .col(columns.text("name_key"))
        .col(columns.text("kind"))
        .col(columns.text("status"))
        .col(columns.opt_text("email"))
        .col(columns.opt_text("phone"))
        .col(columns.opt_text("address"))
        .col(columns.opt_text("notes"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .take();
    // One row for each firm: the last number given.
    let numbering = Table::create()
        .table("client_numbering")
        .col(columns.firm().primary_key())
        .col(columns.int("last_seq"))
        .take();
    vec![
        migrate::table(dialect, &clients),
        migrate::table(dialect, &numbering),
        // What other tables refer to: a reference cannot name another firm's client.
        migrate::index(dialect, on_clients("clients_firm_id", &["firm_id", "id"]).unique()),
        migrate::index(dialect, on_clients("clients_number", &["firm_id", "number"]).unique()),
        migrate::index(dialect, &on_clients("clients_by_name", &["firm_id", "name_key", "id"])),
        migrate::index(dialect, &on_clients("clients_by_status", &["firm_id", "status", "name_key", "id"])),
    ]
}

fn on_clients(name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table("clients").take();
    for column in columns {
        index.col(*column);
    }
    index
}
