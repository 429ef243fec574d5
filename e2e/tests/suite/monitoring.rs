//! The dashboard and the alert rules in `docs/monitoring` against the metrics of a running server: each name and each
//! label that they use is there.

use e2e::{TestApp, read_metrics};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Words of the query language that are neither metrics nor functions.
const KEYWORDS: [&str; 10] =
    ["and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool"];
/// Labels that the scraper adds, and the one of every histogram.
const ADDED: [&str; 3] = ["instance", "job", "le"];
/// What the scraper itself tells of each server.
const SCRAPED: &str = "up";

/// The labels of each series name; none for a family that has no sample yet.
type Live = BTreeMap<String, BTreeSet<String>>;

async fn live_metrics() -> Live {
    let app = TestApp::start().await;
    let admin = app.admin();
    let _cases = admin.get("/api/cases").await.expect_status(200);
    let text = admin.get("/api/metrics").await.expect_status(200).text();
    app.finish().await;
    let mut live = Live::new();
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        live.entry(family.to_owned()).or_default();
    }
    for sample in read_metrics(&text) {
        live.entry(sample.name).or_default().extend(sample.labels.into_keys());
    }
    live
}

/// What a query uses: its metrics, and the labels that it selects or groups by.
#[derive(Debug, Default)]
struct Used {
    metrics: BTreeSet<String>,
    labels: BTreeSet<String>,
}

fn used(query: &str) -> Used {
    let mut used = Used::default();
    let mut rest = query;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_alphabetic() || "{[_".contains(letter)) {
        let from = &rest[at..];
        if let Some(selector) = from.strip_prefix('{') {
            let (inside, after) = selector.split_once('}').expect("a selector that ends");
            let pairs = inside.split(',').filter(|pair| !pair.is_empty());
            used.labels.extend(pairs.map(|pair| pair.split(['=', '!']).next().unwrap().trim().to_owned()));
            rest = after;
        } else if let Some(range) = from.strip_prefix('[') {
            rest = range.split_once(']').expect("a range that ends").1;
        } else {
            let end = from.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let (word, after) = from.split_at(end.unwrap_or(from.len()));
            rest = after;
            if KEYWORDS.contains(&word) {
                if let Some(list) = after.trim_start().strip_prefix('(') {
                    let (inside, after) = list.split_once(')').expect("a list that ends");
                    used.labels.extend(inside.split(',').map(|label| label.trim().to_owned()));
                    rest = after;
                }
            } else if !after.trim_start().starts_with('(') && !is_function(word, after) {
                used.metrics.insert(word.to_owned());
            }
        }
    }
    used.labels.remove("");
    used
}

/// `sum by (...) (...)`: the name of a function need not stand directly before its arguments.
fn is_function(word: &str, after: &str) -> bool {
    ["sum", "max", "min", "avg", "count"].contains(&word) && after.trim_start().starts_with("by")
}

/// What a query or its legend uses and the server does not have.
fn missing(query: &str, legend: &str, live: &Live) -> Vec<String> {
    let mut used = used(query);
    let shown = legend.split("{{").skip(1);
    used.labels.extend(shown.map(|rest| rest.split("}}").next().unwrap().to_owned()));
    let mut faults: Vec<String> =
        used.metrics.iter().filter(|name| !live.contains_key(*name) && *name != SCRAPED).cloned().collect();
    let mut known: BTreeSet<&str> = ADDED.into();
    let mut is_silent = false;
    for name in &used.metrics {
        let labels = live.get(name);
        // A counter without a sample has its labels later.
        is_silent |= labels.is_some_and(BTreeSet::is_empty);
        known.extend(labels.into_iter().flatten().map(String::as_str));
    }
    if !is_silent {
        faults.extend(used.labels.into_iter().filter(|label| !known.contains(label.as_str())));
    }
    if used.metrics.is_empty() {
        faults.push(format!("no metric in {query}"));
    }
    faults
}

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/monitoring").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn the_dashboard_shows_metrics_that_are_there() {
    let live = live_metrics().await;
    let dashboard: Value = serde_json::from_str(&file("grafana-dashboard.json")).unwrap();
    let mut queries = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let (query, legend) =
                (target["expr"].as_str().unwrap(), target["legendFormat"].as_str().unwrap());
            assert_eq!(missing(query, legend, &live), [""; 0], "{}: {query}", panel["title"]);
            queries += 1;
        }
    }
    assert!(queries >= 40, "{queries} queries");
}

#[tokio::test]
async fn the_alerts_watch_metrics_that_are_there() {
    let live = live_metrics().await;
    let rules = file("alerts.yaml");
    let names = rules.lines().filter(|line| line.trim().starts_with("- alert: ")).count();
    let queries: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert_eq!(queries.len(), names);
    for query in queries {
        assert_eq!(missing(query, "", &live), [""; 0], "{query}");
    }
    assert!(names >= 12, "{names} alerts");
    // Whoever scrapes the server calls it as they like.
    assert!(!rules.contains("job="), "a rule wants a certain job");
}

#[test]
fn a_name_that_is_not_there_is_found() {
    let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let live = Live::from([("http_requests_total".to_owned(), labels(&["status"]))]);
    let query = "sum by (status) (rate(http_requests_total{status=\"5xx\"}[5m])) > 0.01";
    assert_eq!(missing(query, "{{status}}", &live), [""; 0]);
    assert_eq!(missing(&query.replace("requests_total", "request_total"), "", &live).len(), 2);
    assert_eq!(missing(&query.replace("(status)", "(code)"), "", &live), ["code"]);
    assert_eq!(missing(query, "{{path}}", &live), ["path"]);
    assert_eq!(missing("1 > 0", "", &live).len(), 1);
}
