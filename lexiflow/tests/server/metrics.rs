use crate::support::Server;
use bytes::Bytes;
use http::Method;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Reads a page of format 0.0.4 and returns each family's type; anything that is not a line of that format fails.
fn families(page: &str) -> BTreeMap<String, String> {
    let mut types = BTreeMap::new();
    let mut helped = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            helped.push(rest.split_once(' ').unwrap().0.to_owned());
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind), "{line}");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} stands twice");
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = sample.split('{').next().unwrap();
            let base =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(types.contains_key(name) || types.contains_key(base), "{line} has no type");
        }
    }
    assert_eq!(helped.len(), types.len(), "each family has its help once");
    for (name, kind) in &types {
        keeps_conventions(name, kind);
    }
    check_with_promtool(page);
    types
}

/// What `promtool check metrics` would find, so that it holds also where there is no promtool.
fn keeps_conventions(name: &str, kind: &str) {
    const FOREIGN: [&str; 15] = [
        "microseconds",
        "milliseconds",
        "nanoseconds",
        "minutes",
        "hours",
        "days",
        "bits",
        "kilobytes",
        "megabytes",
        "gigabytes",
        "percent",
        "s",
        "ms",
        "us",
        "mb",
    ];
    const KINDS: [&str; 4] = ["counter", "gauge", "histogram", "summary"];
    assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
    for part in name.split('_') {
        assert!(!FOREIGN.contains(&part), "{name} is not in a base unit");
        assert!(!KINDS.contains(&part), "{name} tells its type twice");
    }
    assert_eq!(
        name.ends_with("_total"),
        kind == "counter",
        "{name}: counters end in _total, and nothing else"
    );
    let is_taken = ["_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end));
    assert!(!is_taken, "{name} has the name of a part of a histogram");
    assert!(!name.ends_with("_info") || kind == "gauge", "{name} is no information");
}

/// Has Prometheus' own tool look at the page, where the machine has it.
fn check_with_promtool(page: &str) {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = started else { return };
    tool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let told = tool.wait_with_output().unwrap();
    let said = [told.stdout, told.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(told.status.success() && said.iter().all(String::is_empty), "{said:?}");
}

#[tokio::test]
async fn the_metrics_can_be_parsed_and_have_the_guides_names() {
    let server = Server::start().await;
    drop(server.client.get("/api/health").await.expect_status(200));
    let answer = server.client.get("/api/metrics").await.expect_status(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let families = families(&answer.text());
    for name in [
        "nodejs_heap_size_total_bytes",
        "nodejs_heap_size_used_bytes",
        "nodejs_external_memory_bytes",
        "nodejs_heap_space_size_total_bytes",
        "process_resident_memory_bytes",
        "lexiflow_memory_budget_bytes",
        "lexiflow_memory_state",
        "lexiflow_store_bytes",
        "lexiflow_budget_used_bytes",
        "http_requests_in_flight",
        "http_connections_open",
        "outbox_events",
        "job_queue",
        "build_info",
    ] {
        assert_eq!(families.get(name).map(String::as_str), Some("gauge"), "{name}");
    }
    for name in ["http_requests_total", "db_statements_total", "process_cpu_seconds_total"] {
        assert_eq!(families.get(name).map(String::as_str), Some("counter"), "{name}");
    }
    for (name, kind) in [
        ("lexiflow_memory_purge_seconds", "summary"),
        ("lexiflow_memory_shed_bytes_total", "counter"),
        ("lexiflow_runtime_tasks_leaked", "gauge"),
        ("lexiflow_memory_headroom_bytes", "gauge"),
        ("lexiflow_memory_dirty_bytes", "gauge"),
        ("lexiflow_memory_fragmentation_ratio", "gauge"),
        ("lexiflow_tenant_used_bytes", "gauge"),
        ("lexiflow_controller_tick_seconds", "gauge"),
        ("lexiflow_leak_window_seconds", "gauge"),
        ("lexiflow_runtime_poll_stall_seconds", "gauge"),
        ("http_request_memory_large_total", "counter"),
    ] {
        assert_eq!(families.get(name).map(String::as_str), Some(kind), "{name}");
    }
    let page = answer.text();
    for sample in [
        "lexiflow_memory_purge_seconds_sum ",
        "lexiflow_memory_purge_seconds_count ",
        "lexiflow_memory_shed_bytes_total{store=\"",
        "http_request_memory_large_total{method=\"GET\",route=\"/api/health\"} 0\n",
    ] {
        assert!(page.contains(sample), "{sample}: {page}");
    }
    assert!(page.contains("http_requests_in_flight 1\n"), "the asking request is in flight");
    assert!(
        page.contains("http_requests_total{method=\"GET\",route=\"/api/health\",status=\"2xx\"} 1"),
        "{page}"
    );
    assert!(page.contains("nodejs_heap_space_size_total_bytes{space=\"small\"}"));
}

#[tokio::test]
async fn open_metrics_is_spoken_when_asked_for() {
    let server = Server::start().await;
    let accept = [("accept", "application/openmetrics-text; version=1.0.0")];
    let answer =
        server.client.send(Method::GET, "/api/metrics", &accept, Bytes::new()).await.expect_status(200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    assert!(answer.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn strangers_get_no_metrics() {
    let server = Server::start().await;
    let proxied = [("x-forwarded-for", "192.0.2.7")];
    let stranger = server.client.send(Method::GET, "/api/metrics", &proxied, Bytes::new()).await;
    stranger.expect_problem(401, "unauthenticated");
    let admin = server.admin().await;
    drop(admin.send(Method::GET, "/api/metrics", &proxied, Bytes::new()).await.expect_status(200));
    drop(admin.get("/api/metrics/system").await.expect_status(200));
}
