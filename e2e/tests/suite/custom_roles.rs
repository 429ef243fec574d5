//! Roles of a firm's own, and grants that count for whoever is in a team only.

use crate::walls::person;
use access::Role;
use audit::entries_of;
use bytes::Bytes;
use e2e::{TestApp, absent, id_of};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

const WALLS: &str = "/api/ethical-walls";
const ROLES: &str = "/api/roles";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

async fn role(app: &TestApp, name: &str, base: &str) -> Value {
    let body = json!({ "name": name, "base": base });
    app.admin().post(ROLES, &body).await.expect_status(201).json()
}

async fn give(client: &Client, user: &str, role: &str) -> Answer {
    client.post(&format!("/api/users/{user}/roles"), &json!({ "role": role })).await
}

async fn grant(client: &Client, subject: &str, permission: &str, effect: &str, more: Value) -> Answer {
    let mut body = json!({ "permission": permission, "effect": effect, "reason": "A reason" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.post(&format!("/api/{subject}/permissions"), &body).await
}

async fn remove(client: &Client, path: &str) -> Answer {
    client.send(Method::DELETE, path, &[], Bytes::new()).await
}

async fn names_of(client: &Client, path: &str) -> Vec<String> {
    let listed = client.get(path).await.expect_status(200).json();
    let names =
        listed["data"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn a_role_allows_what_its_base_allows_and_what_is_granted_to_it() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Intern).await;
    let made = role(&app, "conflicts_clerk", "clerk").await;
    drop(
        grant(app.admin(), "roles/conflicts_clerk", "walls:manage", "allow", json!({}))
            .await
            .expect_status(201),
    );
    drop(
        grant(app.admin(), "roles/conflicts_clerk", "search:use", "deny", json!({})).await.expect_status(201),
    );
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    drop(clerk.get("/api/search?query=x").await.expect_status(200));
    let given = give(app.admin(), &id, "conflicts_clerk").await.expect_status(200).json();
    assert_eq!(given["role"], "clerk", "{given}");
    drop(clerk.get(WALLS).await.expect_status(200));
    clerk.get("/api/search?query=x").await.expect_problem(403, "forbidden");
    assert_eq!(names_of(&clerk, &format!("/api/users/{id}/roles")).await, ["clerk", "conflicts_clerk"]);
    let path = format!("/api/permissions/explain?userId={id}&permission=walls:manage");
    let explained = app.admin().get(&path).await.expect_status(200).json();
    assert_eq!(
        (&explained["allowed"], &explained["decidedBy"]),
        (&json!(true), &json!("grant")),
        "{explained}"
    );
    let rows = explained["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["grant"]["customRoleId"] == made["id"]), "{explained}");
    // The built-in one in its place, also when it is the same.
    drop(give(app.admin(), &id, "clerk").await.expect_status(200));
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    assert_eq!(names_of(&clerk, &format!("/api/users/{id}/roles")).await, ["clerk"]);
    drop(clerk.get("/api/search?query=x").await.expect_status(200));
    let (firm, user) = (app.ctx().await.firm(), id.parse::<ids::UserId>().unwrap());
    let entries = entries_of(app.app().db().reader(), firm, user, 10).await.unwrap();
    let changes: Vec<String> = entries.iter().map(|entry| json!(entry.changes).to_string()).collect();
    assert!(changes[0].contains("conflicts_clerk"), "{changes:?}");
    app.finish().await;
}

#[tokio::test]
async fn a_role_ends_with_the_built_in_one_and_not_with_a_name() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    drop(role(&app, "conflicts_clerk", "clerk").await);
    drop(
        grant(app.admin(), "roles/conflicts_clerk", "walls:manage", "allow", json!({}))
            .await
            .expect_status(201),
    );
    drop(give(app.admin(), &id, "conflicts_clerk").await.expect_status(200));
    let user = format!("/api/users/{id}");
    drop(
        app.admin().patch(&user, &json!({ "firstName": "Other", "role": "clerk" })).await.expect_status(200),
    );
    drop(clerk.get(WALLS).await.expect_status(200));
    drop(app.admin().patch(&user, &json!({ "role": "staff" })).await.expect_status(200));
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    drop(app.admin().patch(&user, &json!({ "role": "clerk" })).await.expect_status(200));
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn a_role_is_renamed_and_goes_when_nobody_needs_it() {
    let app = TestApp::start().await;
    let (_, id) = person(&app, Role::Clerk).await;
    drop(role(&app, "conflicts_clerk", "clerk").await);
    let path = "/api/roles/conflicts_clerk";
    let granted = grant(app.admin(), "roles/conflicts_clerk", "walls:manage", "allow", json!({})).await;
    let granted = id_of(&granted.expect_status(201).json());
    drop(give(app.admin(), &id, "conflicts_clerk").await.expect_status(200));
    remove(app.admin(), path).await.expect_problem(409, "role_in_use");
    let renamed = app.admin().patch(path, &json!({ "name": "conflicts", "description": " " })).await;
    let renamed = renamed.expect_status(200).json();
    assert_eq!((&renamed["name"], &renamed["description"]), (&json!("conflicts"), &json!(null)), "{renamed}");
    app.admin().get(path).await.expect_problem(404, "role_not_found");
    assert_eq!(names_of(app.admin(), &format!("/api/users/{id}/roles")).await, ["clerk", "conflicts"]);
    let path = "/api/roles/conflicts";
    let stale = app.admin().send(Method::DELETE, path, &[("if-match", "\"v1\"")], Bytes::new()).await;
    stale.expect_problem(412, "stale_version");
    drop(give(app.admin(), &id, "clerk").await.expect_status(200));
    remove(app.admin(), path).await.expect_problem(409, "role_in_use");
    let end = json!({ "revokeReason": "Done" }).to_string();
    let grant_path = format!("/api/permissions/{granted}");
    drop(app.admin().send(Method::DELETE, &grant_path, &JSON, Bytes::from(end)).await.expect_status(200));
    drop(remove(app.admin(), path).await.expect_status(204));
    remove(app.admin(), path).await.expect_problem(404, "role_not_found");
    give(app.admin(), &id, "conflicts").await.expect_problem(400, "validation_failed");
    app.finish().await;
}

#[tokio::test]
async fn what_can_be_no_role_is_refused() {
    let app = TestApp::start().await;
    drop(role(&app, "conflicts", "clerk").await);
    for (body, status, code) in [
        (json!({ "name": "conflicts", "base": "user" }), 409, "role_name_taken"),
        (json!({ "name": "partner", "base": "user" }), 400, "validation_failed"),
        (json!({ "name": "Conflicts", "base": "user" }), 400, "validation_failed"),
        (json!({ "name": "x", "base": "user" }), 400, "validation_failed"),
        (json!({ "name": "root", "base": "super_admin" }), 400, "validation_failed"),
        (json!({ "name": "own", "base": "conflicts" }), 400, "validation_failed"),
        (json!({ "name": "own" }), 400, "validation_failed"),
        (json!({ "name": "own", "base": "user", "more": 1 }), 400, "validation_failed"),
    ] {
        app.admin().post(ROLES, &body).await.expect_problem(status, code);
    }
    app.admin()
        .patch("/api/roles/clerk", &json!({ "name": "other" }))
        .await
        .expect_problem(409, "role_built_in");
    remove(app.admin(), "/api/roles/clerk").await.expect_problem(409, "role_built_in");
    app.admin().get("/api/roles/clerk").await.expect_problem(409, "role_built_in");
    app.admin()
        .patch("/api/roles/conflicts", &json!({ "base": "user" }))
        .await
        .expect_problem(400, "validation_failed");
    app.admin().get("/api/roles/%00").await.expect_problem(404, "role_not_found");
    grant(app.admin(), "roles/nobody", "search:use", "allow", json!({}))
        .await
        .expect_problem(404, "role_not_found");
    let (clerk, _) = person(&app, Role::Clerk).await;
    clerk.post(ROLES, &json!({ "name": "own", "base": "user" })).await.expect_problem(403, "forbidden");
    // Roles are the firm's affair: neither another firm's people nor its clients see them.
    let (client, _) = person(&app, Role::Client).await;
    assert!(!names_of(&client, ROLES).await.contains(&"conflicts".to_owned()));
    client.get("/api/roles/conflicts").await.expect_problem(403, "forbidden");
    let other = app.second_firm().await;
    assert!(!names_of(&other, ROLES).await.contains(&"conflicts".to_owned()));
    other.get("/api/roles/conflicts").await.expect_problem(404, "role_not_found");
    remove(&other, "/api/roles/conflicts").await.expect_problem(404, "role_not_found");
    app.finish().await;
}

#[tokio::test]
async fn nobody_gives_a_role_beyond_their_own() {
    let app = TestApp::start().await;
    let (operator, operator_id) = person(&app, Role::ItAdmin).await;
    let (_, id) = person(&app, Role::Client).await;
    drop(role(&app, "observer", "client").await);
    drop(role(&app, "chief", "admin").await);
    give(&operator, &id, "chief").await.expect_problem(403, "role_not_assignable");
    drop(give(&operator, &id, "observer").await.expect_status(200));
    // What is granted to it later is beyond who runs the system; what is denied to it they do not give back.
    drop(grant(app.admin(), "roles/observer", "cases:read", "allow", json!({})).await.expect_status(201));
    let (_, second) = person(&app, Role::Client).await;
    give(&operator, &second, "observer").await.expect_problem(403, "role_not_assignable");
    drop(grant(app.admin(), "roles/observer", "audit:read", "deny", json!({})).await.expect_status(201));
    give(&operator, &id, "client").await.expect_problem(403, "role_not_assignable");
    drop(give(app.admin(), &id, "client").await.expect_status(200));
    // Nobody changes their own, also where the built-in one stays.
    drop(role(&app, "night_watch", "it_admin").await);
    give(&operator, &operator_id, "night_watch").await.expect_problem(422, "own_access");
    app.finish().await;
}

#[tokio::test]
async fn nobody_signs_in_as_who_may_do_more() {
    let app = TestApp::start().await;
    let (operator, _) = person(&app, Role::ItAdmin).await;
    let (_, id) = person(&app, Role::Client).await;
    drop(role(&app, "observer", "client").await);
    drop(grant(app.admin(), "roles/observer", "cases:read", "allow", json!({})).await.expect_status(201));
    let user = format!("/api/users/{id}");
    remove(&operator, &format!("{user}/mfa")).await.expect_problem(409, "mfa_not_enabled");
    drop(give(app.admin(), &id, "observer").await.expect_status(200));
    let shown = app.admin().get("/api/roles/observer").await.expect_status(200).json();
    assert_eq!(shown["holders"], json!([id]), "{shown}");
    remove(&operator, &format!("{user}/mfa")).await.expect_problem(403, "role_not_assignable");
    // To take access away gives nobody anything; to give it back does.
    drop(remove(&operator, &user).await.expect_status(204));
    operator.post(&format!("{user}/activate"), &json!({})).await.expect_problem(403, "role_not_assignable");
    drop(app.admin().post(&format!("{user}/activate"), &json!({})).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn the_ways_into_a_team_and_out_of_it_count_what_names_it() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    drop(
        grant(app.admin(), &format!("users/{id}"), "permissions:manage", "allow", json!({}))
            .await
            .expect_status(201),
    );
    let team =
        id_of(&app.admin().post("/api/teams", &json!({ "name": "Tax" })).await.expect_status(201).json());
    let member = format!("/api/teams/{team}/members/{id}");
    drop(clerk.send(Method::PUT, &member, &[], Bytes::new()).await.expect_status(204));
    drop(remove(&clerk, &member).await.expect_status(204));
    let teams = json!({ "teams": [team] });
    drop(grant(app.admin(), "roles/clerk", "walls:manage", "allow", teams.clone()).await.expect_status(201));
    clerk.send(Method::PUT, &member, &[], Bytes::new()).await.expect_problem(403, "grant_beyond_own");
    drop(app.admin().send(Method::PUT, &member, &[], Bytes::new()).await.expect_status(204));
    drop(grant(app.admin(), "roles/clerk", "audit:read", "deny", teams).await.expect_status(201));
    remove(&clerk, &member).await.expect_problem(403, "grant_beyond_own");
    remove(app.admin(), &format!("/api/teams/{team}")).await.expect_problem(409, "team_has_grants");
    drop(remove(app.admin(), &member).await.expect_status(204));
    app.finish().await;
}

#[tokio::test]
async fn a_grant_counts_for_whoever_is_in_one_of_its_teams() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let department = app.admin().post("/api/teams", &json!({ "name": "Tax" })).await;
    let department = id_of(&department.expect_status(201).json());
    let teams = json!({ "teams": [department] });
    let given = grant(app.admin(), "roles/clerk", "walls:manage", "allow", teams.clone()).await;
    let given = given.expect_status(201).json();
    assert_eq!(given["teams"], json!([department]), "{given}");
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    let path = format!("/api/permissions/explain?userId={id}&permission=walls:manage");
    let explained = app.admin().get(&path).await.expect_status(200).json();
    let row = explained["rows"].as_array().unwrap().iter().find(|row| row["grant"]["id"] == given["id"]);
    assert_eq!(row.unwrap()["counts"], json!(false), "{explained}");
    let member = format!("/api/teams/{department}/members/{id}");
    drop(app.admin().send(Method::PUT, &member, &[], Bytes::new()).await.expect_status(204));
    drop(clerk.get(WALLS).await.expect_status(200));
    drop(grant(app.admin(), &format!("users/{id}"), "walls:manage", "deny", teams).await.expect_status(201));
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    drop(remove(app.admin(), &member).await.expect_status(204));
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    // Neither counts any more: not what allowed, and not what denied.
    drop(grant(app.admin(), "roles/clerk", "walls:manage", "allow", json!({})).await.expect_status(201));
    drop(clerk.get(WALLS).await.expect_status(200));
    let absent = json!({ "teams": [absent()] });
    grant(app.admin(), "roles/clerk", "walls:manage", "allow", absent)
        .await
        .expect_problem(404, "team_not_found");
    app.finish().await;
}
