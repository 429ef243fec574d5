//! Bodies: those of requests as they come, bounded and not too slowly; those of answers in pieces.

mod guard;
mod packed;
mod pieces;
mod whole;

pub(crate) use guard::GuardedBody;
pub(crate) use pieces::{Cut, PIECE_BYTES, Unwritten, json_body};
pub(crate) use whole::read_whole;

use crate::codes;
use crate::problem::{Code, Failure};
use headroom::Refusal;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use std::time::Duration;

/// How slowly a body may come.
#[derive(Debug, Clone, Copy)]
pub struct BodyPace {
    /// The least rate, in bytes per second, over each stretch of waiting as long as `grace`.
    pub min_bytes_per_second: u64,
    /// How long a body may be waited for before its rate is looked at.
    pub grace: Duration,
    /// The most time for the whole body.
    pub total: Duration,
}

impl Default for BodyPace {
    fn default() -> Self {
        Self { min_bytes_per_second: 1024, grace: Duration::from_secs(10), total: Duration::from_mins(5) }
    }
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// It is not.
    Identity,
    /// By gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// What the headers say; `None` for a coding that is not known here, or several.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut codings =
            headers.get_all(CONTENT_ENCODING).iter().map(|coding| coding.as_bytes().trim_ascii());
        let Some(first) = codings.next() else { return Some(Self::Identity) };
        let is = |name: &str| first.eq_ignore_ascii_case(name.as_bytes());
        match codings.next() {
            None if is("identity") => Some(Self::Identity),
            // The older name counts as the same (RFC 9110, 8.4.1.3).
            None if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            _ => None,
        }
    }
}

/// Why a body could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault {
    /// It came more slowly than the least rate.
    #[error("the body came at less than {min_bytes_per_second} bytes per second: send it faster")]
    TooSlow {
        /// The least rate, in bytes per second.
        min_bytes_per_second: u64,
    },
    /// It took longer than a body may take.
    #[error("the body took more than {total_seconds} seconds: send it faster or in parts")]
    TooLong {
        /// The most time, in seconds.
        total_seconds: u64,
    },
    /// It is, or claims to be, larger than allowed here.
    #[error("the body is larger than the {limit_bytes} bytes allowed here: send less")]
    TooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// It ended early, or the connection broke.
    #[error("the body ended before its declared end: send it again")]
    CutOff(#[source] axum::Error),
}

impl Failure for BodyFault {
    fn code(&self) -> Code {
        match self {
            Self::TooSlow { .. } | Self::TooLong { .. } => codes::REQUEST_TIMEOUT,
            Self::TooLarge { .. } => codes::BODY_TOO_LARGE,
            Self::CutOff(_) => codes::BODY_INCOMPLETE,
        }
    }
}

/// Why a body could not be taken as a whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WholeFault {
    #[error(transparent)]
    Body(#[from] BodyFault),
    #[error(transparent)]
    Memory(#[from] Refusal),
    /// It unpacks to so much more than it is that it was made to.
    #[error("the body unpacks to more than {most_times} times its size: send it without Content-Encoding")]
    TooDense { most_times: u64 },
    /// It says that it is packed, and is not, or not whole.
    #[error("the body is not one whole gzip member: pack it anew, or send it without Content-Encoding")]
    NotPacked(#[source] std::io::Error),
}

impl From<WholeFault> for crate::Problem {
    fn from(fault: WholeFault) -> Self {
        match fault {
            WholeFault::Body(fault) => fault.into(),
            WholeFault::Memory(refusal) => refusal.into(),
            WholeFault::TooDense { .. } => Self::new(codes::BODY_TOO_LARGE).with_detail(fault.to_string()),
            WholeFault::NotPacked(_) => {
                Self::new(codes::MALFORMED_REQUEST).with_detail(fault.to_string()).with_cause(fault)
            }
        }
    }
}
