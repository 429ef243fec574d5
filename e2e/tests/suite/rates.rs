//! How often somebody may ask, counted by the server's clock. On PostgreSQL the counts are shared with other servers, and a
//! caller who is faster than the database may be told to wait a second: those numbers have a test with two servers.

use access::Role;
use bytes::Bytes;
use chrono::TimeDelta;
use e2e::{Form, PASSWORD, RawConnection, TestApp, head_of};
use http::Method;
use serde_json::json;
use std::time::Duration;
use testkit::{Answer, Client};

/// With the whole limit at once, which is exact on one server alone.
async fn limited(settings: &[(&str, &str)]) -> Option<TestApp> {
    let app = TestApp::with(settings).await;
    if app.app().db().is_shared() {
        app.finish().await;
        return None;
    }
    Some(app)
}

async fn sign_in(app: &TestApp, password: &str) -> Answer {
    let body = json!({ "email": app.admin_email(), "password": password });
    app.anonymous().post("/api/auth/login", &body).await
}

/// Asks until it is refused, at most so often, and says how often it was not.
async fn admitted(client: &Client, path: &str, most: usize) -> usize {
    for count in 0..most {
        let answer = client.get(path).await;
        if answer.status == 429 {
            return count;
        }
    }
    most
}

#[tokio::test]
async fn a_principal_may_ask_so_often_and_another_one_too() {
    let Some(app) = limited(&[("rate_limit.max", "5"), ("rate_limit.ttl", "60s")]).await else { return };
    let first = app.admin().get("/api/auth/me").await.expect_status(200);
    assert_eq!(first.header("ratelimit-policy"), "\"general\";q=5;w=60, \"general-address\";q=50;w=60");
    assert_eq!(first.header("ratelimit"), "\"general\";r=4;t=12, \"general-address\";r=49;t=2");
    assert_eq!(admitted(app.admin(), "/api/auth/me", 20).await, 4);
    let refused = app.admin().get("/api/cases").await;
    let problem = refused.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "12");
    assert!(refused.header("ratelimit").starts_with("\"general\";r=0;t=12"), "{:?}", refused.headers);
    assert!(problem["detail"].as_str().unwrap().contains("more than 5 requests in 60 seconds"), "{problem}");
    // Adding a user is a request of the administrator.
    app.advance(TimeDelta::seconds(12));
    let other = app.user(Role::Attorney).await;
    assert_eq!(admitted(&other, "/api/auth/me", 20).await, 5, "everybody has a count of their own");
    app.advance(TimeDelta::minutes(1));
    assert_eq!(admitted(app.admin(), "/api/auth/me", 20).await, 5);
    app.advance(TimeDelta::minutes(1));
    app.finish().await;
}

#[tokio::test]
async fn an_address_may_ask_so_often_whoever_it_is() {
    let settings = [("rate_limit.max", "4"), ("rate_limit.address_factor", "2")];
    let Some(app) = limited(&settings).await else { return };
    assert_eq!(admitted(&app.anonymous(), "/api/version", 20).await, 4);
    let refused = app.anonymous().get("/api/version").await;
    assert!(refused.header("ratelimit").starts_with("\"general-address\";r=0"), "{:?}", refused.headers);
    // Tokens that are none are no principals, and count under the address that shows them.
    for number in 0..8 {
        let client = app.anonymous().with_token(format!("none-{number}"));
        assert_eq!(client.get("/api/auth/me").await.status, 401, "{number}");
    }
    let client = app.anonymous().with_token("none");
    client.get("/api/auth/me").await.expect_problem(429, "rate_limited");
    app.admin().get("/api/auth/me").await.expect_problem(429, "rate_limited");
    app.advance(TimeDelta::minutes(1));
    app.finish().await;
}

#[tokio::test]
async fn signing_in_is_limited_whether_it_succeeds_or_not() {
    // The test's own sign-in is the first.
    let Some(app) = limited(&[("rate_limit.auth_max", "4"), ("rate_limit.auth_ttl", "5m")]).await else {
        return;
    };
    drop(sign_in(&app, PASSWORD).await.expect_status(200));
    for _ in 0..2 {
        drop(sign_in(&app, "not the password").await.expect_status(401));
    }
    let refused = sign_in(&app, PASSWORD).await;
    refused.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "75");
    assert_eq!(refused.header("ratelimit-policy"), "\"auth-address\";q=4;w=300");
    drop(app.admin().get("/api/auth/me").await.expect_status(200));
    app.advance(TimeDelta::seconds(74));
    sign_in(&app, PASSWORD).await.expect_problem(429, "rate_limited");
    app.advance(TimeDelta::seconds(1));
    drop(sign_in(&app, PASSWORD).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn uploads_are_limited_before_their_body_is_read() {
    let Some(app) = limited(&[("rate_limit.upload_max", "2")]).await else { return };
    let upload = async || {
        let headers = [("content-type", "multipart/form-data; boundary=b")];
        app.admin().send(Method::POST, "/api/documents", &headers, Bytes::from_static(b"--b--\r\n")).await
    };
    for _ in 0..2 {
        assert_eq!(upload().await.status, 400);
    }
    let refused = upload().await;
    refused.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "30");
    drop(app.admin().get("/api/documents").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn whoever_looks_after_the_server_or_leaves_is_never_refused() {
    let Some(app) = limited(&[("rate_limit.max", "1"), ("rate_limit.auth_max", "1")]).await else { return };
    drop(app.anonymous().get("/api/version").await.expect_status(200));
    app.anonymous().get("/api/version").await.expect_problem(429, "rate_limited");
    for path in ["/api/health", "/api/health/live", "/api/health/memory", "/api/metrics"] {
        for _ in 0..20 {
            let answer = app.anonymous().get(path).await.expect_status(200);
            assert!(!answer.headers.contains_key("ratelimit"), "{path}");
        }
    }
    let metrics = app.anonymous().get("/api/metrics").await.expect_status(200).text();
    assert!(metrics.contains("http_requests_rate_limited_total{class=\"general\"} 1"), "{metrics}");
    drop(app.admin().get("/api/auth/me").await.expect_status(200));
    app.admin().get("/api/auth/me").await.expect_problem(429, "rate_limited");
    drop(app.admin().post("/api/auth/logout", &json!({})).await.expect_status(204));
    app.advance(TimeDelta::minutes(10));
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_limited_where_the_number_is_zero() {
    let app = TestApp::with(&[("rate_limit.max", "0"), ("rate_limit.auth_max", "0")]).await;
    assert_eq!(admitted(&app.anonymous(), "/api/version", 400).await, 400);
    for _ in 0..12 {
        let answer = sign_in(&app, PASSWORD).await.expect_status(200);
        assert!(!answer.headers.contains_key("ratelimit"));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_proxy_that_is_trusted_says_who_asks() {
    let settings = [("rate_limit.max", "2"), ("proxies.trusted", "127.0.0.1")];
    let Some(app) = limited(&settings).await else { return };
    let ask = async |client: &str| {
        let headers = [("x-forwarded-for", client)];
        app.anonymous().send(Method::GET, "/api/version", &headers, Bytes::new()).await.status.as_u16()
    };
    for client in ["203.0.113.1", "203.0.113.2", "2001:db8:7:7::1"] {
        assert_eq!((ask(client).await, ask(client).await, ask(client).await), (200, 200, 429), "{client}");
    }
    assert_eq!(ask("2001:db8:7:7:ffff::2").await, 429, "the same customer");
    assert_eq!(ask("2001:db8:7:8::1").await, 200);
    app.finish().await;
}

#[tokio::test]
async fn no_number_of_addresses_makes_the_tables_grow_or_a_principal_forgotten() {
    let settings = [
        ("rate_limit.max", "3"),
        ("rate_limit.table_size", "64KiB"),
        ("rate_limit.address_factor", "10000"),
        ("proxies.trusted", "127.0.0.1"),
    ];
    let Some(app) = limited(&settings).await else { return };
    assert_eq!(admitted(app.admin(), "/api/auth/me", 9).await, 3);
    for number in 0..1_000 {
        let client = format!("2001:db8:{:x}:{:x}::1", number / 100, number % 100);
        let headers = [("x-forwarded-for", client.as_str())];
        let answer = app.anonymous().send(Method::GET, "/api/version", &headers, Bytes::new()).await;
        assert_eq!(answer.status, 200, "{number}");
    }
    let stores = app.app().headroom().stores().snapshot();
    let addresses = stores.iter().find(|store| store.name == "rates.addresses").unwrap();
    assert!(addresses.bytes <= 64 << 10 && addresses.evictions > 500, "{addresses:?}");
    app.admin().get("/api/auth/me").await.expect_problem(429, "rate_limited");
    app.advance(TimeDelta::minutes(1));
    app.finish().await;
}

/// An upload whose body is waited for: it runs until it is hung up.
async fn unfinished(client: &Client) -> RawConnection {
    let mut connection = RawConnection::open(client.address()).await;
    let head = head_of("POST", "/api/documents", client.token());
    let kind = Form::content_type();
    let expecting = "content-length: 1000\r\nexpect: 100-continue";
    connection.send(format!("{head}content-type: {kind}\r\n{expecting}\r\n\r\n")).await;
    connection.awaited().await;
    connection
}

/// Asks until a place is free: the server learns of a client that hung up when it reads next.
async fn until_admitted(client: &Client, path: &str) {
    let asked = async {
        loop {
            let answer = client.get(path).await;
            if answer.status == 200 {
                return;
            }
            answer.expect_problem(429, "rate_limited");
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.expect("a place in time");
}

#[tokio::test]
async fn a_principal_has_so_many_requests_at_once_and_gets_the_places_of_dropped_ones_back() {
    let app = TestApp::with(&[("rate_limit.max_concurrent", "2")]).await;
    let other = app.user(Role::Attorney).await;
    let running = [unfinished(app.admin()).await, unfinished(app.admin()).await];
    let refused = app.admin().get("/api/auth/me").await;
    let problem = refused.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(problem["detail"].as_str().unwrap().starts_with("2 requests of yours run already"), "{problem}");

    drop(other.get("/api/auth/me").await.expect_status(200));
    let again = app.anonymous().sign_in(app.admin_email(), PASSWORD).await;
    again.get("/api/cases").await.expect_problem(429, "rate_limited");
    for path in ["/api/health", "/api/health/memory", "/api/metrics"] {
        drop(app.admin().get(path).await.expect_status(200));
    }
    drop(again.post("/api/auth/logout", &json!({})).await.expect_status(204));

    let [first, second] = running;
    first.hang_up().await;
    until_admitted(app.admin(), "/api/auth/me").await;
    second.hang_up().await;
    app.quiet().await;
    let stores = app.app().headroom().stores().snapshot();
    let places = stores.iter().find(|store| store.name == "rates.running").unwrap();
    assert_eq!(places.entries, 0, "{places:?}");
    app.finish().await;
}
