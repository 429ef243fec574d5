use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0011_audit_log", statements: tables },
        Migration { name: "0012_audit_entry_forms", statements: forms },
    ]
}

/// What entries say besides, and which form their hash has: those that are there keep theirs, which is the first.
fn forms(dialect: Dialect) -> Vec<String> {
    let (id, number) = match dialect {
        Dialect::Sqlite => ("blob", "integer"),
        Dialect::Postgres => ("uuid", "bigint"),
    };
    let columns = [
        format!("form {number} NOT NULL DEFAULT 1"),
        format!("api_key_id {id}"),
        format!("status {number}"),
        format!("elapsed_micros {number}"),
    ];
    columns.map(|column| format!("ALTER TABLE audit_log ADD COLUMN {column}")).to_vec()
}

fn tables(dialect: Dialect) -> Vec<String> {
    let mut statements = vec![chains(dialect)];
    statements.extend(log(dialect));
    statements.push(checkpoints(dialect));
    statements.extend(verifications(dialect));
    statements.extend(guards(dialect));
    statements
}

/// One row for each firm that has a chain: who is about to add to it locks the row first. It says nothing of its own.
fn chains(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let chains = Table::create()
        .table("audit_chains")
        .col(columns.id("firm_id").primary_key())
        .col(columns.time("begun_at"))
        .take();
    migrate::table(dialect, &chains)
}

/// `changes` is text and no JSON column: the hash covers its very bytes, which PostgreSQL's `jsonb` would not keep.
fn log(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let log = Table::create()
        .table("audit_log")
        .col(columns.firm())
        .col(columns.int("seq"))
        .col(columns.id("id"))
        .col(columns.opt_id("user_id"))
        .col(columns.opt_id("session_id"))
        .col(columns.text("action"))
        .col(columns.text("entity"))
        .col(columns.id("entity_id"))
        .col(columns.opt_id("case_id"))
        .col(columns.text("outcome"))
        .col(columns.opt_text("reason"))
        .col(columns.opt_text("changes"))
        .col(columns.opt_text("address"))
        .col(columns.opt_text("user_agent"))
        .col(columns.opt_text("method"))
        .col(columns.opt_text("route"))
        .col(columns.text("correlation"))
        .col(columns.time("at"))
        .col(columns.bytes("hash"))
        .primary_key(Index::create().col("firm_id").col("seq"))
        .take();
    let by = |name: &'static str, column: &'static str| {
        let index =
            Index::create().name(name).table("audit_log").col("firm_id").col(column).col("seq").take();
        migrate::index(dialect, &index)
    };
    vec![
        migrate::clustered_table(dialect, &log),
        by("audit_log_entity", "entity_id"),
        by("audit_log_user", "user_id"),
        by("audit_log_case", "case_id"),
    ]
}

fn checkpoints(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let checkpoints = Table::create()
        .table("audit_checkpoints")
        .col(columns.firm())
        .col(columns.int("seq"))
        .col(columns.text("mark"))
        .col(columns.bytes("hash"))
        .col(columns.time("at"))
        .col(columns.text("key_id"))
        .col(columns.bytes("signature"))
        .primary_key(Index::create().col("firm_id").col("seq").col("mark"))
        .take();
    migrate::table(dialect, &checkpoints)
}

fn verifications(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let verifications = Table::create()
        .table("audit_verifications")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.opt_id("user_id"))
        .col(columns.opt_int("from_seq"))
        .col(columns.opt_int("to_seq"))
        .col(columns.text("state"))
        .col(columns.time("asked_at"))
        .col(columns.opt_time("ended_at"))
        .col(columns.opt_json("verdict"))
        .take();
    let of_firm = Index::create()
        .name("audit_verifications_of_firm")
        .table("audit_verifications")
        .col("firm_id")
        .col("asked_at")
        .take();
    vec![migrate::table(dialect, &verifications), migrate::index(dialect, &of_firm)]
}

/// Nobody changes an entry or a checkpoint by mistake, and what is removed lies under a tombstone. Who owns the tables can
/// take the guards away; then the chain and its signatures tell.
fn guards(dialect: Dialect) -> Vec<String> {
    match dialect {
        Dialect::Sqlite => vec![
            "CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log \
             BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END"
                .to_owned(),
            format!(
                "CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log WHEN NOT {} \
                 BEGIN SELECT RAISE(ABORT, 'audit entries are removed under a tombstone only'); END",
                buried("OLD")
            ),
            "CREATE TRIGGER audit_checkpoints_unchanged BEFORE UPDATE ON audit_checkpoints \
             BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END"
                .to_owned(),
            "CREATE TRIGGER audit_checkpoints_kept BEFORE DELETE ON audit_checkpoints \
             BEGIN SELECT RAISE(ABORT, 'checkpoints are never removed'); END"
                .to_owned(),
        ],
        Dialect::Postgres => vec![
            "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'audit records are never changed'; END $$"
                .to_owned(),
            format!(
                "CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN IF NOT {} THEN RAISE EXCEPTION 'audit entries are removed under a tombstone only'; END IF; \
                 RETURN OLD; END $$",
                buried("OLD")
            ),
            "CREATE TRIGGER audit_log_unchanged BEFORE UPDATE OR TRUNCATE ON audit_log \
             FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
                .to_owned(),
            "CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log \
             FOR EACH ROW EXECUTE FUNCTION audit_keep()"
                .to_owned(),
            "CREATE TRIGGER audit_checkpoints_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints \
             FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
                .to_owned(),
        ],
    }
}

fn buried(row: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM audit_checkpoints AS t WHERE t.firm_id = {row}.firm_id AND t.mark = 'tombstone' \
         AND t.seq >= {row}.seq)"
    )
}
