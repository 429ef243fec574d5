//! Whatever is done to the record in the database is found, by whom ever it is done.

use crate::audit::{firm, last, sql, take_guards_away, verify, with_history};
use audit::Fault;
use db::Dialect;
use e2e::open_case;

#[tokio::test]
async fn nobody_changes_or_removes_an_entry_by_mistake() {
    let app = with_history().await;
    for text in [
        "UPDATE audit_log SET reason = 'none' WHERE seq = 1",
        "DELETE FROM audit_log WHERE seq = 1",
        "DELETE FROM audit_log",
        "UPDATE audit_checkpoints SET key_id = 'x'",
        "DELETE FROM audit_checkpoints",
    ] {
        assert!(sql(&app, text).await.is_err(), "{text}");
    }
    assert!(verify(&app).await.is_intact());
    app.finish().await;
}

/// Columns of the log, and whether they may be empty.
const COLUMNS: [&str; 20] = [
    "id",
    "user_id",
    "session_id",
    "action",
    "entity",
    "entity_id",
    "case_id",
    "outcome",
    "reason",
    "changes",
    "address",
    "user_agent",
    "method",
    "route",
    "correlation",
    "at",
    "form",
    "api_key_id",
    "status",
    "elapsed_micros",
];

/// An expression of the same kind as the column, and another value than it has.
fn other(column: &str, dialect: Dialect) -> String {
    let id = match dialect {
        Dialect::Sqlite => "X'019CAE6BDE617903BDF20A584CED39F0'",
        Dialect::Postgres => "'019cae6b-de61-7903-bdf2-0a584ced39f0'::uuid",
    };
    match column {
        "id" | "user_id" | "session_id" | "entity_id" | "case_id" | "api_key_id" => id.to_owned(),
        "form" => "1".to_owned(),
        "status" => "404".to_owned(),
        "elapsed_micros" => "coalesce(elapsed_micros, 0) + 1".to_owned(),
        "at" if dialect == Dialect::Sqlite => "at + 1".to_owned(),
        "at" => "at + interval '1 microsecond'".to_owned(),
        _ => "'other'".to_owned(),
    }
}

#[tokio::test]
async fn a_change_of_any_column_is_found() {
    let app = with_history().await;
    take_guards_away(&app).await;
    let dialect = app.app().db().dialect();
    sql(&app, "CREATE TABLE stash AS SELECT * FROM audit_log WHERE seq = 5").await.unwrap();
    let unknown = [("form", "7"), ("status", "70000")].map(|(column, value)| (column, value.to_owned()));
    for (column, value) in COLUMNS.map(|column| (column, other(column, dialect))).into_iter().chain(unknown) {
        let change = format!("UPDATE audit_log SET {column} = {value} WHERE seq = 5");
        assert_eq!(sql(&app, &change).await.unwrap(), 1);
        let found = verify(&app).await;
        assert_eq!(found.faults.first(), Some(&Fault::Altered { seq: 5 }), "{column}: {found:?}");
        let back =
            format!("UPDATE audit_log SET {column} = (SELECT s.{column} FROM stash AS s) WHERE seq = 5");
        assert_eq!(sql(&app, &back).await.unwrap(), 1);
        assert!(verify(&app).await.is_intact(), "{column}");
    }
    let zero = match dialect {
        Dialect::Sqlite => "X'00'",
        Dialect::Postgres => "'\\x00'::bytea",
    };
    sql(&app, &format!("UPDATE audit_log SET hash = {zero} WHERE seq = 5")).await.unwrap();
    let found = verify(&app).await;
    assert!(found.faults.contains(&Fault::Altered { seq: 5 }), "{found:?}");
    assert!(found.faults.contains(&Fault::Altered { seq: 6 }), "{found:?}");
    app.finish().await;
}

/// What is done, by which statements, and what is found when the last entry has this number.
type Attack = (&'static str, &'static [&'static str], fn(i64) -> Vec<Fault>);

#[tokio::test]
async fn removed_moved_and_cut_off_entries_are_found() {
    let attacks: [Attack; 5] = [
        ("one of the middle", &["DELETE FROM audit_log WHERE seq = 4"], |_| {
            vec![Fault::Missing { from: 4, to: 4 }]
        }),
        ("the first", &["DELETE FROM audit_log WHERE seq = 1"], |_| vec![Fault::Missing { from: 1, to: 1 }]),
        (
            "two changed places",
            &[
                "UPDATE audit_log SET seq = -1 WHERE seq = 4",
                "UPDATE audit_log SET seq = 4 WHERE seq = 5",
                "UPDATE audit_log SET seq = 5 WHERE seq = -1",
            ],
            |_| vec![Fault::Altered { seq: 4 }, Fault::Altered { seq: 5 }, Fault::Altered { seq: 6 }],
        ),
        ("the tail", &["DELETE FROM audit_log WHERE seq > 5"], |last| {
            vec![Fault::CutOff { last: 5, signed: last }]
        }),
        // With all signatures in the database gone too, what lies outside tells.
        ("everything", &["DELETE FROM audit_log", "DELETE FROM audit_checkpoints"], |last| {
            vec![Fault::CutOff { last: 0, signed: last }]
        }),
    ];
    for (what, statements, expected) in attacks {
        let app = with_history().await;
        let end = last(&app).await;
        take_guards_away(&app).await;
        for text in statements {
            sql(&app, text).await.unwrap();
        }
        let mut found = verify(&app).await.faults;
        // Where the background work signed in between depends on the moment.
        found.retain(|fault| !matches!(fault, Fault::Rewritten { .. }));
        assert_eq!(found, expected(end), "{what}");
        app.finish().await;
    }
}

#[tokio::test]
async fn an_older_backup_that_is_put_back_is_found() {
    let app = with_history().await;
    let end = last(&app).await;
    take_guards_away(&app).await;
    // As it was before the last two: nothing in the database contradicts.
    for text in ["DELETE FROM audit_log WHERE seq > {}", "DELETE FROM audit_checkpoints WHERE seq > {}"] {
        sql(&app, &text.replace("{}", &(end - 2).to_string())).await.unwrap();
    }
    assert_eq!(verify(&app).await.faults, [Fault::CutOff { last: end - 2, signed: end }]);
    // And the work goes on: now there is another entry with that number.
    for number in 0..3 {
        drop(open_case(app.admin(), &format!("After {number}")).await);
    }
    assert_eq!(verify(&app).await.faults, [Fault::Rewritten { seq: end }]);
    app.finish().await;
}

#[tokio::test]
async fn entries_of_two_firms_do_not_change_places() {
    let app = with_history().await;
    let stranger = app.second_firm().await;
    drop(open_case(&stranger, "Theirs").await);
    take_guards_away(&app).await;
    let uuid = uuid::Uuid::from(firm(&app).await);
    let ours = match app.app().db().dialect() {
        Dialect::Sqlite => format!("X'{}'", uuid.simple()),
        Dialect::Postgres => format!("'{uuid}'::uuid"),
    };
    // The second firm's fifth entry comes into the first firm's place.
    sql(&app, &format!("DELETE FROM audit_log WHERE seq = 4 AND firm_id = {ours}")).await.unwrap();
    let moved = format!("UPDATE audit_log SET firm_id = {ours} WHERE seq = 4 AND firm_id <> {ours}");
    assert_eq!(sql(&app, &moved).await.unwrap(), 1);
    let faults = verify(&app).await.faults;
    assert_eq!(faults[0], Fault::Altered { seq: 4 }, "{faults:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_serving_role_of_postgresql_cannot_rewrite_the_record() {
    let app = with_history().await;
    if app.app().db().dialect() == Dialect::Sqlite {
        return crate::skipped("a role of PostgreSQL: there is no TEST_DATABASE_URL");
    }
    // The name of the test's own database is like no other.
    let ours = app.running().parts().config.database.url.as_ref().unwrap().reveal().to_owned();
    let (_, place) = ours.split_once('@').unwrap();
    let role = format!("serving_{}", place.rsplit('/').next().unwrap());
    let end = last(&app).await;
    sql(&app, &format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    for statement in lexiflow::state::grants(&role).lines().filter(|line| line.contains(" ON ")) {
        sql(&app, statement).await.unwrap();
    }
    let settings = db::Settings {
        url: Some(format!("postgres://{role}@{place}")),
        ..lexiflow::state::database_settings(&app.running().parts().config)
    };
    let db = db::Db::open(&settings).await.unwrap();
    db::migrate::run(&db, &lexiflow::state::migrations(), app.ctx().await.now()).await.unwrap();
    let attempt = async |text: &str| {
        let mut tx = db.writer().begin().await?;
        tx.run(db::sql(Dialect::Postgres, text, [])).await
    };
    for text in [
        "UPDATE audit_log SET action = 'read' WHERE seq = 1",
        "DELETE FROM audit_log WHERE seq = 1",
        "TRUNCATE audit_log",
        "DELETE FROM audit_checkpoints",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TABLE audit_log",
        "CREATE TABLE mine (x integer)",
    ] {
        assert!(attempt(text).await.is_err(), "{text}");
    }
    assert_eq!(attempt("UPDATE cases SET title = title").await.unwrap(), 6);
    let adds = "INSERT INTO audit_log SELECT firm_id, seq + 1, id, user_id, session_id, action, entity, entity_id, \
                case_id, outcome, reason, changes, address, user_agent, method, route, correlation, at, hash, form \
                FROM audit_log ORDER BY seq DESC LIMIT 1";
    assert_eq!(attempt(adds).await.unwrap(), 1, "rolled back, but allowed");
    db.close().await;
    assert_eq!((verify(&app).await.is_intact(), last(&app).await), (true, end));
    sql(&app, &format!("DROP OWNED BY {role}")).await.unwrap();
    sql(&app, &format!("DROP ROLE {role}")).await.unwrap();
    app.finish().await;
}
