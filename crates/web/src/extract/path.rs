use crate::codes;
use crate::problem::Problem;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use ids::Id;
use std::fmt::Display;
use std::str::FromStr;

/// An id in the path; 400 `malformed_id` when it is not a UUID. `N` counts the path's parameters from zero:
/// `/cases/{id}/parties/{party}` has `PathId<CaseId>` and `PathId<PartyId, 1>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathId<T, const N: usize = 0>(pub T);

impl<T, S, const N: usize> FromRequestParts<S> for PathId<T, N>
where
    T: Id + FromStr,
    T::Err: Display,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = |why: String| {
            Err(Problem::new(codes::MALFORMED_ID)
                .with_detail(format!("the {} id in the path {why}", T::KIND)))
        };
        let Ok(params) = RawPathParams::from_request_parts(parts, state).await else {
            return malformed("is not UTF-8 text".to_owned());
        };
        match params.iter().nth(N).map(|(_, text)| text.parse::<T>()) {
            Some(Ok(id)) => Ok(Self(id)),
            Some(Err(error)) => malformed(error.to_string()),
            None => malformed("is missing".to_owned()),
        }
    }
}
