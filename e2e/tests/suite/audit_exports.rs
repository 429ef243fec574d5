//! The record given out: it is verified without the server, and what was done to the file is found.

use audit::{Fault, Read, Trust, read_export};
use crypto::digest::{hex, sha256};
use e2e::{TestApp, id_of, open_case};
use lexiflow::commands::{Console, run};
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

const EXPORT: &str = "/api/audit-logs/export";

fn read(app: &TestApp, text: &str) -> Read {
    read_export(text.as_bytes(), app.running().parts().notary.trust()).unwrap()
}

async fn export(app: &TestApp, query: &str) -> String {
    app.admin().get(&format!("{EXPORT}?{query}")).await.expect_status(200).text()
}

/// A server with more entries than one piece of an export has.
async fn with_history() -> TestApp {
    let app = TestApp::start().await;
    for number in 0..70 {
        drop(open_case(app.admin(), &format!("Case {number}, \"quoted\"")).await);
    }
    let notary = &app.running().parts().notary;
    audit::checkpoint(app.app(), notary, app.ctx().await.firm()).await.unwrap().unwrap();
    app
}

#[tokio::test]
async fn an_export_is_whole_and_verifies_without_the_server() {
    let app = with_history().await;
    let answer = app.admin().get(EXPORT).await.expect_status(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = answer.text();
    let found = read(&app, &text);
    assert!(found.verdict.is_intact(), "{:?}", found.verdict);
    assert!(found.verdict.entries > 70 && found.verdict.signed_up_to.is_some(), "{:?}", found.verdict);
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["entries"], found.verdict.entries);
    let recorded = app.admin().get("/api/audit-logs?action=export").await.expect_status(200).json();
    assert_eq!(recorded["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_part_of_the_entries_verifies_too() {
    let app = with_history().await;
    let case = id_of(&open_case(app.admin(), "One of many").await);
    for _ in 0..3 {
        let title = serde_json::json!({ "title": "Again" });
        drop(app.admin().patch(&format!("/api/cases/{case}"), &title).await.expect_status(200));
        drop(open_case(app.admin(), "Between").await);
    }
    let found = read(&app, &export(&app, &format!("caseId={case}")).await);
    assert!(found.verdict.is_intact() && !found.manifest.complete, "{:?}", found.verdict);
    assert!(found.verdict.entries >= 2, "{:?}", found.verdict);
    let nothing = read(&app, &export(&app, "action=share").await);
    assert!(nothing.verdict.is_intact() && nothing.verdict.entries == 0, "{:?}", nothing.verdict);
    app.finish().await;
}

#[tokio::test]
async fn whatever_is_done_to_the_file_is_found() {
    let app = with_history().await;
    let text = export(&app, "").await;
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let faults = |text: &str| read(&app, text).verdict.faults;

    let altered = text.replacen("Case 7,", "Case 8,", 1);
    assert!(faults(&altered).iter().any(|fault| matches!(fault, Fault::Altered { .. })));
    let mut without_one = lines.clone();
    without_one.remove(20);
    assert!(faults(&joined(&without_one)).iter().any(|fault| matches!(fault, Fault::Missing { .. })));
    let mut swapped = lines.clone();
    swapped.swap(20, 21);
    assert!(!faults(&joined(&swapped)).is_empty());
    assert!(faults(&joined(&lines[..40])).contains(&Fault::ExportCutOff));
    let mut shorter = lines.clone();
    shorter.remove(lines.len() - 3);
    assert!(faults(&joined(&shorter)).contains(&Fault::ExportAltered));

    // A digest that fits, made by somebody without the key.
    let body = joined(&lines[..lines.len() - 1]).replacen("Case 7,", "Case 8,", 1);
    let mut end: Value = serde_json::from_str(lines[lines.len() - 1]).unwrap();
    end["sha256"] = hex(&sha256(body.as_bytes())).into();
    let found = faults(&format!("{body}{end}\n"));
    assert!(found.iter().any(|fault| matches!(fault, Fault::BadSignature { .. })), "{found:?}");
    let stranger = Trust::new(Vec::new());
    let unknown = read_export(text.as_bytes(), &stranger).unwrap().verdict.faults;
    assert!(unknown.iter().all(|fault| matches!(fault, Fault::UnknownKey { .. })) && !unknown.is_empty());

    for (what, wrong) in [
        ("nothing", String::new()),
        ("no JSON", "hello\n".to_owned()),
        ("no manifest", joined(&lines[1..])),
        ("two manifests", joined(&[&[lines[0]], lines.as_slice()].concat())),
        ("another form", text.replacen("lexiflow-audit-export/2", "lexiflow-audit-export/9", 1)),
        ("a line without an end", "x".repeat(2 << 20)),
        ("half a line", text[..text.len() - 40].to_owned()),
    ] {
        assert!(read_export(wrong.as_bytes(), &stranger).is_err(), "{what}");
    }
    app.finish().await;
}

#[tokio::test]
async fn spreadsheets_and_arrays_have_the_same_entries() {
    let app = TestApp::start().await;
    drop(open_case(app.admin(), "=HYPERLINK(\"http://evil.example\")").await);
    let csv = export(&app, "format=csv").await;
    assert!(csv.starts_with("seq,at,user,action,entity,entityId,case,outcome,"), "{csv}");
    assert!(csv.lines().last().unwrap().starts_with("end,"), "{csv}");
    assert!(!csv.contains("\n=") && !csv.contains(",="), "{csv}");
    let json: Value = serde_json::from_str(&export(&app, "format=json").await).unwrap();
    let kinds: Vec<_> = json.as_array().unwrap().iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("manifest", "end"));
    app.admin().get(&format!("{EXPORT}?format=doc")).await.expect_problem(400, "malformed_query");
    app.finish().await;
}

/// What the command line says, and its exit code.
async fn lexiflow(folder: &Path, words: Vec<OsString>) -> (u8, String, String) {
    let path = |name: &str| folder.join(name);
    let files = ["out", "err"].map(|name| fs::File::create(path(name)).unwrap());
    let work = move || {
        let [out, err] = files;
        run(words, std::iter::empty::<(String, String)>().collect(), None, &mut Console::to(out, err))
    };
    let code = headroom::spawn_blocking(work).await.unwrap();
    let said = |name: &str| fs::read_to_string(path(name)).unwrap();
    (code, said("out"), said("err"))
}

#[tokio::test]
async fn the_command_line_verifies_an_export_with_nothing_but_a_key() {
    let app = with_history().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.ndjson");
    let text = export(&app, "").await;
    let key = app.running().parts().notary.public_key().text();
    let words = |key: &str| {
        let words = ["lexiflow", "audit", "verify", "--public-key", key, "--file"].map(OsString::from);
        words.into_iter().chain([file.clone().into()]).collect::<Vec<_>>()
    };
    fs::write(&file, &text).unwrap();
    let (code, out, err) = lexiflow(folder.path(), words(&key)).await;
    assert!(code == 0 && out.ends_with("  intact\n") && err.is_empty(), "{code} {out} {err}");
    fs::write(&file, text.replacen("Case 7,", "Case 8,", 1)).unwrap();
    let (code, out, err) = lexiflow(folder.path(), words(&key)).await;
    assert!(code == 4 && out.contains("FAULT: entry ") && err.contains("not intact"), "{code} {out} {err}");
    let (code, _, err) = lexiflow(folder.path(), words("beef")).await;
    assert!(code == 2 && err.contains("64 hexadecimal digits"), "{code} {err}");
    fs::write(&file, "hello\n").unwrap();
    let (code, _, err) = lexiflow(folder.path(), words(&key)).await;
    assert!(code == 1 && err.contains("line 1"), "{code} {err}");
    app.finish().await;
}
