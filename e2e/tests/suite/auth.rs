//! Signing in, staying signed in, and signing out.

use access::Role;
use chrono::TimeDelta;
use e2e::{PASSWORD, TestApp};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    app.anonymous().post("/api/auth/login", &json!({ "email": email, "password": password })).await
}

async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.anonymous().post("/api/auth/refresh", &json!({ "refreshToken": token })).await
}

fn client_of(app: &TestApp, login: &Value) -> Client {
    app.anonymous().with_token(login["accessToken"].as_str().unwrap())
}

#[tokio::test]
async fn a_login_answers_with_tokens_and_the_user() {
    let app = TestApp::start().await;
    let answer = login(&app, app.admin_email(), PASSWORD).await.expect_status(200);
    assert!(answer.header("cache-control").contains("no-store"));
    let login = answer.json();
    assert_eq!((&login["tokenType"], &login["expiresIn"]), (&json!("Bearer"), &json!(900)));
    let user = &login["user"];
    assert_eq!((&user["email"], &user["role"]), (&json!(app.admin_email()), &json!("super_admin")));
    assert_eq!(user["permissions"].as_array().unwrap().len(), access::Action::ALL.len());
    assert_eq!(user["mfaEnabled"], false);
    let claims = login["accessToken"].as_str().unwrap().split('.').count();
    assert_eq!(claims, 3, "a JSON Web Token");

    let me = client_of(&app, &login).get("/api/auth/me").await.expect_status(200).json();
    assert_eq!(me, *user);
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_refused_alike() {
    let app = TestApp::start().await;
    let wrong = login(&app, app.admin_email(), "not the password at all").await;
    let unknown = login(&app, "nobody@first.example.com", PASSWORD).await;
    let (wrong, unknown) = (
        wrong.expect_problem(401, "invalid_credentials"),
        unknown.expect_problem(401, "invalid_credentials"),
    );
    assert_eq!(wrong["detail"], unknown["detail"]);
    app.finish().await;
}

#[tokio::test]
async fn a_refresh_rotates_and_a_token_used_twice_ends_the_login() {
    let app = TestApp::start().await;
    let first = login(&app, app.admin_email(), PASSWORD).await.expect_status(200).json();
    let second = refresh(&app, &first["refreshToken"]).await.expect_status(200).json();
    assert_ne!(first["refreshToken"], second["refreshToken"]);
    let client = client_of(&app, &second);
    drop(client.get("/api/auth/me").await.expect_status(200));

    refresh(&app, &first["refreshToken"]).await.expect_problem(401, "invalid_refresh_token");
    refresh(&app, &second["refreshToken"]).await.expect_problem(401, "invalid_refresh_token");
    client.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test]
async fn a_refresh_without_a_token_is_a_bad_request() {
    let app = TestApp::start().await;
    let problem =
        app.anonymous().post("/api/auth/refresh", &json!({})).await.expect_problem(400, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "refreshToken");
    refresh(&app, &json!("")).await.expect_problem(400, "validation_failed");
    refresh(&app, &json!("no such token")).await.expect_problem(401, "invalid_refresh_token");
    let send = async |headers: &[(&str, &str)], body: &'static str| {
        app.anonymous().send(Method::POST, "/api/auth/refresh", headers, body.into()).await
    };
    let problem = send(&[], "").await.expect_problem(400, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "refreshToken");
    // A body of another kind is another fault.
    send(&[], "{}").await.expect_problem(415, "unsupported_media_type");
    send(&[("content-type", "text/plain")], "").await.expect_problem(415, "unsupported_media_type");
    app.finish().await;
}

#[tokio::test]
async fn logout_ends_the_login_at_once_with_both_tokens() {
    let app = TestApp::start().await;
    let login = login(&app, app.admin_email(), PASSWORD).await.expect_status(200).json();
    let client = client_of(&app, &login);
    drop(client.post("/api/auth/logout", &json!({})).await.expect_status(204));
    client.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    refresh(&app, &login["refreshToken"]).await.expect_problem(401, "invalid_refresh_token");
    drop(app.admin().get("/api/auth/me").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn an_access_token_runs_out_and_a_refresh_renews_it_until_the_login_idles_out() {
    let app = TestApp::start().await;
    let login = login(&app, app.admin_email(), PASSWORD).await.expect_status(200).json();
    app.advance(TimeDelta::minutes(16));
    let expired = client_of(&app, &login).get("/api/auth/me").await;
    expired.expect_problem(401, "unauthenticated");
    assert!(expired.header("www-authenticate").starts_with("Bearer"));
    let renewed = refresh(&app, &login["refreshToken"]).await.expect_status(200).json();
    drop(client_of(&app, &renewed).get("/api/auth/me").await.expect_status(200));
    app.advance(TimeDelta::minutes(31));
    refresh(&app, &renewed["refreshToken"]).await.expect_problem(401, "invalid_refresh_token");
    app.finish().await;
}

#[tokio::test]
async fn guesses_are_throttled_and_the_right_password_works_again_later() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Clerk).await;
    for _ in 0..10 {
        login(&app, &email, "a guess that is wrong").await.expect_problem(401, "invalid_credentials");
    }
    let throttled = login(&app, &email, PASSWORD).await;
    throttled.expect_problem(429, "too_many_attempts");
    let seconds: i64 = throttled.header("retry-after").parse().expect("Retry-After in seconds");
    assert!((1..=300).contains(&seconds), "{seconds}");
    drop(login(&app, app.admin_email(), PASSWORD).await.expect_status(200));
    app.advance(TimeDelta::seconds(seconds));
    drop(login(&app, &email, PASSWORD).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn no_credentials_are_401_and_too_few_permissions_are_403() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    anonymous.get("/api/cases").await.expect_problem(401, "unauthenticated");
    anonymous.with_token("not.a.token").get("/api/cases").await.expect_problem(401, "unauthenticated");
    let clerk = app.user(Role::Clerk).await;
    let refused = clerk.post("/api/cases", &json!({ "title": "Alder v. Birch" })).await;
    let problem = refused.expect_problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("cases:create"), "{problem}");
    drop(clerk.get("/api/cases").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn a_changed_role_and_a_deactivation_count_at_once() {
    let app = TestApp::start().await;
    let associate = app.user(Role::Associate).await;
    let me = associate.get("/api/auth/me").await.expect_status(200).json();
    let path = format!("/api/users/{}", me["id"].as_str().unwrap());
    drop(app.admin().patch(&path, &json!({ "role": "clerk" })).await.expect_status(200));
    associate.post("/api/cases", &json!({ "title": "Alder" })).await.expect_problem(403, "forbidden");
    drop(app.admin().delete(&path).await.expect_status(204));
    associate.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test]
async fn a_new_password_is_in_force_at_once() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Partner).await;
    let client = app.anonymous().sign_in(&email, PASSWORD).await;
    let change = |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
    let path = "/api/auth/change-password";
    let wrong = client.post(path, &change("not this one at all", "quiet orchard seven bridges")).await;
    wrong.expect_problem(422, "wrong_password");
    client.post(path, &change(PASSWORD, "password1234")).await.expect_problem(422, "weak_password");
    drop(client.post(path, &change(PASSWORD, "quiet orchard seven bridges")).await.expect_status(204));
    login(&app, &email, PASSWORD).await.expect_problem(401, "invalid_credentials");
    drop(login(&app, &email, "quiet orchard seven bridges").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn no_answer_holds_a_secret() {
    let app = TestApp::start().await;
    let login = login(&app, app.admin_email(), PASSWORD).await.expect_status(200).json();
    drop(login_with_typo(&app).await);
    let secrets = [PASSWORD, "$argon2", login["refreshToken"].as_str().unwrap()];
    let client = client_of(&app, &login);
    for route in e2e::routes(&app).iter().filter(|route| route.method == http::Method::GET && !route.has_id())
    {
        let text = client.get(&route.absent_path()).await.text();
        for secret in secrets {
            assert!(!text.contains(secret), "{} tells a secret", route.template);
        }
    }
    app.finish().await;
}

/// What is refused must not be repeated in the answer.
async fn login_with_typo(app: &TestApp) -> Answer {
    let body = json!({ "email": app.admin_email(), "pasword": PASSWORD });
    let answer = app.anonymous().post("/api/auth/login", &body).await;
    answer.expect_problem(400, "validation_failed");
    assert!(!answer.text().contains(PASSWORD));
    answer
}
