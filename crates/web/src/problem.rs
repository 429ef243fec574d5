//! The error envelope of every route: RFC 9457, `application/problem+json`.

mod answer;
mod body;
mod failure;

pub use body::ProblemBody;
pub use failure::Failure;

pub(crate) use answer::in_context;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use std::error::Error;

/// One way to fail: what clients decide by, and what `/api/docs/errors/<name>` explains. An extension of the answer, for the
/// layers behind the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Stable, in `snake_case`.
    pub name: &'static str,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// A sentence for people, the same for every occurrence.
    pub title: &'static str,
}

impl Code {
    /// A code; meant for constants.
    pub const fn new(name: &'static str, status: u16, title: &'static str) -> Self {
        Self { name, status, title }
    }
}

/// What is wrong with one member of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// The member's place, such as `parties[0].lastName`; empty for the whole.
    #[schema(example = "parties[0].lastName")]
    pub field: String,
    /// Stable, such as `missing`, `unknown`, `wrong_type`, `not_listed` or `invalid`.
    #[schema(example = "missing")]
    pub code: &'static str,
    /// What to do about it.
    #[schema(example = "is required")]
    pub message: String,
}

impl Fault {
    /// A fault of one member.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

/// A thing that a caller asked for by its id and did not get: an extension of the answer, for the layers behind the handler.
/// The answer itself does not tell whether it does not exist or is not for the caller to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// The kind of the id, such as `case`.
    pub kind: &'static str,
    /// The bytes of the id.
    pub id: [u8; 16],
}

impl Missed {
    /// The thing of this id.
    pub fn of<I: ids::Id>(id: I) -> Self {
        Self { kind: I::KIND, id: id.uuid().into_bytes() }
    }
}

/// An answer that says why not. Made from a [`Failure`] with `?`, or from a [`Code`].
#[derive(Debug)]
pub struct Problem(Box<Inner>);

/// The content of a problem; the request's own data are added where the answer leaves.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) code: Code,
    pub(crate) detail: Option<String>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) retry_after_seconds: Option<u32>,
    pub(crate) shortage: Option<Shortage>,
    pub(crate) cause: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) missed: Option<Missed>,
}

/// What a refusal for want of memory tells.
#[derive(Debug, Clone)]
pub(crate) struct Shortage {
    pub(crate) retryable: bool,
    pub(crate) scope: String,
    pub(crate) bytes_wanted: u64,
    pub(crate) bytes_limit: u64,
}

impl Problem {
    /// A problem without particulars; its detail is a fixed sentence.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            detail: None,
            faults: Vec::new(),
            retry_after_seconds: None,
            shortage: None,
            cause: None,
            headers: Vec::new(),
            missed: None,
        }))
    }

    /// `validation_failed` with all the faults that were found.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        Self::new(crate::codes::VALIDATION_FAILED).with_faults(faults)
    }

    /// `validation_failed` because of one member.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![Fault::new(field, "invalid", message)])
    }

    /// Says what is wrong this time and what to do.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Names the members at fault.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// Keeps the error that led here, for the log; callers never see it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds a header to the answer, such as `Content-Range` to a 416.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    pub(crate) fn with_shortage(mut self, shortage: Shortage) -> Self {
        self.0.shortage = Some(shortage);
        self
    }

    /// Why.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The HTTP status of the answer.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The members at fault.
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// What the caller reads.
    pub fn detail(&self) -> &str {
        self.0.detail()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", self.0.code.name, self.0.code.status, self.0.detail())
    }
}

impl Inner {
    pub(crate) fn detail(&self) -> &str {
        match (&self.detail, self.code.status) {
            (Some(detail), _) => detail,
            (None, _) if self.code == crate::codes::STORAGE_READ_ONLY => {
                "what is stored can be read and not changed: tell your administrator"
            }
            (None, _) if self.code == crate::codes::STORAGE_FAILED => {
                "the server's disk refuses to read or write: tell your administrator"
            }
            (None, _) if !self.faults.is_empty() => "one or more members are not valid: see errors",
            (None, 500) => {
                "the server made a fault, recorded under this correlation id: tell your administrator"
            }
            (None, 503) => "the server cannot do this at the moment: try again after the time in Retry-After",
            (None, 507) => "the server's storage is full: free space or tell your administrator",
            (None, _) => self.code.title,
        }
    }
}
