use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{
    ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, IndexCreateStatement, Table,
    TableCreateStatement,
};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0031_cases", statements: tables },
        Migration { name: "0032_cases_found_by", statements: found_by },
        Migration { name: "0063_cases_led", statements: led },
    ]
}

/// What a case is found by in a list, folded: see [`crate::refold_schedule`], which fills it in where it is empty.
fn found_by(_: Dialect) -> Vec<String> {
    vec![
        "ALTER TABLE cases ADD COLUMN found_by text".to_owned(),
        "CREATE INDEX cases_unfolded ON cases (id) WHERE found_by IS NULL".to_owned(),
    ]
}

/// The cases of a lead, for whoever takes them over.
fn led(_: Dialect) -> Vec<String> {
    vec![
        "CREATE INDEX cases_led ON cases (firm_id, lead_user_id, id) WHERE lead_user_id IS NOT NULL"
            .to_owned(),
    ]
}

/// References carry the firm, so that no row can refer to another firm's. Each table comes with its keys before the next
/// one refers to it.
fn tables(dialect: Dialect) -> Vec<String> {
    let mut statements = vec![migrate::table(dialect, &cases(dialect))];
    statements.extend(indexes_of_cases().iter().map(|index| migrate::index(dialect, index)));
    // A case without a court or a docket number is never the same as another.
    statements.push(
        "CREATE UNIQUE INDEX cases_docket_key ON cases (firm_id, court, docket_key) WHERE docket_key IS NOT NULL"
            .to_owned(),
    );
    statements.push(migrate::table(dialect, &numbering(dialect)));
    statements.push(migrate::table(dialect, &parties(dialect)));
    statements.extend(indexes_of_parties().iter().map(|index| migrate::index(dialect, index)));
    for (table, (name, on, by)) in [
        (
            attorneys(dialect),
            ("attorneys_party", "attorneys", ["firm_id", "party_id", "position"].as_slice()),
        ),
        (aliases(dialect), ("party_aliases_name", "party_aliases", ["firm_id", "name_key"].as_slice())),
    ] {
        statements.push(migrate::table(dialect, &table));
        statements.push(migrate::index(dialect, &index(name, on, by)));
    }
    statements
}

fn cases(dialect: Dialect) -> TableCreateStatement {
    let columns = dialect.columns();
    Table::create()
        .table("cases")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.text("number"))
        .col(columns.text("title"))
        .col(columns.text("title_key"))
        .col(columns.text("status"))
        .col(columns.opt_text("practice_area"))
        .col(columns.opt_id("client_id"))
        .col(columns.opt_id("lead_user_id"))
        .col(columns.opt_text("court"))
        .col(columns.opt_text("docket_number"))
        .col(columns.opt_text("docket_key"))
        .col(columns.opt_text("judge"))
        .col(columns.opt_date("filed_on"))
        .col(columns.time("opened_at"))
        .col(columns.opt_time("closed_at"))
        .col(columns.int("version"))
        .col(columns.time("updated_at"))
        .col(columns.time("created_at"))
        .col(columns.opt_date("terminated_on"))
        .col(columns.opt_text("referred_to"))
        .col(columns.opt_text("cause"))
        .col(columns.opt_text("nature_of_suit"))
        .col(columns.opt_text("jurisdiction"))
        .col(columns.opt_text("jury_demand"))
        .col(columns.opt_text("demand"))
        .col(columns.opt_text("description"))
        .col(columns.opt_json("extra"))
        .foreign_key(&mut reference("cases_client", "cases", "client_id", "clients"))
        .foreign_key(&mut reference("cases_lead", "cases", "lead_user_id", "users"))
        .take()
}

/// One row for each firm: how it numbers its cases, and the last number given.
fn numbering(dialect: Dialect) -> TableCreateStatement {
    let columns = dialect.columns();
    Table::create()
        .table("case_numbering")
        .col(columns.firm().primary_key())
        .col(columns.text("template"))
        .col(columns.int("last_seq"))
        .take()
}

fn parties(dialect: Dialect) -> TableCreateStatement {
    let columns = dialect.columns();
    Table::create()
        .table("parties")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("case_id"))
        .col(columns.int("position"))
        .col(columns.text("name"))
        .col(columns.text("name_key"))
        .col(columns.text("kind"))
        .col(columns.opt_text("extra_info"))
        .col(columns.opt_date("terminated_on"))
        .col(columns.opt_json("criminal"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .foreign_key(
            reference("parties_case", "parties", "case_id", "cases").on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

fn attorneys(dialect: Dialect) -> TableCreateStatement {
    let columns = dialect.columns();
    let mut party = reference("attorneys_party", "attorneys", "party_id", "parties");
    Table::create()
        .table("attorneys")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("party_id"))
        .col(columns.int("position"))
        .col(columns.opt_text("name"))
        .col(columns.opt_text("contact"))
        .col(columns.json("roles"))
        .foreign_key(party.on_delete(ForeignKeyAction::Cascade))
        .take()
}

fn aliases(dialect: Dialect) -> TableCreateStatement {
    let columns = dialect.columns();
    let mut party = reference("party_aliases_party", "party_aliases", "party_id", "parties");
    Table::create()
        .table("party_aliases")
        .col(columns.firm())
        .col(columns.id("party_id"))
        .col(columns.int("position"))
        .col(columns.text("kind"))
        .col(columns.text("name"))
        .col(columns.text("name_key"))
        .primary_key(Index::create().col("firm_id").col("party_id").col("position"))
        .foreign_key(party.on_delete(ForeignKeyAction::Cascade))
        .take()
}

fn reference(
    name: &'static str,
    from: &'static str,
    column: &'static str,
    to: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(from, ("firm_id", column)).to(to, ("firm_id", "id")).take()
}

fn indexes_of_cases() -> [IndexCreateStatement; 6] {
    [
        index("cases_firm_id", "cases", &["firm_id", "id"]).unique().take(),
        index("cases_number", "cases", &["firm_id", "number"]).unique().take(),
        // The list: newest first, all or of one status.
        index("cases_opened_at", "cases", &["firm_id", "opened_at", "id"]),
        index("cases_status", "cases", &["firm_id", "status", "opened_at", "id"]),
        // The same by title, and its total, without looking at a row that is not shown.
        index("cases_title", "cases", &["firm_id", "status", "title_key", "id"]),
        index("cases_client", "cases", &["firm_id", "client_id"]),
    ]
}

fn indexes_of_parties() -> [IndexCreateStatement; 3] {
    [
        index("parties_firm_id", "parties", &["firm_id", "id"]).unique().take(),
        index("parties_case", "parties", &["firm_id", "case_id", "position", "id"]),
        index("parties_name", "parties", &["firm_id", "name_key", "id"]),
    ]
}

fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}
