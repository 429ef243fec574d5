use crate::support::{EMAIL, PASSWORD, Written, command, config, start_with};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use testkit::Client;

fn docket(number: &str, name: &str) -> Value {
    json!({
        "court_id": "cand", "docket_number": number, "case_name": name, "date_filed": "2024-03-01",
        "parties": [{
            "name": "Acme Corporation", "type": "Defendant",
            "attorneys": [{"name": "Ruth Advocate", "contact": "1 Court Street", "roles": ["LEAD ATTORNEY"]}],
        }],
        "docket_entries": [
            {"date_filed": "2024-03-01", "document_number": "1", "description": "COMPLAINT about a zeppelin"},
            {"date_filed": "2024-03-02", "document_number": null, "description": "Case assigned"},
        ],
    })
}

fn write_dockets(folder: &Path) {
    fs::create_dir_all(folder.join("deep/er")).unwrap();
    fs::write(folder.join("one.json"), docket("3:24-cv-01234", "Doe v. Acme").to_string()).unwrap();
    fs::write(folder.join("deep/er/two.json"), docket("3:24-cv-05678", "Roe v. Acme").to_string()).unwrap();
    fs::write(folder.join("empty.json"), "{}").unwrap();
    fs::write(folder.join("cut.json"), "{\"court_id\": \"cand\", \"docket_nu").unwrap();
    fs::write(folder.join("notes.txt"), "not a docket").unwrap();
}

/// The number beside a name in the summary.
fn counted(out: &str, name: &str) -> u64 {
    let line =
        out.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}: {out}"));
    line.trim().parse().unwrap()
}

#[test]
fn a_bad_file_stops_no_other_and_a_second_import_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, dockets) = (folder.path().join("data"), folder.path().join("dockets"));
    write_dockets(&dockets);
    let (faults, path) = (folder.path().join("faults.ndjson"), dockets.display().to_string());
    let words = ["import", "docket", &path, "--faults", &faults.display().to_string()];
    let (code, out, errors) = command(&data, &words);
    assert_eq!(code, 3, "{errors}");
    assert!(errors.contains("done, with 2 faults"), "{errors}");
    for (name, number) in [
        ("files read", 4),
        ("cases new", 2),
        ("parties new", 2),
        ("attorney links new", 2),
        ("entries new", 4),
        ("faults", 2),
    ] {
        assert_eq!(counted(&out, name), number, "{name}: {out}");
    }
    let written = fs::read_to_string(&faults).unwrap();
    let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<&str> = lines.iter().map(|line| line["code"].as_str().unwrap()).collect();
    assert_eq!(codes.len(), 2);
    assert!(codes.contains(&"docket_empty") && codes.contains(&"docket_truncated"), "{codes:?}");
    assert!(lines.iter().all(|line| line["file"].is_string() && line["message"].is_string()));

    let (code, out, _) =
        command(&data, &["import", "docket", &dockets.join("one.json").display().to_string()]);
    assert_eq!(code, 0);
    assert_eq!(counted(&out, "cases new"), 0);
    assert_eq!(counted(&out, "cases unchanged"), 1);
    assert_eq!(counted(&out, "entries new"), 0);
    let left = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert!(
        left.iter().all(|name| !name.to_string_lossy().contains("faults")),
        "no fault, no file: {left:?}"
    );
}

#[test]
fn what_is_no_regular_file_is_a_fault_and_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (data, pipe, socket) =
        (folder.path().join("data"), folder.path().join("pipe.json"), folder.path().join("socket.json"));
    let good = folder.path().join("one.json");
    fs::write(&good, docket("3:24-cv-01234", "Doe v. Acme").to_string()).unwrap();
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let paths = [&pipe, &socket, Path::new("/dev/zero"), &good].map(|path| path.display().to_string());
    let mut words = vec!["import", "docket"];
    words.extend(paths.iter().map(String::as_str));
    let (code, out, errors) = command(&data, &words);
    assert_eq!(code, 3, "{errors}");
    assert_eq!((counted(&out, "cases new"), counted(&out, "faults")), (1, 3), "{out}");
    for path in &paths[..3] {
        assert!(errors.contains(&format!("{path}: is not a regular file")), "{path}: {out}{errors}");
    }
    let (code, _, errors) = command(&data, &["import", "docket", &paths[0]]);
    assert_eq!(code, 3, "{errors}");
}

#[test]
fn a_production_whose_native_is_a_pipe_has_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let production = folder.path().join("volume");
    fs::create_dir(&production).unwrap();
    let rows = "\u{fe}DOCID\u{fe}\u{14}\u{fe}NATIVE\u{fe}\n\u{fe}AB0001\u{fe}\u{14}\u{fe}pipe.txt\u{fe}\n";
    fs::write(production.join("load.dat"), rows).unwrap();
    nix::unistd::mkfifo(&production.join("pipe.txt"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    nix::unistd::mkfifo(&folder.path().join("pipe.dat"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let (data, path) = (folder.path().join("data"), production.display().to_string());
    let (code, out, errors) = command(&data, &["import", "production", &path]);
    assert_eq!(code, 3, "{errors}");
    assert!(counted(&out, "faults") >= 1, "{out}");
    let pipe = folder.path().join("pipe.dat").display().to_string();
    let (code, _, errors) = command(&data, &["import", "production", &pipe]);
    assert_eq!(code, 1, "{errors}");
    let (code, _, errors) = command(&data, &["import", "production", &path, "--load-file", "pipe.txt"]);
    assert_eq!(code, 1, "{errors}");
}

#[test]
fn a_file_of_many_dockets_is_imported_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (data, many) = (folder.path().join("data"), folder.path().join("many.ndjson"));
    let mut lines: Vec<String> = (0..30)
        .map(|at| docket(&format!("3:24-cv-{at:05}"), &format!("Doe v. Acme {at}")).to_string())
        .collect();
    lines[7] = "{}".to_owned();
    lines[11] = "{\"court_id\": 5}".to_owned();
    lines.truncate(20);
    fs::write(&many, lines.join("\n")).unwrap();
    let path = folder.path().display().to_string();
    let (code, out, errors) = command(&data, &["import", "docket", &path]);
    assert_eq!(code, 3, "{errors}");
    // The empty one is passed over; the one of another form ends the file, since nobody knows where the next begins.
    assert_eq!((counted(&out, "cases new"), counted(&out, "faults")), (10, 2), "{out}{errors}");
    assert!(errors.contains("many.ndjson at byte ") && errors.contains("another form"), "{errors}");
    lines.remove(11);
    lines.remove(7);
    fs::write(&many, lines.join("\n")).unwrap();
    let (code, out, errors) = command(&data, &["import", "docket", &many.display().to_string()]);
    assert_eq!(code, 0, "{errors}");
    assert_eq!((counted(&out, "cases new"), counted(&out, "cases unchanged")), (8, 10), "{out}");
}

#[test]
fn a_name_that_is_cut_is_told_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let (path, faults) = (folder.path().join("long.json"), folder.path().join("faults.ndjson"));
    fs::write(&path, docket("3:24-cv-01234", &"x".repeat(4001)).to_string()).unwrap();
    let words = ["import", "docket", &path.display().to_string(), "--faults", &faults.display().to_string()];
    let (_, out, _) = command(&folder.path().join("data"), &words);
    assert_eq!((counted(&out, "cases new"), counted(&out, "faults")), (1, 1), "{out}");
    assert!(fs::read_to_string(&faults).unwrap().contains("docket_title_cut"));
    fs::write(&path, docket("3:24-cv-01234", &"x".repeat(4000)).to_string()).unwrap();
    let (_, out, _) = command(&folder.path().join("data"), &words);
    assert_eq!(counted(&out, "faults"), 0, "{out}");
}

#[test]
fn nothing_to_import_and_missing_paths_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(folder.path().join("bare")).unwrap();
    let (code, _, errors) =
        command(&data, &["import", "docket", &folder.path().join("bare").display().to_string()]);
    assert_eq!(code, 2, "{errors}");
    let (code, _, errors) =
        command(&data, &["import", "docket", &folder.path().join("absent.json").display().to_string()]);
    assert_eq!(code, 1);
    assert!(errors.contains("absent.json"), "{errors}");
    assert!(!data.exists(), "nothing was made for nothing");
}

#[test]
fn a_title_that_no_case_may_have_is_a_mistake_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let path = folder.path().display().to_string();
    for title in ["", "a\u{202e}b"] {
        let (code, _, errors) = command(&data, &["import", "production", &path, "--case-title", title]);
        assert_eq!(code, 2, "{title:?}: {errors}");
        assert!(errors.contains("title"), "{errors}");
    }
    assert!(!data.exists(), "nothing was made for nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_beside_a_server_is_found_by_its_search() {
    let folder = tempfile::tempdir().unwrap();
    let (data, dockets) = (folder.path().join("data"), folder.path().join("dockets"));
    write_dockets(&dockets);
    let running = start_with(config(&data, &[]), &Written::default()).await.unwrap();
    let imported =
        std::thread::spawn(move || command(&data, &["import", "docket", &dockets.display().to_string()]));
    let (code, out, errors) = imported.join().unwrap();
    assert_eq!(code, 3, "{errors}");
    assert_eq!(counted(&out, "cases new"), 2);
    running.settle().await.unwrap();
    let client = Client::new(running.address()).sign_in(EMAIL, PASSWORD).await;
    let found = client.get("/api/search?query=zeppelin").await.expect_status(200).json();
    assert_eq!(found["total"], 2, "{found:#}");
    let cases = client.get("/api/cases").await.expect_status(200).json();
    assert_eq!(cases["total"], 2, "{cases:#}");
    running.shutdown().await;
}

#[test]
fn the_real_dockets_give_their_cases() {
    let Some(dockets) = testkit::shared_data("cm-ecf/dockets") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = dockets.display().to_string();
    let (code, out, errors) = command(folder.path(), &["import", "docket", &path]);
    assert_eq!(code, 3, "two of the files are empty: {errors}");
    for (name, number) in [
        ("files read", 125),
        ("cases new", 122),
        ("parties new", 520),
        ("attorney links new", 935),
        ("entries new", 3132),
        ("faults", 2),
    ] {
        assert_eq!(counted(&out, name), number, "{name}: {out}");
    }
    let (_, out, _) = command(folder.path(), &["import", "docket", &path]);
    for name in
        ["cases new", "cases changed", "parties new", "attorney links new", "entries new", "entries changed"]
    {
        assert_eq!(counted(&out, name), 0, "{name}: {out}");
    }
}

#[test]
fn the_real_production_gives_its_documents() {
    let Some(production) = testkit::shared_data("oida-production") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = production.display().to_string();
    let (code, out, errors) =
        command(folder.path(), &["import", "production", &path, "--case-title", "Opioids"]);
    assert_eq!(code, 0, "{errors}");
    assert_eq!(counted(&out, "documents new"), 60, "{out}");
    assert_eq!(counted(&out, "faults"), 0, "{out}");
    let (_, out, _) = command(folder.path(), &["import", "production", &path, "--case-title", "Opioids"]);
    assert_eq!(counted(&out, "documents unchanged"), 60, "{out}");
}
