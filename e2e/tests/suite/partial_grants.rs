//! Grants about a part: cases of some statuses, fields, so many records of a list.

use crate::grants::{end, give};
use crate::walls::person;
use access::Role;
use access::grants::Statuses;
use e2e::{TestApp, add_client, add_entry, add_party, filled, id_of, open_case, put_on_team, total};
use http::header::ETAG;
use serde_json::{Value, json};
use testkit::{Answer, Client};

async fn given(app: &TestApp, user: &str, permission: &str, effect: &str, part: Value) -> Value {
    let subject = format!("users/{user}");
    give(app.admin(), &subject, permission, effect, part).await.expect_status(201).json()
}

async fn set_status(client: &Client, case: &str, status: &str) -> Answer {
    client.patch(&format!("/api/cases/{case}"), &json!({ "status": status })).await
}

/// How much a search finds once the index has it: a worker of the server's own may hold the last piece when the rest is done.
async fn found_in_all(app: &TestApp, client: &Client, word: &str, expected: u64) -> Value {
    let path = format!("/api/search?query={word}");
    for _ in 0..1000 {
        if total(client, &path).await == expected {
            break;
        }
        app.settle().await;
    }
    total(client, &path).await
}

#[tokio::test]
async fn what_is_denied_on_closed_cases_is_as_if_they_were_not_there_until_they_are_open_again() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    app.settle().await;
    let (associate, id) = person(&app, Role::Associate).await;
    let part = json!({ "caseStatuses": ["closed", "archived"] });
    for permission in ["cases:update", "docket:read", "documents:read", "documents:update", "time:read"] {
        let grant = given(&app, &id, permission, "deny", part.clone()).await;
        assert_eq!(grant["caseStatuses"], json!(["closed", "archived"]));
    }
    let lists = ["/api/docket", "/api/documents", "/api/billing/time-entries"];
    for path in lists {
        assert_eq!(total(&associate, path).await, 2, "{path}");
    }
    assert_eq!(found_in_all(&app, &associate, "motion", 4).await, 4);

    drop(set_status(app.admin(), &one.case, "closed").await.expect_status(200));
    app.settle().await;
    for path in lists {
        assert_eq!(total(&associate, path).await, 1, "{path}");
    }
    let found = associate.get("/api/search?query=motion").await.expect_status(200).json();
    assert_eq!(found["total"], 2, "{found}");
    assert!(!found.to_string().contains("Alder"), "{found}");
    // The case is seen: reading it is not denied.
    assert_eq!(total(&associate, "/api/cases").await, 2);
    drop(associate.get(&format!("/api/cases/{}", one.case)).await.expect_status(200));
    associate.get(&format!("/api/docket/{}", one.entry)).await.expect_problem(404, "docket_entry_not_found");
    let document = format!("/api/documents/{}", one.document);
    associate.get(&document).await.expect_problem(404, "document_not_found");
    associate.get(&format!("{document}/download")).await.expect_problem(404, "document_not_found");
    set_status(&associate, &one.case, "open").await.expect_problem(404, "case_not_found");
    let moved = json!({ "caseId": one.case });
    let to_closed = associate.patch(&format!("/api/documents/{}", other.document), &moved).await;
    to_closed.expect_problem(404, "case_not_found");
    drop(set_status(&associate, &other.case, "on_hold").await.expect_status(200));

    let explained = |case: &str, permission: &str| {
        format!("/api/permissions/explain?userId={id}&permission={permission}&caseId={case}")
    };
    let closed = app.admin().get(&explained(&one.case, "docket:read")).await.expect_status(200).json();
    assert_eq!((&closed["allowed"], &closed["decidedBy"]), (&json!(false), &json!("grant")), "{closed}");
    assert_eq!(closed["rows"][0]["counts"], true);
    let open = app.admin().get(&explained(&other.case, "docket:read")).await.expect_status(200).json();
    assert_eq!((&open["allowed"], &open["decidedBy"]), (&json!(true), &json!("role")), "{open}");
    assert_eq!(open["rows"][0]["counts"], false);

    drop(set_status(app.admin(), &one.case, "open").await.expect_status(200));
    assert_eq!(total(&associate, "/api/documents").await, 2);
    drop(associate.get(&format!("{document}/download")).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn what_is_allowed_on_open_cases_shows_these_alone() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    drop(set_status(app.admin(), &other.case, "closed").await.expect_status(200));
    app.settle().await;
    let (client, id) = person(&app, Role::Client).await;
    client.get("/api/cases").await.expect_problem(403, "forbidden");
    for permission in ["cases:read", "docket:read", "docket:update", "documents:read"] {
        drop(given(&app, &id, permission, "allow", json!({ "caseStatuses": ["open"] })).await);
    }
    for path in [
        "/api/cases",
        "/api/cases?sort=title",
        "/api/cases?query=birch",
        "/api/cases/stats",
        "/api/docket",
        "/api/documents",
    ] {
        assert_eq!(total(&client, path).await, 1, "{path}");
    }
    assert_eq!(total(&client, "/api/cases?status=closed").await, 0);
    drop(client.get(&format!("/api/cases/{}", one.case)).await.expect_status(200));
    drop(client.get(&format!("/api/documents/{}/download", one.document)).await.expect_status(200));
    client.get(&format!("/api/cases/{}", other.case)).await.expect_problem(404, "case_not_found");
    client.get(&format!("/api/docket/{}", other.entry)).await.expect_problem(404, "docket_entry_not_found");
    client.get(&format!("/api/documents/{}", other.document)).await.expect_problem(404, "document_not_found");
    drop(add_entry(&client, &one.case, "ANSWER to complaint").await);
    // What is about the whole firm is none of it.
    client.post("/api/cases", &json!({ "title": "New v. Old" })).await.expect_problem(403, "forbidden");
    client.get("/api/billing/time-entries").await.expect_problem(403, "forbidden");
    let path = format!("/api/permissions/explain?userId={id}&permission=cases:read&caseId={}", one.case);
    let explained = app.admin().get(&path).await.expect_status(200).json();
    assert_eq!((&explained["allowed"], &explained["decidedBy"]), (&json!(true), &json!("grant")));
    // A wall hides it all the same.
    let wall = json!({ "caseId": one.case, "screened": [id], "reason": "Worked for the other side" });
    drop(app.admin().post("/api/ethical-walls", &wall).await.expect_status(201));
    client.get(&format!("/api/cases/{}", one.case)).await.expect_problem(404, "case_not_found");
    assert_eq!(total(&client, "/api/cases").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_case_that_may_not_be_read_by_its_status_is_in_no_list_and_no_number() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    for case in [&one.case, &other.case] {
        drop(add_party(app.admin(), case, "Birch Company").await);
    }
    drop(set_status(app.admin(), &one.case, "closed").await.expect_status(200));
    app.settle().await;
    let (partner, id) = person(&app, Role::Partner).await;
    let of_one = |path: &str| format!("/api/cases/{}{path}", one.case);
    let (client, client_id) = person(&app, Role::Client).await;
    drop(put_on_team(app.admin(), &one.case, &client_id, "client").await);
    drop(put_on_team(app.admin(), &other.case, &client_id, "client").await);
    let numbers =
        ["/api/cases", "/api/cases?sort=-title", "/api/cases/stats", "/api/parties", "/api/cases?page=2"];
    for path in numbers {
        assert_eq!(
            (total(&partner, path).await, total(app.admin(), path).await),
            (json!(2), json!(2)),
            "{path}"
        );
    }
    assert_eq!(total(&client, "/api/cases").await, 2);
    let all = json!({ "caseStatuses": ["closed"] });
    for user in [&id, &client_id] {
        for permission in ["cases:read", "documents:read", "docket:read"] {
            drop(given(&app, user, permission, "deny", all.clone()).await);
        }
    }
    for path in numbers {
        assert_eq!(
            (total(&partner, path).await, total(app.admin(), path).await),
            (json!(1), json!(2)),
            "{path}"
        );
    }
    // The team of a closed case does not show it either.
    for path in ["/api/cases", "/api/cases?sort=title", "/api/cases/stats", "/api/parties", "/api/docket"] {
        assert_eq!(total(&client, path).await, 1, "{path}");
    }
    for reader in [&partner, &client] {
        for path in ["", "/parties", "/team", "/docket"] {
            reader.get(&of_one(path)).await.expect_problem(404, "case_not_found");
        }
    }
    let sizes = partner.get("/api/documents/stats").await.expect_status(200).json();
    assert!(!sizes.to_string().contains(":2"), "{sizes}");
    let index = |client: &Client| {
        let client = client.clone();
        async move { client.get("/api/search/stats").await.expect_status(200).json() }
    };
    assert_ne!(index(&partner).await, index(app.admin()).await);
    assert_eq!(total(&partner, "/api/search?query=birch").await, 2, "the case that is open, and its party");
    // Nor does a change that changes nothing show it.
    partner.patch(&of_one(""), &json!({})).await.expect_problem(404, "case_not_found");
    let document = format!("/api/documents/{}", one.document);
    partner.patch(&document, &json!({})).await.expect_problem(404, "document_not_found");
    partner.delete(&document).await.expect_problem(404, "document_not_found");
    // All four statuses leave nothing, and what is of no case.
    drop(given(&app, &id, "cases:read", "deny", json!({ "caseStatuses": Statuses::NAMES })).await);
    assert_eq!(total(&partner, "/api/cases").await, 0);
    assert_eq!(total(&partner, "/api/parties").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_team_and_a_status_show_the_cases_of_both() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    let third = filled(app.admin(), "Elm").await;
    for case in [&one.case, &third.case] {
        drop(set_status(app.admin(), case, "closed").await.expect_status(200));
    }
    app.settle().await;
    let (client, id) = person(&app, Role::Client).await;
    drop(put_on_team(app.admin(), &one.case, &id, "client").await);
    for permission in ["cases:read", "docket:read"] {
        drop(given(&app, &id, permission, "allow", json!({ "caseStatuses": ["open"] })).await);
    }
    for path in ["/api/cases", "/api/cases?sort=title", "/api/cases/stats", "/api/docket"] {
        assert_eq!(total(&client, path).await, 2, "{path}");
    }
    drop(client.get(&format!("/api/cases/{}", one.case)).await.expect_status(200));
    drop(client.get(&format!("/api/docket/{}", other.entry)).await.expect_status(200));
    client.get(&format!("/api/cases/{}", third.case)).await.expect_problem(404, "case_not_found");
    app.finish().await;
}

#[tokio::test]
async fn fields_of_a_client_that_are_denied_are_neither_shown_nor_found_nor_changed() {
    let app = TestApp::start().await;
    let body = json!({ "name": "Meridian", "email": "counsel@meridian.example", "phone": "+1 415 555 0100",
        "notes": "Pays late" });
    let made = app.admin().post("/api/clients", &body).await.expect_status(201).json();
    let path = format!("/api/clients/{}", id_of(&made));
    let (paralegal, id) = person(&app, Role::Paralegal).await;
    let before = paralegal.get(&path).await.expect_status(200);
    let tag = before.headers[ETAG].to_str().unwrap().to_owned();
    assert_eq!(before.json()["email"], "counsel@meridian.example");
    let denied = given(&app, &id, "clients:read", "deny", json!({ "fields": ["email", "notes"] })).await;

    // What was kept before is not confirmed, and what is shown now is not to be kept.
    let now = paralegal.send(http::Method::GET, &path, &[("if-none-match", &tag)], bytes::Bytes::new()).await;
    let now = now.expect_status(200);
    assert!(!now.headers.contains_key(ETAG));
    let shown = now.json();
    assert_eq!((&shown["email"], &shown["notes"]), (&Value::Null, &Value::Null), "{shown}");
    assert_eq!(shown["phone"], "+1 415 555 0100");
    let listed = paralegal.get("/api/clients").await.expect_status(200).json();
    assert_eq!((&listed["total"], &listed["data"][0]["email"]), (&json!(1), &Value::Null), "{listed}");
    assert_eq!(total(&paralegal, "/api/clients?query=counsel").await, 0);
    assert_eq!(total(&paralegal, "/api/clients?query=meridian").await, 1);
    assert_eq!(total(app.admin(), "/api/clients?query=counsel").await, 1);

    // The right guess, a wrong one and none are answered alike.
    for email in [json!("counsel@meridian.example"), json!("other@meridian.example"), Value::Null] {
        let answer = paralegal.patch(&path, &json!({ "email": email })).await;
        let problem = answer.expect_problem(403, "field_denied");
        assert!(problem["detail"].as_str().unwrap().contains("`email`"), "{problem}");
    }
    let changed = paralegal.patch(&path, &json!({ "phone": "+1 415 555 0199" })).await.expect_status(200);
    assert!(!changed.headers.contains_key(ETAG));
    assert_eq!(changed.json()["email"], Value::Null);
    let whole = app.admin().get(&path).await.json();
    assert_eq!(
        (&whole["email"], &whole["phone"]),
        (&json!("counsel@meridian.example"), &json!("+1 415 555 0199"))
    );
    drop(end(app.admin(), &id_of(&denied)).await.expect_status(200));
    assert_eq!(paralegal.get(&path).await.json()["email"], "counsel@meridian.example");
    app.finish().await;
}

#[tokio::test]
async fn what_was_done_is_left_out_of_time_for_who_may_not_see_it() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (clerk, id) = person(&app, Role::Clerk).await;
    drop(given(&app, &id, "time:read", "deny", json!({ "fields": ["description", "activityCode"] })).await);
    let body = json!({ "caseId": case, "workedOn": "2026-03-02", "workedSeconds": 720,
        "description": "Review the motion", "activityCode": "A104" });
    let made = clerk.post("/api/billing/time-entries", &body).await.expect_status(201).json();
    let path = format!("/api/billing/time-entries/{}", id_of(&made));
    let listed = clerk.get("/api/time-entries").await.expect_status(200).json()["data"][0].clone();
    for shown in [made, clerk.get(&path).await.expect_status(200).json(), listed] {
        assert_eq!(shown["description"], Value::Null, "{shown}");
        assert_eq!(shown["activityCode"], Value::Null, "{shown}");
        assert_eq!(shown["workedSeconds"], 720, "{shown}");
    }
    let answer = clerk.patch(&path, &json!({ "description": "Call" })).await;
    answer.expect_problem(403, "field_denied");
    drop(clerk.patch(&path, &json!({ "workedSeconds": 60 })).await.expect_status(200));
    let whole = app.admin().get(&path).await.json();
    assert_eq!((&whole["description"], &whole["workedSeconds"]), (&json!("Review the motion"), &json!(60)));
    app.finish().await;
}

#[tokio::test]
async fn a_list_ends_where_the_most_records_are_seen() {
    let app = TestApp::start().await;
    for number in 0..6 {
        drop(filled(app.admin(), &format!("Alder{number}")).await);
        drop(add_client(app.admin(), &format!("Client {number}")).await);
    }
    app.settle().await;
    let (associate, id) = person(&app, Role::Associate).await;
    let permissions =
        ["cases:read", "docket:read", "documents:read", "time:read", "clients:read", "users:read"];
    for permission in permissions {
        drop(given(&app, &id, permission, "deny", json!({ "mostRecords": 4 })).await);
    }
    for path in [
        "/api/cases",
        "/api/parties",
        "/api/docket",
        "/api/documents",
        "/api/billing/time-entries",
        "/api/clients",
        "/api/users",
    ] {
        drop(associate.get(&format!("{path}?limit=4")).await.expect_status(200));
        drop(associate.get(&format!("{path}?limit=2&page=2")).await.expect_status(200));
        for beyond in ["", "?limit=5", "?limit=4&page=2", "?limit=1&page=5"] {
            let answer = associate.get(&format!("{path}{beyond}")).await;
            let problem = answer.expect_problem(403, "records_denied");
            assert!(problem["detail"].as_str().unwrap().contains("first 4"), "{path}{beyond}: {problem}");
        }
    }
    // Nor by going on behind a place, nor by a search.
    let first = app.admin().get("/api/cases?limit=4").await.expect_status(200).json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let behind = associate.get(&format!("/api/cases?limit=2&cursor={cursor}")).await;
    behind.expect_problem(403, "records_denied");
    associate.get("/api/search?query=motion").await.expect_problem(403, "records_denied");
    drop(associate.get("/api/search?query=motion&limit=4").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn a_part_that_there_is_not_is_refused_with_its_field() {
    let app = TestApp::start().await;
    let (_, id) = person(&app, Role::Associate).await;
    for (permission, effect, part, field) in [
        ("cases:read", "deny", json!({ "caseStatuses": ["lost"] }), "caseStatuses"),
        ("clients:read", "deny", json!({ "caseStatuses": ["open"] }), "caseStatuses"),
        ("clients:read", "deny", json!({ "fields": ["name"] }), "fields"),
        ("clients:read", "allow", json!({ "fields": ["email"] }), "fields"),
        ("docket:read", "deny", json!({ "fields": ["text"] }), "fields"),
        ("cases:read", "allow", json!({ "mostRecords": 5 }), "mostRecords"),
        ("cases:read", "deny", json!({ "mostRecords": 0 }), "mostRecords"),
        ("cases:update", "deny", json!({ "mostRecords": 5 }), "mostRecords"),
        ("cases:read", "deny", json!({ "caseStatuses": ["open"], "mostRecords": 5 }), "mostRecords"),
    ] {
        let answer = give(app.admin(), &format!("users/{id}"), permission, effect, part.clone()).await;
        let problem = answer.expect_problem(400, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field, "{permission} {part}: {problem}");
    }
    let nothing = app.admin().get(&format!("/api/users/{id}/grants")).await.expect_status(200).json();
    assert_eq!(nothing["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn nobody_lifts_or_hands_on_what_is_denied_to_them_in_part() {
    let app = TestApp::start().await;
    let (manager, id) = person(&app, Role::Admin).await;
    let (_, other) = person(&app, Role::Clerk).await;
    let denial = given(&app, &id, "time:read", "deny", json!({ "fields": ["description"] })).await;
    end(&manager, &id_of(&denial)).await.expect_problem(403, "grant_beyond_own");
    let body = json!({ "permission": "time:read", "effect": "allow", "reason": "A reason" });
    let answer = manager.post(&format!("/api/users/{other}/permissions"), &body).await;
    answer.expect_problem(403, "grant_beyond_own");
    let lent = json!({ "delegateId": other, "permissions": ["time:read"], "until": "2026-04-01T00:00:00Z",
        "reason": "Away" });
    manager.post("/api/delegations", &lent).await.expect_problem(403, "grant_beyond_own");
    // Nor by leaving the team that it is denied to.
    let team = json!({ "name": "Temps" });
    let team = id_of(&app.admin().post("/api/teams", &team).await.expect_status(201).json());
    let member = format!("/api/teams/{team}/members/{id}");
    drop(app.admin().put(&member, &json!({})).await);
    let mut denial = json!({ "permission": "clients:read", "effect": "deny", "reason": "Not theirs" });
    denial["fields"] = json!(["email"]);
    let path = format!("/api/teams/{team}/permissions");
    drop(app.admin().post(&path, &denial).await.expect_status(201));
    drop(add_client(app.admin(), "Meridian").await);
    assert_eq!(manager.get("/api/clients").await.expect_status(200).json()["data"][0]["email"], Value::Null);
    manager.delete(&member).await.expect_problem(403, "grant_beyond_own");
    // Nor does their word make a grant count for somebody else.
    let asked = json!({ "permission": "time:read", "effect": "allow", "reason": "With a word", "approvalBy": "admin" });
    let (intern, intern_id) = person(&app, Role::Intern).await;
    drop(app.admin().post(&format!("/api/users/{intern_id}/permissions"), &asked).await.expect_status(201));
    let asking = json!({ "permission": "time:read", "reason": "To prepare the invoices" });
    let approval = id_of(&intern.post("/api/approvals", &asking).await.expect_status(201).json());
    let path = format!("/api/approvals/{approval}/approve");
    manager.post(&path, &json!({})).await.expect_problem(404, "approval_not_found");
    drop(app.admin().post(&path, &json!({})).await.expect_status(200));
    app.finish().await;
}
