//! The text form of Prometheus 0.0.4, read as strictly as a server of it would.

use std::collections::{BTreeMap, BTreeSet};

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The name of the series.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value, as written.
    pub value: String,
}

/// Reads an exposition. Fails on anything a scraper would refuse: a sample before its type or apart from its family, a
/// name twice, a label twice, a value that is no number, a line without an end.
#[track_caller]
pub fn read_metrics(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'), "the last line has no end");
    let (mut samples, mut seen) = (Vec::new(), BTreeSet::new());
    let mut families = BTreeSet::new();
    let mut family: Option<(String, String)> = None;
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
            assert!(["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind), "{line}");
            assert!(families.insert(name.to_owned()), "the family {name} comes twice");
            family = Some((name.to_owned(), kind.to_owned()));
        } else if !line.starts_with('#') {
            let sample = sample(line);
            let (name, kind) = family.as_ref().unwrap_or_else(|| panic!("before any type: {line}"));
            let suffixes: &[&str] = match kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                "summary" => &["", "_sum", "_count"],
                _ => &[""],
            };
            let belongs = suffixes.iter().any(|suffix| sample.name == format!("{name}{suffix}"));
            assert!(belongs, "{line} does not belong to {name}");
            assert!(seen.insert((sample.name.clone(), sample.labels.clone())), "twice: {line}");
            samples.push(sample);
        }
    }
    samples
}

#[track_caller]
fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let number = ["+Inf", "-Inf", "NaN"].contains(&value) || value.parse::<f64>().is_ok();
    assert!(number, "no number: {line}");
    let (name, labels) = match series.split_once('{') {
        None => (series, BTreeMap::new()),
        Some((name, rest)) => {
            (name, labels(rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}")), line))
        }
    };
    let fits = |(index, letter): (usize, char)| {
        letter.is_ascii_alphabetic() || "_:".contains(letter) || (index > 0 && letter.is_ascii_digit())
    };
    assert!(!name.is_empty() && name.chars().enumerate().all(fits), "no name: {line}");
    Sample { name: name.to_owned(), labels, value: value.to_owned() }
}

#[track_caller]
fn labels(mut rest: &str, line: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        let mut value = String::new();
        let mut letters = after.char_indices();
        let end = loop {
            match letters.next().unwrap_or_else(|| panic!("an open label: {line}")) {
                (_, '\\') => value.extend(letters.next().map(|(_, letter)| letter)),
                (end, '"') => break end,
                (_, letter) => value.push(letter),
            }
        };
        assert!(found.insert(name.to_owned(), value).is_none(), "a label twice: {line}");
        rest = after[end + 1..].trim_start_matches(',');
    }
    found
}
