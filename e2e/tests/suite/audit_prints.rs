//! The record on paper: other programs read the file, and its last page says what it is of.

use crate::audit::{LOG, sql};
use chrono::{SecondsFormat, TimeDelta};
use clock::Clock as _;
use crypto::digest::{from_hex, hex, sha256};
use crypto::ed25519::PublicKey;
use e2e::{TestApp, open_case};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a program of the system says of the file; nothing where it is not installed.
fn told(program: &str, words: &[&str], file: &Path) -> Option<String> {
    let output = Command::new(program).args(words).arg(file).arg("-").output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Some(said)
}

fn checked(file: &Path) -> Option<String> {
    let output = Command::new("qpdf").arg("--check").arg(file).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "qpdf: {said}{}", String::from_utf8_lossy(&output.stderr));
    Some(said)
}

/// The byte at which the cross-reference table says that an object begins.
fn place(bytes: &[u8], number: usize) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let at: usize = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
    let table = String::from_utf8(bytes[at..].to_vec()).unwrap();
    let row = table.lines().nth(2 + number).unwrap();
    row[..10].parse().unwrap()
}

/// The last page names this number of entries and signs this digest.
fn assert_signed(text: &str, key: &PublicKey, (firm, entries, digest): (ids::FirmId, usize, [u8; 32])) {
    let said = |name: &str| {
        let manifest = text.rsplit("Manifest").next().unwrap();
        let row = manifest.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
        row.trim().to_owned()
    };
    assert_eq!((said("entries"), said("key")), (entries.to_string(), key.id()));
    let mut signed = b"lexiflow-audit-print-1".to_vec();
    signed.extend_from_slice(uuid::Uuid::from(firm).as_bytes());
    signed.extend_from_slice(&u64::try_from(entries).unwrap().to_be_bytes());
    signed.extend_from_slice(&digest);
    // Torn into lines by the page; it has no blanks of its own.
    let manifest = text.rsplit("Manifest").next().unwrap();
    let manifest = &manifest[manifest.find("manifest").unwrap() + "manifest".len()..];
    let manifest = manifest[..manifest.find("its SHA-256").unwrap()].split_whitespace().collect::<String>();
    let read: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!((&read["firm"], &read["complete"]), (&serde_json::json!(firm), &serde_json::json!(true)));
    signed.extend_from_slice(&sha256(manifest.as_bytes()));
    assert!(key.verifies(&signed, &from_hex(&said("signature")).unwrap()));
}

#[tokio::test]
async fn a_print_is_read_by_other_programs_and_bound_to_the_entries() {
    let app = TestApp::start().await;
    for number in 0..40 {
        drop(
            open_case(
                app.admin(),
                &format!("M\u{fc}ller \u{201c}{number}\u{201d} (v.) \\ \u{6f22}\u{1f600}"),
            )
            .await,
        );
    }
    let long = "x".repeat(5000);
    let body = serde_json::json!({ "title": "Long", "description": long });
    drop(app.admin().post("/api/cases", &body).await.expect_status(201));
    app.advance(TimeDelta::seconds(1));
    let to = (testkit::clock().now() + TimeDelta::seconds(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let answer = app.admin().get(&format!("{LOG}/export?format=pdf&to={to}")).await.expect_status(200);
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit-log.pdf\"");
    let bytes = answer.body.to_vec();
    assert!(bytes.starts_with(b"%PDF-1.4\n") && bytes.ends_with(b"%%EOF\n"));
    for number in 1..8 {
        let begins = format!("{number} 0 obj\n");
        assert!(bytes[place(&bytes, number)..].starts_with(begins.as_bytes()), "object {number}");
    }

    let ndjson = app.admin().get(&format!("{LOG}/export?to={to}")).await.expect_status(200).text();
    let entries: Vec<&str> = ndjson.lines().filter(|line| line.starts_with("{\"type\":\"entry\"")).collect();
    let digest = sha256((entries.join("\n") + "\n").as_bytes());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &bytes).unwrap();
    match checked(file.path()) {
        Some(said) => assert!(said.contains("No syntax or stream encoding errors found"), "{said}"),
        None => crate::skipped("the check of a PDF by qpdf, which is not installed"),
    }
    let Some(text) = told("pdftotext", &["-layout", "-enc", "UTF-8"], file.path()) else {
        crate::skipped("the text of a PDF by pdftotext, which is not installed");
        return app.finish().await;
    };
    let firm = app.ctx().await.firm();
    for wanted in [
        format!("Audit log of firm {firm}"),
        format!("from the first entry to before {}", to.replace('Z', ".000000Z")),
        "page 1".to_owned(),
        "page 2".to_owned(),
        "M\u{fc}ller \u{201c}39\u{201d} (v.) \\\\ <U+6F22><U+1F600>".to_owned(),
        "more letters: the other forms have them]".to_owned(),
        "POST /api/cases".to_owned(),
        "Manifest".to_owned(),
        hex(&digest),
        "all entries of the period are here".to_owned(),
    ] {
        assert!(text.contains(&wanted), "{wanted} is not in {text}");
    }
    for line in &entries {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(text.contains(line["hash"].as_str().unwrap()), "{line}");
    }
    let key = app.running().parts().notary.public_key();
    assert_signed(&text, &key, (firm, entries.len(), digest));
    app.finish().await;
}

#[tokio::test]
async fn more_than_is_printed_is_refused_with_the_way_out() {
    let app = TestApp::start().await;
    drop(open_case(app.admin(), "Alder v. Birch").await);
    let columns = "id, user_id, session_id, action, entity, entity_id, case_id, outcome, reason, changes, address, \
                   user_agent, method, route, correlation, at, hash, form";
    let mut entries = 0;
    while entries <= 10_000 {
        let end =
            app.admin().get(&format!("{LOG}?limit=1")).await.expect_status(200).json()["data"][0]["seq"]
                .clone();
        let double = format!(
            "INSERT INTO audit_log (firm_id, seq, {columns}) SELECT firm_id, seq + {end}, {columns} FROM audit_log"
        );
        entries += sql(&app, &double).await.unwrap();
    }
    let print = format!("{LOG}/export?format=pdf");
    let problem = app.admin().get(&print).await.expect_problem(400, "audit_print_too_long");
    assert!(problem["detail"].as_str().unwrap().contains("format=ndjson"), "{problem}");
    // What was refused was not exported.
    assert_eq!(app.admin().get(&format!("{LOG}?action=export")).await.expect_status(200).json()["total"], 0);
    let narrow = app.admin().get(&format!("{print}&action=export")).await.expect_status(200);
    assert!(narrow.body.starts_with(b"%PDF-1.4"));
    drop(app.admin().get(&format!("{LOG}/export")).await.expect_status(200));
    app.finish().await;
}
