//! Ethical walls: what they hide, from whom, and that nothing tells.

use access::Role;
use audit::entries_of;
use e2e::{Form, PASSWORD, TestApp, Things, absent, id_of, one_of_each, open_case, raise_wall, upload_text};
use http::Method;
use serde_json::{Value, json};
use testkit::Client;

/// Somebody who signs in, and their id.
pub(crate) async fn person(app: &TestApp, role: Role) -> (Client, String) {
    let client = app.user(role).await;
    let me = client.get("/api/auth/me").await.expect_status(200).json();
    (client, id_of(&me))
}

async fn lift(client: &Client, wall: &str) -> testkit::Answer {
    let body = json!({ "liftReason": "Both clients have consented" }).to_string();
    let headers = [("content-type", "application/json")];
    client.send(Method::DELETE, &format!("/api/ethical-walls/{wall}"), &headers, body.into()).await
}

#[tokio::test]
async fn a_wall_binds_administrators_from_the_next_request_until_it_is_lifted() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    app.settle().await;
    let (walled, id) = person(&app, Role::SuperAdmin).await;
    let path = format!("/api/cases/{}", things.case);
    drop(walled.get(&path).await.expect_status(200));
    let wall = id_of(&raise_wall(app.admin(), &things.case, &[&id]).await);
    walled.get(&path).await.expect_problem(404, "case_not_found");
    assert_eq!(walled.get("/api/cases").await.expect_status(200).json()["total"], 0);
    assert_eq!(walled.get("/api/search?query=alder").await.expect_status(200).json()["total"], 0);
    // The screened see no wall and lift none.
    lift(&walled, &wall).await.expect_problem(404, "wall_not_found");
    assert_eq!(walled.get("/api/ethical-walls").await.expect_status(200).json()["total"], 0);
    let lifted = lift(app.admin(), &wall).await.expect_status(200).json();
    assert_eq!(lifted["liftReason"], "Both clients have consented");
    assert_eq!(lifted["screened"], json!([id]));
    drop(walled.get(&path).await.expect_status(200));
    lift(app.admin(), &wall).await.expect_problem(409, "wall_lifted");
    app.finish().await;
}

#[tokio::test]
async fn a_closed_case_is_seen_by_those_admitted_alone_also_by_nobody_who_comes_later() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (in_team, member) = person(&app, Role::Associate).await;
    let (outside, _) = person(&app, Role::Partner).await;
    let me = id_of(&app.admin().get("/api/auth/me").await.json());
    let body = json!({ "caseId": case, "reason": "Screened by order", "admitted": [member, me] });
    let wall = app.admin().post("/api/ethical-walls", &body).await.expect_status(201).json();
    let (later, _) = person(&app, Role::Admin).await;
    let path = format!("/api/cases/{case}");
    drop(in_team.get(&path).await.expect_status(200));
    for stranger in [&outside, &later] {
        stranger.get(&path).await.expect_problem(404, "case_not_found");
        assert_eq!(stranger.get("/api/cases").await.json()["total"], 0);
    }
    // Also who is admitted may be screened; the wall says so at once.
    let change = json!({ "changeReason": "Left the team", "screened": [member] }).to_string();
    let path_of_wall = format!("/api/ethical-walls/{}", id_of(&wall));
    let headers = [("content-type", "application/json"), ("if-match", "\"v1\"")];
    let changed = app.admin().send(Method::PATCH, &path_of_wall, &headers, change.clone().into()).await;
    assert_eq!(changed.expect_status(200).json()["version"], 2);
    in_team.get(&path).await.expect_problem(404, "case_not_found");
    let stale = app.admin().send(Method::PATCH, &path_of_wall, &headers, change.into()).await;
    stale.expect_problem(412, "stale_version");
    app.finish().await;
}

#[tokio::test]
async fn a_wall_that_nobody_could_lift_or_that_screens_nobody_is_refused() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (_, associate) = person(&app, Role::Associate).await;
    let me = id_of(&app.admin().get("/api/auth/me").await.json());
    let raise = |members: Value| {
        let mut body = json!({ "caseId": case, "reason": "Former client" });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let admin = app.admin();
        async move { admin.post("/api/ethical-walls", &body).await }
    };
    raise(json!({ "screened": [me] })).await.expect_problem(422, "wall_without_steward");
    raise(json!({ "admitted": [associate] })).await.expect_problem(422, "wall_without_steward");
    raise(json!({})).await.expect_problem(422, "wall_screens_nobody");
    raise(json!({ "screened": [absent()] })).await.expect_problem(400, "wall_user_unknown");
    raise(json!({ "screened": [me], "reason": "  " })).await.expect_problem(400, "validation_failed");
    let nowhere = json!({ "caseId": absent(), "reason": "Former client", "screened": [associate] });
    app.admin().post("/api/ethical-walls", &nowhere).await.expect_problem(404, "case_not_found");
    // With a second steward the first may be screened.
    drop(person(&app, Role::Partner).await);
    drop(raise(json!({ "screened": [me] })).await.expect_status(201));
    app.admin().get(&format!("/api/cases/{case}")).await.expect_problem(404, "case_not_found");
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_put_into_a_walled_case_or_moved_there() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let (walled, id) = person(&app, Role::Partner).await;
    let own = id_of(&open_case(&walled, "Own matter").await);
    let document = id_of(&upload_text(&walled, &own, "own.txt", "a text of their own").await);
    let time = id_of(&e2e::record_time(&walled, &own, "Call").await);
    drop(raise_wall(app.admin(), &things.case, &[&id]).await);
    for case in [&things.case, &absent()] {
        for (path, body) in [
            ("/api/parties", json!({ "caseId": case, "name": "A", "kind": "Defendant" })),
            ("/api/docket", json!({ "caseId": case, "filedOn": "2026-03-02", "text": "A" })),
            (
                "/api/time-entries",
                json!({ "caseId": case, "workedOn": "2026-03-02", "workedSeconds": 6, "description": "A" }),
            ),
            ("/api/ethical-walls", json!({ "caseId": case, "reason": "A", "screened": [things.user] })),
        ] {
            walled.post(path, &body).await.expect_problem(404, "case_not_found");
        }
        let form = Form::new().text("caseId", case).file("a.txt", "text/plain", b"words");
        form.post(&walled, "/api/documents").await.expect_problem(404, "case_not_found");
        let moved = json!({ "caseId": case });
        let path = format!("/api/documents/{document}");
        walled.patch(&path, &moved).await.expect_problem(404, "case_not_found");
        let path = format!("/api/billing/time-entries/{time}");
        walled.patch(&path, &moved).await.expect_problem(404, "case_not_found");
    }
    let seen = app.admin().get(&format!("/api/cases/{}/documents", things.case)).await.json();
    assert_eq!(seen["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_file_is_not_there_whatever_way_it_is_asked_for() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let (walled, id) = person(&app, Role::Partner).await;
    let path = format!("/api/documents/{}/download", things.document);
    let tag = walled.get(&path).await.expect_status(200).header("etag").to_owned();
    drop(raise_wall(app.admin(), &things.case, &[&id]).await);
    let missing = format!("/api/documents/{}/download", absent());
    for method in [Method::GET, Method::HEAD] {
        for header in [("range", "bytes=0-3"), ("if-none-match", tag.as_str()), ("if-match", tag.as_str())] {
            let hidden = walled.send(method.clone(), &path, &[header], Vec::new().into()).await;
            let nothing = walled.send(method.clone(), &missing, &[header], Vec::new().into()).await;
            assert_eq!(hidden.status, 404, "{method} {header:?}");
            assert_eq!(nothing.status, 404, "{method} {header:?}");
            assert_eq!(hidden.header("etag"), "");
            assert_eq!(hidden.header("content-length"), nothing.header("content-length"));
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_answer_that_was_kept_before_a_wall_is_not_shown_after_it() {
    let app = TestApp::start().await;
    let (walled, id) = person(&app, Role::Partner).await;
    let body = json!({ "title": "Alder v. Birch" }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", "the-key")];
    let first = walled.send(Method::POST, "/api/cases", &headers, body.clone().into()).await;
    let case = id_of(&first.expect_status(201).json());
    let again = walled.send(Method::POST, "/api/cases", &headers, body.clone().into()).await;
    assert_eq!(id_of(&again.expect_status(201).json()), case);
    drop(raise_wall(app.admin(), &case, &[&id]).await);
    let after = walled.send(Method::POST, "/api/cases", &headers, body.into()).await;
    after.expect_problem(409, "conflict");
    assert!(!after.text().contains(&case) && !after.text().contains("Alder"), "{}", after.text());
    assert_eq!(app.admin().get("/api/cases").await.json()["total"], 1, "it was not done again");
    app.finish().await;
}

/// What the audit has of an entity, as the firm.
async fn records(app: &TestApp, things: &Things, id: &str) -> Vec<audit::Entry> {
    let firm: ids::FirmId = things.firm.parse().unwrap();
    let id: ids::CaseId = id.parse().unwrap();
    entries_of(app.app().db().reader(), firm, id, 100).await.unwrap()
}

#[tokio::test]
async fn walls_and_attempts_on_what_they_hide_are_audited() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let (walled, id) = person(&app, Role::Partner).await;
    let wall = id_of(&raise_wall(app.admin(), &things.case, &[&id]).await);
    for path in [
        format!("/api/cases/{}", things.case),
        format!("/api/parties/{}", things.party),
        format!("/api/docket/{}", things.entry),
        format!("/api/documents/{}/download", things.document),
        format!("/api/billing/time-entries/{}", things.time),
        format!("/api/ethical-walls/{wall}"),
        format!("/api/cases/{}", absent()),
    ] {
        drop(walled.get(&path).await.expect_status(404));
    }
    drop(lift(app.admin(), &wall).await.expect_status(200));
    app.settle().await;
    let denied = |entry: &audit::Entry| {
        entry.user.is_some_and(|user| user.to_string() == id)
            && entry.changes.as_ref().is_some_and(|changes| changes["denied"][1] == "ethical wall")
    };
    // The jobs ran beside the requests, or found the wall lifted by then; so the wall is raised again for a sure look.
    drop(raise_wall(app.admin(), &things.case, &[&id]).await);
    for (path, thing) in [
        (format!("/api/cases/{}", things.case), &things.case),
        (format!("/api/parties/{}", things.party), &things.party),
        (format!("/api/docket/{}", things.entry), &things.entry),
        (format!("/api/documents/{}", things.document), &things.document),
        (format!("/api/billing/time-entries/{}", things.time), &things.time),
    ] {
        drop(walled.get(&path).await.expect_status(404));
        app.settle().await;
        let entries = records(&app, &things, thing).await;
        let found =
            entries.iter().find(|entry| denied(entry)).unwrap_or_else(|| panic!("{path}: {entries:?}"));
        assert_eq!(found.case.map(|case| case.to_string()).as_ref(), Some(&things.case), "{path}");
        assert_ne!(found.correlation, "none");
    }
    assert!(records(&app, &things, &absent()).await.is_empty());
    let of_wall: Vec<String> = records(&app, &things, &wall)
        .await
        .into_iter()
        .filter(|entry| !denied(entry))
        .map(|entry| entry.action)
        .collect();
    assert_eq!(of_wall, ["delete", "create"]);
    app.finish().await;
}

#[tokio::test]
async fn walls_of_another_firm_are_not_there() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let stranger = app.second_firm().await;
    lift(&stranger, &things.wall).await.expect_problem(404, "wall_not_found");
    let own = id_of(&open_case(&stranger, "Own").await);
    let me = id_of(&stranger.get("/api/auth/me").await.json());
    let body = json!({ "caseId": own, "reason": "A", "screened": [things.user] });
    stranger.post("/api/ethical-walls", &body).await.expect_problem(400, "wall_user_unknown");
    let body = json!({ "caseId": own, "reason": "A", "admitted": [me] });
    drop(stranger.post("/api/ethical-walls", &body).await.expect_status(201));
    let seen = app.admin().get("/api/ethical-walls").await.expect_status(200).json();
    assert_eq!(seen["total"], 1, "{seen}");
    drop(app.anonymous().sign_in(app.admin_email(), PASSWORD).await);
    app.finish().await;
}

#[tokio::test]
async fn a_wall_raised_on_one_server_binds_on_another_at_once() {
    let app = TestApp::start().await;
    let Some(replica) = app.replica().await else {
        app.finish().await;
        return crate::skipped("an embedded database has one server");
    };
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (walled, id) = person(&app, Role::Admin).await;
    let there = Client::new(replica.address()).with_token(walled.token().unwrap());
    let path = format!("/api/cases/{case}");
    drop(there.get(&path).await.expect_status(200));
    let wall = id_of(&raise_wall(app.admin(), &case, &[&id]).await);
    there.get(&path).await.expect_problem(404, "case_not_found");
    drop(lift(app.admin(), &wall).await.expect_status(200));
    drop(there.get(&path).await.expect_status(200));
    assert!(replica.shutdown().await.clean);
    app.finish().await;
}
