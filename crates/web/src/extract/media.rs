use crate::body::Coding;
use crate::codes;
use crate::problem::Problem;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

/// The content type without its parameters, in lower case; empty when absent.
pub(crate) fn essence(headers: &HeaderMap) -> String {
    let whole = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// JSON by its own name or by the suffix of RFC 6839.
pub(crate) fn is_json(essence: &str) -> bool {
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// 415 unless the content type is accepted and the body is plain or packed by gzip, which of the two it says.
pub(crate) fn require(
    headers: &HeaderMap,
    accepted: fn(&str) -> bool,
    wanted: &str,
) -> Result<Coding, Problem> {
    require_type(headers, accepted, wanted)?;
    Coding::of(headers).ok_or_else(|| {
        taken_as(
            "gzip",
            "a request body may be packed by gzip alone: send it so, or without Content-Encoding",
        )
    })
}

/// 415 unless the content type is accepted.
pub(crate) fn require_type(
    headers: &HeaderMap,
    accepted: fn(&str) -> bool,
    wanted: &str,
) -> Result<(), Problem> {
    let found = essence(headers);
    if !accepted(&found) {
        let detail = if found.is_empty() {
            format!("the request has no Content-Type: send {wanted}")
        } else {
            format!("the Content-Type {found} is not taken here: send {wanted}")
        };
        return Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE).with_detail(detail));
    }
    Ok(())
}

/// 415 for a body under a content coding: a file is kept as it comes, and its size is known by its length.
pub(crate) fn require_identity(headers: &HeaderMap) -> Result<(), Problem> {
    if Coding::of(headers) == Some(Coding::Identity) {
        return Ok(());
    }
    Err(taken_as("identity", "a file is taken as it is: send it without Content-Encoding"))
}

/// 415 that tells by its header which coding would be taken (RFC 9110 section 15.5.16).
fn taken_as(coding: &'static str, detail: &'static str) -> Problem {
    Problem::new(codes::UNSUPPORTED_MEDIA_TYPE)
        .with_detail(detail)
        .with_header(ACCEPT_ENCODING, HeaderValue::from_static(coding))
}
