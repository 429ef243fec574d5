/// A text form of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format, version 0.0.4.
    Prometheus,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The form that an `Accept` header asks for: OpenMetrics only when it is named and not liked less than plain
    /// text; the Prometheus text format for everything else.
    pub fn from_accept(accept: Option<&str>) -> Self {
        let (mut open, mut plain) = (0, 0);
        for range in accept.unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let (mut quality, mut known_version) = (1000, true);
            for parameter in parts {
                match parameter.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                    Some((name, value)) if name.eq_ignore_ascii_case("q") => quality = thousandths(value),
                    Some((name, value)) if name.eq_ignore_ascii_case("version") => {
                        known_version = matches!(value.trim_matches('"'), "1.0.0" | "0.0.4");
                    }
                    _ => {}
                }
            }
            if kind.eq_ignore_ascii_case("application/openmetrics-text") && known_version {
                open = open.max(quality);
            } else if kind.eq_ignore_ascii_case("text/plain") && known_version {
                plain = plain.max(quality);
            }
        }
        if open > 0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A quality value (RFC 9110 section 12.4.2) in thousandths; 0 when it cannot be read.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    format!("{whole}{fraction:0<3}").parse().unwrap_or(0).min(1000)
}
