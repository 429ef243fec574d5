use crate::Target;
use bytes::Bytes;
use headroom::Lease;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;
use zeroize::Zeroizing;

/// Who asks.
const AGENT: HeaderValue = HeaderValue::from_static("LexiFlow");

/// What is asked. Its headers and its body are never shown: they may hold secrets.
pub struct Request<'a> {
    pub(crate) target: &'a Target,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl<'a> Request<'a> {
    /// A `GET` of JSON.
    pub fn get(target: &'a Target) -> Self {
        Self::new(target, Method::GET, Bytes::new())
    }

    /// A `POST` of a form (`application/x-www-form-urlencoded`) that is answered with JSON. The form is overwritten when
    /// it is dropped.
    pub fn post_form(target: &'a Target, form: Zeroizing<String>) -> Self {
        let mut request = Self::new(target, Method::POST, Bytes::from_owner(Form(form)));
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, kind);
        request
    }

    fn new(target: &'a Target, method: Method, body: Bytes) -> Self {
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(USER_AGENT, AGENT);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Self { target, method, headers, body }
    }

    /// Says who asks (RFC 9110, 11.6.2).
    ///
    /// # Errors
    /// When the text cannot stand in a header.
    pub fn authorized(mut self, text: &str) -> Result<Self, crate::Error> {
        let mut value = HeaderValue::from_str(text).map_err(http::Error::from)?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(self)
    }

    pub(crate) fn into_http(self) -> Result<http::Request<Full<Bytes>>, http::Error> {
        let mut request = http::Request::builder().method(self.method).uri(self.target.path());
        if let Some(headers) = request.headers_mut() {
            *headers = self.headers;
        }
        request.header(HOST, self.target.authority()).body(Full::new(self.body))
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method, self.target.host())
    }
}

/// A form that is overwritten when it was sent.
struct Form(Zeroizing<String>);

impl AsRef<[u8]> for Form {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Pairs as a form or a query has them.
pub fn form_encoded(pairs: &[(&str, &str)]) -> Zeroizing<String> {
    let length: usize = pairs.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    // Large enough from the start, so that no copy of a secret is left behind.
    let mut text = Zeroizing::new(String::with_capacity(length));
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    text
}

/// A text as one value of a form or a query has it.
pub fn percent_encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(3 * text.len()));
    encoded.extend(utf8_percent_encode(text, NON_ALPHANUMERIC));
    encoded
}

/// What came back. Its body is never shown.
pub struct Answer {
    /// The status; a redirect is one too.
    pub status: StatusCode,
    /// The body, whole.
    pub body: Bytes,
    /// The memory of the body.
    pub(crate) lease: Lease,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes lent)", self.status, self.lease.bytes())
    }
}
