//! Health, memory, metrics, version: their shapes, and who sees what.

use access::Role;
use bytes::Bytes;
use e2e::{Sample, TestApp, read_metrics};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

/// Somebody who comes through a proxy: from elsewhere.
async fn from_elsewhere(client: &Client, path: &str) -> Answer {
    client.send(Method::GET, path, &[("x-forwarded-for", "203.0.113.7")], Bytes::new()).await
}

/// A proxy on this machine that leaves no trace but the public name, a page whose name was made to point here, and every
/// trace that proxies leave: none of them sees figures.
#[tokio::test]
async fn a_foreign_name_or_the_trace_of_a_proxy_is_not_local() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for (header, value) in [
        ("host", "practice.example.com"),
        ("host", "127.0.0.1.example.com"),
        ("via", "1.1 nginx"),
        ("forwarded", "for=203.0.113.7"),
        ("x-forwarded-host", "practice.example.com"),
        ("x-real-ip", "203.0.113.7"),
    ] {
        let metrics = anonymous.send(Method::GET, "/api/metrics", &[(header, value)], Bytes::new()).await;
        metrics.expect_problem(401, "unauthenticated");
    }
    for name in ["localhost", "localhost:5000", "127.0.0.1", "[::1]:5000"] {
        let metrics = anonymous.send(Method::GET, "/api/metrics", &[("host", name)], Bytes::new()).await;
        assert_eq!(metrics.status, 200, "{name}");
    }
    app.finish().await;
}

#[tokio::test]
async fn probes_are_answered_to_anybody() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    for (path, status) in [
        ("/api/health", "healthy"),
        ("/api/health/live", "alive"),
        ("/api/health/ready", "ready"),
        ("/api/health/database", "up"),
        ("/api/health/redis", "disabled"),
        ("/api/health/memory", "healthy"),
    ] {
        for answer in [anonymous.get(path).await, from_elsewhere(&anonymous, path).await] {
            let answer = answer.expect_status(200);
            assert_eq!(answer.json()["status"], status, "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
        let head = anonymous.send(Method::HEAD, path, &[], Bytes::new()).await.expect_status(200);
        assert!(head.body.is_empty() && !head.header("content-length").is_empty(), "{path}");
    }
    let health = anonymous.get("/api/health").await.json();
    assert!(
        health["uptimeSeconds"].is_u64() && health["timestamp"].as_str().unwrap().ends_with('Z'),
        "{health}"
    );
    let version = anonymous.get("/api/version").await.expect_status(200).json();
    for member in ["version", "commit", "builtAt", "allocator", "target"] {
        assert!(version[member].is_string(), "{version}");
    }
    app.finish().await;
}

#[tokio::test]
async fn figures_are_for_this_machine_and_for_operators() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    assert!(anonymous.get("/api/health/memory").await.json()["v8"].is_object());
    let elsewhere = from_elsewhere(&anonymous, "/api/health/memory").await.expect_status(200);
    assert_eq!(elsewhere.json(), json!({ "status": "healthy" }));
    drop(anonymous.get("/api/metrics").await.expect_status(200));
    from_elsewhere(&anonymous, "/api/metrics").await.expect_problem(401, "unauthenticated");
    anonymous.get("/api/health/full").await.expect_problem(401, "unauthenticated");

    let clerk = app.user(Role::Clerk).await;
    from_elsewhere(&clerk, "/api/metrics").await.expect_problem(403, "forbidden");
    assert_eq!(from_elsewhere(&clerk, "/api/health/memory").await.json(), json!({ "status": "healthy" }));
    clerk.get("/api/health/full").await.expect_problem(403, "forbidden");
    let operator = app.user(Role::ItAdmin).await;
    drop(from_elsewhere(&operator, "/api/metrics").await.expect_status(200));
    assert!(from_elsewhere(&operator, "/api/health/memory").await.json()["v8"].is_object());
    drop(from_elsewhere(&operator, "/api/health/full").await.expect_status(200));
    app.finish().await;
}

/// Such as `512.45 MB`.
fn is_size(value: &Value) -> bool {
    let Some((number, unit)) = value.as_str().and_then(|text| text.split_once(' ')) else { return false };
    let decimals = number.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 2);
    number.parse::<f64>().is_ok()
        && (decimals || unit == "B")
        && ["B", "KB", "MB", "GB", "TB"].contains(&unit)
}

#[tokio::test]
async fn the_memory_report_keeps_the_names_and_forms_of_the_first_lexiflow() {
    let app = TestApp::start().await;
    let report = app.anonymous().get("/api/health/memory").await.expect_status(200).json();
    for path in
        ["/v8/heapSizeLimit", "/v8/usedHeapSize", "/process/rss", "/process/heapUsed", "/process/external"]
    {
        assert!(is_size(report.pointer(path).unwrap()), "{path}: {report:#}");
    }
    let percent = report["v8"]["heapUsedPercent"].as_str().unwrap();
    assert!(percent.strip_suffix('%').unwrap().parse::<f64>().is_ok(), "{percent}");
    assert_eq!(report["v8"]["numberOfDetachedContexts"], 0);
    assert_eq!(report["runtime"], "native");
    let thresholds = &report["thresholds"];
    assert_eq!((&thresholds["heapWarning"], &thresholds["heapCritical"]), (&json!("75%"), &json!("85%")));
    assert!(thresholds["rssWarning"].as_str().unwrap().ends_with(" MB"), "{thresholds}");
    app.finish().await;
}

#[tokio::test]
async fn in_bytes_the_memory_report_is_all_numbers() {
    let app = TestApp::start().await;
    let report = app.anonymous().get("/api/health/memory?format=bytes").await.expect_status(200).json();
    for path in [
        "/v8/heapSizeLimit",
        "/v8/usedHeapSize",
        "/v8/heapUsedPercent",
        "/process/rss",
        "/process/heapUsed",
        "/process/external",
        "/process/rssAnon",
        "/process/rssFile",
        "/process/peakRss",
        "/process/threads",
        "/process/fds",
        "/thresholds/heapWarning",
        "/thresholds/heapCritical",
        "/thresholds/rssWarning",
        "/thresholds/rssCritical",
        "/allocator/allocated",
        "/allocator/active",
        "/allocator/resident",
        "/allocator/mapped",
        "/allocator/retained",
        "/allocator/metadata",
        "/allocator/purges",
        "/tasks/alive",
        "/tasks/leaked",
        "/budget/bytes",
    ] {
        assert!(report.pointer(path).is_some_and(Value::is_number), "{path}: {report:#}");
    }
    assert!(report["allocator"]["name"].is_string() && report["budget"]["source"].is_string());
    assert!(report["process"]["rss"].as_u64().unwrap() > 1 << 20);
    for store in report["stores"].as_array().unwrap() {
        assert!(store["bytes"].as_u64() <= store["maxBytes"].as_u64(), "{store}");
    }
    let wrong = app.anonymous().get("/api/health/memory?format=furlongs").await;
    wrong.expect_problem(400, "malformed_query");
    app.finish().await;
}

#[tokio::test]
async fn the_full_report_names_every_part() {
    let app = TestApp::start().await;
    let report = app.admin().get("/api/health/full").await.expect_status(200).json();
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
        assert_eq!(check["status"], "up", "{part}: {report:#}");
        assert!(
            check["responseTimeMs"].is_u64()
                && check["message"].is_string()
                && check["lastChecked"].is_string()
        );
        assert!(check["details"].is_object());
    }
    assert_eq!(report["status"], "healthy");
    let system = app.admin().get("/api/metrics/system").await.expect_status(200).json();
    assert!(system["memory"]["rss"].is_u64() && system["requestsInFlight"] == 1, "{system}");
    app.finish().await;
}

#[tokio::test]
async fn the_metrics_are_what_a_scraper_reads() {
    let app = TestApp::start().await;
    drop(app.admin().get("/api/cases").await.expect_status(200));
    let answer = app.anonymous().get("/api/metrics").await.expect_status(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let samples = read_metrics(&answer.text());
    let named =
        |name: &str| -> Vec<&Sample> { samples.iter().filter(|sample| sample.name == name).collect() };
    for name in [
        "nodejs_heap_size_total_bytes",
        "nodejs_heap_size_used_bytes",
        "nodejs_external_memory_bytes",
        "process_resident_memory_bytes",
        "lexiflow_memory_allocated_bytes",
        "lexiflow_memory_budget_bytes",
        "lexiflow_memory_state",
        "http_requests_in_flight",
    ] {
        assert_eq!(named(name).len(), 1, "{name}");
    }
    let spaces = named("nodejs_heap_space_size_total_bytes");
    assert!(spaces.len() >= 2 && spaces.iter().all(|space| space.labels.contains_key("space")), "{spaces:?}");
    assert!(named("process_resident_memory_bytes")[0].value.parse::<f64>().unwrap() > 1e6);
    let routes: Vec<&String> = samples.iter().filter_map(|sample| sample.labels.get("route")).collect();
    assert!(routes.iter().any(|route| *route == "/api/cases"), "{routes:?}");

    let headers = [("accept", "application/openmetrics-text; version=1.0.0")];
    let open =
        app.anonymous().send(Method::GET, "/api/metrics", &headers, Bytes::new()).await.expect_status(200);
    assert!(open.header("content-type").starts_with("application/openmetrics-text"), "{:?}", open.headers);
    assert!(open.text().ends_with("# EOF\n"));
    let headers = [("accept-encoding", "gzip")];
    let packed =
        app.anonymous().send(Method::GET, "/api/metrics", &headers, Bytes::new()).await.expect_status(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    app.finish().await;
}

#[tokio::test]
async fn the_names_of_the_first_lexiflow_can_be_switched_off() {
    let app = TestApp::with(&[("metrics.node_compat", "false")]).await;
    let text = app.anonymous().get("/api/metrics").await.expect_status(200).text();
    assert!(!text.contains("nodejs_"), "{text}");
    assert!(text.contains("process_resident_memory_bytes"));
    app.finish().await;
}

#[tokio::test]
async fn ids_never_become_labels() {
    let app = TestApp::start().await;
    let case = e2e::id_of(&e2e::open_case(app.admin(), "Alder").await);
    drop(app.admin().get(&format!("/api/cases/{case}")).await.expect_status(200));
    for number in 0..50 {
        drop(app.admin().get(&format!("/made/up/{number}")).await.expect_status(404));
    }
    let text = app.anonymous().get("/api/metrics").await.text();
    assert!(!text.contains(&case) && !text.contains("/made/up"), "{text}");
    assert!(text.contains("route=\"/api/cases/{id}\""), "{text}");
    app.finish().await;
}

#[tokio::test]
async fn answers_are_compressed_where_it_is_worth_it_and_safe() {
    let app = TestApp::start().await;
    for number in 0..30 {
        drop(e2e::open_case(app.admin(), &format!("Case {number} about the very same thing")).await);
    }
    for coding in ["gzip", "br", "zstd"] {
        let headers = [("accept-encoding", coding)];
        let list =
            app.admin().send(Method::GET, "/api/cases", &headers, Bytes::new()).await.expect_status(200);
        assert_eq!(list.header("content-encoding"), coding);
        assert!(list.header("vary").to_lowercase().contains("accept-encoding"), "{:?}", list.headers);
        let me =
            app.admin().send(Method::GET, "/api/auth/me", &headers, Bytes::new()).await.expect_status(200);
        assert_eq!(me.header("content-encoding"), "", "nothing about credentials");
    }
    app.finish().await;
}

#[tokio::test]
async fn every_answer_has_the_headers_of_a_careful_server_and_no_foreign_origin_is_let_in() {
    let app = TestApp::start().await;
    for path in ["/api/health", "/api/cases", "/api/nothing", "/api/docs/"] {
        let answer = app.admin().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("x-correlation-id").is_empty(), "{path}");
        assert!(
            answer.header("content-security-policy").contains("frame-ancestors")
                || !answer.header("x-frame-options").is_empty(),
            "{path}: {:?}",
            answer.headers
        );
    }
    let headers = [("origin", "https://elsewhere.example.com"), ("access-control-request-method", "GET")];
    let preflight = app.anonymous().send(Method::OPTIONS, "/api/cases", &headers, Bytes::new()).await;
    assert_eq!(preflight.header("access-control-allow-origin"), "");
    app.finish().await;

    let app = TestApp::with(&[("server.cors_origins", "https://app.example.com")]).await;
    let ask = async |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "GET")];
        app.anonymous().send(Method::OPTIONS, "/api/cases", &headers, Bytes::new()).await
    };
    assert_eq!(
        ask("https://app.example.com").await.header("access-control-allow-origin"),
        "https://app.example.com"
    );
    assert_eq!(ask("https://elsewhere.example.com").await.header("access-control-allow-origin"), "");
    app.finish().await;
}

#[tokio::test]
async fn memory_is_shown_by_firm_and_by_running_request() {
    let app = TestApp::start().await;
    let other = app.second_firm().await;
    for client in [app.admin(), &other] {
        drop(client.get("/api/auth/me").await.expect_status(200));
    }
    let stats = app.admin().get("/api/monitoring/memory/stats").await.expect_status(200).json();
    let shares = stats["firms"].as_array().unwrap();
    let own = shares.iter().find(|share| share["requests"] == 1).unwrap();
    assert!(own["firm"].is_string() && shares.iter().any(|share| share["firm"].is_null()), "{stats}");

    let answer = app.admin().get("/api/monitoring/memory/requests").await.expect_status(200).json();
    let asks = |one: &&Value| one["route"] == "/api/monitoring/memory/requests";
    let asking = answer["running"].as_array().unwrap().iter().find(asks).unwrap();
    assert_eq!((&asking["class"], &asking["firm"]), (&"interactive".into(), &own["firm"]), "{answer}");
    app.finish().await;
}

#[tokio::test]
async fn the_declared_bounds_cover_every_store_there_is() {
    let app = TestApp::start().await;
    let (of_database, others): (Vec<_>, Vec<_>) = app
        .app()
        .headroom()
        .stores()
        .snapshot()
        .into_iter()
        .partition(|store| store.name.starts_with("database."));
    let bounds = app.running().parts().declared_bounds();
    for (stores, consumer) in [(&of_database, "database connections"), (&others, "caches and tables")] {
        let declared = bounds.rows().iter().find(|row| row.consumer == consumer).unwrap();
        let caps: u64 = stores.iter().map(|store| store.cap_bytes).sum();
        assert!(caps <= declared.bytes, "{consumer}: {caps} bytes in {stores:?}");
    }
    let expected = if app.app().db().dialect() == db::Dialect::Sqlite { 2 } else { 0 };
    assert_eq!(of_database.len(), expected, "{of_database:?}");
    assert!(others.len() >= 3, "{others:?}");
    app.finish().await;
}

#[tokio::test]
async fn pages_of_the_database_are_in_every_report_and_go_back_under_pressure() {
    let app = TestApp::start().await;
    if app.app().db().dialect() != db::Dialect::Sqlite {
        return app.finish().await;
    }
    drop(app.admin().get("/api/cases").await.expect_status(200));
    let report = app.anonymous().get("/api/health/memory?format=bytes").await.expect_status(200).json();
    let named = |stores: &Value| {
        let is_named = |store: &&Value| store["name"] == "database.pages";
        stores.as_array().unwrap().iter().find(is_named).unwrap().clone()
    };
    let pages = named(&report["stores"]);
    assert!(pages["bytes"].as_u64().unwrap() > 128 << 10 && pages["hits"].as_u64().unwrap() > 0, "{pages}");
    let listed = app.admin().get("/api/monitoring/memory/stores").await.expect_status(200).json();
    assert_eq!(named(&listed["stores"])["maxBytes"], pages["maxBytes"], "{listed}");
    let metrics = app.anonymous().get("/api/metrics").await.expect_status(200).text();
    let line =
        metrics.lines().find(|line| line.starts_with("lexiflow_store_bytes{store=\"database.pages\"}"));
    assert!(line.is_some_and(|line| !line.ends_with(" 0")), "{line:?}");

    let stores = app.app().headroom().stores();
    let held = || stores.all().iter().find(|store| store.name() == "database.pages").unwrap().bytes();
    let before = held();
    let freed = stores.shrink_all(0);
    assert!(freed > 0 && held() < before, "{freed} freed, {before} before, {} after", held());
    drop(app.admin().get("/api/cases").await.expect_status(200));
    app.finish().await;
}
