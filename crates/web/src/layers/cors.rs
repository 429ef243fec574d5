use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH,
    IF_NONE_MATCH, LOCATION, RANGE, RETRY_AFTER,
};
use http::{HeaderName, HeaderValue, Method, Uri};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Which other origins' pages may call the API.
#[derive(Debug, Clone)]
pub struct CorsSettings {
    origins: Vec<HeaderValue>,
    credentials: bool,
    max_age: Duration,
}

/// Origins that cannot be allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorsFault {
    /// Any origin at all, together with credentials, would let every page act as the signed-in user.
    #[error("the origin * cannot be allowed with credentials: list the origins")]
    AnyWithCredentials,
    /// Not `scheme://host` or `scheme://host:port`.
    #[error("{0:?} is not an origin: write it as https://host or https://host:port")]
    NotAnOrigin(String),
}

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl CorsSettings {
    /// Allows the listed origins; `*` alone means any, and then without credentials.
    pub fn new(origins: &[String], credentials: bool, max_age: Duration) -> Result<Self, CorsFault> {
        let any = origins.iter().any(|origin| origin == "*");
        if any && credentials {
            return Err(CorsFault::AnyWithCredentials);
        }
        let origins = origins.iter().map(|origin| read(origin)).collect::<Result<_, _>>()?;
        Ok(Self { origins, credentials, max_age })
    }

    pub(super) fn layer(&self) -> CorsLayer {
        let any = self.origins.iter().any(|origin| origin == "*");
        let origins = if any { AllowOrigin::any() } else { AllowOrigin::list(self.origins.iter().cloned()) };
        CorsLayer::new()
            .allow_origin(origins)
            .allow_credentials(self.credentials)
            .allow_methods([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers([
                AUTHORIZATION,
                CONTENT_TYPE,
                IF_MATCH,
                IF_NONE_MATCH,
                RANGE,
                CORRELATION,
                API_KEY,
                IDEMPOTENCY_KEY,
            ])
            .expose_headers([
                ACCEPT_ENCODING,
                CONTENT_DISPOSITION,
                CONTENT_RANGE,
                ETAG,
                LOCATION,
                RETRY_AFTER,
                CORRELATION,
                RATE_LIMIT,
                RATE_LIMIT_POLICY,
            ])
            .max_age(self.max_age)
    }
}

fn read(origin: &str) -> Result<HeaderValue, CorsFault> {
    let fault = || CorsFault::NotAnOrigin(origin.to_owned());
    let value = HeaderValue::from_str(origin).map_err(|_| fault())?;
    if origin == "*" {
        return Ok(value);
    }
    let uri: Uri = origin.parse().map_err(|_| fault())?;
    let plain = uri.scheme().is_some() && uri.host().is_some() && uri.path() == "/" && !origin.ends_with('/');
    if plain { Ok(value) } else { Err(fault()) }
}
