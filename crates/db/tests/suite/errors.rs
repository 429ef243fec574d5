use crate::databases::{Place, on, on_both};
use crate::notes::{keep, with_notes};
use db::{Db, Dialect, Error, Reads, Violation, sql};

async fn run(db: &Db, text: &str) -> Result<u64, Error> {
    let mut tx = db.writer().begin().await?;
    let rows = tx.run(sql(tx.dialect(), text, [])).await?;
    tx.commit().await?;
    Ok(rows)
}

#[tokio::test]
async fn duplicates_name_their_table_and_columns_but_never_the_values() {
    on_both(async |place| {
        with_notes(&place.db).await;
        keep(&place.db, 1, "Doe v. Roe").await.unwrap();
        let title = keep(&place.db, 2, "Doe v. Roe").await.unwrap_err();
        assert!(title.is_duplicate_of("notes", "title"), "{title}");
        assert!(!title.is_duplicate_of("notes", "id") && !title.is_duplicate_of("cases", "title"), "{title}");
        assert!(!title.to_string().contains("Doe"), "{title}");
        let id = keep(&place.db, 1, "other").await.unwrap_err();
        assert!(id.is_duplicate_of("notes", "id"), "{id}");
        assert!(!id.is_transient());
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_in_an_index_over_two_columns_names_both() {
    on_both(async |place| {
        run(&place.db, "CREATE TABLE people (firm_id bigint NOT NULL, email text NOT NULL)").await.unwrap();
        run(&place.db, "CREATE UNIQUE INDEX ux_people ON people (firm_id, email)").await.unwrap();
        run(&place.db, "INSERT INTO people VALUES (1, 'a')").await.unwrap();
        let error = run(&place.db, "INSERT INTO people VALUES (1, 'a')").await.unwrap_err();
        assert!(
            error.is_duplicate_of("people", "email") && error.is_duplicate_of("people", "firm_id"),
            "{error}"
        );
    })
    .await;
}

#[tokio::test]
async fn other_constraints_are_told_apart() {
    on_both(async |place| {
        let create = "CREATE TABLE parents (id bigint PRIMARY KEY NOT NULL)";
        run(&place.db, create).await.unwrap();
        let create = "CREATE TABLE children (parent_id bigint NOT NULL REFERENCES parents (id), \
                      age bigint NOT NULL CHECK (age >= 0))";
        run(&place.db, create).await.unwrap();
        run(&place.db, "INSERT INTO parents VALUES (1)").await.unwrap();
        let violation = async |text| match run(&place.db, text).await {
            Err(Error::Violation(violation)) => violation,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(violation("INSERT INTO children VALUES (2, 1)").await, Violation::Reference);
        assert_eq!(violation("INSERT INTO children VALUES (1, -1)").await, Violation::Check);
        assert_eq!(violation("INSERT INTO children VALUES (1, NULL)").await, Violation::Check);
        run(&place.db, "INSERT INTO children VALUES (1, 1)").await.unwrap();
        assert_eq!(violation("DELETE FROM parents").await, Violation::Reference);
    })
    .await;
}

#[tokio::test]
async fn a_mistake_in_a_statement_is_not_worth_another_try() {
    on_both(async |place| {
        let error = run(&place.db, "SELECT nothing FROM nowhere").await.unwrap_err();
        assert!(matches!(error, Error::Statement(_)) && !error.is_transient(), "{error:?}");
        // SQLSTATE 22021 must not be read as a number with SQLite's meaning of 5.
        if place.db.dialect() == Dialect::Postgres {
            let error = run(&place.db, "SELECT convert_from('\\xff', 'UTF8')").await.unwrap_err();
            assert!(matches!(error, Error::Statement(_)), "{error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_that_another_transaction_holds_is_busy() {
    on_both(async |place| {
        if place.db.dialect() == Dialect::Sqlite {
            return;
        }
        with_notes(&place.db).await;
        keep(&place.db, 1, "one").await.unwrap();
        let mut holder = place.db.writer().begin().await.unwrap();
        let update = "UPDATE notes SET parent = 1 WHERE id = 1";
        assert_eq!(holder.run(sql(holder.dialect(), update, [])).await.unwrap(), 1);
        let waiting = place.db.writer().begin().await.unwrap();
        let text = "SELECT id FROM notes WHERE id = 1 FOR UPDATE NOWAIT";
        let error = waiting.rows(sql(waiting.dialect(), text, [])).await.unwrap_err();
        assert!(matches!(error, Error::Busy(_)) && error.is_transient(), "{error:?}");
        holder.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_busy_until_it_lets_go() {
    let place = Place::embedded(|_| ()).await;
    on(place, &async |place: &Place| {
        with_notes(&place.db).await;
        let other = Db::open(&place.settings).await.unwrap();
        let holder = other.writer().begin().await.unwrap();
        // The file is taken with the first statement.
        holder.rows(sql(holder.dialect(), "SELECT 1", [])).await.unwrap();
        let error = keep(&place.db, 1, "one").await.unwrap_err();
        assert!(matches!(error, Error::Busy(_)) && error.is_transient(), "{error:?}");
        drop(holder);
        other.close().await;
        keep(&place.db, 1, "one").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_database_that_may_only_be_read_is_told_apart_and_still_read() {
    let place = Place::embedded(|_| ()).await;
    on(place, &async |place: &Place| {
        with_notes(&place.db).await;
        keep(&place.db, 1, "one").await.unwrap();
        run(&place.db, "PRAGMA query_only = ON").await.unwrap();
        for _ in 0..3 {
            let error = keep(&place.db, 2, "two").await.unwrap_err();
            assert!(matches!(error, Error::ReadOnly(_)) && error.is_transient(), "{error:?}");
        }
        assert_eq!(crate::notes::kept(place.db.reader()).await, [1]);
    })
    .await;
}

#[test]
fn each_way_in_which_a_disk_fails_is_told_apart() {
    use rusqlite::ffi;
    let of = |code| Error::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    for code in
        [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_CANTOPEN]
    {
        assert!(matches!(of(code), Error::Io(_)), "{code}");
    }
    for code in [ffi::SQLITE_READONLY, ffi::SQLITE_READONLY_DBMOVED, ffi::SQLITE_PERM] {
        assert!(matches!(of(code), Error::ReadOnly(_)), "{code}");
    }
    assert!(matches!(of(ffi::SQLITE_FULL), Error::DiskFull));
    assert!(matches!(of(ffi::SQLITE_PROTOCOL), Error::Busy(_)));
    assert!(matches!(of(ffi::SQLITE_ERROR), Error::Statement(_)));
}
