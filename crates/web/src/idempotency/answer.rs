use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// The largest body of an answer that is kept, in bytes. A longer answer is given but not kept.
pub const MAX_BODY_BYTES: u64 = 64 << 10;

/// The headers that belong to the resource; the others belong to the one answer.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];
/// Tells a client that the answer is the first one again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Content type, entity tag and location, as far as they were set.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl StoredAnswer {
    /// Keeps an answer's status, headers and the given body.
    pub fn of(response: &http::response::Parts, body: &Bytes) -> Self {
        let kept = KEPT_HEADERS.iter().filter_map(|name| {
            let value = response.headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Self { status: response.status.as_u16(), headers: kept.collect(), body: body.to_vec() }
    }

    /// The answer again, marked as a repetition.
    pub fn replay(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }

    /// Whether an answer of this status settles the matter. A fault of the server, and a refusal that says nothing about
    /// the operation itself (who asks, how fast, in what form), may come out differently next time.
    pub(super) fn is_final(status: StatusCode) -> bool {
        !status.is_server_error() && !matches!(status.as_u16(), 401 | 403 | 408 | 413 | 415 | 425 | 428 | 429)
    }
}
