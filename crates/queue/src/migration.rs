use db::migrate::{index, table};
use db::{Dialect, Migration};
use sea_orm::sea_query::{Alias, Index, Table, TableCreateStatement};

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "0001_queue", statements: tables }]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let due = Index::create().name("ix_jobs_due").table("jobs").col("state").col("run_at").take();
    let dedup =
        Index::create().unique().name("ux_jobs_dedup_key").table("jobs").col("kind").col("dedup_key").take();
    vec![
        table(dialect, &outbox(dialect)),
        table(dialect, &outbox_dead(dialect)),
        table(dialect, &jobs(dialect)),
        index(dialect, &due),
        index(dialect, &dedup),
        table(dialect, &schedules(dialect)),
    ]
}

fn outbox(dialect: Dialect) -> TableCreateStatement {
    let column = dialect.columns();
    Table::create()
        .table(Alias::new("outbox"))
        .col(column.sequence("seq"))
        .col(column.id("id"))
        .col(column.firm())
        .col(column.text("topic"))
        .col(column.time("at"))
        .col(column.opt_id("actor_id"))
        .col(column.opt_text("correlation"))
        .col(column.int("size_bytes"))
        // Text on both databases: nobody searches in it, and it is written by every verb.
        .col(column.text("payload"))
        .col(column.int("attempts").default(0))
        .col(column.opt_time("not_before"))
        // The listeners that are done with an event which another one failed, each between commas.
        .col(column.text("handled").default(","))
        .take()
}

fn outbox_dead(dialect: Dialect) -> TableCreateStatement {
    let column = dialect.columns();
    Table::create()
        .table(Alias::new("outbox_dead"))
        .col(column.sequence("seq"))
        .col(column.id("id"))
        .col(column.firm())
        .col(column.text("topic"))
        .col(column.time("at"))
        .col(column.opt_id("actor_id"))
        .col(column.opt_text("correlation"))
        .col(column.text("payload"))
        .col(column.int("attempts"))
        .col(column.text("listener"))
        .col(column.text("error"))
        .col(column.time("died_at"))
        .take()
}

fn jobs(dialect: Dialect) -> TableCreateStatement {
    let column = dialect.columns();
    Table::create()
        .table(Alias::new("jobs"))
        .col(column.key())
        .col(column.opt_id("firm_id"))
        .col(column.text("kind"))
        .col(column.text("payload"))
        // waiting, running or dead
        .col(column.text("state").default("waiting"))
        .col(column.int("attempt").default(0))
        .col(column.int("max_attempts"))
        .col(column.time("run_at"))
        .col(column.opt_time("leased_until"))
        .col(column.opt_text("dedup_key"))
        .col(column.opt_text("error"))
        .take()
}

fn schedules(dialect: Dialect) -> TableCreateStatement {
    let column = dialect.columns();
    Table::create()
        .table(Alias::new("schedules"))
        .col(column.text("name").primary_key())
        .col(column.time("next_run_at"))
        .col(column.opt_time("last_run_at"))
        .col(column.opt_time("leased_until"))
        .take()
}
