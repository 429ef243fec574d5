use crate::support::{EMAIL, Written, command, config, start_with};
use lexiflow::commands::Console;
use lexiflow::config::Environment;
use serde_json::Value;
use std::ffi::OsString;
use std::{fs, io};
use testkit::Client;

#[test]
fn a_faulty_setting_ends_with_78_and_all_faults_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--set", "server.port=banana", "--set", "memory.warning_threshold=2", "serve"];
    let (code, _, errors) = command(folder.path(), &words);
    assert_eq!(code, 78, "{errors}");
    assert!(errors.contains("banana") && errors.contains("memory.warning_threshold"), "{errors}");
    let (code, out, errors) = command(folder.path(), &["--set", "server.port=banana", "config", "check"]);
    assert_eq!(code, 78);
    assert!(out.contains("configuration is not valid"), "{out}");
    assert_eq!((out + &errors).matches("banana").count(), 1, "{errors}");
}

#[test]
fn what_is_not_understood_ends_with_2_and_help_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, errors) = command(folder.path(), &["fly"]);
    assert_eq!(code, 2);
    assert!(errors.contains("fly"), "{errors}");
    let (code, _, _) = command(folder.path(), &["import", "docket"]);
    assert_eq!(code, 2);
    let (code, out, _) = command(folder.path(), &["--help"]);
    assert_eq!(code, 0);
    for name in ["serve", "import", "demo", "config", "migrate", "openapi", "healthcheck"] {
        assert!(out.contains(name), "{name}: {out}");
    }
}

#[test]
fn the_version_says_what_was_built() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = command(folder.path(), &["version"]);
    assert_eq!(code, 0);
    for word in [env!("CARGO_PKG_VERSION"), "commit", "allocator", "target"] {
        assert!(out.contains(word), "{word}: {out}");
    }
}

#[test]
fn settings_are_checked_and_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = command(folder.path(), &["config", "check"]);
    assert_eq!(code, 0, "{out}");
    let secret = "a secret of more than thirty-two characters";
    let (code, out, _) =
        command(folder.path(), &["--set", &format!("auth.jwt_secret={secret}"), "config", "print"]);
    assert_eq!(code, 0);
    assert!(out.contains("server.port") && !out.contains(secret), "{out}");
    let (code, effective, _) = command(folder.path(), &["config", "print", "--effective"]);
    let header: Vec<_> = effective.lines().next().unwrap().split_whitespace().collect();
    assert_eq!((code, header), (0, vec!["KEY", "VALUE", "PLAIN", "UNIT", "HOT-RELOADABLE", "SOURCE"]));
    let port = effective.lines().find(|line| line.starts_with("server.port ")).unwrap();
    assert_eq!(port.split_whitespace().skip(1).collect::<Vec<_>>(), ["5000", "port", "no", "default"]);
    let (code, out, _) = command(folder.path(), &["config", "schema"]);
    assert_eq!(code, 0);
    assert!(serde_json::from_str::<Value>(&out).unwrap()["properties"]["server"].is_object());
}

#[test]
fn the_schema_is_told_made_and_printed() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("not").join("there");
    for data in [folder.path(), missing.as_path()] {
        let (code, out, errors) = command(data, &["migrate", "status"]);
        assert_eq!(code, 0, "{errors}");
        assert!(out.contains("pending  0001_queue") && !out.contains("applied "), "{out}");
    }
    let made: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(made.is_empty(), "who looks makes nothing: {made:?}");
    let (code, out, errors) = command(folder.path(), &["migrate", "up"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("applied  0031_cases"), "{out}");
    let (_, out, _) = command(folder.path(), &["migrate", "status"]);
    assert!(!out.contains("pending"), "{out}");
    let (_, out, _) = command(folder.path(), &["migrate", "up"]);
    assert!(out.contains("up to date"), "{out}");
    for dialect in ["sqlite", "postgres"] {
        let (code, out, _) = command(folder.path(), &["migrate", "ddl", "--dialect", dialect]);
        assert_eq!(code, 0);
        assert!(out.contains("CREATE TABLE") && out.contains("-- 0010_access"), "{out}");
    }
}

#[test]
fn generated_files_that_drifted_are_named_with_the_command_that_mends_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("tree");
    fs::create_dir_all(root.join("openapi")).unwrap();
    fs::create_dir_all(root.join("docs/ddl")).unwrap();
    let tree = root.display().to_string();
    let (code, out, _) = command(folder.path(), &["check-generated", "--folder", &tree]);
    assert_eq!(code, 1);
    assert!(out.contains("openapi > openapi/lexiflow.json"), "{out}");
    let (_, described, _) = command(folder.path(), &["openapi"]);
    assert_eq!(serde_json::from_str::<Value>(&described).unwrap()["info"]["title"], "LexiFlow");
    fs::write(root.join("openapi/lexiflow.json"), described).unwrap();
    for dialect in ["sqlite", "postgres"] {
        let (_, ddl, _) = command(folder.path(), &["migrate", "ddl", "--dialect", dialect]);
        fs::write(root.join(format!("docs/ddl/{dialect}.sql")), ddl).unwrap();
    }
    let (code, out, _) = command(folder.path(), &["check-generated", "--folder", &tree]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_probe_without_a_server_fails() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, _, errors) = command(folder.path(), &["--set", &format!("server.port={free}"), "healthcheck"]);
    assert_eq!(code, 1);
    assert!(errors.contains(&free.to_string()), "{errors}");
}

/// A pipe whose reader has gone.
struct Closed;

impl io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_stops_reading_is_told_nothing() {
    let errors = Written::default();
    let mut console = Console::to(Closed, errors.clone());
    let words = ["lexiflow", "config", "print"].map(OsString::from);
    let code = lexiflow::commands::run(words, Environment::default(), None, &mut console);
    assert_eq!((code, errors.text().as_str()), (141, ""));
}

#[test]
fn the_memory_is_asked_for_at_the_configured_port() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, _, errors) = command(folder.path(), &["--set", &format!("PORT={free}"), "memory", "status"]);
    assert_eq!(code, 1);
    assert!(errors.contains(&format!("http://127.0.0.1:{free}")), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_and_a_new_password_work_beside_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap();
    let (address, data) = (running.address(), folder.path().to_owned());
    let commands = std::thread::spawn(move || {
        let port = format!("server.port={}", address.port());
        let probe = command(&data, &["--set", &port, "healthcheck"]);
        let reset = command(&data, &["user", "reset-password", "--email", EMAIL]);
        let nobody = command(&data, &["user", "reset-password", "--email", "nobody@firm.example"]);
        (probe, reset, nobody)
    });
    let (probe, reset, nobody) = commands.join().unwrap();
    assert_eq!(probe.0, 0, "{}", probe.2);
    assert!(probe.1.contains("healthy"), "{}", probe.1);
    assert_eq!(reset.0, 0, "{}", reset.2);
    let password = reset.1.split_once(": ").unwrap().1.split_whitespace().next().unwrap().to_owned();
    Client::new(address).sign_in(EMAIL, &password).await;
    assert_eq!(nobody.0, 1);
    assert!(nobody.2.contains("nobody@firm.example"), "{}", nobody.2);
    running.shutdown().await;
}

#[test]
fn a_profile_is_chosen_by_a_flag_and_a_wrong_name_is_told_with_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, errors) = command(folder.path(), &["--profile", "memory-constrained", "config", "print"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("profile memory-constrained"), "{out}");
    let words = ["config", "print", "--profile", "memory-constrained", "--set", "server.max_connections=77"];
    let (_, out, _) = command(folder.path(), &words);
    let row = out.lines().find(|line| line.starts_with("server.max_connections ")).unwrap();
    assert!(row.contains("77") && row.contains("command line"), "{row}");
    let (code, _, errors) = command(folder.path(), &["--profile", "tiny", "serve"]);
    assert_eq!(code, 78, "{errors}");
    assert!(errors.contains("default, high-concurrency, memory-constrained"), "{errors}");
}
