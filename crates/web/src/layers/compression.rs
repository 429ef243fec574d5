use crate::scope::Scope;
use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, SET_COOKIE,
};
use http::{HeaderMap, Method, StatusCode};
use http_body::Body as _;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower_http::CompressionLevel;
use tower_http::compression::Predicate;

use super::finish::HeldBody;

/// Which answers are compressed (gzip, br or zstd, as the client prefers), as they stream.
#[derive(Debug, Clone, Copy)]
pub struct CompressionSettings {
    /// Whether any is.
    pub enabled: bool,
    /// How hard to try, 1 to 9.
    pub level: u8,
    /// Answers known to be shorter are sent as they are, in bytes.
    pub threshold_bytes: u64,
}

impl Default for CompressionSettings {
    fn default() -> Self {
        Self { enabled: true, level: 6, threshold_bytes: 1024 }
    }
}

impl CompressionSettings {
    pub(super) fn quality(&self) -> CompressionLevel {
        CompressionLevel::Precise(i32::from(self.level.clamp(1, 9)))
    }
}

/// An answer's extension: never compress this one, because it holds a secret beside text that a caller can choose, so
/// that its compressed length would tell the secret bit by bit.
#[derive(Debug, Clone, Copy)]
pub struct NoCompression;

/// What one compressor may take of the memory budget while its answer streams, in bytes.
const COMPRESSOR_BYTES: u64 = 4 << 20;
/// Answers below this path hold tokens.
const SECRET_PATH: &str = "/api/auth";

/// The mark of an answer that is to be compressed.
#[derive(Clone, Copy)]
struct Compress;

/// Compresses what is marked.
#[derive(Clone, Copy)]
pub(super) struct Obey;

impl Predicate for Obey {
    fn should_compress<B: http_body::Body>(&self, response: &http::Response<B>) -> bool {
        response.extensions().get::<Compress>().is_some()
    }
}

/// Whether the request lets its answer be compressed.
pub(super) fn is_wanted(
    settings: CompressionSettings,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> bool {
    let is_secret =
        path.strip_prefix(SECRET_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    settings.enabled
        && method != Method::HEAD
        && !is_secret
        && ["gzip", "br", "zstd", "*"].into_iter().any(|coding| accepts_coding(headers, coding))
}

/// Whether a client takes answers in this coding, as it says itself (RFC 9110, 12.5.3); `*` counts as a name.
pub fn accepts_coding(headers: &HeaderMap, coding: &str) -> bool {
    let takes = |entry: &str| {
        let mut parts = entry.split(';').map(str::trim);
        let names = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        names && weight.is_none_or(|weight| weight.bytes().any(|digit| (b'1'..=b'9').contains(&digit)))
    };
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(takes)
}

/// Marks an answer that is worth compressing, if the budget has room for a compressor.
pub(super) fn mark(
    response: Response,
    settings: CompressionSettings,
    compressors: &Arc<Semaphore>,
    scope: &Scope,
) -> Response {
    if !is_worth_it(&response, settings.threshold_bytes) {
        return response;
    }
    let Ok(one) = Arc::clone(compressors).try_acquire_owned() else { return response };
    let Ok(loan) = scope.held.borrow(COMPRESSOR_BYTES) else { return response };
    let mut response = response.map(|body| Body::new(HeldBody::new(body, (loan, one))));
    response.extensions_mut().insert(Compress);
    response
}

fn is_worth_it(response: &Response, threshold_bytes: u64) -> bool {
    let headers = response.headers();
    let plain_success = response.status().is_success()
        && !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::PARTIAL_CONTENT);
    // Ranges are counted in the stored bytes: a resource that can be read in parts keeps its length.
    let excluded = [ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, SET_COOKIE];
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let size = response.body().size_hint().exact().or(declared);
    plain_success
        && !excluded.iter().any(|name| headers.contains_key(name))
        && response.extensions().get::<NoCompression>().is_none()
        && size.is_none_or(|size| size >= threshold_bytes)
        && headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_compressible)
}

/// Text in its many forms; everything else is compressed already or does not shrink.
fn is_compressible(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = essence.starts_with("text/") && essence != "text/event-stream";
    let named =
        ["application/json", "application/xml", "application/javascript", "application/openmetrics-text"];
    text || named.contains(&essence.as_str()) || essence.ends_with("+json") || essence.ends_with("+xml")
}

/// Leaves out a preference that nothing can satisfy: the plain answer is better than a 406 after the work is done.
pub(super) fn soften(headers: &mut HeaderMap) {
    let refuses_plain = headers.get_all(ACCEPT_ENCODING).iter().any(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).replace(' ', "").to_ascii_lowercase();
        text.split(',').any(|coding| coding.starts_with("identity;q=0") || coding.starts_with("*;q=0"))
    });
    if refuses_plain {
        headers.remove(ACCEPT_ENCODING);
    }
}

#[cfg(test)]
mod tests {
    use super::accepts_coding;
    use http::HeaderMap;
    use http::header::{ACCEPT_ENCODING, HeaderValue};

    #[test]
    fn a_client_takes_what_it_names_with_a_weight_above_zero() {
        for (said, takes) in [
            ("gzip", true),
            ("br, GZIP", true),
            ("br;q=1, gzip;q=0.1", true),
            ("gzip; q=0.001", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000, br", false),
            ("br, zstd", false),
            ("x-gzip", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(said));
            assert_eq!(accepts_coding(&headers, "gzip"), takes, "{said}");
        }
        assert!(!accepts_coding(&HeaderMap::new(), "gzip"));
    }
}
