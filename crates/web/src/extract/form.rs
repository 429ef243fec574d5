use super::media;
use super::query::parameters;
use crate::body::read_whole;
use crate::codes;
use crate::faults::{self, Form, ROUNDS, no_rules};
use crate::problem::Problem;
use crate::scope::Scope;
use axum::extract::{FromRequest, Request};
use garde::Validate;
use serde::de::DeserializeOwned;

/// An `application/x-www-form-urlencoded` body, read and checked like a query string, with all its faults at once.
#[derive(Debug, Clone, Copy)]
pub struct ValidForm<T>(pub T);

impl<T, S> FromRequest<S> for ValidForm<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let wanted = "application/x-www-form-urlencoded";
        let coding =
            media::require(&parts.headers, |kind| kind == "application/x-www-form-urlencoded", wanted)?;
        let limit = Scope::limits_of(&parts.extensions).urlencoded_bytes;
        let whole = read_whole(body, &parts.extensions, coding, limit).await?;
        let text = utf8(&whole.bytes)?;
        let value = parameters(text).map_err(|fault| Problem::invalid(vec![fault]))?;
        faults::read(value, Form::Text, ROUNDS, &no_rules).map(Self).map_err(Problem::invalid)
    }
}

/// A `text/plain` body in UTF-8.
#[derive(Debug, Clone)]
pub struct TextBody(pub String);

impl<S: Send + Sync> FromRequest<S> for TextBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let coding = media::require(&parts.headers, |kind| kind == "text/plain", "text/plain")?;
        let limit = Scope::limits_of(&parts.extensions).text_bytes;
        let whole = read_whole(body, &parts.extensions, coding, limit).await?;
        utf8(&whole.bytes).map(|text| Self(text.to_owned()))
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let place = error.valid_up_to();
        Problem::new(codes::MALFORMED_REQUEST)
            .with_detail(format!("the body is not UTF-8 from byte {place} on: send UTF-8 text"))
    })
}
