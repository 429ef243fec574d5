//! Case teams: what a role on one case allows there, and nowhere else.

use crate::walls::person;
use access::Role;
use audit::entries_of;
use bytes::Bytes;
use chrono::TimeDelta;
use e2e::{
    Form, TestApp, absent, add_client, add_entry, filled, id_of, make_key, open_case, put_on_team,
    raise_wall, total, upload_text,
};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

async fn put(client: &Client, case: &str, user: &str, role: &str) -> Answer {
    client.put(&format!("/api/cases/{case}/team/{user}"), &json!({ "role": role, "reason": "Helps" })).await
}

async fn take_off(client: &Client, case: &str, user: &str) -> Answer {
    client.send(Method::DELETE, &format!("/api/cases/{case}/team/{user}"), &[], Bytes::new()).await
}

async fn deny(admin: &Client, user: &str, permission: &str) -> String {
    let body = json!({ "permission": permission, "effect": "deny", "reason": "Not this one" });
    id_of(&admin.post(&format!("/api/users/{user}/permissions"), &body).await.expect_status(201).json())
}

async fn explained(admin: &Client, user: &str, permission: &str, case: &str) -> Value {
    let path = format!("/api/permissions/explain?userId={user}&permission={permission}&caseId={case}");
    admin.get(&path).await.expect_status(200).json()
}

#[tokio::test]
async fn a_client_sees_the_case_of_their_team_with_its_docket_and_nothing_else() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    app.settle().await;
    let (client, id) = person(&app, Role::Client).await;
    client.get("/api/cases").await.expect_problem(403, "forbidden");
    let member = put_on_team(app.admin(), &one.case, &id, "client").await;
    assert_eq!((&member["userId"], &member["role"]), (&json!(id), &json!("client")));

    drop(client.get(&format!("/api/cases/{}", one.case)).await.expect_status(200));
    drop(client.get(&format!("/api/docket/{}", one.entry)).await.expect_status(200));
    let docket_of_one = format!("/api/cases/{}/docket", one.case);
    let lists =
        ["/api/cases", "/api/cases?sort=title", "/api/cases?query=alder", "/api/docket", &docket_of_one];
    for path in lists.into_iter().chain(["/api/cases/stats"]) {
        assert_eq!(total(&client, path).await, 1, "{path}");
    }
    for path in ["/api/cases?query=cedar", "/api/cases/archived", "/api/docket?search=cedar"] {
        assert_eq!(total(&client, path).await, 0, "{path}");
    }
    let team = client.get(&format!("/api/cases/{}/team", one.case)).await.expect_status(200).json();
    assert_eq!((&team["total"], &team["data"][0]["userId"]), (&json!(1), &json!(id)), "{team}");

    for (there, gone) in [(&other.case, absent()), (&absent(), other.case.clone())] {
        let answer = client.get(&format!("/api/cases/{there}")).await;
        let problem = answer.expect_problem(404, "case_not_found");
        assert!(!problem.to_string().contains("Cedar"), "{problem} {gone}");
    }
    client.get(&format!("/api/docket/{}", other.entry)).await.expect_problem(404, "docket_entry_not_found");
    let docket = format!("/api/cases/{}/docket", other.case);
    client.get(&docket).await.expect_problem(404, "case_not_found");
    for path in [
        format!("/api/documents/{}", one.document),
        format!("/api/documents/{}/download", one.document),
        format!("/api/cases/{}/documents", one.case),
        format!("/api/billing/time-entries/case/{}", one.case),
        "/api/documents/stats".to_owned(),
        "/api/search?query=motion".to_owned(),
        "/api/cases/numbering".to_owned(),
        "/api/clients".to_owned(),
        "/api/users".to_owned(),
    ] {
        client.get(&path).await.expect_problem(403, "forbidden");
    }
    let title = json!({ "title": "Mine" });
    client.patch(&format!("/api/cases/{}", one.case), &title).await.expect_problem(403, "forbidden");
    client.post("/api/cases", &title).await.expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn a_role_on_one_case_changes_nothing_on_another_that_one_may_read() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    // Accountants read every case, and no docket.
    let (user, id) = person(&app, Role::Accountant).await;
    user.get(&format!("/api/docket/{}", one.entry)).await.expect_problem(403, "forbidden");
    drop(put_on_team(app.admin(), &one.case, &id, "paralegal").await);
    for case in [&one.case, &other.case] {
        drop(user.get(&format!("/api/cases/{case}")).await.expect_status(200));
    }
    assert_eq!(total(&user, "/api/cases").await, 2);
    assert_eq!(total(&user, "/api/docket").await, 1);

    let text = json!({ "text": "MOTION, amended" });
    drop(user.patch(&format!("/api/docket/{}", one.entry), &text).await.expect_status(200));
    let entry = format!("/api/docket/{}", other.entry);
    user.patch(&entry, &text).await.expect_problem(404, "docket_entry_not_found");
    drop(add_entry(&user, &one.case, "Their own").await);
    let new = json!({ "caseId": other.case, "filedOn": "2026-03-02", "text": "Not theirs" });
    user.post("/api/docket", &new).await.expect_problem(404, "case_not_found");
    // Paralegals remove nothing; the case's fields are theirs to change, the other case's are not.
    let of_one = format!("/api/docket/{}", one.entry);
    user.delete(&of_one).await.expect_problem(403, "forbidden");
    let judge = json!({ "judge": "R. Alvarez" });
    drop(user.patch(&format!("/api/cases/{}", one.case), &judge).await.expect_status(200));
    let case = format!("/api/cases/{}", other.case);
    user.patch(&case, &judge).await.expect_problem(404, "case_not_found");
    user.post(&format!("{case}/close"), &Value::Null).await.expect_problem(404, "case_not_found");
    app.finish().await;
}

#[tokio::test]
async fn documents_and_search_are_those_of_the_case_where_the_role_counts() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    let loose = Form::new().text("title", "Loose").file("a.txt", "text/plain", b"A loose motion.");
    let loose = id_of(&loose.post(app.admin(), "/api/documents").await.expect_status(201).json());
    app.settle().await;
    let (user, id) = person(&app, Role::Accountant).await;
    drop(put_on_team(app.admin(), &one.case, &id, "paralegal").await);
    assert_eq!(total(&user, "/api/documents").await, 1);
    assert_eq!(total(&user, "/api/documents/stats").await, 1);
    for document in [&other.document, &loose] {
        for path in ["", "/download", "/text", "/versions"] {
            let path = format!("/api/documents/{document}{path}");
            user.get(&path).await.expect_problem(404, "document_not_found");
        }
        let put = format!("/api/documents/{document}/content");
        let file = [("content-type", "text/plain")];
        let refused = user.send(Method::PUT, &put, &file, Bytes::from_static(b"words")).await;
        assert!(!refused.status.is_success(), "{}", refused.text());
    }
    let document = format!("/api/documents/{}", one.document);
    drop(user.get(&format!("{document}/download")).await.expect_status(200));
    user.patch(&document, &json!({ "caseId": other.case })).await.expect_problem(404, "case_not_found");
    // What belongs to no case is up to who may edit every document.
    user.patch(&document, &json!({ "caseId": null })).await.expect_problem(403, "forbidden");
    let form = Form::new().file("b.txt", "text/plain", b"words");
    form.post(&user, "/api/documents").await.expect_problem(403, "forbidden");
    drop(upload_text(&user, &one.case, "own.txt", "A motion of their own.").await);
    drop(add_entry(&user, &one.case, "Their own").await);
    app.settle().await;

    let found = user.get("/api/search?query=motion").await.expect_status(200).json();
    let cases: Vec<_> = found["data"].as_array().unwrap().iter().map(|hit| &hit["caseId"]).collect();
    assert!(cases.len() >= 3 && cases.iter().all(|case| **case == json!(one.case)), "{found}");
    let found = user.get("/api/search?query=cedar").await.expect_status(200).json();
    assert_eq!(found["facets"]["entityTypes"], json!([{ "value": "case", "count": 1 }]), "{found}");
    let index = user.get("/api/search/stats").await.expect_status(200).json();
    let count = |kind: &str| {
        let counts = index["entityTypes"].as_array().unwrap();
        counts.iter().find(|count| count["value"] == kind).map(|count| count["count"].clone())
    };
    assert_eq!(
        (count("case"), count("docket"), count("document")),
        (Some(json!(2)), Some(json!(2)), Some(json!(2)))
    );
    app.finish().await;
}

#[tokio::test]
async fn whose_a_case_is_and_who_leads_it_is_not_up_to_its_team() {
    let app = TestApp::start().await;
    let one = filled(app.admin(), "Alder").await;
    let payer = id_of(&add_client(app.admin(), "Somebody").await);
    let (user, id) = person(&app, Role::Client).await;
    drop(put_on_team(app.admin(), &one.case, &id, "partner").await);
    let path = format!("/api/cases/{}", one.case);
    for change in [json!({ "leadUserId": id }), json!({ "clientId": payer })] {
        user.patch(&path, &change).await.expect_problem(403, "forbidden");
    }
    drop(user.patch(&path, &json!({ "judge": "R. Alvarez" })).await.expect_status(200));
    // Nor do they let anybody else in, or remove the case.
    put(&user, &one.case, &id, "attorney").await.expect_problem(403, "forbidden");
    take_off(&user, &one.case, &id).await.expect_problem(403, "forbidden");
    user.delete(&path).await.expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn who_leaves_the_team_is_refused_at_the_next_request_on_every_server() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    let (user, id) = person(&app, Role::Client).await;
    let replica = app.replica().await;
    let mut servers = vec![user.clone()];
    servers
        .extend(replica.as_ref().map(|there| Client::new(there.address()).with_token(user.token().unwrap())));
    for filled in [&one, &other] {
        drop(put_on_team(app.admin(), &filled.case, &id, "client").await);
    }
    // On other servers a membership counts within half a second.
    app.advance(TimeDelta::seconds(1));
    let (path, docket) = (format!("/api/cases/{}", one.case), format!("/api/cases/{}/docket", one.case));
    for server in &servers {
        drop(server.get(&path).await.expect_status(200));
        drop(server.get(&docket).await.expect_status(200));
    }
    drop(take_off(app.admin(), &one.case, &id).await.expect_status(204));
    take_off(app.admin(), &one.case, &id).await.expect_problem(404, "case_member_not_found");
    for server in &servers {
        server.get(&path).await.expect_problem(404, "case_not_found");
        server.get(&docket).await.expect_problem(404, "case_not_found");
        assert_eq!(total(server, "/api/cases").await, 1);
    }
    // A smaller role counts as quickly.
    drop(put_on_team(app.admin(), &other.case, &id, "intern").await);
    app.advance(TimeDelta::seconds(1));
    let document = format!("/api/documents/{}", other.document);
    for server in &servers {
        drop(server.get(&document).await.expect_status(200));
    }
    drop(put_on_team(app.admin(), &other.case, &id, "client").await);
    for server in &servers {
        let refused = server.get(&document).await;
        assert!([403, 404].contains(&refused.status.as_u16()), "{}", refused.text());
    }
    drop(take_off(app.admin(), &other.case, &id).await.expect_status(204));
    for server in &servers {
        let refused = server.get(&path).await;
        assert!([403, 404].contains(&refused.status.as_u16()), "{}", refused.text());
    }
    user.get("/api/cases").await.expect_problem(403, "forbidden");
    match replica {
        Some(replica) => assert!(replica.shutdown().await.clean),
        None => crate::skipped("the second server: an embedded database has one"),
    }
    app.finish().await;
}

#[tokio::test]
async fn a_wall_and_a_denial_come_before_the_team() {
    let app = TestApp::start().await;
    let one = filled(app.admin(), "Alder").await;
    let (user, id) = person(&app, Role::Client).await;
    drop(put_on_team(app.admin(), &one.case, &id, "client").await);
    let (path, docket) = (format!("/api/cases/{}", one.case), format!("/api/cases/{}/docket", one.case));
    let found = explained(app.admin(), &id, "docket:read", &one.case).await;
    assert_eq!((&found["allowed"], &found["decidedBy"]), (&json!(true), &json!("case_team")), "{found}");
    let row = found["rows"].as_array().unwrap().last().unwrap();
    let row = (&row["source"], &row["role"], &row["effect"], &row["counts"]);
    assert_eq!(row, (&json!("case_team"), &json!("client"), &json!("allow"), &json!(true)), "{found}");
    let found = explained(app.admin(), &id, "documents:read", &one.case).await;
    assert_eq!((&found["allowed"], &found["decidedBy"]), (&json!(false), &json!("default")), "{found}");
    let anywhere =
        app.admin().get(&format!("/api/permissions/explain?userId={id}&permission=docket:read")).await;
    assert_eq!(anywhere.expect_status(200).json()["allowed"], false, "of no case in particular");

    let denial = deny(app.admin(), &id, "docket:read").await;
    user.get(&docket).await.expect_problem(403, "forbidden");
    drop(user.get(&path).await.expect_status(200));
    let found = explained(app.admin(), &id, "docket:read", &one.case).await;
    assert_eq!((&found["allowed"], &found["decidingGrant"]), (&json!(false), &json!(denial)), "{found}");

    drop(raise_wall(app.admin(), &one.case, &[&id]).await);
    user.get(&path).await.expect_problem(404, "case_not_found");
    assert_eq!(total(&user, "/api/cases").await, 0);
    let check = json!({ "userId": id, "permission": "cases:read", "caseId": one.case });
    let checked = app.admin().post("/api/permissions/check", &check).await.expect_status(200).json();
    assert_eq!(
        (&checked["allowed"], &checked["decidedBy"]),
        (&json!(false), &json!("ethical_wall")),
        "{checked}"
    );
    // Whoever may not know of the wall learns nothing by putting them on the team once more.
    drop(put(app.admin(), &one.case, &id, "intern").await.expect_status(200));
    user.get(&path).await.expect_problem(404, "case_not_found");
    app.finish().await;
}

#[tokio::test]
async fn a_key_may_no_more_on_a_case_than_its_scopes() {
    let app = TestApp::start().await;
    let (one, other) = (filled(app.admin(), "Alder").await, filled(app.admin(), "Cedar").await);
    let (user, id) = person(&app, Role::Associate).await;
    let key = make_key(&user, &["cases:read", "docket:read"]).await;
    let key = app.anonymous().with_token(key["key"].as_str().unwrap());
    let role = json!({ "role": "client" });
    drop(app.admin().post(&format!("/api/users/{id}/roles"), &role).await.expect_status(200));
    key.get(&format!("/api/docket/{}", one.entry)).await.expect_problem(403, "forbidden");
    drop(put_on_team(app.admin(), &one.case, &id, "attorney").await);
    drop(key.get(&format!("/api/docket/{}", one.entry)).await.expect_status(200));
    key.get(&format!("/api/docket/{}", other.entry)).await.expect_problem(404, "docket_entry_not_found");
    key.get(&format!("/api/documents/{}", one.document)).await.expect_problem(403, "forbidden");
    let text = json!({ "text": "By a program" });
    key.patch(&format!("/api/docket/{}", one.entry), &text).await.expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn the_lead_and_who_supervises_change_a_team_and_give_no_more_than_they_have() {
    let app = TestApp::start().await;
    let (lead, lead_id) = person(&app, Role::Associate).await;
    let (colleague, _) = person(&app, Role::Associate).await;
    let (partner, _) = person(&app, Role::Partner).await;
    let (_, id) = person(&app, Role::Client).await;
    let body = json!({ "title": "Alder v. Birch", "leadUserId": lead_id });
    let case = id_of(&app.admin().post("/api/cases", &body).await.expect_status(201).json());
    drop(put(&lead, &case, &id, "client").await.expect_status(200));
    drop(put(&partner, &case, &id, "intern").await.expect_status(200));
    put(&colleague, &case, &id, "client").await.expect_problem(403, "case_team_lead_only");
    take_off(&colleague, &case, &id).await.expect_problem(403, "case_team_lead_only");
    put(&lead, &absent(), &id, "client").await.expect_problem(404, "case_not_found");
    put(&lead, &case, &absent(), "client").await.expect_problem(404, "user_not_found");
    for role in ["super_admin", "admin", "it_admin", "king"] {
        put(&lead, &case, &id, role).await.expect_problem(400, "validation_failed");
    }
    drop(deny(app.admin(), &lead_id, "docket:delete").await);
    let refused = put(&lead, &case, &id, "attorney").await.expect_problem(403, "case_role_beyond_own");
    assert!(refused["detail"].as_str().unwrap().contains("docket:delete"), "{refused}");
    drop(put(&lead, &case, &id, "paralegal").await.expect_status(200));
    // A key hands out nothing.
    let key = make_key(&lead, &["cases:read", "cases:update"]).await;
    let key = app.anonymous().with_token(key["key"].as_str().unwrap());
    put(&key, &case, &id, "client").await.expect_problem(403, "forbidden");
    // The same again is nothing new.
    drop(put(&lead, &case, &id, "paralegal").await.expect_status(200));
    drop(take_off(&lead, &case, &id).await.expect_status(204));
    let (firm, case_id) = (app.ctx().await.firm(), case.parse::<ids::CaseId>().unwrap());
    let entries = entries_of(app.app().db().reader(), firm, case_id, 10).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(acts, ["revoke", "update", "update", "grant", "create"]);
    let changes = entries[1].changes.as_ref().unwrap();
    let roles = (&changes["teamMember"][0]["role"], &changes["teamMember"][1]["role"]);
    assert_eq!(roles, (&json!("intern"), &json!("paralegal")), "{changes}");
    assert_eq!(changes["reason"][1], "Helps", "{changes}");
    let stranger = app.second_firm().await;
    put(&stranger, &case, &id, "client").await.expect_problem(404, "case_not_found");
    let own = id_of(&open_case(&stranger, "Own").await);
    put(&stranger, &own, &id, "client").await.expect_problem(404, "user_not_found");
    app.finish().await;
}

#[tokio::test]
async fn who_loses_their_access_leaves_every_team_and_a_case_takes_its_team_along() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (_, id) = person(&app, Role::Client).await;
    drop(put_on_team(app.admin(), &case, &id, "client").await);
    let path = format!("/api/cases/{case}/team");
    assert_eq!(total(app.admin(), &path).await, 1);
    drop(app.admin().post(&format!("/api/users/{id}/deactivate"), &json!({})).await.expect_status(200));
    assert_eq!(total(app.admin(), &path).await, 0);
    put(app.admin(), &case, &id, "client").await.expect_problem(422, "case_member_unfit");
    drop(app.admin().post(&format!("/api/users/{id}/activate"), &Value::Null).await.expect_status(200));
    assert_eq!(total(app.admin(), &path).await, 0, "access that is given back brings no team back");
    drop(put(app.admin(), &case, &id, "client").await.expect_status(200));
    drop(app.admin().delete(&format!("/api/cases/{case}")).await.expect_status(204));
    let (firm, case) = (app.ctx().await.firm(), case.parse::<ids::CaseId>().unwrap());
    let left = access::case_teams::members(app.app().db().reader(), firm, case).await.unwrap();
    assert_eq!(left, []);
    app.finish().await;
}

#[tokio::test]
async fn an_answer_that_was_kept_before_somebody_left_the_team_is_not_shown_after_it() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (user, id) = person(&app, Role::Client).await;
    drop(put_on_team(app.admin(), &case, &id, "paralegal").await);
    let body = json!({ "caseId": case, "filedOn": "2026-03-02", "text": "Alder" }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", "the-key")];
    let first = user.send(Method::POST, "/api/docket", &headers, body.clone().into()).await;
    let entry = id_of(&first.expect_status(201).json());
    let again = user.send(Method::POST, "/api/docket", &headers, body.clone().into()).await;
    assert_eq!(id_of(&again.expect_status(201).json()), entry);
    drop(take_off(app.admin(), &case, &id).await.expect_status(204));
    let after = user.send(Method::POST, "/api/docket", &headers, body.into()).await;
    assert!(!after.status.is_success() && !after.text().contains(&entry), "{}", after.text());
    assert_eq!(total(app.admin(), &format!("/api/cases/{case}/docket")).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn a_team_has_so_many_and_no_more() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (_, id) = person(&app, Role::Client).await;
    let (ctx, case_id) = (app.ctx().await, case.parse::<ids::CaseId>().unwrap());
    let mut tx = ctx.begin().await.unwrap();
    for _ in 0..access::case_teams::CASE_MEMBERS {
        let member = access::case_teams::CaseMember {
            user: ctx.new_id(),
            role: Role::Client,
            added_by: ctx.user(),
            added_at: ctx.now(),
        };
        assert!(access::case_teams::put(&mut tx, ctx.firm(), case_id, None, &member).await.unwrap());
    }
    tx.commit().await.unwrap();
    put(app.admin(), &case, &id, "client").await.expect_problem(422, "case_team_limit");
    assert_eq!(total(app.admin(), &format!("/api/cases/{case}/team")).await, 200);
    app.finish().await;
}
