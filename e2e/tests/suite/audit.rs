//! The record of who did what: it has everything, in one chain, and whatever is done to it is found.

use access::Role;
use audit::{Against, Asked, Fault, Verdict, Witness as _};
use chrono::TimeDelta;
use db::{Dialect, Reads as _};
use e2e::{TestApp, id_of, open_case};
use headroom::Class;
use ids::FirmId;
use lexiflow::state::WitnessFolder;
use serde_json::{Value, json};
use testkit::Client;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) const LOG: &str = "/api/audit-logs";

pub(crate) async fn firm(app: &TestApp) -> FirmId {
    app.ctx().await.firm()
}

pub(crate) async fn verify(app: &TestApp) -> Verdict {
    let (db, firm) = (app.app().db().reader(), firm(app).await);
    let witnessed = WitnessFolder::at(app.folder().join("audit")).newest(firm).unwrap();
    let trust = app.running().parts().notary.trust().clone();
    let against = Against { trust: &trust, witnessed: witnessed.as_ref() };
    let memory = app.app().headroom().class(Class::Background).clone();
    let stop = CancellationToken::new();
    audit::verify_chain(db, &memory, firm, against, Asked::default(), &stop).await.unwrap()
}

pub(crate) async fn sign(app: &TestApp) -> i64 {
    let notary = &app.running().parts().notary;
    let signed = audit::checkpoint(app.app(), notary, firm(app).await).await.unwrap();
    signed.expect("something to sign").seq
}

pub(crate) async fn sql(app: &TestApp, text: &str) -> Result<u64, db::Error> {
    let mut tx = app.app().db().writer().begin().await?;
    let changed = tx.run(db::sql(tx.dialect(), text, [])).await?;
    tx.commit().await?;
    Ok(changed)
}

/// As somebody does who owns the tables.
pub(crate) async fn take_guards_away(app: &TestApp) {
    let on = match app.app().db().dialect() {
        Dialect::Sqlite => ["", ""],
        Dialect::Postgres => [" ON audit_log", " ON audit_checkpoints"],
    };
    sql(app, &format!("DROP TRIGGER audit_log_unchanged{}", on[0])).await.unwrap();
    sql(app, &format!("DROP TRIGGER audit_log_kept{}", on[0])).await.unwrap();
    sql(app, &format!("DROP TRIGGER audit_checkpoints_kept{}", on[1])).await.unwrap();
    if app.app().db().dialect() == Dialect::Sqlite {
        sql(app, "DROP TRIGGER audit_checkpoints_unchanged").await.unwrap();
    }
}

pub(crate) async fn last(app: &TestApp) -> i64 {
    verify(app).await.last.unwrap()
}

/// A server with some entries that are signed.
pub(crate) async fn with_history() -> TestApp {
    let app = TestApp::start().await;
    for number in 0..6 {
        drop(open_case(app.admin(), &format!("Case {number}")).await);
    }
    sign(&app).await;
    app
}

#[tokio::test]
async fn twenty_writers_keep_one_chain_without_gaps() {
    let app = TestApp::start().await;
    let mut writers = JoinSet::new();
    for writer in 0..20 {
        let client = app.admin().clone();
        writers.spawn(async move {
            for case in 0..5 {
                drop(open_case(&client, &format!("Writer {writer}, case {case}")).await);
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let verdict = verify(&app).await;
    assert!(verdict.is_intact() && verdict.first == Some(1), "{verdict:?}");
    assert_eq!(verdict.entries, u64::try_from(verdict.last.unwrap()).unwrap());
    let opened = format!("{LOG}?action=create&entityType=case");
    assert_eq!(app.admin().get(&opened).await.expect_status(200).json()["total"], 100);
    app.finish().await;
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_what_and_from_where() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Moreno v. Hale").await);
    let path = format!("/api/cases/{case}");
    let answer = app.admin().patch(&path, &json!({ "title": "Moreno v. Hale Shipping" })).await;
    let correlation = answer.expect_status(200).header("x-correlation-id").to_owned();

    let history = app.admin().get(&format!("{LOG}/entity/case/{case}")).await.expect_status(200).json();
    assert_eq!(history["total"], 2);
    let entry = &history["data"][0];
    assert_eq!(entry["changes"]["title"], json!(["Moreno v. Hale", "Moreno v. Hale Shipping"]));
    let said = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        [said("action"), said("entityType"), said("outcome"), said("method"), said("route"), said("ip")],
        ["update", "case", "done", "PATCH", "/api/cases/{id}", "127.0.0.1"]
    );
    assert_eq!((said("entityId"), said("caseId"), said("correlationId")), (case.clone(), case, correlation));
    assert!(entry["userId"].is_string() && entry["sessionId"].is_string(), "{entry:#}");

    let seq = entry["seq"].as_i64().unwrap();
    let whole = app.admin().get(&format!("{LOG}/{seq}")).await.expect_status(200).json();
    assert_eq!(whole["hash"].as_str().unwrap().len(), 64);
    app.admin().get(&format!("{LOG}/999999")).await.expect_problem(404, "audit_entry_not_found");
    app.admin().get(&format!("{LOG}/x")).await.expect_problem(400, "malformed_id");
    app.finish().await;
}

#[tokio::test]
async fn lists_are_filtered_paged_and_recorded() {
    let app = with_history().await;
    let client = app.admin();
    let list = async |query: &str| client.get(&format!("{LOG}?{query}")).await.expect_status(200).json();
    assert_eq!(list("action=create&entityType=case").await["total"], 6);
    assert_eq!(list("outcome=failed").await["total"], 0);
    let questions = list("action=read&limit=1").await;
    assert_eq!(questions["total"], 3, "each question is in the log before it is answered");
    assert_eq!(questions["data"][0]["changes"]["filter"]["action"], "read");

    let mut seen = Vec::new();
    let mut query = "action=create&entityType=case&limit=4".to_owned();
    loop {
        let page = list(&query).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        query = format!("action=create&entityType=case&limit=4&cursor={next}");
    }
    assert!(seen.len() == 6 && seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
    let oldest = list("sort=seq&limit=1").await;
    assert_eq!(oldest["data"][0]["seq"], 1);

    let now = testkit::clock();
    let later =
        (clock::Clock::now(&*now) + TimeDelta::days(1)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert_eq!(list(&format!("from={later}")).await["total"], 0);
    assert!(list(&format!("to={later}")).await["total"].as_u64().unwrap() > 6);
    for wrong in ["limit=501", "limit=0", "page=0", "from=yesterday", "colour=red", "cursor=x", "sort=title"]
    {
        assert_eq!(client.get(&format!("{LOG}?{wrong}")).await.status, 400, "{wrong}");
    }
    client.get(&format!("{LOG}?cursor=NQ&page=1")).await.expect_problem(400, "validation_failed");
    assert!(verify(&app).await.is_intact());
    app.finish().await;
}

#[tokio::test]
async fn only_administrators_read_it_and_only_their_firms() {
    let app = with_history().await;
    let paths = ["", "/1", "/stats", "/report", "/export", "/verifications"].map(|end| format!("{LOG}{end}"));
    for role in [Role::Partner, Role::Associate, Role::ItAdmin, Role::Client] {
        let client = app.user(role).await;
        for path in &paths {
            client.get(path).await.expect_problem(403, "forbidden");
        }
        client.post(&format!("{LOG}/verify"), &Value::Null).await.expect_problem(403, "forbidden");
    }
    for path in &paths {
        app.anonymous().get(path).await.expect_problem(401, "unauthenticated");
    }
    let stranger = app.second_firm().await;
    let theirs = stranger.get(LOG).await.expect_status(200).text();
    assert!(!theirs.contains("Case "), "{theirs}");
    app.finish().await;
}

#[tokio::test]
async fn who_reads_a_document_is_recorded_before_a_byte_leaves() {
    let app = TestApp::start().await;
    let document = upload(app.admin()).await;
    let path = format!("/api/documents/{document}");
    let reads = async || {
        let list = app.admin().get(&format!("{LOG}?entityId={document}&action=read")).await;
        list.expect_status(200).json()["total"].as_u64().unwrap()
    };
    drop(app.admin().get(&format!("{path}/download")).await.expect_status(200));
    assert_eq!(reads().await, 1);
    let range = [("range", "bytes=0-3")];
    let content = format!("{path}/content");
    let part = app.admin().send(http::Method::GET, &content, &range, bytes::Bytes::new()).await;
    drop(part.expect_status(206));
    assert_eq!(reads().await, 2);
    let download = format!("{path}/download");
    let head = app.admin().send(http::Method::HEAD, &download, &[], bytes::Bytes::new()).await;
    drop(head.expect_status(200));
    assert_eq!(reads().await, 2, "its headers alone are not its content");
    app.finish().await;
}

async fn upload(client: &Client) -> String {
    let headers = [("content-type", "text/plain")];
    let id = "019cae6b-ca50-75cf-b9be-c61408a9f5bc";
    let path = format!("/api/documents/{id}/content?title=Letter&fileName=letter.txt");
    let answer = client.send(http::Method::PUT, &path, &headers, "privileged".into()).await;
    answer.expect_status(201).json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_break_the_chain() {
    let app = with_history().await;
    let before = app.admin().get(&format!("{LOG}/3")).await.expect_status(200).json();
    app.advance(TimeDelta::hours(-2));
    drop(open_case(app.admin(), "In the past").await);
    let verdict = verify(&app).await;
    assert!(verdict.is_intact(), "{verdict:?}");
    let newest = app.admin().get(&format!("{LOG}?limit=1")).await.expect_status(200).json();
    assert!(newest["data"][0]["at"].as_str() >= before["at"].as_str(), "{newest:#}");
    app.advance(TimeDelta::hours(2));
    app.finish().await;
}

#[tokio::test]
async fn a_verification_is_asked_for_and_told() {
    let app = with_history().await;
    let ask = async || {
        let asked = app.admin().post(&format!("{LOG}/verify"), &Value::Null).await.expect_status(202);
        app.settle().await;
        app.admin().get(asked.header("location")).await.expect_status(200).json()
    };
    let verdict = ask().await;
    assert_eq!((&verdict["state"], &verdict["verdict"]["faultCount"]), (&json!("intact"), &json!(0)));
    take_guards_away(&app).await;
    sql(&app, "UPDATE audit_log SET action = 'read' WHERE seq = 3").await.unwrap();
    let verdict = ask().await;
    assert_eq!(verdict["state"], "broken");
    assert_eq!(verdict["verdict"]["faults"], json!([{ "fault": "altered", "seq": 3 }]));
    let metrics = app.anonymous().get("/api/metrics").await.expect_status(200).text();
    assert!(metrics.contains("lexiflow_audit_verifications_broken_total 1"), "{metrics}");
    let list = app.admin().get(&format!("{LOG}/verifications")).await.expect_status(200).json();
    assert_eq!(list["total"], 2, "{list:#}");
    let recorded = app.admin().get(&format!("{LOG}?action=verify")).await.expect_status(200).json();
    assert!(recorded["data"].as_array().unwrap().iter().any(|entry| entry["reason"] == "broken"));
    let missing = format!("{LOG}/verifications/019cae6b-de60-7f00-bdf3-1b695dfe4a02");
    app.admin().get(&missing).await.expect_problem(404, "audit_verification_not_found");
    app.finish().await;
}

#[tokio::test]
async fn what_grew_is_signed_within_a_minute() {
    let app = TestApp::start().await;
    drop(open_case(app.admin(), "Fresh").await);
    let scheduler = &app.running().parts().scheduler;
    app.advance(TimeDelta::seconds(61));
    scheduler.run_due().await.unwrap();
    app.advance(TimeDelta::seconds(12));
    scheduler.run_due().await.unwrap();
    app.settle().await;
    let verdict = verify(&app).await;
    assert!(verdict.signed_up_to.is_some() && verdict.checkpoints > 0, "{verdict:?}");
    assert!(verdict.is_intact(), "{verdict:?}");
    app.finish().await;
}

#[tokio::test]
async fn what_is_too_old_goes_under_a_tombstone_and_the_rest_still_verifies() {
    let app = TestApp::with(&[("audit.retention_days", "30"), ("auth.access_token_ttl", "1d")]).await;
    for number in 0..4 {
        drop(open_case(app.admin(), &format!("Old {number}")).await);
    }
    let old = last(&app).await;
    app.advance(TimeDelta::days(31));
    let client = app.anonymous().sign_in(app.admin_email(), e2e::PASSWORD).await;
    drop(open_case(&client, "New").await);
    app.running().parts().scheduler.run_due().await.unwrap();
    app.settle().await;
    let verdict = verify(&app).await;
    assert!(verdict.is_intact(), "{verdict:?}");
    assert!(verdict.begins_after.is_some_and(|gone| gone >= old), "{verdict:?}");
    client.get(&format!("{LOG}/1")).await.expect_problem(404, "audit_entry_not_found");
    let purge = client.get(&format!("{LOG}?action=purge")).await.expect_status(200).json();
    assert_eq!(purge["total"], 1, "{purge:#}");
    // A tombstone that the server did not sign hides nothing.
    take_guards_away(&app).await;
    let from = verdict.begins_after.unwrap() + 1;
    sql(&app, "UPDATE audit_checkpoints SET seq = seq + 1 WHERE mark = 'tombstone'").await.unwrap();
    sql(&app, &format!("DELETE FROM audit_log WHERE seq = {from}")).await.unwrap();
    let faults = verify(&app).await.faults;
    assert!(faults.contains(&Fault::Missing { from: 1, to: from }), "{faults:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_legal_hold_keeps_everything() {
    let settings = [("audit.retention_days", "30"), ("audit.legal_hold", "true")];
    let app = TestApp::with(&settings).await;
    drop(open_case(app.admin(), "Held").await);
    app.advance(TimeDelta::days(31));
    app.running().parts().scheduler.run_due().await.unwrap();
    let verdict = verify(&app).await;
    assert_eq!((verdict.is_intact(), verdict.begins_after, verdict.first), (true, None, Some(1)));
    app.finish().await;
}

#[tokio::test]
async fn every_chain_is_verified_once_a_day() {
    let app = TestApp::with(&[("auth.access_token_ttl", "1d")]).await;
    let verified = async || {
        app.running().parts().scheduler.run_due().await.unwrap();
        app.settle().await;
        let path = format!("{LOG}/verifications");
        let client = app.anonymous().sign_in(app.admin_email(), e2e::PASSWORD).await;
        client.get(&path).await.expect_status(200).json()["total"].as_u64().unwrap()
    };
    assert_eq!(verified().await, 0, "a chain that has just begun");
    app.advance(TimeDelta::hours(25));
    assert_eq!(verified().await, 1);
    app.advance(TimeDelta::hours(2));
    assert_eq!(verified().await, 1);
    app.finish().await;
}

#[tokio::test]
async fn what_a_wall_hides_is_hidden_in_the_record_too() {
    let app = TestApp::start().await;
    let walled = id_of(&open_case(app.admin(), "Moreno v. Hale").await);
    let open = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let other = app.user(Role::Admin).await;
    let me = other.get("/api/auth/me").await.expect_status(200).json();
    let of_case = |id: &str| format!("{LOG}?caseId={id}");
    assert_eq!(other.get(&of_case(&walled)).await.expect_status(200).json()["total"], 1);
    drop(e2e::raise_wall(app.admin(), &walled, &[me["id"].as_str().unwrap()]).await);
    assert_eq!(other.get(&of_case(&walled)).await.expect_status(200).json()["total"], 0);
    assert_eq!(other.get(&of_case(&open)).await.expect_status(200).json()["total"], 1);
    let history = other.get(&format!("{LOG}/entity/case/{walled}")).await.expect_status(200).json();
    assert_eq!(history["total"], 0);
    let known = app.admin().get(&of_case(&walled)).await.expect_status(200).json();
    let seq = known["data"][0]["seq"].as_i64().unwrap();
    other.get(&format!("{LOG}/{seq}")).await.expect_problem(404, "audit_entry_not_found");
    for path in ["export", "report", "export?format=csv"] {
        let told = other.get(&format!("{LOG}/{path}")).await.expect_status(200).text();
        assert!(!told.contains("Moreno"), "{path}: {told}");
    }
    let export = other.get(&format!("{LOG}/export")).await.expect_status(200).text();
    let read = audit::read_export(export.as_bytes(), app.running().parts().notary.trust()).unwrap();
    assert!(read.verdict.is_intact() && !read.manifest.complete, "{:?}", read.verdict);
    app.finish().await;
}
