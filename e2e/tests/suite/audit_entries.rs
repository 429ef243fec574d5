//! What an entry says of its request and of what was refused, what a partner reads of their cases, and what a report counts.

use crate::audit::{LOG, verify};
use access::Role;
use chrono::TimeDelta;
use e2e::{TestApp, add_party, id_of, make_key, open_case, raise_wall, record_time, upload_text};
use http::Method;
use serde_json::{Value, json};
use testkit::Client;

async fn newest(app: &TestApp, query: &str) -> Value {
    let list = app.admin().get(&format!("{LOG}?{query}")).await.expect_status(200).json();
    list["data"][0].clone()
}

/// A client that shows this API key.
async fn with_key(app: &TestApp, key: &str, method: Method, path: &str, body: &Value) -> u16 {
    let headers = [("x-api-key", key), ("content-type", "application/json")];
    app.anonymous().send(method, path, &headers, body.to_string().into()).await.status.as_u16()
}

#[tokio::test]
async fn an_entry_names_the_api_key_that_acted_and_how_long_the_request_had_run() {
    let app = TestApp::start().await;
    let key = make_key(app.admin(), &["cases:read", "cases:create"]).await;
    let (id, secret) = (key["id"].clone(), key["key"].as_str().unwrap().to_owned());
    let case = json!({ "title": "By a program" });
    assert_eq!(with_key(&app, &secret, Method::POST, "/api/cases", &case).await, 201);
    let by_key = newest(&app, "action=create&entityType=case").await;
    assert_eq!((&by_key["apiKeyId"], &by_key["sessionId"]), (&id, &Value::Null), "{by_key:#}");
    assert!(by_key["elapsedMicroseconds"].as_i64().unwrap() > 0, "{by_key:#}");
    assert_eq!(by_key["status"], Value::Null, "the answer is made when the entry is there");
    drop(open_case(app.admin(), "In person").await);
    let in_person = newest(&app, "action=create&entityType=case").await;
    assert_eq!(in_person["apiKeyId"], Value::Null);
    // The command line has no request.
    let firm = newest(&app, "action=create&entityType=firm").await;
    assert_eq!(firm["elapsedMicroseconds"], Value::Null, "{firm:#}");
    let export = app.admin().get(&format!("{LOG}/export?format=csv")).await.expect_status(200).text();
    let row =
        export.lines().find(|line| line.contains(id.as_str().unwrap()) && line.contains(",case,")).unwrap();
    let (head, quoted) = (export.lines().next().unwrap(), row.split('"').skip(1).step_by(2));
    let within: usize = quoted.map(|part| part.matches(',').count()).sum();
    assert_eq!(row.matches(',').count() - within, head.matches(',').count(), "{row}");
    let seq = by_key["seq"].as_i64().unwrap();
    assert_eq!(app.admin().get(&format!("{LOG}/{seq}")).await.expect_status(200).json()["form"], 2);
    assert!(verify(&app).await.is_intact());
    app.finish().await;
}

#[tokio::test]
async fn what_is_refused_is_on_record_with_its_status() {
    let app = TestApp::start().await;
    let clerk = app.user(Role::Clerk).await;
    let me = id_of(&clerk.get("/api/auth/me").await.expect_status(200).json());
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    clerk.delete(&format!("/api/cases/{case}")).await.expect_problem(403, "forbidden");
    let denied = newest(&app, &format!("userId={me}&action=deny")).await;
    assert_eq!((&denied["outcome"], &denied["status"]), (&json!("refused"), &json!(403)), "{denied:#}");
    assert_eq!((&denied["method"], &denied["route"]), (&json!("DELETE"), &json!("/api/cases/{id}")));
    assert_eq!(denied["changes"]["denied"], json!([null, "forbidden"]));
    assert_eq!((&denied["caseId"], &denied["changes"]["ids"]), (&json!(case), &json!([null, [case]])));
    // Who repeats it fills no log; a minute later, or with another case, it is told again.
    let denials = async || {
        let path = format!("{LOG}?userId={me}&action=deny");
        app.admin().get(&path).await.expect_status(200).json()["total"].as_u64().unwrap()
    };
    for _ in 0..5 {
        clerk.delete(&format!("/api/cases/{case}")).await.expect_problem(403, "forbidden");
    }
    assert_eq!(denials().await, 1);
    let other = id_of(&open_case(app.admin(), "Elm v. Fir").await);
    clerk.delete(&format!("/api/cases/{other}")).await.expect_problem(403, "forbidden");
    assert_eq!(denials().await, 2);
    app.advance(chrono::TimeDelta::seconds(61));
    clerk.delete(&format!("/api/cases/{case}")).await.expect_problem(403, "forbidden");
    assert_eq!(denials().await, 3);
    assert!(denied["sessionId"].is_string() && denied["ip"].is_string(), "{denied:#}");
    clerk.get("/api/monitoring/memory/stats").await.expect_problem(403, "forbidden");
    let denied = newest(&app, &format!("userId={me}&action=deny")).await;
    assert_eq!(denied["route"], "/api/monitoring/memory/stats", "{denied:#}");
    // A key without the scope is named.
    let key = make_key(app.admin(), &["cases:read"]).await;
    let secret = key["key"].as_str().unwrap();
    assert_eq!(with_key(&app, secret, Method::POST, "/api/cases", &json!({ "title": "No" })).await, 403);
    assert_eq!(newest(&app, "action=deny").await["apiKeyId"], key["id"]);
    // Who shows a wrong password, and who asks for what a wall hides.
    let wrong = json!({ "email": app.admin_email(), "password": "not this one" });
    app.anonymous().post("/api/auth/login", &wrong).await.expect_problem(401, "invalid_credentials");
    assert_eq!(newest(&app, "action=login_failed").await["status"], 401);
    drop(raise_wall(app.admin(), &case, &[&me]).await);
    clerk.get(&format!("/api/cases/{case}")).await.expect_problem(404, "case_not_found");
    app.settle().await;
    let hidden = newest(&app, &format!("caseId={case}&action=deny")).await;
    assert_eq!((&hidden["status"], &hidden["method"]), (&json!(404), &json!("GET")), "{hidden:#}");
    assert!(hidden["sessionId"].is_string() && hidden["ip"].is_string(), "{hidden:#}");
    // Who is not known, and who is asked for a second factor only, was refused nothing.
    let before =
        app.admin().get(&format!("{LOG}?action=deny")).await.expect_status(200).json()["total"].clone();
    app.anonymous().get("/api/cases").await.expect_problem(401, "unauthenticated");
    let after =
        app.admin().get(&format!("{LOG}?action=deny")).await.expect_status(200).json()["total"].clone();
    assert_eq!(before, after);
    assert!(verify(&app).await.is_intact());
    app.finish().await;
}

async fn led_by(app: &TestApp, user: &str, title: &str) -> String {
    let body = json!({ "title": title, "leadUserId": user });
    id_of(&app.admin().post("/api/cases", &body).await.expect_status(201).json())
}

async fn person(app: &TestApp, role: Role) -> (Client, String) {
    let client = app.user(role).await;
    let id = id_of(&client.get("/api/auth/me").await.expect_status(200).json());
    (client, id)
}

#[tokio::test]
async fn a_partner_reads_the_record_of_the_cases_that_they_lead() {
    let app = TestApp::start().await;
    let (partner, id) = person(&app, Role::Partner).await;
    let (associate, junior) = person(&app, Role::Associate).await;
    let own = led_by(&app, &id, "Own").await;
    let other = id_of(&open_case(app.admin(), "Other").await);
    let juniors = led_by(&app, &junior, "Led by an associate").await;
    let path = |case: &str| format!("/api/cases/{case}/audit-logs");
    for number in 0..3 {
        drop(add_party(app.admin(), &own, &format!("Party {number}")).await);
    }

    let mut seen = Vec::new();
    let mut query = "action=create&limit=3".to_owned();
    loop {
        let page = partner.get(&format!("{}?{query}", path(&own))).await.expect_status(200).json();
        assert_eq!(page["total"], 4);
        seen.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()));
        assert!(page["data"].as_array().unwrap().iter().all(|entry| entry["caseId"] == own.as_str()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        query = format!("action=create&limit=3&cursor={next}");
    }
    assert!(seen.len() == 4 && seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
    let asked = newest(&app, &format!("userId={id}&action=read")).await;
    assert_eq!((&asked["changes"]["as"], &asked["caseId"]), (&json!("case"), &json!(own)), "{asked:#}");

    partner.get(&path(&other)).await.expect_problem(403, "forbidden");
    partner.get(LOG).await.expect_problem(403, "forbidden");
    partner.get(&path(&e2e::absent())).await.expect_problem(404, "case_not_found");
    // To lead a case is not enough.
    associate.get(&path(&juniors)).await.expect_problem(403, "forbidden");
    // Who may read the whole log may read this too.
    drop(app.admin().get(&path(&other)).await.expect_status(200));
    for wrong in ["limit=501", "page=0", "cursor=x", "caseId=1", "sort=title"] {
        assert_eq!(partner.get(&format!("{}?{wrong}", path(&own))).await.status, 400, "{wrong}");
    }

    // No program, whatever it may else.
    let key = make_key(&partner, &["cases:read"]).await;
    let secret = key["key"].as_str().unwrap();
    assert_eq!(with_key(&app, secret, Method::GET, &path(&own), &Value::Null).await, 403);
    // What denies comes first, a wall before all.
    let denial = json!({ "permission": "audit:read", "effect": "deny", "reason": "Under review" });
    let grants = format!("/api/users/{id}/permissions");
    let denial = id_of(&app.admin().post(&grants, &denial).await.expect_status(201).json());
    partner.get(&path(&own)).await.expect_problem(403, "forbidden");
    let end = format!("/api/permissions/{denial}");
    let headers = [("content-type", "application/json")];
    let reason = json!({ "revokeReason": "Done" }).to_string();
    drop(app.admin().send(Method::DELETE, &end, &headers, reason.into()).await);
    drop(partner.get(&path(&own)).await.expect_status(200));
    drop(raise_wall(app.admin(), &own, &[&id]).await);
    partner.get(&path(&own)).await.expect_problem(404, "case_not_found");
    app.finish().await;
}

#[tokio::test]
async fn who_leads_a_case_no_more_reads_its_record_no_more() {
    let app = TestApp::start().await;
    let ((first, one), (second, two)) =
        (person(&app, Role::Partner).await, person(&app, Role::Partner).await);
    let case = led_by(&app, &one, "Handed over").await;
    let path = format!("/api/cases/{case}/audit-logs");
    drop(first.get(&path).await.expect_status(200));
    second.get(&path).await.expect_problem(403, "forbidden");
    let lead = json!({ "leadUserId": two });
    drop(app.admin().patch(&format!("/api/cases/{case}"), &lead).await.expect_status(200));
    first.get(&path).await.expect_problem(403, "forbidden");
    drop(second.get(&path).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn a_report_counts_and_names_what_has_to_be_looked_at() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    app.advance(TimeDelta::seconds(1));
    let from = clock::Clock::now(&*testkit::clock()) + TimeDelta::seconds(1);
    let from = from.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    for number in 0..3 {
        let case = id_of(&open_case(app.admin(), &format!("Case {number}")).await);
        clerk.delete(&format!("/api/cases/{case}")).await.expect_problem(403, "forbidden");
        let headers = [("if-match", "\"v1\"")];
        let path = format!("/api/cases/{case}");
        drop(app.admin().send(Method::DELETE, &path, &headers, bytes::Bytes::new()).await.expect_status(204));
    }
    drop(app.admin().get(&format!("{LOG}/export")).await.expect_status(200));
    let grant = json!({ "permission": "cases:delete", "effect": "allow", "reason": "Cleans up" });
    drop(app.admin().post(&format!("/api/users/{id}/permissions"), &grant).await.expect_status(201));
    let role = json!({ "role": "paralegal" });
    drop(app.admin().patch(&format!("/api/users/{id}"), &role).await.expect_status(200));
    let wrong = json!({ "email": app.admin_email(), "password": "not this one" });
    app.anonymous().post("/api/auth/login", &wrong).await.expect_problem(401, "invalid_credentials");

    let report = app.admin().get(&format!("{LOG}/report?from={from}")).await.expect_status(200).json();
    let acts = |name: &str| -> Vec<String> {
        let entries = report[name].as_array().unwrap().iter();
        entries.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(acts("critical"), ["grant", "grant", "export", "delete", "delete", "delete"], "{report:#}");
    assert_eq!(acts("failed"), ["login_failed", "deny", "deny", "deny"], "{report:#}");
    assert_eq!((&report["criticalTotal"], &report["failedTotal"]), (&json!(6), &json!(4)));
    let counted = |kind: &str, value: &str| {
        let tallies = report["totals"][kind].as_array().unwrap().iter();
        tallies
            .filter(|tally| tally["value"] == value)
            .map(|tally| tally["entries"].as_i64().unwrap())
            .sum::<i64>()
    };
    assert_eq!((counted("actions", "delete"), counted("actions", "deny")), (3, 3));
    assert_eq!((counted("entities", "case"), counted("users", &id)), (6, 3));
    assert_eq!((counted("outcomes", "refused"), counted("outcomes", "failed")), (3, 1));
    app.finish().await;
}

#[tokio::test]
async fn what_leaves_a_case_is_in_the_log_of_the_case_that_it_leaves() {
    let app = TestApp::start().await;
    let (old, new) =
        (open_case(app.admin(), "Old v. Case").await, open_case(app.admin(), "New v. Case").await);
    let (old, new) = (id_of(&old), id_of(&new));
    let document = id_of(&upload_text(app.admin(), &old, "letter.txt", "A letter").await);
    let entry = id_of(&record_time(app.admin(), &old, "Wrote a letter").await);
    for (path, id) in [("documents", &document), ("billing/time-entries", &entry)] {
        let moved = json!({ "caseId": new });
        drop(app.admin().patch(&format!("/api/{path}/{id}"), &moved).await.expect_status(200));
        let left = newest(&app, &format!("caseId={old}&action=update&entityId={id}")).await;
        assert_eq!(left["changes"], json!({ "caseId": [old, null] }), "{left:#}");
        assert!(!left.to_string().contains(&new), "where it went is told to the other case: {left:#}");
        let came = newest(&app, &format!("caseId={new}&action=update&entityId={id}")).await;
        assert!(came["changes"].to_string().contains(&old), "{came:#}");
        // What stays in its case leaves none.
        let before = app.admin().get(&format!("{LOG}?entityId={id}")).await.json()["total"].as_u64().unwrap();
        drop(app.admin().patch(&format!("/api/{path}/{id}"), &moved).await.expect_status(200));
        let after = app.admin().get(&format!("{LOG}?entityId={id}")).await.json()["total"].as_u64().unwrap();
        assert!(after <= before + 1, "{before} and {after}");
    }
    assert!(verify(&app).await.is_intact());
    app.finish().await;
}
