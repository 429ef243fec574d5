use super::json::{make_room, malformed};
use super::{media, nul};
use crate::body::read_whole;
use crate::codes;
use crate::problem::Problem;
use crate::scope::Scope;
use axum::extract::{FromRequest, Request};
use serde_json::Value;

/// The body of a `PATCH`: a JSON Merge Patch (RFC 7396), to be given to [`crate::merge_patch::patched`].
///
/// Content type `application/merge-patch+json` or `application/json`; the body must be a JSON object, because a patch
/// that is anything else would replace the resource as a whole.
#[derive(Debug, Clone)]
pub struct MergePatch(pub Value);

fn is_patch(essence: &str) -> bool {
    matches!(essence, "application/merge-patch+json" | "application/json")
}

impl<S: Send + Sync> FromRequest<S> for MergePatch {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let coding = media::require(&parts.headers, is_patch, "application/merge-patch+json")?;
        let limit = Scope::limits_of(&parts.extensions).json_bytes;
        let whole = read_whole(body, &parts.extensions, coding, limit).await?;
        nul::refuse(&whole.bytes)?;
        make_room(&whole.bytes, Scope::of(&parts.extensions))?;
        match serde_json::from_slice(&whole.bytes) {
            Ok(patch @ Value::Object(_)) => Ok(Self(patch)),
            Ok(_) => Err(Problem::new(codes::MALFORMED_JSON)
                .with_detail("a merge patch must be a JSON object with the members to change")),
            Err(error) => Err(malformed(&error)),
        }
    }
}
