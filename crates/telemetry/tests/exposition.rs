//! Both text forms of the metrics, read by a strict parser of their own.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use telemetry::{
    BuildInfo, DbSample, Format, JobOutcome, MAX_COLLECTORS, MAX_ROUTES, MemorySample, Metrics, MetricsError,
    NodeCompatSample, Number, Pool, ProcessSample, StoreSample,
};

#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

fn take_name<'t>(text: &'t str, more: &str) -> (&'t str, &'t str) {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || more.contains(c)))
        .unwrap_or(text.len());
    assert!(end > 0 && !text.starts_with(|c: char| c.is_ascii_digit()), "no name at {text:?}");
    text.split_at(end)
}

fn take_labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    let Some(mut rest) = text.strip_prefix('{') else { return (labels, text) };
    loop {
        let (name, after) = take_name(rest, "");
        let mut value = String::new();
        let mut chars = after.strip_prefix("=\"").unwrap_or_else(|| panic!("no value at {after:?}")).chars();
        loop {
            match chars.next().unwrap() {
                '"' => break,
                '\\' => match chars.next().unwrap() {
                    'n' => value.push('\n'),
                    c @ ('"' | '\\') => value.push(c),
                    c => panic!("unknown escape {c:?}"),
                },
                c => value.push(c),
            }
        }
        assert!(labels.insert(name.to_owned(), value).is_none(), "label {name} twice in {text}");
        rest = chars.as_str();
        if let Some(after) = rest.strip_prefix('}') {
            return (labels, after);
        }
        rest = rest.strip_prefix(',').unwrap_or_else(|| panic!("no comma at {rest:?}"));
    }
}

fn parse_sample(line: &str) -> Sample {
    let (name, rest) = take_name(line, ":");
    let (labels, rest) = take_labels(rest);
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no blank before the value in {line:?}"));
    assert!(!value.contains(' '), "text behind the value in {line:?}");
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        value => {
            assert!(value.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "{value:?} is no number");
            value.parse().unwrap_or_else(|_| panic!("{value:?} is no number"))
        }
    };
    Sample { name: name.to_owned(), labels, value }
}

/// Reads a page line by line: help, type, samples of that family, and nothing else; no family or series twice.
fn parse(page: &str, format: Format) -> BTreeMap<String, Family> {
    let mut page = page;
    if format == Format::OpenMetrics {
        page = page.strip_suffix("# EOF\n").unwrap();
    }
    assert!(page.ends_with('\n') && !page.contains("# EOF"));
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut series = BTreeSet::new();
    let (mut current, mut helped) = (String::new(), String::new());
    for line in page.strip_suffix('\n').unwrap().split('\n') {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = take_name(rest, ":");
            name.clone_into(&mut helped);
            let family = Family { help: help.strip_prefix(' ').unwrap().to_owned(), ..Family::default() };
            assert!(families.insert(name.to_owned(), family).is_none(), "{name} stands twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = take_name(rest, ":");
            assert_eq!(name, helped, "the type follows its help");
            let kind = kind.strip_prefix(' ').unwrap();
            let known: &[&str] = match format {
                Format::Prometheus => &["counter", "gauge", "histogram", "summary", "untyped"],
                Format::OpenMetrics => &["counter", "gauge", "histogram", "info", "summary", "unknown"],
            };
            assert!(known.contains(&kind), "{kind} is no type");
            kind.clone_into(&mut families.get_mut(name).unwrap().kind);
            name.clone_into(&mut current);
        } else {
            assert!(!line.starts_with('#'), "a comment that is neither help nor type: {line}");
            let sample = parse_sample(line);
            assert!(series.insert(format!("{}{:?}", sample.name, sample.labels)), "twice: {line}");
            let family = families.get_mut(&current).unwrap();
            let suffixes: &[&str] = match (family.kind.as_str(), format) {
                ("counter", Format::OpenMetrics) => &["_total"],
                ("info", _) => &["_info"],
                ("histogram", _) => &["_bucket", "_sum", "_count"],
                ("summary", _) => &["_sum", "_count"],
                _ => &[""],
            };
            let belongs = suffixes.iter().any(|suffix| sample.name == format!("{current}{suffix}"));
            assert!(belongs, "{} does not belong to {current}", sample.name);
            family.samples.push(sample);
        }
    }
    families
}

fn metrics() -> Metrics {
    Metrics::new(&BuildInfo { version: "1.2.3", revision: "" })
}

fn both(metrics: &Metrics) -> [BTreeMap<String, Family>; 2] {
    [Format::Prometheus, Format::OpenMetrics].map(|format| parse(&metrics.render(format).unwrap(), format))
}

fn used() -> Metrics {
    let metrics = metrics();
    metrics.http_request("GET", "/api/cases/{id}", 200, Duration::from_millis(3));
    metrics.http_request("GET", "/api/cases/{id}", 404, Duration::from_millis(1));
    metrics.http_request("BREW", "/api/\"pot\"\\\n", 418, Duration::from_secs(100));
    metrics.http_request_memory("GET", "/api/cases/{id}", 70_000, false);
    metrics.http_request_memory("GET", "/api/cases/{id}", u64::MAX, true);
    metrics.db_pool_wait(Pool::Readers, Duration::from_micros(5));
    metrics.job("import", JobOutcome::Done, Duration::from_secs(2));
    let process =
        ProcessSample { resident_bytes: 9, cpu: Duration::from_millis(1500), ..ProcessSample::default() };
    let node = NodeCompatSample {
        active_bytes: 5,
        allocated_bytes: 4,
        external_bytes: 3,
        spaces: vec![("small", 1), ("large", 2)],
        resident_bytes: 9,
    };
    let memory =
        MemorySample { limit: Some(("cgroup_v2", 7)), budget_bytes: u64::MAX, ..MemorySample::default() };
    let store = StoreSample {
        name: "search",
        entries: 1,
        bytes: 2,
        capacity_bytes: 3,
        hits: 4,
        misses: 5,
        evictions: 6,
    };
    metrics
        .register_collector(Box::new(move |page| {
            process.write(page);
            node.write(page);
            memory.write(page);
            StoreSample::write_all(&[store, StoreSample { name: "routes", ..store }], page);
            DbSample { statements: 12, ..DbSample::default() }.write(page);
        }))
        .unwrap();
    metrics
}

#[test]
fn both_forms_are_valid() {
    let [prometheus, open] = both(&used());
    assert_eq!(prometheus.len(), open.len());
    for family in prometheus.values().chain(open.values()) {
        assert!(!family.help.is_empty() && !family.kind.is_empty());
    }
    assert_eq!(open["http_requests"].kind, "counter");
    assert_eq!(
        prometheus["http_requests_total"].kind, "counter",
        "the older form names the family as its samples"
    );
    assert_eq!(open["build"].kind, "info");
    assert_eq!(prometheus["build_info"].kind, "gauge");
    assert_eq!(prometheus["build_info"].samples[0].labels["version"], "1.2.3");
}

#[test]
fn requests_are_counted_by_method_route_and_status_class() {
    let [families, _] = both(&used());
    let find = |route: &str, status: &str| {
        families["http_requests_total"]
            .samples
            .iter()
            .find(|sample| sample.labels["route"] == route && sample.labels["status"] == status)
            .unwrap()
            .clone()
    };
    assert!((find("/api/cases/{id}", "2xx").value - 1.0).abs() < f64::EPSILON);
    assert_eq!(find("/api/cases/{id}", "4xx").labels["method"], "GET");
    assert_eq!(find("/api/\"pot\"\\\n", "4xx").labels["method"], "other", "escapes are read back");
}

#[test]
fn load_that_is_shed_is_no_error_of_the_server() {
    let metrics = metrics();
    for status in [500, 503, 503, 507] {
        metrics.http_request("GET", "/api/cases", status, Duration::from_millis(1));
    }
    let [families, _] = both(&metrics);
    let count = |status: &str| -> f64 {
        let of = |sample: &&Sample| sample.labels["status"] == status;
        families["http_requests_total"].samples.iter().filter(of).map(|sample| sample.value).sum()
    };
    assert!((count("503") - 2.0).abs() < f64::EPSILON && (count("5xx") - 2.0).abs() < f64::EPSILON);
}

#[test]
fn histograms_are_cumulative_and_end_with_infinity() {
    for families in both(&used()) {
        let family = &families["http_request_duration_seconds"];
        assert_eq!(family.kind, "histogram");
        let of = |suffix: &str| {
            let mut samples = family.samples.clone();
            samples.retain(|s| s.name.ends_with(suffix) && s.labels["route"].contains("pot"));
            samples
        };
        let buckets = of("_bucket");
        assert_eq!(buckets.last().unwrap().labels["le"], "+Inf");
        assert!(buckets.is_sorted_by(|a, b| a.value <= b.value));
        assert_eq!(buckets.last().unwrap().value.to_bits(), of("_count")[0].value.to_bits());
        assert!((of("_sum")[0].value - 100.0).abs() < 1e-9);
    }
}

#[test]
fn the_five_names_of_the_first_lexiflow_tell_their_native_meaning() {
    let [families, _] = both(&used());
    for name in [
        "nodejs_heap_size_total_bytes",
        "nodejs_heap_size_used_bytes",
        "nodejs_external_memory_bytes",
        "nodejs_heap_space_size_total_bytes",
    ] {
        assert_eq!(families[name].kind, "gauge");
        assert!(families[name].help.contains("native allocator"), "{name}");
    }
    let spaces = &families["nodejs_heap_space_size_total_bytes"].samples;
    let named: Vec<&str> = spaces.iter().map(|sample| sample.labels["space"].as_str()).collect();
    assert_eq!(named, ["small", "large"]);
    // The process set exports this one too; the strict parser would refuse a second family.
    assert_eq!(families["process_resident_memory_bytes"].samples.len(), 1);
}

#[test]
fn whole_numbers_are_exact() {
    let page = used().render(Format::Prometheus).unwrap();
    assert!(page.contains("\nlexiflow_memory_budget_bytes 18446744073709551615\n"));
    assert!(page.contains("\nlexiflow_memory_limit_bytes{source=\"cgroup_v2\"} 7\n"));
    assert!(page.contains("\nprocess_cpu_seconds_total 1.5\n"));
    assert!(page.contains("\nlexiflow_store_hits_total{store=\"search\"} 4\n"));
    assert!(page.contains("\ndb_statements_total 12\n"));
}

#[test]
fn a_client_cannot_make_series() {
    let metrics = metrics();
    for number in 0..MAX_ROUTES * 2 {
        metrics.http_request("GET", &format!("/probe/{number}"), 404, Duration::ZERO);
        metrics.http_request(&format!("M{number}"), "/probe/0", number.try_into().unwrap(), Duration::ZERO);
    }
    metrics.http_request("GET", &"x".repeat(10_000), 404, Duration::ZERO);
    let [families, _] = both(&metrics);
    let samples = &families["http_requests_total"].samples;
    let routes: BTreeSet<&str> = samples.iter().map(|sample| sample.labels["route"].as_str()).collect();
    assert_eq!(routes.len(), MAX_ROUTES + 1);
    assert!(routes.contains("other"));
    assert!(samples.len() <= MAX_ROUTES + 8, "{}", samples.len());
}

#[test]
fn a_faulty_collector_does_not_spoil_the_page() {
    let metrics = metrics();
    metrics
        .register_collector(Box::new(|page| {
            page.gauge("fine", "A help with \"quotes\",\na line break and a \\.")
                .sample(&[("label", "a\"b\\c\nd"), ("bad name", "x"), ("0", "y")], 1)
                .sample(&[], Number::Real(f64::NEG_INFINITY));
            page.gauge("fine", "Again.").value(2);
            page.gauge("http_requests", "A name of the server's own.").value(2);
            page.counter("not a name", "Bad.").value(3);
            page.gauge("", "Bad.").value(3);
            page.gauge("ratio", "A fraction.").value(f64::NAN);
        }))
        .unwrap();
    for families in both(&metrics) {
        let fine = &families["fine"].samples;
        assert_eq!(fine.len(), 2);
        assert_eq!(fine[0].labels, BTreeMap::from([("label".to_owned(), "a\"b\\c\nd".to_owned())]));
        assert!(fine[1].value.is_infinite());
        assert!(families["ratio"].samples[0].value.is_nan());
    }
}

#[test]
fn collectors_are_bounded() {
    let metrics = metrics();
    for _ in 0..MAX_COLLECTORS {
        metrics.register_collector(Box::new(|_| {})).unwrap();
    }
    let refused = metrics.register_collector(Box::new(|_| {}));
    assert!(matches!(refused, Err(MetricsError::TooManyCollectors)));
}

#[test]
fn requests_in_flight_end_with_their_guard() {
    let metrics = metrics();
    let shown = |metrics: &Metrics| {
        metrics.render(Format::Prometheus).unwrap().contains("\nhttp_requests_in_flight 1\n")
    };
    let other_handle = metrics.clone();
    let guard = metrics.http_in_flight();
    assert!(shown(&other_handle), "a clone counts in the same place");
    drop(guard);
    assert!(!shown(&other_handle));
    assert!(!shown(&metrics));
}

#[test]
fn the_form_follows_the_accept_header() {
    use Format::{OpenMetrics, Prometheus};
    let scraper = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                   application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    for (accept, format) in [
        (None, Prometheus),
        (Some("*/*"), Prometheus),
        (Some("text/plain"), Prometheus),
        (Some(scraper), OpenMetrics),
        (Some("application/openmetrics-text"), OpenMetrics),
        (Some("application/openmetrics-text; version=\"1.0.0\"; q=0.9, text/plain;q=0.9"), OpenMetrics),
        (Some("application/openmetrics-text;q=0.3, text/plain;q=0.5"), Prometheus),
        (Some("application/openmetrics-text;q=0"), Prometheus),
        (Some("application/openmetrics-text;version=2.0.0"), Prometheus),
        (Some("application/openmetrics-text;q=much"), Prometheus),
        (Some(",;q=,"), Prometheus),
    ] {
        assert_eq!(Format::from_accept(accept), format, "{accept:?}");
    }
    assert_eq!(Prometheus.content_type(), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(OpenMetrics.content_type(), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}
