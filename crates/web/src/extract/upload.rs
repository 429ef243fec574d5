use super::media;
use crate::body::{BodyFault, GuardedBody};
use crate::codes;
use crate::problem::Problem;
use crate::scope::Scope;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use futures_util::Stream;
use http::request::Parts;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body of any size as a stream of chunks, never held as a whole.
///
/// At most [`Limits::upload_bytes`](crate::Limits) (413, from the declared length before a byte is read), and not
/// slower than [`Limits::pace`](crate::Limits) (408). The request's own deadline is lifted.
#[derive(Debug)]
pub struct RawBody {
    body: GuardedBody,
}

impl RawBody {
    fn watch(parts: &Parts, body: Body) -> Result<Self, Problem> {
        media::require_identity(&parts.headers)?;
        let limits = Scope::limits_of(&parts.extensions);
        let mut body = GuardedBody::new(body, limits.upload_bytes, limits.pace)?;
        if let Some(scope) = Scope::of(&parts.extensions) {
            scope.lift_deadline();
            body.count_for(scope);
        }
        Ok(Self { body })
    }

    /// The declared length, in bytes, if there is one.
    pub fn declared_bytes(&self) -> Option<u64> {
        self.body.declared_bytes()
    }

    /// The same bytes as a body, for what wants one.
    pub fn into_body(self) -> Body {
        Body::from_stream(self.body)
    }
}

impl Stream for RawBody {
    type Item = Result<Bytes, BodyFault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        Self::watch(&parts, body)
    }
}

/// A `multipart/form-data` body whose parts are streamed, with the limits of [`RawBody`]. Read the parts by chunks;
/// errors of the parts become problems with `?`.
#[derive(Debug)]
pub struct UploadForm(pub Multipart);

impl<S: Send + Sync> FromRequest<S> for UploadForm {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        media::require_type(request.headers(), |kind| kind == "multipart/form-data", "multipart/form-data")?;
        let (parts, body) = request.into_parts();
        let watched = RawBody::watch(&parts, body)?.into_body();
        let mut bare = Request::from_parts(parts, watched);
        DefaultBodyLimit::disable().apply(&mut bare);
        let form = Multipart::from_request(bare, state).await;
        form.map(Self).map_err(|rejection| {
            Problem::new(codes::MALFORMED_REQUEST).with_detail(rejection.body_text()).with_cause(rejection)
        })
    }
}

impl From<MultipartError> for Problem {
    fn from(error: MultipartError) -> Self {
        match body_fault(&error) {
            Some(BodyFault::TooSlow { min_bytes_per_second }) => {
                BodyFault::TooSlow { min_bytes_per_second: *min_bytes_per_second }.into()
            }
            Some(BodyFault::TooLong { total_seconds }) => {
                BodyFault::TooLong { total_seconds: *total_seconds }.into()
            }
            Some(BodyFault::TooLarge { limit_bytes }) => {
                BodyFault::TooLarge { limit_bytes: *limit_bytes }.into()
            }
            Some(BodyFault::CutOff(_)) => Self::new(codes::BODY_INCOMPLETE).with_cause(error),
            None => Self::new(codes::MALFORMED_REQUEST).with_detail(error.body_text()).with_cause(error),
        }
    }
}

/// The fault of the body underneath the multipart reader, however deep it is wrapped.
fn body_fault<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a BodyFault> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
        .take(16)
        .find_map(|error| error.downcast_ref::<BodyFault>())
}
