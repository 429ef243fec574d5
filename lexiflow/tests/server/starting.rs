use crate::support::{EMAIL, PASSWORD, Written, config, start_with};
use db::Reads as _;
use lexiflow::state::{Outcome, StartError, StartOptions, start};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use testkit::Client;

#[tokio::test]
async fn the_first_start_makes_an_administrator_and_shows_the_password_once() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Written::default();
    let settings = config(folder.path(), &[("admin.password", "")]);
    let running = start_with(settings.clone(), &seen).await.unwrap();
    assert!(seen.text().contains(&format!("http://{}", running.address())), "{}", seen.text());
    assert!(seen.text().contains("/api/docs"), "{}", seen.text());
    let shown = seen.text();
    let line = shown.lines().find_map(|line| line.strip_prefix("Password: ")).unwrap();
    let password = line.split_whitespace().next().unwrap();
    drop(
        Client::new(running.address())
            .sign_in(EMAIL, password)
            .await
            .get("/api/auth/me")
            .await
            .expect_status(200),
    );
    assert!(running.shutdown().await.clean);

    let seen = Written::default();
    let running = start_with(settings, &seen).await.unwrap();
    assert!(!seen.text().contains("Password"), "{}", seen.text());
    assert!(!seen.text().contains(EMAIL), "{}", seen.text());
    Client::new(running.address()).sign_in(EMAIL, password).await;
    assert!(running.shutdown().await.clean);
}

#[tokio::test]
async fn a_given_password_counts_at_the_first_start_only_and_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Written::default();
    let running = start_with(config(folder.path(), &[]), &seen).await.unwrap();
    assert!(!seen.text().contains(PASSWORD), "{}", seen.text());
    running.shutdown().await;
    let other = config(folder.path(), &[("admin.password", "another long enough passphrase")]);
    let running = start_with(other, &Written::default()).await.unwrap();
    Client::new(running.address()).sign_in(EMAIL, PASSWORD).await;
    running.shutdown().await;
}

#[tokio::test]
async fn a_weak_password_is_refused_and_leaves_no_firm_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let weak = start_with(config(&data, &[("admin.password", "password1234")]), &Written::default()).await;
    let error = weak.unwrap_err();
    assert!(matches!(error, StartError::WeakPassword(_)), "{error}");
    assert!(error.to_string().contains("LEXIFLOW_ADMIN_PASSWORD"), "{error}");
    assert!(!data.exists(), "the data folder was made");
    let running = start_with(config(&data, &[]), &Written::default()).await.unwrap();
    Client::new(running.address()).sign_in(EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn a_port_in_use_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let settings = config(&folder.path().join("data"), &[("server.port", &port)]);
    let error = Box::pin(start(StartOptions::new(settings))).await.unwrap_err();
    assert!(matches!(error, StartError::PortInUse { .. }), "{error}");
    assert!(error.to_string().contains(&port) && error.to_string().contains("PORT="), "{error}");
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn two_servers_do_not_share_an_embedded_database() {
    let folder = tempfile::tempdir().unwrap();
    let first = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap();
    let second = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap_err();
    assert!(matches!(second, StartError::InUse { .. }), "{second}");
    first.shutdown().await;
    start_with(config(folder.path(), &[]), &Written::default()).await.unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_refused_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lexiflow.db"), [b'x'; 8192]).unwrap();
    let error = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap_err();
    assert!(matches!(error, StartError::Database(db::Error::Corrupt { .. })), "{error}");
    assert!(error.to_string().contains("lexiflow.db"), "{error}");
    assert_eq!(fs::read(folder.path().join("lexiflow.db")).unwrap(), [b'x'; 8192], "the file was touched");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap();
    let mut tx = running.app().db().writer().begin().await.unwrap();
    let newer = "INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ('9999_future', 1, 0)";
    tx.run(db::sql(tx.dialect(), newer, [])).await.unwrap();
    tx.commit().await.unwrap();
    running.shutdown().await;
    let error = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap_err();
    assert!(
        matches!(&error, StartError::Database(db::Error::NewerSchema { name }) if name == "9999_future"),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error =
        start_with(config(&folder.path().join("file/data"), &[]), &Written::default()).await.unwrap_err();
    assert!(matches!(error, StartError::DataFolder { .. }), "{error}");
    assert!(error.to_string().contains("LEXIFLOW_DATA_DIR"), "{error}");
}

#[tokio::test]
async fn secrets_are_for_the_server_alone_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let running = start_with(config(&data, &[]), &Written::default()).await.unwrap();
    let token = Client::new(running.address()).sign_in(EMAIL, PASSWORD).await.token().unwrap().to_owned();
    running.shutdown().await;
    let mode = |path: &str| fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("."), 0o700);
    assert_eq!(mode("secrets"), 0o700);
    assert_eq!(mode("secrets/jwt.key"), 0o600);
    let running = start_with(config(&data, &[]), &Written::default()).await.unwrap();
    drop(Client::new(running.address()).with_token(token).get("/api/auth/me").await.expect_status(200));
    running.shutdown().await;

    fs::write(data.join("secrets/jwt.key"), "short").unwrap();
    let error = start_with(config(&data, &[]), &Written::default()).await.unwrap_err();
    assert!(matches!(error, StartError::KeyFile { .. }), "{error}");
}

#[tokio::test]
async fn a_stopped_server_takes_no_connection() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap();
    let address = running.address();
    drop(Client::new(address).get("/api/health").await.expect_status(200));
    let report = running.shutdown().await;
    assert!(report.clean && report.unfinished.is_empty(), "{report:?}");
    assert_eq!(report.accepted, 1);
    let steps: Vec<_> = report.steps.iter().map(|step| (step.name, step.outcome.clone())).collect();
    let ended = |name| (name, Outcome::Ended);
    assert_eq!(steps, [ended("clients"), ended("background work"), ended("database")]);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
