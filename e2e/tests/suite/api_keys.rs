//! Keys with which programs act in their owners' place.

use access::{Action, Gate, Role};
use chrono::TimeDelta;
use e2e::{PASSWORD, TestApp, id_of, make_key, one_of_each, open_case, routes};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

fn text(made: &Value) -> &str {
    made["key"].as_str().expect("a key")
}

/// What is secret of it: what stands behind its id.
fn secret(made: &Value) -> &str {
    text(made).split_at(37).1
}

/// A client that shows the key as a bearer token.
fn bearer(app: &TestApp, made: &Value) -> Client {
    app.anonymous().with_token(text(made))
}

async fn with_header(app: &TestApp, key: &str, path: &str) -> Answer {
    app.anonymous().send(Method::GET, path, &[("x-api-key", key)], Vec::new().into()).await
}

async fn create(client: &Client, more: &Value) -> Answer {
    let mut body = json!({ "name": "A program", "scopes": ["cases:read"] });
    for (member, value) in more.as_object().expect("an object") {
        body[member] = value.clone();
    }
    client.post("/api/api-keys", &body).await
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_in_either_header_and_nothing_else() {
    let app = TestApp::start().await;
    let answer =
        create(app.admin(), &json!({ "scopes": ["cases:read", "docket:read"] })).await.expect_status(201);
    assert!(answer.header("cache-control").contains("no-store"));
    let made = answer.json();
    let key = text(&made);
    assert!(key.starts_with("lxf_") && key.len() == 80 && key.starts_with(made["prefix"].as_str().unwrap()));
    drop(with_header(&app, key, "/api/cases").await.expect_status(200));
    let program = bearer(&app, &made);
    drop(program.get("/api/cases").await.expect_status(200));
    let refused = program.post("/api/cases", &json!({ "title": "A" })).await.expect_problem(403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("scope `cases:create`"), "{refused}");
    program.get("/api/users").await.expect_problem(403, "forbidden");

    let shown = app.admin().get("/api/api-keys").await.expect_status(200);
    assert!(!shown.text().contains(secret(&made)));
    let path = format!("/api/api-keys/{}", id_of(&made));
    assert_eq!(
        app.admin().get(&path).await.expect_status(200).json()["scopes"],
        json!(["cases:read", "docket:read"])
    );
    app.finish().await;
}

#[tokio::test]
async fn every_route_is_closed_to_a_key_without_its_scope_and_those_for_people_to_every_key() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let admin = app.admin();
    let all: Vec<&str> =
        Action::ALL.into_iter().filter(|action| !action.needs_person()).map(Action::code).collect();
    let strong = bearer(&app, &make_key(admin, &all).await);
    for route in routes(&app) {
        let (weakest, needs_person) = match route.gate {
            Gate::Public => continue,
            Gate::SignedIn => ("search:use", true),
            Gate::May(action) | Gate::MayOnCase(action) => {
                (if action == Action::Search { "time:read" } else { "search:use" }, action.needs_person())
            }
        };
        let weak = things_key(&app, weakest).await;
        let body = route.body(&things).map(|body| body.to_string()).unwrap_or_default();
        let headers = [("content-type", "application/json")];
        let call = async |client: &Client| {
            client.send(route.method.clone(), &route.absent_path(), &headers, body.clone().into()).await
        };
        call(&weak).await.expect_problem(403, "forbidden");
        let answer = call(&strong).await;
        let refused = answer.status == 403 && answer.json()["code"] == "forbidden";
        // Where a second factor would be asked for again, a key has none to show.
        let is_fresh = ["/memory/profile", "/leaks/snapshot"].iter().any(|end| route.template.ends_with(end));
        assert_eq!(
            refused,
            needs_person || is_fresh,
            "{} {}: {}",
            route.method,
            route.template,
            answer.text()
        );
        assert!(answer.status != 401 && !answer.status.is_server_error(), "{route:?}: {}", answer.text());
    }
    app.settle().await;
    app.finish().await;
}

/// A key with this scope alone; one for each scope, since a user has only so many.
async fn things_key(app: &TestApp, scope: &str) -> Client {
    let name = format!("only {scope}");
    let known = app.admin().get("/api/api-keys?limit=1000").await.expect_status(200).json();
    for old in known["data"].as_array().unwrap().iter().filter(|key| key["name"] == name.as_str()) {
        drop(app.admin().delete(&format!("/api/api-keys/{}", id_of(old))).await);
    }
    let made =
        create(app.admin(), &json!({ "name": name, "scopes": [scope] })).await.expect_status(201).json();
    bearer(app, &made)
}

#[tokio::test]
async fn a_revoked_or_expired_key_is_refused_at_its_next_request() {
    let app = TestApp::start().await;
    let made = make_key(app.admin(), &["cases:read"]).await;
    let program = bearer(&app, &made);
    drop(program.get("/api/cases").await.expect_status(200));
    let path = format!("/api/api-keys/{}", id_of(&made));
    drop(app.admin().delete(&path).await.expect_status(204));
    let refused = program.get("/api/cases").await.expect_problem(401, "unauthenticated");
    assert!(refused["detail"].as_str().unwrap().contains("revoked"), "{refused}");
    app.admin().delete(&path).await.expect_problem(404, "api_key_not_found");

    let made =
        create(app.admin(), &json!({ "expiresAt": "2026-03-02T13:00:00Z" })).await.expect_status(201).json();
    drop(bearer(&app, &made).get("/api/cases").await.expect_status(200));
    app.advance(TimeDelta::hours(1));
    let refused = bearer(&app, &made).get("/api/cases").await.expect_problem(401, "unauthenticated");
    assert!(refused["detail"].as_str().unwrap().contains("expired"), "{refused}");
    app.finish().await;
}

#[tokio::test]
async fn a_key_of_another_spelling_secret_or_address_lets_nobody_in() {
    let app = TestApp::start().await;
    let (one, other) =
        (make_key(app.admin(), &["cases:read"]).await, make_key(app.admin(), &["cases:read"]).await);
    let mixed = format!("{}_{}", one["prefix"].as_str().unwrap(), secret(&other));
    for wrong in [mixed.as_str(), "lxf_", "lxf_x", &text(&one).to_uppercase(), &text(&one)[..79]] {
        with_header(&app, wrong, "/api/cases").await.expect_problem(401, "unauthenticated");
    }
    let near =
        create(app.admin(), &json!({ "networks": ["127.0.0.0/8", "::1"] })).await.expect_status(201).json();
    assert_eq!(near["networks"], json!(["127.0.0.0/8", "::1/128"]));
    drop(bearer(&app, &near).get("/api/cases").await.expect_status(200));
    let far = create(app.admin(), &json!({ "networks": ["203.0.113.7/24"] })).await.expect_status(201).json();
    assert_eq!(far["networks"], json!(["203.0.113.0/24"]));
    let refused = bearer(&app, &far).get("/api/cases").await.expect_problem(401, "unauthenticated");
    assert!(refused["detail"].as_str().unwrap().contains("from this address"), "{refused}");
    app.finish().await;
}

#[tokio::test]
async fn nobody_gives_a_key_more_than_they_have_and_nobody_gives_it_users() {
    let app = TestApp::start().await;
    let clerk = app.user(Role::Clerk).await;
    for scope in ["cases:delete", "users:manage", "no:such"] {
        let refused =
            create(&clerk, &json!({ "scopes": [scope] })).await.expect_problem(422, "api_key_scope");
        assert_eq!(refused["errors"][0]["field"], "scopes");
    }
    create(app.admin(), &json!({ "scopes": ["users:manage"] })).await.expect_problem(422, "api_key_scope");
    let faults = create(&clerk, &json!({ "scopes": [], "networks": ["nowhere"] })).await;
    let faults = faults.expect_problem(400, "validation_failed");
    assert_eq!(faults["errors"].as_array().unwrap().len(), 2, "{faults}");
    for end in ["2026-03-02T12:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T00:00:00Z"] {
        create(&clerk, &json!({ "expiresAt": end })).await.expect_problem(422, "rule_refused");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_follows_its_owners_role_and_ends_with_their_access() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Attorney).await;
    let owner = app.anonymous().sign_in(&email, PASSWORD).await;
    let made = make_key(&owner, &["cases:create", "cases:read"]).await;
    let program = bearer(&app, &made);
    drop(open_case(&program, "Alder v. Birch").await);
    let user = made["userId"].as_str().unwrap();
    let role = json!({ "role": "clerk" });
    drop(app.admin().patch(&format!("/api/users/{user}"), &role).await.expect_status(200));
    program.post("/api/cases", &json!({ "title": "A" })).await.expect_problem(403, "forbidden");
    drop(program.get("/api/cases").await.expect_status(200));

    drop(app.admin().post(&format!("/api/users/{user}/deactivate"), &json!({})).await.expect_status(200));
    program.get("/api/cases").await.expect_problem(401, "unauthenticated");
    drop(app.admin().post(&format!("/api/users/{user}/activate"), &Value::Null).await.expect_status(200));
    program.get("/api/cases").await.expect_problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_the_overlap_beside_the_new_one() {
    let app = TestApp::start().await;
    let made =
        create(app.admin(), &json!({ "expiresAt": "2026-03-12T12:00:00Z" })).await.expect_status(201).json();
    app.advance(TimeDelta::minutes(10));
    let path = format!("/api/api-keys/{}/rotate", id_of(&made));
    let next = app.admin().post(&path, &json!({ "overlapSeconds": 600 })).await.expect_status(201).json();
    assert_eq!((&next["name"], &next["scopes"]), (&made["name"], &made["scopes"]));
    assert_eq!(next["expiresAt"], "2026-03-12T12:10:00Z");
    for key in [&made, &next] {
        drop(bearer(&app, key).get("/api/cases").await.expect_status(200));
    }
    app.advance(TimeDelta::minutes(10));
    bearer(&app, &made).get("/api/cases").await.expect_problem(401, "unauthenticated");
    drop(bearer(&app, &next).get("/api/cases").await.expect_status(200));
    let admin = app.anonymous().sign_in(app.admin_email(), PASSWORD).await;
    admin.post(&path, &json!({})).await.expect_problem(404, "api_key_not_found");
    let at_once = format!("/api/api-keys/{}/rotate", id_of(&next));
    drop(admin.post(&at_once, &json!({ "overlapSeconds": 0 })).await.expect_status(201));
    bearer(&app, &next).get("/api/cases").await.expect_problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test]
async fn the_last_use_is_noted_to_the_minute() {
    let app = TestApp::start().await;
    let made = make_key(app.admin(), &["cases:read"]).await;
    let last = async || {
        let path = format!("/api/api-keys/{}", id_of(&made));
        app.admin().get(&path).await.expect_status(200).json()["lastUsedAt"].clone()
    };
    assert_eq!(last().await, Value::Null);
    let program = bearer(&app, &made);
    drop(program.get("/api/cases").await.expect_status(200));
    let first = last().await;
    app.advance(TimeDelta::seconds(59));
    drop(program.get("/api/cases").await.expect_status(200));
    assert_eq!(last().await, first);
    app.advance(TimeDelta::seconds(1));
    drop(program.get("/api/cases").await.expect_status(200));
    assert_ne!(last().await, first);
    app.finish().await;
}

#[tokio::test]
async fn keys_are_their_owners_and_whoever_manages_users_sees_and_ends_them() {
    let app = TestApp::start().await;
    let (clerk, other) = (app.user(Role::Clerk).await, app.user(Role::Clerk).await);
    let made = make_key(&clerk, &["cases:read"]).await;
    let path = format!("/api/api-keys/{}", id_of(&made));
    for call in [other.get(&path).await, other.delete(&path).await] {
        call.expect_problem(404, "api_key_not_found");
    }
    let user = made["userId"].as_str().unwrap();
    other.get(&format!("/api/api-keys?userId={user}")).await.expect_problem(403, "forbidden");
    let seen = app.admin().get(&format!("/api/api-keys?userId={user}")).await.expect_status(200).json();
    assert_eq!((&seen["total"], &seen["data"][0]["id"]), (&json!(1), &made["id"]));
    let operator = app.user(Role::ItAdmin).await;
    operator.delete(&path).await.expect_problem(403, "role_not_assignable");
    drop(app.admin().delete(&path).await.expect_status(204));
    bearer(&app, &made).get("/api/cases").await.expect_problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test]
async fn a_user_has_fifty_keys_at_most_and_an_ended_one_makes_room() {
    let app = TestApp::start().await;
    let first = make_key(app.admin(), &["cases:read"]).await;
    for _ in 1..50 {
        drop(make_key(app.admin(), &["cases:read"]).await);
    }
    create(app.admin(), &json!({})).await.expect_problem(422, "api_key_limit");
    drop(app.admin().delete(&format!("/api/api-keys/{}", id_of(&first))).await.expect_status(204));
    drop(create(app.admin(), &json!({})).await.expect_status(201));
    app.finish().await;
}

#[tokio::test]
async fn idempotency_keys_are_the_owners_and_a_repeated_creation_makes_no_second_key() {
    let app = TestApp::start().await;
    let program = bearer(&app, &make_key(app.admin(), &["cases:create"]).await);
    let headers = [("content-type", "application/json"), ("idempotency-key", "once")];
    let body = json!({ "title": "Alder v. Birch" }).to_string();
    let send = async |client: &Client| {
        client.send(Method::POST, "/api/cases", &headers, body.clone().into()).await.expect_status(201).json()
    };
    assert_eq!(send(&program).await["id"], send(app.admin()).await["id"]);

    let headers = [("content-type", "application/json"), ("idempotency-key", "a-key")];
    let body = json!({ "name": "Twice", "scopes": ["cases:read"] }).to_string();
    let send = async || app.admin().send(Method::POST, "/api/api-keys", &headers, body.clone().into()).await;
    drop(send().await.expect_status(201));
    assert_eq!(send().await.status, 409, "the secret is not kept for a repetition");
    let listed = app.admin().get("/api/api-keys").await.expect_status(200).json();
    let twice = listed["data"].as_array().unwrap().iter().filter(|key| key["name"] == "Twice").count();
    assert_eq!(twice, 1);
    app.finish().await;
}
