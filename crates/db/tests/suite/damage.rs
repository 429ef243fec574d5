use crate::databases::Place;
use crate::notes::{keep, with_notes};
use db::{Db, Error, Settings};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

async fn damaged(settings: &Settings) -> (String, String) {
    match Db::open(settings).await {
        Err(Error::Corrupt { path, detail }) => (path, detail),
        other => panic!("expected a damaged file, got {other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lexiflow.db");
    std::fs::write(&file, b"this is not a database, whatever its name says. ".repeat(200)).unwrap();
    let (path, detail) = damaged(&Settings::embedded(dir.path())).await;
    assert_eq!(Path::new(&path), file);
    assert!(!detail.is_empty());
}

#[tokio::test]
async fn a_database_with_a_damaged_page_is_refused_by_its_path() {
    let place = Place::embedded(|_| ()).await;
    with_notes(&place.db).await;
    for id in 0..300 {
        keep(&place.db, id, &format!("{id} {}", "x".repeat(200))).await.unwrap();
    }
    let file = place.settings.data_dir.join("lexiflow.db");
    place.db.close().await;

    let mut bytes = std::fs::read(&file).unwrap();
    assert!(bytes.len() > 10 * 4096, "{} bytes", bytes.len());
    for page in 4..10 {
        for byte in &mut bytes[page * 4096..page * 4096 + 64] {
            *byte ^= 0xff;
        }
    }
    let copy = tempfile::tempdir().unwrap();
    std::fs::write(copy.path().join("lexiflow.db"), bytes).unwrap();
    let (path, _) = damaged(&Settings::embedded(copy.path())).await;
    assert_eq!(Path::new(&path), copy.path().join("lexiflow.db"));
    place.remove().await;
}

/// A file that is too large to be looked at whole when it is opened.
#[tokio::test]
async fn damage_that_shows_only_later_is_noted_with_the_path() {
    let place = Place::embedded(|_| ()).await;
    with_notes(&place.db).await;
    let mut tx = place.db.writer().begin().await.unwrap();
    for id in 0..12 {
        crate::notes::add(&mut tx, id, &format!("{id} {}", "x".repeat(1 << 20))).await.unwrap();
    }
    tx.commit().await.unwrap();
    place.db.check_pages().await.unwrap();
    place.db.close().await;
    let mut bytes = std::fs::read(place.settings.data_dir.join("lexiflow.db")).unwrap();
    assert!(bytes.len() > 9 << 20, "{} bytes", bytes.len());
    for page in (4..bytes.len() / 4096).step_by(2) {
        bytes[page * 4096..page * 4096 + 64].fill(0xa5);
    }
    let copy = tempfile::tempdir().unwrap();
    std::fs::write(copy.path().join("lexiflow.db"), bytes).unwrap();
    let opened = Db::open(&Settings::embedded(copy.path())).await.unwrap();
    assert!(!opened.stats().is_damaged());
    assert!(matches!(opened.check_pages().await, Err(Error::Corrupt { .. })));
    assert!(opened.stats().is_damaged());
    opened.close().await;
    place.remove().await;
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused() {
    let mut settings = Settings::embedded("/nonexistent");
    settings.url = Some("mysql://localhost/lexiflow".to_owned());
    assert!(matches!(Db::open(&settings).await, Err(Error::Address(_))));
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_an_error_and_not_a_panic() {
    let outcome = Db::open(&Settings::embedded("/nonexistent/lexiflow")).await;
    assert!(matches!(outcome, Err(Error::Open(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_opening_again() {
    let place = Place::embedded(|_| ()).await;
    with_notes(&place.db).await;
    keep(&place.db, 1, "one").await.unwrap();
    place.db.close().await;
    let again = Db::open(&place.settings).await.unwrap();
    assert_eq!(crate::notes::kept(again.reader()).await, [1]);
    again.close().await;
    place.remove().await;
}

#[tokio::test]
async fn the_file_and_its_log_are_for_the_servers_own_user() {
    let place = Place::embedded(|_| ()).await;
    with_notes(&place.db).await;
    for name in ["lexiflow.db", "lexiflow.db-wal"] {
        let mode = place.settings.data_dir.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has the mode {mode:o}");
    }
    place.db.close().await;
    place.remove().await;
}
