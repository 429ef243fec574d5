use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{ForeignKey, ForeignKeyAction, Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "0040_docket", statements: tables }]
}

fn tables(dialect: Dialect) -> Vec<String> {
    vec![
        entries(dialect),
        // What the links refer to: a reference carries the firm, so that no row can refer to another firm's.
        migrate::index(
            dialect,
            Index::create()
                .name("docket_entries_key")
                .table("docket_entries")
                .col("firm_id")
                .col("id")
                .unique(),
        ),
        links(dialect),
        migrate::index(
            dialect,
            Index::create()
                .name("docket_entries_case")
                .table("docket_entries")
                .col("firm_id")
                .col("case_id")
                .col("filed_on")
                .col("position"),
        ),
        migrate::index(
            dialect,
            Index::create()
                .name("docket_entries_filed")
                .table("docket_entries")
                .col("firm_id")
                .col("filed_on")
                .col("position"),
        ),
        migrate::index(
            dialect,
            Index::create()
                .name("docket_links_entry")
                .table("docket_links")
                .col("firm_id")
                .col("entry_id")
                .col("number")
                .unique(),
        ),
    ]
}

fn entries(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let table = Table::create()
        .table("docket_entries")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("case_id"))
        // The place in the court's own list: several entries of one day keep the court's order.
        .col(columns.int("position"))
        .col(columns.date("filed_on"))
        .col(columns.opt_date("entered_on"))
        .col(columns.opt_text("number"))
        .col(columns.text("text"))
        .col(columns.opt_text("seq_no"))
        .col(columns.opt_text("pacer_doc_id"))
        .col(columns.opt_int("page_count"))
        .col(columns.opt_int("file_size_bytes"))
        .col(columns.flag("sealed"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .foreign_key(
            ForeignKey::create()
                .from("docket_entries", ("firm_id", "case_id"))
                .to("cases", ("firm_id", "id"))
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    migrate::table(dialect, &table)
}

/// `document_id` has no foreign key: documents are a module beside this one.
fn links(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let table = Table::create()
        .table("docket_links")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("entry_id"))
        .col(columns.int("number"))
        .col(columns.opt_text("description"))
        .col(columns.opt_text("pacer_doc_id"))
        .col(columns.opt_int("page_count"))
        .col(columns.opt_int("file_size_bytes"))
        .col(columns.opt_id("document_id"))
        .foreign_key(
            ForeignKey::create()
                .from("docket_links", ("firm_id", "entry_id"))
                .to("docket_entries", ("firm_id", "id"))
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    migrate::table(dialect, &table)
}
