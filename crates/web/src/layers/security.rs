use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Nothing in an answer of the API is a page.
const API_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
/// The documentation's page runs its own scripts and styles, and calls this server.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
     frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
);
const DOCS_PATH: &str = "/api/docs";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds what a handler did not set itself.
pub(super) fn harden(headers: &mut HeaderMap, path: &str, shared: bool) {
    let is_docs = path.starts_with(DOCS_PATH);
    let policy = if is_docs { DOCS_POLICY } else { API_POLICY };
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if !shared {
        headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    }
    if !is_docs {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
}
