//! The watch for leaks and the judgement of memory, as operators turn them.

use crate::leaks::alone;
use access::Role;
use e2e::TestApp;
use serde_json::{Value, json};

const MEMORY: &str = "/api/monitoring/memory";

async fn post(app: &TestApp, path: &str, body: &Value) -> testkit::Answer {
    app.admin().post(&format!("{MEMORY}/{path}"), body).await
}

#[tokio::test]
async fn the_watch_can_be_changed_while_it_runs() {
    let app = TestApp::with(&[("memory.leak_detection_enabled", "false")]).await;
    let before = app.admin().get(&format!("{MEMORY}/leaks")).await.expect_status(200).json();
    assert_eq!((&before["watching"], &before["intervalMs"]), (&json!(false), &json!(30_000)));
    let changed = post(&app, "leaks/configure", &json!({"enabled": true, "intervalMs": 10_000}))
        .await
        .expect_status(200);
    assert_eq!(changed.header("cache-control"), "no-store");
    let report = changed.json();
    assert_eq!((&report["watching"], &report["intervalMs"]), (&json!(true), &json!(10_000)));
    let left_out = post(&app, "leaks/configure", &json!({"enabled": false})).await.expect_status(200).json();
    assert_eq!((&left_out["watching"], &left_out["intervalMs"]), (&json!(false), &json!(10_000)));

    let firm = accounts::find_first_firm(app.app()).await.unwrap().unwrap().id;
    let records = audit::entries_of(app.app().db().reader(), firm, firm, 100).await.unwrap();
    let changes: Vec<_> = records
        .iter()
        .filter(|record| record.entity == "leak verdict" && record.action == "update")
        .map(|record| record.changes.clone().unwrap_or_default())
        .collect();
    assert!(changes.iter().any(|change| change["intervalMs"] == 10_000), "{changes:?}");
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_with_the_member() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({"intervalMs": 9_999}), "intervalMs"),
        (json!({"intervalMs": 86_400_001}), "intervalMs"),
        (json!({"intervalMs": -1}), "intervalMs"),
        (json!({"intervalMs": "60000"}), "intervalMs"),
        (json!({"enabled": "yes"}), "enabled"),
        (json!({"interval": 60_000}), "interval"),
    ] {
        let problem = post(&app, "leaks/configure", &body).await.expect_problem(400, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
    }
    for query in ["limit=0", "limit=101", "limit=x", "lines=5"] {
        app.admin().get(&format!("{MEMORY}/leaks?{query}")).await.expect_problem(400, "malformed_query");
    }
    let clerk = app.user(Role::Clerk).await;
    for path in ["leaks/configure", "leaks/clear-history", "leaks/snapshot"] {
        clerk.post(&format!("{MEMORY}/{path}"), &json!({})).await.expect_problem(403, "forbidden");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_snapshot_is_kept_and_the_history_is_forgotten() {
    let app = TestApp::start().await;
    let kept = alone(async || post(&app, "leaks/snapshot", &json!({})).await).await.expect_status(201).json();
    let base = kept["id"].as_str().unwrap();
    let path = format!("{MEMORY}/profile?format=inventory&base={base}");
    let since = alone(async || app.admin().get(&path).await).await.expect_status(200).json();
    assert!(since["stacks"].is_array(), "{since}");
    let report = post(&app, "leaks/clear-history", &json!({})).await.expect_status(200).json();
    assert_eq!(report["history"], json!([]));
    assert!(report["runs"].as_array().unwrap().len() <= 1, "{report}");
    app.finish().await;
}

#[tokio::test]
async fn memory_is_judged_by_the_marks_of_whoever_asks() {
    let app = TestApp::start().await;
    let judged = async |query: &str| app.admin().get(&format!("{MEMORY}/health{query}")).await;
    let own = judged("").await.expect_status(200).json();
    assert_eq!((&own["warningPercent"], &own["criticalPercent"]), (&json!(75), &json!(85)));
    assert_eq!(own["status"], "ok");
    let strict = judged("?warningPercent=1&criticalPercent=100").await.expect_status(200).json();
    let used = u128::from(strict["usedBytes"].as_u64().unwrap()) * 100;
    let is_above = used >= u128::from(strict["budgetBytes"].as_u64().unwrap());
    assert_eq!(strict["status"], if is_above { "warning" } else { "ok" }, "{strict}");
    for (query, field) in [
        ("?warningPercent=90", "warningPercent"),
        ("?criticalPercent=10", "criticalPercent"),
        ("?warningPercent=50&criticalPercent=50", "warningPercent"),
        ("?warningPercent=0", "warningPercent"),
        ("?criticalPercent=101", "criticalPercent"),
        ("?warningPercent=many", "warningPercent"),
    ] {
        let problem = judged(query).await.expect_problem(400, "malformed_query");
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
    app.finish().await;
}
