//! Versions of resources and their entity tags (RFC 9110, 8.8.3 and 13).
//!
//! The tag names the resource's version, not one encoding of its bytes, so that `If-Match` works with whatever the
//! client last saw; answers with a tag that can be read in ranges are therefore never compressed.

use crate::codes;
use crate::problem::Problem;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ETAG, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use std::str::FromStr;

/// How often a resource was changed. Its strong entity tag is `"v12"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

impl Version {
    /// The value of the `ETag` header.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).unwrap_or_else(|_| HeaderValue::from_static("\"v0\""))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"v{}\"", self.0)
    }
}

impl From<i64> for Version {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// A text that is not the strong entity tag of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an entity tag of this server: send one as it came, such as \"v12\"")]
pub struct NotAVersion;

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let digits = text.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"')).ok_or(NotAVersion)?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().map_err(|_| NotAVersion)?;
        if plain { Ok(Self(number)) } else { Err(NotAVersion) }
    }
}

/// The entity tags of an `If-Match` or `If-None-Match` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: whatever version there is.
    Any,
    /// A list. Tags that this server never made are left out: they match nothing.
    Listed {
        /// The versions of strong tags.
        strong: Vec<Version>,
        /// The versions of weak tags, which match in `If-None-Match` only.
        weak: Vec<Version>,
    },
}

/// A header that is no list of entity tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a list of entity tags: write each in quotes")]
pub struct MalformedTags;

/// The most tags of one header that are looked at.
const MAX_TAGS: usize = 64;

impl Tags {
    /// The tags of a header; `None` when it is absent.
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, MalformedTags> {
        let mut found: Option<Self> = None;
        for value in headers.get_all(name) {
            let tags = Self::parse(value.to_str().map_err(|_| MalformedTags)?)?;
            found = Some(match found {
                None => tags,
                Some(known) => known.and(tags),
            });
        }
        Ok(found)
    }

    /// Reads a header's value.
    pub fn parse(text: &str) -> Result<Self, MalformedTags> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let (mut strong, mut weak) = (Vec::new(), Vec::new());
        let mut rest = text;
        for _ in 0..MAX_TAGS {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return Ok(Self::Listed { strong, weak });
            }
            let (is_weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
            let inner = quoted.strip_prefix('"').ok_or(MalformedTags)?;
            let end = inner.find('"').ok_or(MalformedTags)?;
            if let Ok(version) = quoted[..end + 2].parse() {
                if is_weak { &mut weak } else { &mut strong }.push(version);
            }
            rest = &quoted[end + 2..];
            if !rest.is_empty() && !rest.starts_with([' ', '\t', ',']) {
                return Err(MalformedTags);
            }
        }
        Err(MalformedTags)
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Listed { mut strong, mut weak }, Self::Listed { strong: more, weak: more_weak }) => {
                strong.extend(more);
                weak.extend(more_weak);
                Self::Listed { strong, weak }
            }
            _ => Self::Any,
        }
    }

    /// For `If-Match`: 412 unless `current` is among the strong tags.
    pub fn require(&self, current: Version) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::Listed { strong, .. } if strong.contains(&current) => Ok(()),
            Self::Listed { .. } => Err(stale()),
        }
    }

    /// For `If-None-Match`: whether the client has `current` already. Weak tags count.
    pub fn has(&self, current: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Listed { strong, weak } => strong.contains(&current) || weak.contains(&current),
        }
    }
}

/// The 412 of a stale version.
pub fn stale() -> Problem {
    Problem::new(codes::STALE_VERSION).with_detail(
        "the resource is not at the version in If-Match any more: read it again and repeat the change",
    )
}

/// Any answer with its version's `ETag`.
pub fn tagged(version: Version, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(ETAG, version.header());
    response
}

/// An answer that leaves out some of the resource: without an `ETag`, so that nobody takes it for the whole resource later.
pub fn untagged(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().remove(ETAG);
    response
}

/// The answer to a `GET`: 304 when `If-None-Match` names the version, else the body with its `ETag`.
pub fn conditional(request: &HeaderMap, version: Version, body: impl IntoResponse) -> Response {
    let known = Tags::of(request, &IF_NONE_MATCH).ok().flatten().is_some_and(|tags| tags.has(version));
    if known { tagged(version, StatusCode::NOT_MODIFIED) } else { tagged(version, body) }
}

/// The answer to a creation: 201 with `Location` (a path of visible ASCII), `ETag` and the resource.
pub fn created(location: &str, version: Version, resource: impl Serialize) -> Response {
    let mut response = tagged(version, (StatusCode::CREATED, Json(resource)));
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
