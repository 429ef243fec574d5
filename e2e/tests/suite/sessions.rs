//! Where one is signed in, second factors, and what they guard, over HTTP.

use access::Role;
use chrono::TimeDelta;
use crypto::totp::{TotpSecret, step_at};
use data_encoding::BASE32_NOPAD;
use e2e::{PASSWORD, TestApp, absent};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

async fn login(app: &TestApp, body: &Value) -> Answer {
    app.anonymous().post("/api/auth/login", body).await
}

async fn ids_of(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.expect_status(200).json();
    page["data"].as_array().unwrap().iter().map(e2e::id_of).collect()
}

#[tokio::test]
async fn one_sees_and_names_and_ends_ones_logins() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Associate).await;
    let here = app.anonymous().sign_in(&email, PASSWORD).await;
    app.advance(TimeDelta::minutes(1));
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let headers = [("content-type", "application/json"), ("user-agent", browser)];
    let body = json!({ "email": email, "password": PASSWORD }).to_string();
    let there = app.anonymous().send(Method::POST, "/api/auth/login", &headers, body.into()).await;
    let there = app.anonymous().with_token(there.expect_status(200).json()["accessToken"].as_str().unwrap());

    let page = here.get("/api/auth/sessions").await.expect_status(200).json();
    assert_eq!((&page["total"], &page["limit"]), (&json!(2), &json!(20)));
    let newest = &page["data"][0];
    assert_eq!(newest["device"], json!({ "type": "desktop", "browser": "Firefox 128", "os": "Linux" }));
    assert_eq!((&newest["isCurrent"], &newest["isTrusted"]), (&json!(false), &json!(false)));
    assert_eq!(page["data"][1]["isCurrent"], true);
    assert_eq!(newest["address"], "127.0.0.1");
    here.get("/api/auth/sessions?limit=101").await.expect_problem(400, "validation_failed");

    let path = format!("/api/auth/sessions/{}", e2e::id_of(newest));
    let named = here.patch(&path, &json!({ "name": "Laptop" })).await.expect_status(200).json();
    assert_eq!(named["name"], "Laptop");
    let unnamed = here.patch(&path, &json!({ "name": null })).await.expect_status(200).json();
    assert_eq!(unnamed["name"], Value::Null);
    here.patch(&path, &json!({ "name": "" })).await.expect_problem(400, "validation_failed");
    let long = json!({ "reason": "x".repeat(256) }).to_string();
    let json_type = [("content-type", "application/json")];
    let refused = here.send(Method::DELETE, &path, &json_type, long.into()).await;
    refused.expect_problem(400, "validation_failed");
    let reason = json!({ "reason": "left in a train" }).to_string();
    drop(here.send(Method::DELETE, &path, &json_type, reason.into()).await.expect_status(204));
    there.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    drop(here.delete(&path).await.expect_status(204));
    let foreign = format!("/api/auth/sessions/{}", absent());
    here.delete(&foreign).await.expect_problem(404, "session_not_found");

    let third = app.anonymous().sign_in(&email, PASSWORD).await;
    drop(here.delete("/api/auth/sessions").await.expect_status(204));
    third.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    assert_eq!(ids_of(&here, "/api/auth/sessions").await.len(), 1);
    let stats = here.get("/api/auth/sessions/stats").await.expect_status(200).json();
    assert_eq!((&stats["totalSessions"], &stats["activeSessions"]), (&json!(3), &json!(1)));
    assert_eq!(stats["recentAddresses"], json!(["127.0.0.1"]));
    app.finish().await;
}

#[tokio::test]
async fn an_administrator_ends_the_logins_of_a_user_and_of_the_firm() {
    let app = TestApp::start().await;
    let (one, other) = (app.user(Role::Clerk).await, app.user(Role::Partner).await);
    let user = e2e::id_of(&one.get("/api/auth/me").await.expect_status(200).json());
    let path = format!("/api/users/{user}/sessions");
    assert_eq!(ids_of(app.admin(), &path).await.len(), 1);
    other.get(&path).await.expect_problem(403, "forbidden");
    drop(app.admin().delete(&path).await.expect_status(204));
    one.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    drop(other.get("/api/auth/me").await.expect_status(200));
    let stranger = app.second_firm().await;
    stranger.delete(&path).await.expect_problem(404, "user_not_found");

    let me = app.admin().get("/api/auth/me").await.expect_status(200).json();
    let firm = format!("/api/organizations/{}/sessions", me["organizationId"].as_str().unwrap());
    stranger.delete(&firm).await.expect_problem(404, "organization_not_found");
    drop(app.admin().delete(&firm).await.expect_status(204));
    other.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    drop(app.admin().get("/api/auth/me").await.expect_status(200));
    drop(stranger.get("/api/auth/me").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn the_history_tells_of_every_attempt() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Clerk).await;
    drop(login(&app, &json!({ "email": email, "password": "a wrong guess at it" })).await.expect_status(401));
    app.advance(TimeDelta::seconds(1));
    let client = app.anonymous().sign_in(&email, PASSWORD).await;
    let page = client.get("/api/auth/login-history").await.expect_status(200).json();
    let outcomes: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["signed_in", "refused"]);
    assert_eq!(page["data"][1]["sessionId"], Value::Null);
    let me = client.get("/api/auth/me").await.expect_status(200).json();
    let path = format!("/api/auth/login-history?userId={}&limit=1", e2e::id_of(&me));
    assert_eq!(app.admin().get(&path).await.expect_status(200).json()["total"], 2);
    app.user(Role::Partner).await.get(&path).await.expect_problem(403, "forbidden");
    app.second_firm().await.get(&path).await.expect_problem(404, "user_not_found");
    app.finish().await;
}

#[tokio::test]
async fn the_eleventh_login_ends_the_idlest() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Clerk).await;
    let first = app.anonymous().sign_in(&email, PASSWORD).await;
    app.advance(TimeDelta::seconds(1));
    let second = app.anonymous().sign_in(&email, PASSWORD).await;
    for _ in 0..9 {
        app.advance(TimeDelta::seconds(1));
        drop(app.anonymous().sign_in(&email, PASSWORD).await);
    }
    first.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    drop(second.get("/api/auth/me").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn a_browser_keeps_its_device_in_a_cookie_that_no_script_reads() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Clerk).await;
    let body = json!({ "email": email, "password": PASSWORD });
    let first = login(&app, &body).await.expect_status(200);
    let cookie = first.header("set-cookie").to_owned();
    for word in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/api/auth"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    let headers = [("content-type", "application/json"), ("cookie", pair)];
    let again =
        app.anonymous().send(Method::POST, "/api/auth/login", &headers, body.to_string().into()).await;
    let client = app.anonymous().with_token(again.expect_status(200).json()["accessToken"].as_str().unwrap());
    let trust = format!("/api/auth/sessions/{}/trust", ids_of(&client, "/api/auth/sessions").await[0]);
    let session = json!({ "sessionId": ids_of(&client, "/api/auth/sessions").await[0] });
    drop(client.post("/api/auth/sessions/trust-device", &session).await.expect_status(204));
    // Both logins are on the one device.
    let trusted = async || {
        let page = client.get("/api/auth/sessions").await.expect_status(200).json();
        page["data"].as_array().unwrap().iter().filter(|login| login["isTrusted"] == true).count()
    };
    assert_eq!(trusted().await, 2);
    drop(client.delete(&trust).await.expect_status(204));
    assert_eq!(trusted().await, 0);
    app.finish().await;
}

/// Sets up a second factor for the administrator.
pub(crate) async fn enrol(app: &TestApp, client: &Client) -> TotpSecret {
    let body = json!({ "password": PASSWORD });
    let given = client.post("/api/auth/mfa/totp", &body).await.expect_status(200).json();
    let bytes = BASE32_NOPAD.decode(given["secret"].as_str().unwrap().as_bytes()).unwrap();
    let secret = TotpSecret::from_bytes(&bytes).unwrap();
    assert!(given["otpauthUri"].as_str().unwrap().contains(given["secret"].as_str().unwrap()));
    let code = json!({ "code": code(app, &secret) });
    let codes = client.post("/api/auth/mfa/totp/confirm", &code).await.expect_status(200).json();
    assert_eq!(codes["recoveryCodes"].as_array().unwrap().len(), 10);
    secret
}

pub(crate) fn code(app: &TestApp, secret: &TotpSecret) -> String {
    secret.code(step_at(app.app().clock().now())).unwrap().expose().to_owned()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_guards_heap_profiles() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let profile = "/api/monitoring/memory/profile?format=inventory";
    let secret = enrol(&app, admin).await;
    assert_eq!(admin.get("/api/auth/me").await.expect_status(200).json()["mfaEnabled"], true);
    let state = admin.get("/api/auth/mfa").await.expect_status(200).json();
    assert_eq!(state, json!({ "enabled": true, "required": false, "recoveryCodesLeft": 10 }));

    let mut body = json!({ "email": app.admin_email(), "password": PASSWORD });
    login(&app, &body).await.expect_problem(401, "mfa_required");
    body["mfaCode"] = json!("000000");
    login(&app, &body).await.expect_problem(401, "mfa_code_invalid");
    app.advance(TimeDelta::seconds(30));
    body["mfaCode"] = json!(code(&app, &secret));
    drop(login(&app, &body).await.expect_status(200));
    app.advance(TimeDelta::seconds(1));
    login(&app, &body).await.expect_problem(401, "mfa_code_invalid");
    let history = admin.get("/api/auth/login-history").await.expect_status(200).json();
    assert_eq!(history["data"][0]["outcome"], "second_factor_refused");

    app.advance(TimeDelta::minutes(10));
    for (method, path) in [
        (Method::GET, profile),
        (Method::POST, "/api/monitoring/memory/profile"),
        (Method::POST, "/api/monitoring/memory/leaks/snapshot"),
    ] {
        admin.send(method, path, &[], bytes::Bytes::new()).await.expect_problem(403, "step_up_required");
    }
    let code = json!({ "mfaCode": code(&app, &secret) });
    drop(admin.post("/api/auth/step-up", &code).await.expect_status(200));
    let mut answer = admin.get(profile).await;
    // Only one profile is taken at once in a process, which all tests of this program share.
    while answer.status == 409 && answer.json()["code"] == "profile_in_progress" {
        answer = admin.get(profile).await;
    }
    drop(answer.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn who_owes_a_second_factor_may_only_set_one_up() {
    let app = TestApp::with(&[("auth.mfa_required_for_privileged", "true")]).await;
    let admin = app.admin();
    admin.get("/api/cases").await.expect_problem(403, "mfa_enrolment_required");
    admin
        .post("/api/cases", &json!({ "title": "Alder" }))
        .await
        .expect_problem(403, "mfa_enrolment_required");
    drop(admin.get("/api/auth/me").await.expect_status(200));
    enrol(&app, admin).await;
    drop(admin.get("/api/cases").await.expect_status(200));
    app.finish().await;
}
