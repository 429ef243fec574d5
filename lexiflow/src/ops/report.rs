//! Answers that are true at their moment only.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use clock::Timestamp;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;

/// JSON that nobody may keep.
pub(super) fn fresh(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A time as the API writes it.
pub(super) fn written(time: Timestamp) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// A size for people: two decimals in the largest binary unit that fits, written as the first LexiFlow wrote it.
pub(super) fn human(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
    match UNITS.iter().find(|(_, size)| bytes >= *size) {
        None => format!("{bytes} B"),
        Some((unit, size)) => {
            let hundredths = u128::from(bytes) * 100 / u128::from(*size);
            format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100)
        }
    }
}

/// Whole mebibytes.
pub(super) fn whole_mebibytes(bytes: u64) -> String {
    format!("{} MB", bytes >> 20)
}

/// `part` of `whole` as a percentage with two decimals; of nothing, everything is 100.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 10_000).checked_div(u128::from(whole)).unwrap_or(10_000);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A decimal as a JSON number.
pub(super) fn decimal(text: &str) -> Value {
    text.parse::<f64>().map_or(Value::Null, Value::from)
}
