use crate::codes;
use crate::problem::Problem;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// The content type without its parameters, in lower case; empty when absent.
pub(crate) fn essence(headers: &HeaderMap) -> String {
    let whole = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// JSON by its own name or by the suffix of RFC 6839.
pub(crate) fn is_json(essence: &str) -> bool {
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// 415 unless the content type is accepted and the body is not encoded.
pub(crate) fn require(headers: &HeaderMap, accepted: fn(&str) -> bool, wanted: &str) -> Result<(), Problem> {
    let found = essence(headers);
    if !accepted(&found) {
        let detail = if found.is_empty() {
            format!("the request has no Content-Type: send {wanted}")
        } else {
            format!("the Content-Type {found} is not taken here: send {wanted}")
        };
        return Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE).with_detail(detail));
    }
    require_identity(headers)
}

/// 415 for a body under a content coding: its true size would be unknown until it is decoded.
pub(crate) fn require_identity(headers: &HeaderMap) -> Result<(), Problem> {
    let plain = headers
        .get(CONTENT_ENCODING)
        .is_none_or(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
    if plain {
        return Ok(());
    }
    Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE)
        .with_detail("a request body must not be compressed: send it without Content-Encoding"))
}
