//! The routes as a client meets them, without a network.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::Routes;
use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use support::{EMAIL, PASSWORD, World};
use tower::ServiceExt;

fn router(world: &World) -> Router {
    let watch = Arc::new(world.sessions.clone());
    let routes = Routes::new()
        .merge(accounts::routes(world.hasher.clone(), watch))
        .merge(sessions::routes(world.sessions.clone()));
    routes.into_parts(world.app.clone()).0
}

async fn send(router: &Router, method: &str, path: &str, token: Option<&str>, body: Value) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    router.clone().oneshot(request.body(body).expect("a request")).await.expect("an answer")
}

async fn json_of(answer: Response<Body>) -> Value {
    let bytes = answer.into_body().collect().await.expect("a whole body").to_bytes();
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn sign_in(router: &Router, email: &str) -> Value {
    let body = json!({ "email": email, "password": PASSWORD, "mfaCode": "000000" });
    let answer = send(router, "POST", "/api/auth/login", None, body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store, no-transform");
    json_of(answer).await
}

#[tokio::test]
async fn a_client_signs_in_refreshes_reads_itself_and_signs_out() {
    let world = World::new().await;
    let router = router(&world);
    let login = sign_in(&router, EMAIL).await;
    assert_eq!((&login["tokenType"], &login["expiresIn"]), (&json!("Bearer"), &json!(900)));
    let user = &login["user"];
    assert_eq!(
        (&user["email"], &user["role"], &user["mfaEnabled"]),
        (&json!(EMAIL), &json!("attorney"), &json!(false))
    );
    assert!(user["permissions"].as_array().is_some_and(|codes| codes.contains(&json!("cases:read"))));
    let body = json!({ "refreshToken": login["refreshToken"] });
    let next = json_of(send(&router, "POST", "/api/auth/refresh", None, body).await).await;
    let token = next["accessToken"].as_str().expect("an access token");
    for path in ["/api/auth/me", "/api/auth/profile"] {
        assert_eq!(
            json_of(send(&router, "GET", path, Some(token), Value::Null).await).await["id"],
            user["id"]
        );
    }
    let out = send(&router, "POST", "/api/auth/logout", Some(token), json!({ "refreshToken": "x" })).await;
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    let after = send(&router, "GET", "/api/auth/me", Some(token), Value::Null).await;
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refresh_without_a_token_is_a_fault_of_the_request() {
    let world = World::new().await;
    let router = router(&world);
    for body in [json!({}), json!({ "refreshToken": "" }), json!({ "refreshToken": null })] {
        assert_eq!(
            send(&router, "POST", "/api/auth/refresh", None, body).await.status(),
            StatusCode::BAD_REQUEST
        );
    }
    let unknown = json!({ "refreshToken": "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM" });
    let answer = send(&router, "POST", "/api/auth/refresh", None, unknown).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(json_of(answer).await["code"], "invalid_refresh_token");
}

#[tokio::test]
async fn an_administrator_adds_changes_and_deactivates_a_user() {
    let world = World::new().await;
    let router = router(&world);
    let login = sign_in(&router, "root@example.com").await;
    let token = login["accessToken"].as_str();
    let body = json!({ "email": "Cleo@example.com", "firstName": "Cleo", "lastName": "Novak", "role": "clerk",
        "password": "quiet orchard seven bridges" });
    let added = send(&router, "POST", "/api/users", token, body.clone()).await;
    assert_eq!(added.status(), StatusCode::CREATED);
    let path = added.headers()["location"].to_str().expect("a path").to_owned();
    assert_eq!(json_of(added).await["email"], "cleo@example.com");
    assert_eq!(send(&router, "POST", "/api/users", token, body).await.status(), StatusCode::CONFLICT);
    let changed = send(&router, "PATCH", &path, token, json!({ "role": "paralegal" })).await;
    assert_eq!((changed.status(), &changed.headers()["etag"]), (StatusCode::OK, &"\"v2\"".parse().unwrap()));
    let changed = send(&router, "PUT", &path, token, json!({ "lastName": null })).await;
    assert_eq!(changed.status(), StatusCode::BAD_REQUEST);
    assert_eq!(send(&router, "DELETE", &path, token, Value::Null).await.status(), StatusCode::NO_CONTENT);
    let list =
        json_of(send(&router, "GET", "/api/users?active=false&sort=-email", token, Value::Null).await).await;
    assert_eq!((&list["total"], &list["data"][0]["role"]), (&json!(1), &json!("paralegal")));
    let roles = json_of(send(&router, "GET", "/api/roles", token, Value::Null).await).await;
    assert_eq!(roles["total"], 17);
    let firms = json_of(send(&router, "GET", "/api/organizations", token, Value::Null).await).await;
    assert_eq!(firms["data"][0]["slug"], "moreno-kline");
}

#[tokio::test]
async fn a_weak_password_and_a_missing_name_are_told_with_their_members() {
    let world = World::new().await;
    let router = router(&world);
    let token = sign_in(&router, "root@example.com").await;
    let token = token["accessToken"].as_str();
    let body = json!({ "email": "cleo", "firstName": "", "role": "emperor", "password": "x", "extra": 1 });
    let answer = send(&router, "POST", "/api/users", token, body).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let problem = json_of(answer).await;
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().filter_map(|e| e["field"].as_str()).collect();
    for field in ["email", "firstName", "lastName", "role", "extra"] {
        assert!(fields.contains(&field), "{field} is not in {fields:?}");
    }
    let body = json!({ "email": "cleo@example.com", "firstName": "Cleo", "lastName": "Novak", "role": "clerk",
        "password": "password1234" });
    let answer = send(&router, "POST", "/api/users", token, body).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json_of(answer).await["errors"][0]["field"], "password");
}
