use crate::codes;
use crate::etag::{Tags, Version};
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use http::header::IF_MATCH;
use http::request::Parts;

/// The version that `If-Match` asks for: `None` without the header and for `*`.
///
/// A weak or foreign tag never matches, so a header without any tag of ours is a 412 at once (RFC 9110, 13.1.1). Of
/// several versions the newest is taken; a handler that must honour each of them takes [`IfMatchTags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<Version>);

impl IfMatch {
    /// The version, or 428 where the operation insists on one.
    pub fn required(self) -> Result<Version, Problem> {
        self.0.ok_or_else(|| {
            Problem::new(codes::PRECONDITION_REQUIRED)
                .with_detail("send If-Match with the ETag of the version that you mean to change")
        })
    }
}

/// The whole `If-Match` header, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatchTags(pub Option<Tags>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatchTags {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Tags::of(&parts.headers, &IF_MATCH).map(Self).map_err(|_| {
            Problem::new(codes::MALFORMED_IF_MATCH)
                .with_detail("If-Match must be * or a list of entity tags in quotes, such as \"v12\"")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match IfMatchTags::from_request_parts(parts, state).await?.0 {
            None | Some(Tags::Any) => Ok(Self(None)),
            Some(Tags::Listed { strong, .. }) => match strong.into_iter().max() {
                Some(version) => Ok(Self(Some(version))),
                None => Err(crate::etag::stale()),
            },
        }
    }
}
