//! From OpenMetrics to the Prometheus text format 0.0.4.

/// Rewrites a page of OpenMetrics, without its `# EOF`, as format 0.0.4: a counter's family carries the `_total` of
/// its samples, an info is a gauge named `_info`, `unknown` is `untyped`, and there are no units.
pub(crate) fn to_prometheus(open: &str) -> String {
    let mut text = String::with_capacity(open.len() + open.len() / 16);
    // OpenMetrics writes the help before the type, and the type decides the name that the help needs.
    let mut help = "";
    for line in open.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "unknown"));
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "stateset" => ("", "gauge"),
                "unknown" => ("", "untyped"),
                kind => ("", kind),
            };
            text.extend(["# HELP ", name, suffix, " ", help, "\n# TYPE ", name, suffix, " ", kind, "\n"]);
            help = "";
        } else if !line.starts_with('#') {
            text.extend([line, "\n"]);
        }
    }
    text
}
