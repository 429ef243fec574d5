//! Settings of the memory engine do what the manual says of them.

use e2e::TestApp;
use http::Method;
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn purges_on_request_can_be_switched_off() {
    let app = TestApp::with(&[("memory.purge_endpoint", "false")]).await;
    for path in ["/api/monitoring/memory/purge", "/api/monitoring/memory/gc"] {
        let answer = app.admin().post(path, &json!({})).await;
        answer.expect_problem(403, "forbidden");
    }
    assert_eq!(app.app().headroom().snapshot().purges, 0);
    app.finish().await;
}

#[tokio::test]
async fn no_body_above_the_streaming_threshold_is_read_whole() {
    let app = TestApp::with(&[("stream.chunk_size", "4KiB"), ("stream.file_threshold", "8KiB")]).await;
    let headers = [("content-type", "application/json")];
    for (size, status) in [(4 << 10, 400), (16 << 10, 413)] {
        let body = format!("{{\"title\":\"{}\"}}", "a".repeat(size));
        let answer = app.admin().send(Method::POST, "/api/cases", &headers, body.into()).await;
        assert_eq!(answer.status, status, "{size}: {}", answer.text());
    }
    app.finish().await;
}

#[tokio::test]
async fn memory_is_cleaned_up_from_time_to_time_unless_it_is_switched_off() {
    let purges = |app: &TestApp| app.app().headroom().snapshot().purges;
    let app = TestApp::with(&[("memory.cleanup_interval", "1s")]).await;
    let off = TestApp::with(&[("memory.cleanup_interval", "1s"), ("memory.cleanup_enabled", "false")]).await;
    let cleaned = async {
        while purges(&app) < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, cleaned).await.expect("two clean-ups");
    assert_eq!(purges(&off), 0, "switched off");
    app.finish().await;
    off.finish().await;
}

#[tokio::test]
async fn logins_that_are_believed_no_more_are_swept_out_of_the_cache() {
    let app = TestApp::with(&[("cache.check_period", "1s"), ("cache.max_memory_size", "64KiB")]).await;
    let known = || {
        let stores = app.app().headroom().stores().snapshot();
        stores.into_iter().find(|store| store.name == "sessions.known").expect("the cache of logins")
    };
    drop(app.admin().get("/api/auth/me").await.expect_status(200));
    assert_eq!((known().entries, known().cap_bytes), (1, 64 << 10));
    app.advance(chrono::TimeDelta::minutes(1));
    let swept = async {
        while known().entries > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, swept).await.expect("a sweep");
    app.finish().await;
}
