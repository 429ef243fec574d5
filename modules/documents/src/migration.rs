use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{
    ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, IndexCreateStatement, Table,
};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "0041_documents", statements: tables }]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let mut statements = vec![documents(dialect), versions(dialect), texts(dialect), blobs(dialect)];
    let indexes = [
        on("documents_created", "documents", &["firm_id", "created_at", "id"]),
        // Begins with the case, so that removing a case finds its documents at once.
        on("documents_case", "documents", &["case_id", "firm_id", "created_at", "id"]),
        on("documents_bates", "documents", &["firm_id", "bates_prefix", "bates_first"]),
        on("documents_control_number", "documents", &["firm_id", "case_id", "control_number"])
            .unique()
            .take(),
        on("document_versions_number", "document_versions", &["document_id", "number"]).unique().take(),
        on("document_versions_sha256", "document_versions", &["sha256"]),
        on("document_blobs_state", "document_blobs", &["state", "at"]),
    ];
    statements.extend(indexes.iter().map(|index| migrate::index(dialect, index)));
    statements
}

fn on(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}

/// A case that has documents cannot be removed: they would be lost without anybody having said so.
fn documents(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let table = Table::create()
        .table("documents")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.opt_id("case_id"))
        .col(columns.text("title"))
        .col(columns.opt_text("kind"))
        .col(columns.opt_text("description"))
        .col(columns.json("tags"))
        .col(columns.opt_text("custodian"))
        .col(columns.opt_text("bates_begin"))
        .col(columns.opt_text("bates_end"))
        // The range in numbers, to be looked up by; empty when the texts are no Bates numbers.
        .col(columns.opt_text("bates_prefix"))
        .col(columns.opt_int("bates_first"))
        .col(columns.opt_int("bates_last"))
        .col(columns.opt_text("control_number"))
        .col(columns.text("source"))
        .col(columns.json("metadata"))
        .col(columns.int("current_version"))
        .col(columns.text("file_name"))
        .col(columns.text("content_type"))
        .col(columns.int("size_bytes"))
        .col(columns.bytes("sha256"))
        .col(columns.text("text_status"))
        .col(columns.id("created_by"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        .foreign_key(
            ForeignKey::create()
                .from("documents", "case_id")
                .to("cases", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take();
    migrate::table(dialect, &table)
}

fn of_document(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, "document_id")
        .to("documents", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

fn versions(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let table = Table::create()
        .table("document_versions")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("document_id"))
        .col(columns.int("number"))
        .col(columns.text("file_name"))
        .col(columns.text("content_type"))
        .col(columns.int("size_bytes"))
        .col(columns.bytes("sha256"))
        .col(columns.opt_bytes("md5"))
        .col(columns.opt_text("note"))
        .col(columns.id("created_by"))
        .col(columns.time("created_at"))
        .foreign_key(&mut of_document("document_versions"))
        .take();
    migrate::table(dialect, &table)
}

fn texts(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let table = Table::create()
        .table("document_texts")
        .col(columns.id("document_id"))
        .col(columns.int("number"))
        .col(columns.int("piece"))
        .col(columns.firm())
        .col(columns.text("text"))
        .primary_key(Index::create().col("document_id").col("number").col("piece"))
        .foreign_key(&mut of_document("document_texts"))
        .take();
    migrate::table(dialect, &table)
}

/// One row for each file of the store. It has no `firm_id`: equal files of two firms are one file.
fn blobs(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let mut sha256 = columns.bytes("sha256");
    let table = Table::create()
        .table("document_blobs")
        .col(sha256.primary_key())
        .col(columns.text("state"))
        .col(columns.time("at"))
        .take();
    migrate::table(dialect, &table)
}
