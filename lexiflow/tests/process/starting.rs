//! What a start says, and what it refuses.

use crate::place::{Ended, PASSWORD, Place, run_to_end};
use std::fs;
use std::net::TcpListener;
use std::path::Path;

#[tokio::test]
async fn the_first_start_shows_a_generated_password_once() {
    let place = Place::new().await.with("LEXIFLOW_ADMIN_PASSWORD", "");
    let server = place.start().await;
    let said = fs::read_to_string(place.folder().join("out.log")).unwrap();
    assert!(said.contains(&format!("http://{}/api/docs", server.address())), "{said}");
    let (_, rest) = said.split_once("Password: ").expect("a password");
    let password = rest.split_whitespace().next().unwrap().to_owned();
    assert!(password.len() >= 16, "{said}");
    let client = testkit::Client::new(server.address()).sign_in(crate::place::EMAIL, &password).await;
    drop(client.get("/api/auth/me").await.expect_status(200));
    server.stop().await;
    let server = place.start().await;
    let said = fs::read_to_string(place.folder().join("out.log")).unwrap();
    assert!(!said.contains("Password"), "{said}");
    server.stop().await;
    for file in ["out.log", "err.log"] {
        assert!(!fs::read_to_string(place.folder().join(file)).unwrap().contains(&password), "{file}");
    }
}

#[tokio::test]
async fn a_weak_first_password_is_refused_before_anything_is_made() {
    let place = Place::new().await.with("LEXIFLOW_ADMIN_PASSWORD", "password1234");
    let refused = |ended: Ended| {
        assert!(!ended.status.success() && ended.err.contains("LEXIFLOW_ADMIN_PASSWORD"), "{ended:?}");
        assert!(!ended.err.contains("password1234"), "{ended:?}");
        assert!(!place.data().exists(), "the data folder was made");
    };
    refused(place.fail().await);
    let mut command = place.command();
    command.args(["import", "docket", "."]);
    fs::write(place.folder().join("docket.json"), "{}").unwrap();
    refused(run_to_end(command).await);
    let place = place.with("LEXIFLOW_ADMIN_PASSWORD", PASSWORD);
    place.start().await.stop().await;
    // Where there are users it has no effect.
    place.with("LEXIFLOW_ADMIN_PASSWORD", "password1234").start().await.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_said() {
    let place = Place::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let ended = place.with("PORT", &port.to_string()).fail().await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.err.contains(&format!("port {port} on 127.0.0.1 is in use")), "{ended:?}");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let place = Place::embedded().await;
    let server = place.start().await;
    let ended = place.fail().await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.err.contains("another LexiFlow server uses"), "{ended:?}");
    assert!(ended.err.contains(&place.data().display().to_string()), "{ended:?}");
    assert_eq!(server.sign_in().await.get("/api/cases").await.unwrap().status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_damaged_database_is_refused_by_name_and_left_as_it_is() {
    let place = Place::embedded().await;
    place.start().await.stop().await;
    let file = place.data().join("lexiflow.db");
    let whole = fs::read(&file).unwrap();
    let mut scribbled = whole.clone();
    scribbled[..100].fill(b'x');
    let cut = &whole[..whole.len() / 2];
    for damaged in [&b"this is no database at all, but a text of some length"[..], &scribbled, cut] {
        fs::write(&file, damaged).unwrap();
        let ended = place.fail().await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(
            ended.err.contains(&file.display().to_string()),
            "the message does not name the file: {ended:?}"
        );
        assert!(!ended.err.contains("panicked"), "{ended:?}");
        assert_eq!(fs::read(&file).unwrap(), damaged, "the file was changed");
    }
    fs::write(&file, whole).unwrap();
    place.start().await.stop().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let place = Place::embedded().await;
    place.start().await.stop().await;
    newer_schema(&place.data()).await;
    let ended = place.fail().await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.err.contains("9999_tomorrow"), "{ended:?}");
}

/// A database as a later version would leave it.
async fn newer_schema(data: &Path) {
    let db = db::Db::open(&db::Settings::embedded(data)).await.unwrap();
    let mut tx = db.writer().begin().await.unwrap();
    let text = "INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ('9999_tomorrow', 1, 1)";
    tx.run(db::sql(db.dialect(), text, [])).await.unwrap();
    tokio::join!(db.commit_groups(), async {
        tx.commit().await.unwrap();
        db.close().await;
    });
}

#[tokio::test]
async fn all_faults_of_the_configuration_are_said_at_once() {
    let place = Place::new().await.with("MAX_FILE_SIZE", "enormous").with("COMPRESSION_LEVEL", "99");
    let ended = place.fail().await;
    assert_eq!(ended.status.code(), Some(78), "{ended:?}");
    assert!(ended.err.contains("MAX_FILE_SIZE") && ended.err.contains("COMPRESSION_LEVEL"), "{ended:?}");
}

#[tokio::test]
async fn settings_that_do_not_fit_into_the_memory_are_refused_with_a_table() {
    let place = Place::embedded().await.with("MEMORY_BUDGET_MB", "32").with("DB_READERS", "20");
    let mut command = place.command();
    command.args(["config", "check"]);
    for ended in [place.fail().await, run_to_end(command).await] {
        assert_eq!(ended.status.code(), Some(78), "{ended:?}");
        for said in ["MiB are missing", "21 connections x", "lower DB_READERS", "MEMORY_BOUNDS=report"] {
            assert!(ended.err.contains(said), "{said}: {ended:?}");
        }
    }
    place.with("MEMORY_BOUNDS", "report").start().await.stop().await;
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_said() {
    let place = Place::embedded().await;
    fs::write(place.data(), "a file").unwrap();
    let ended = place.fail().await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.err.contains(&place.data().display().to_string()), "{ended:?}");
}

#[tokio::test]
async fn the_version_and_the_check_of_the_configuration_start_nothing() {
    let place = Place::new().await;
    for arguments in [&["--version"][..], &["config", "check"], &["config", "print"], &["--help"]] {
        let mut command = place.command();
        command.args(arguments);
        let ended = run_to_end(command).await;
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {ended:?}");
        assert!(!ended.out.contains(PASSWORD), "{arguments:?} tells the password");
    }
    assert!(!place.data().exists());
}
