use crate::body::Coding;
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

/// 415 unless the content type is accepted and the body is plain or packed by gzip, which of the two it says.
pub(crate) fn require(
    headers: &HeaderMap,
    accepted: fn(&str) -> bool,
    wanted: &str,
) -> Result<Coding, Problem> {
    let found = essence(headers);
    if !accepted(&found) {
        let detail = if found.is_empty() {
            format!("the request has no Content-Type: send {wanted}")
        } else {
            format!("the Content-Type {found} is not taken here: send {wanted}")
        };
        return Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE).with_detail(detail));
    }
    coding(headers).ok_or_else(|| {
        Problem::new(codes::UNSUPPORTED_MEDIA_TYPE).with_detail(
            "a request body may be packed by gzip alone: send it so, or without Content-Encoding",
        )
    })
}

/// The coding of the body; `None` for one that is not known here.
fn coding(headers: &HeaderMap) -> Option<Coding> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter().map(|coding| coding.as_bytes().trim_ascii());
    let Some(first) = codings.next() else { return Some(Coding::Identity) };
    let is = |name: &str| first.eq_ignore_ascii_case(name.as_bytes());
    match codings.next() {
        None if is("identity") => Some(Coding::Identity),
        // The older name counts as the same (RFC 9110, 8.4.1.3).
        None if is("gzip") || is("x-gzip") => Some(Coding::Gzip),
        _ => None,
    }
}

/// 415 for a body under a content coding: a file is kept as it comes, and its size is known by its length.
pub(crate) fn require_identity(headers: &HeaderMap) -> Result<(), Problem> {
    if coding(headers) == Some(Coding::Identity) {
        return Ok(());
    }
    Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE)
        .with_detail("a file is taken as it is: send it without Content-Encoding"))
}
