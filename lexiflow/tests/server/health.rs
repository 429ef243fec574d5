use crate::support::Server;
use bytes::Bytes;
use db::Reads as _;
use http::Method;
use lexiflow::ops::Phase;
use serde_json::Value;

#[tokio::test]
async fn health_is_short_public_and_never_kept() {
    let server = Server::start().await;
    for path in ["/api/health", "/api/v1/health"] {
        let answer = server.client.get(path).await.expect_status(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let health = answer.json();
        let mut members: Vec<&String> = health.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["status", "timestamp", "uptimeSeconds", "version"]);
        assert_eq!(health["status"], "healthy");
        assert!(health["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    let head = server.client.send(Method::HEAD, "/api/health", &[], Bytes::new()).await.expect_status(200);
    assert!(head.body.is_empty());
    for path in ["/api/health/live", "/api/health/database", "/api/health/redis", "/api/version"] {
        drop(server.client.get(path).await.expect_status(200));
    }
}

#[tokio::test]
async fn readiness_names_what_fails() {
    let server = Server::start().await;
    let ready = server.client.get("/api/health/ready").await.expect_status(200).json();
    assert_eq!(ready["status"], "ready");
    server.running.ops().status().enter(Phase::Draining);
    let draining = server.client.get("/api/health/ready").await.expect_status(503).json();
    assert_eq!(draining["failing"], serde_json::json!(["draining"]));
    drop(server.client.get("/api/health/live").await.expect_status(200));
    server.running.ops().status().enter(Phase::Starting);
    let starting = server.client.get("/api/health/ready").await.expect_status(503).json();
    assert_eq!(starting["failing"], serde_json::json!(["starting"]));
}

#[tokio::test]
async fn a_closed_database_is_unhealthy_and_not_ready() {
    let server = Server::start().await;
    server.running.app().db().close().await;
    assert_eq!(server.client.get("/api/health").await.expect_status(503).json()["status"], "unhealthy");
    let ready = server.client.get("/api/health/ready").await.expect_status(503).json();
    assert_eq!(ready["failing"], serde_json::json!(["database"]));
    drop(server.client.get("/api/health/live").await.expect_status(200));
}

/// Every connection for reading is taken for longer than the question would wait, and writers get their answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_answers_others_is_not_called_down() {
    const LONG: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT max(i) FROM n";
    let server = Server::start().await;
    let db = server.running.app().db().clone();
    if db.dialect() == db::Dialect::Postgres {
        return;
    }
    let mut busy = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let db = db.clone();
        busy.spawn(async move { drop(db.reader().rows(db::sql(db.dialect(), LONG, [])).await) });
    }
    while db.reader().connections().1 > 0 || db.reader().connections().0 < 4 {
        tokio::task::yield_now().await;
    }
    busy.spawn(async move {
        loop {
            let tx = db.writer().begin().await.unwrap();
            drop(tx.rows(db::sql(db.dialect(), "SELECT 1", [])).await.unwrap());
            tx.commit().await.unwrap();
        }
    });
    assert_eq!(server.client.get("/api/health").await.expect_status(200).json()["status"], "healthy");
    drop(server.client.get("/api/health/ready").await.expect_status(200));
    busy.shutdown().await;
}

#[tokio::test]
async fn a_file_store_that_is_gone_is_unhealthy() {
    let server = Server::start().await;
    let files = &server.running.parts().config.storage.upload_dir;
    std::fs::remove_dir_all(files).unwrap();
    assert_eq!(server.client.get("/api/health").await.expect_status(503).json()["status"], "unhealthy");
    drop(server.client.get("/api/health/ready").await.expect_status(200));
}

/// Like `512.45 MB`.
fn is_size(value: &Value) -> bool {
    let Some((number, unit)) = value.as_str().and_then(|text| text.split_once(' ')) else { return false };
    let decimals = number.split_once('.').is_some_and(|(whole, part)| {
        part.len() == 2 && (whole.to_owned() + part).bytes().all(|byte| byte.is_ascii_digit())
    });
    ["KB", "MB", "GB", "TB"].contains(&unit) && decimals
}

#[tokio::test]
async fn the_memory_report_has_the_guides_shape() {
    let server = Server::start().await;
    let report = server.client.get("/api/health/memory").await.expect_status(200).json();
    assert_eq!(report["status"], "healthy");
    assert_eq!(report["runtime"], "native");
    for (block, member) in
        [("v8", "heapSizeLimit"), ("v8", "usedHeapSize"), ("process", "rss"), ("process", "heapUsed")]
    {
        assert!(is_size(&report[block][member]), "{block}.{member}: {}", report[block][member]);
    }
    assert!(report["v8"]["heapUsedPercent"].as_str().unwrap().ends_with('%'));
    assert_eq!(report["v8"]["numberOfDetachedContexts"], 0);
    assert!(report["process"]["external"].is_string());
    assert_eq!(report["thresholds"]["heapWarning"], "75%");
    assert_eq!(report["thresholds"]["heapCritical"], "85%");
    for member in ["rssWarning", "rssCritical"] {
        assert!(report["thresholds"][member].as_str().unwrap().ends_with(" MB"));
    }
    for member in ["allocated", "active", "resident", "mapped", "retained", "metadata", "purges"] {
        assert!(report["allocator"][member].is_u64(), "allocator.{member}");
    }
    for member in ["rssAnon", "rssFile", "peakRss", "threads", "fds"] {
        assert!(report["process"][member].is_u64(), "process.{member}");
    }
    assert!(report["budget"]["bytes"].is_u64() && report["budget"]["source"].is_string());
    assert!(report["tasks"]["alive"].as_u64().unwrap() > 0);
    assert!(report["stores"].as_array().unwrap().iter().any(|store| store["name"] == "sessions.known"));
}

#[tokio::test]
async fn the_memory_report_counts_in_bytes_when_asked_to() {
    let server = Server::start().await;
    let report = server.client.get("/api/health/memory?format=bytes").await.expect_status(200).json();
    for block in ["v8", "process", "thresholds"] {
        for (member, value) in report[block].as_object().unwrap() {
            assert!(value.is_number(), "{block}.{member}: {value}");
        }
    }
    for query in ["format=kilobytes", "colour=red"] {
        let path = format!("/api/health/memory?{query}");
        assert_eq!(server.client.get(&path).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn strangers_see_the_status_alone() {
    let server = Server::start().await;
    let through_a_proxy = [("x-forwarded-for", "192.0.2.7")];
    let path = "/api/health/memory";
    let answer = server.client.send(Method::GET, path, &through_a_proxy, Bytes::new()).await;
    assert_eq!(answer.expect_status(200).json(), serde_json::json!({"status": "healthy"}));
    let admin = server.admin().await;
    let answer = admin.send(Method::GET, path, &through_a_proxy, Bytes::new()).await.expect_status(200);
    assert!(answer.json()["v8"].is_object());
}

#[tokio::test]
async fn the_full_report_is_for_operators_and_checks_every_part() {
    let server = Server::start().await;
    server.client.get("/api/health/full").await.expect_problem(401, "unauthenticated");
    let admin = server.admin().await;
    let report = admin.get("/api/health/full").await.expect_status(200).json();
    assert_eq!(report["status"], "healthy", "{report:#}");
    let parts = [
        "database",
        "storage",
        "queues",
        "memory",
        "tasks",
        "audit",
        "mail",
        "search",
        "scheduler",
        "cpu",
        "clock",
        "cache",
    ];
    for part in parts {
        let check = &report["checks"][part];
        assert_eq!(check["status"], "up", "{part}: {check:#}");
        assert!(check["responseTimeMs"].is_u64() && check["lastChecked"].is_string(), "{part}: {check:#}");
    }
    for part in ["bus", "scanner", "webhooks"] {
        let check = &report["checks"][part];
        assert!(check["status"] == "disabled" && check["message"].is_string(), "{part}: {check:#}");
    }
    let details = |part: &str| report["checks"][part]["details"].clone();
    assert!(details("queues")["events"]["oldestSeconds"].is_u64(), "{report:#}");
    assert!(details("scheduler")["schedules"].as_u64().unwrap() > 0, "{report:#}");
    assert!(details("cpu")["processPercent"].is_f64() && details("cpu")["cores"].is_u64(), "{report:#}");
    assert!(details("clock")["steppedMs"].is_i64() || details("clock")["steppedMs"].is_u64(), "{report:#}");
    assert!(details("cache")["maxBytes"].as_u64().unwrap() > 0, "{report:#}");
    let again = admin.get("/api/health/full").await.expect_status(200).json();
    assert_eq!(again["timestamp"], report["timestamp"], "the report is shared for five seconds");

    let clerk = serde_json::json!({
        "email": "carl@firm.example", "password": "nine paper boats at noon", "firstName": "Carl",
        "lastName": "Clerk", "role": "clerk",
    });
    drop(admin.post("/api/users", &clerk).await.expect_status(201));
    let clerk = server.client.sign_in("carl@firm.example", "nine paper boats at noon").await;
    clerk.get("/api/health/full").await.expect_problem(403, "forbidden");
}
