//! Grants beside the roles, over HTTP: they count from the next request on, and every decision can be explained.

use crate::walls::person;
use access::Role;
use audit::entries_of;
use chrono::TimeDelta;
use e2e::{TestApp, absent, id_of, one_of_each, open_case, raise_wall};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

pub(crate) async fn give(
    client: &Client,
    subject: &str,
    permission: &str,
    effect: &str,
    more: Value,
) -> Answer {
    let mut body = json!({ "permission": permission, "effect": effect, "reason": "A reason" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.post(&format!("/api/{subject}/permissions"), &body).await
}

pub(crate) async fn end(client: &Client, grant: &str) -> Answer {
    let body = json!({ "revokeReason": "No more need" }).to_string();
    let headers = [("content-type", "application/json")];
    client.send(Method::DELETE, &format!("/api/permissions/{grant}"), &headers, body.into()).await
}

#[tokio::test]
async fn a_grant_and_its_end_count_from_the_next_request_on() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let list = "/api/ethical-walls";
    clerk.get(list).await.expect_problem(403, "forbidden");
    let user = format!("users/{id}");
    let grant =
        id_of(&give(app.admin(), &user, "walls:manage", "allow", json!({})).await.expect_status(201).json());
    drop(clerk.get(list).await.expect_status(200));
    let may = app.admin().get(&format!("/api/users/{id}/permissions")).await.json();
    assert!(may["permissions"].as_array().unwrap().contains(&json!("walls:manage")), "{may}");
    // What denies comes before it, to the whole role.
    let denial =
        give(app.admin(), "roles/clerk", "walls:manage", "deny", json!({})).await.expect_status(201).json();
    clerk.get(list).await.expect_problem(403, "forbidden");
    drop(end(app.admin(), &id_of(&denial)).await.expect_status(200));
    drop(clerk.get(list).await.expect_status(200));
    drop(end(app.admin(), &grant).await.expect_status(200));
    clerk.get(list).await.expect_problem(403, "forbidden");
    end(app.admin(), &grant).await.expect_problem(404, "grant_not_found");
    let firm = app.ctx().await.firm();
    let id: ids::GrantId = grant.parse().unwrap();
    let entries = entries_of(app.app().db().reader(), firm, id, 10).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(acts, ["revoke", "grant"]);
    app.finish().await;
}

#[tokio::test]
async fn a_grant_counts_in_its_period_and_from_its_networks() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let user = format!("users/{id}");
    let list = "/api/ethical-walls";
    // The tests' clock stands at 2026-03-02.
    let period = json!({ "from": "2026-03-03T00:00:00Z", "until": "2026-03-04T00:00:00Z", "networks": ["127.0.0.0/8"] });
    drop(give(app.admin(), &user, "walls:manage", "allow", period).await.expect_status(201));
    clerk.get(list).await.expect_problem(403, "forbidden");
    let elsewhere = json!({ "networks": ["198.51.100.0/24"] });
    drop(give(app.admin(), &user, "operations:read", "allow", elsewhere).await.expect_status(201));
    let email = clerk.get("/api/auth/me").await.json()["email"].as_str().unwrap().to_owned();
    app.advance(TimeDelta::hours(23));
    let clerk = app.anonymous().sign_in(&email, e2e::PASSWORD).await;
    drop(clerk.get(list).await.expect_status(200));
    clerk.get("/api/monitoring/memory/stats").await.expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn what_may_not_be_granted_is_refused() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let (boss, boss_id) = person(&app, Role::SuperAdmin).await;
    let user = format!("users/{id}");
    give(&clerk, &user, "cases:read", "allow", json!({})).await.expect_problem(403, "forbidden");
    give(&boss, "roles/nobody", "cases:read", "allow", json!({})).await.expect_problem(404, "role_not_found");
    give(&boss, &format!("users/{}", absent()), "cases:read", "allow", json!({}))
        .await
        .expect_problem(404, "user_not_found");
    for subject in ["roles/super_admin".to_owned(), format!("users/{boss_id}")] {
        give(&boss, &subject, "users:manage", "deny", json!({})).await.expect_problem(422, "grant_locks_out");
    }
    for wrong in [
        json!({ "permission": "cases:fly" }),
        json!({ "networks": ["here"] }),
        json!({ "countries": ["Germany"] }),
        json!({ "countries": ["1A"] }),
        json!({ "hours": { "from": "8", "until": "18:00", "zone": "UTC" } }),
        json!({ "from": "2026-03-03T00:00:00Z", "until": "2026-03-02T00:00:00Z" }),
    ] {
        give(&boss, &user, "cases:read", "allow", wrong).await.expect_problem(400, "validation_failed");
    }
    // What the server could not keep is not taken.
    for unknown in ["mfa", "caseId", "maxRecords", "fields"] {
        let refused = give(&boss, &user, "cases:read", "allow", json!({ unknown: 1 })).await;
        assert_eq!(refused.status, 400, "{unknown}: {}", refused.text());
    }
    // An administrator grants nothing that a denial took from them, and does not take the denial away.
    let (admin, admin_id) = person(&app, Role::Admin).await;
    let denial = give(&boss, &format!("users/{admin_id}"), "import:run", "deny", json!({})).await;
    let denial = id_of(&denial.expect_status(201).json());
    give(&admin, &user, "import:run", "allow", json!({})).await.expect_problem(403, "grant_beyond_own");
    end(&admin, &denial).await.expect_problem(403, "grant_beyond_own");
    app.finish().await;
}

#[tokio::test]
async fn a_decision_is_explained_by_its_rows_and_a_wall_comes_before_a_role() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let (_, id) = person(&app, Role::Partner).await;
    let ask = |permission: &str, case: Option<&str>| {
        let case = case.map(|case| format!("&caseId={case}")).unwrap_or_default();
        let path = format!("/api/permissions/explain?userId={id}&permission={permission}{case}");
        let admin = app.admin();
        async move { admin.get(&path).await.expect_status(200).json() }
    };
    let by_role = ask("cases:read", Some(&case)).await;
    assert_eq!((&by_role["allowed"], &by_role["decidedBy"]), (&json!(true), &json!("role")), "{by_role}");
    drop(raise_wall(app.admin(), &case, &[&id]).await);
    let walled = ask("cases:read", Some(&case)).await;
    assert_eq!(
        (&walled["allowed"], &walled["decidedBy"]),
        (&json!(false), &json!("ethical_wall")),
        "{walled}"
    );
    assert_eq!(ask("cases:read", None).await["allowed"], true);
    let user = format!("users/{id}");
    let denial = give(app.admin(), &user, "cases:read", "deny", json!({})).await.expect_status(201).json();
    let denied = ask("cases:read", None).await;
    assert_eq!(
        (&denied["decidedBy"], &denied["decidingGrant"]),
        (&json!("grant"), &denial["id"]),
        "{denied}"
    );
    assert_eq!(denied["rows"][0]["grant"]["reason"], "A reason");
    let nothing = ask("operations:read", None).await;
    assert_eq!((&nothing["allowed"], &nothing["decidedBy"]), (&json!(false), &json!("default")));
    let body = json!({ "userId": id, "permission": "cases:read", "caseId": case });
    let checked = app.admin().post("/api/permissions/check", &body).await.expect_status(200).json();
    assert_eq!(checked["allowed"], false);
    // Whoever is screened is not told of the wall by the explanation either.
    let (admin, admin_id) = person(&app, Role::Admin).await;
    drop(raise_wall(app.admin(), &case, &[&admin_id]).await);
    for case in [case, absent()] {
        let path = format!("/api/permissions/explain?userId={id}&permission=cases:read&caseId={case}");
        admin.get(&path).await.expect_problem(404, "case_not_found");
    }
    app.finish().await;
}

#[tokio::test]
async fn grants_of_another_firm_are_not_there() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let stranger = app.second_firm().await;
    end(&stranger, &things.grant).await.expect_problem(404, "grant_not_found");
    let user = format!("users/{}", things.user);
    give(&stranger, &user, "cases:read", "deny", json!({})).await.expect_problem(404, "user_not_found");
    drop(give(&stranger, "roles/clerk", "cases:read", "deny", json!({})).await.expect_status(201));
    let (clerk, _) = person(&app, Role::Clerk).await;
    drop(clerk.get("/api/cases").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn a_grant_given_on_one_server_counts_on_another_within_a_second() {
    let app = TestApp::start().await;
    let Some(replica) = app.replica().await else {
        app.finish().await;
        return crate::skipped("an embedded database has one server");
    };
    let (clerk, id) = person(&app, Role::Clerk).await;
    let there = Client::new(replica.address()).with_token(clerk.token().unwrap());
    there.get("/api/ethical-walls").await.expect_problem(403, "forbidden");
    let user = format!("users/{id}");
    drop(give(app.admin(), &user, "walls:manage", "allow", json!({})).await.expect_status(201));
    app.advance(TimeDelta::seconds(1));
    drop(there.get("/api/ethical-walls").await.expect_status(200));
    drop(give(app.admin(), &user, "walls:manage", "deny", json!({})).await.expect_status(201));
    app.advance(TimeDelta::seconds(1));
    there.get("/api/ethical-walls").await.expect_problem(403, "forbidden");
    assert!(replica.shutdown().await.clean);
    app.finish().await;
}
