//! `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): structured fields (RFC 9651), one member
//! for each count.

use super::gcra::{Quota, Verdict};
use super::{RateClass, Whom};
use crate::problem::Problem;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;
use std::sync::OnceLock;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Where a request stands in the counts that it has passed.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    principal: OnceLock<Standing>,
    address: OnceLock<Standing>,
}

#[derive(Debug, Clone, Copy)]
struct Standing {
    class: RateClass,
    quota: Quota,
    left: u32,
    seconds: u64,
}

impl Standings {
    pub(super) fn note(&self, whom: Whom, class: RateClass, quota: Quota, verdict: Verdict) {
        let (left, micros) = match verdict {
            Verdict::Admitted { left, until_micros } => (left, until_micros),
            Verdict::Refused { after_micros } => (0, after_micros),
        };
        let seconds = micros.max(0).unsigned_abs().div_ceil(1_000_000);
        let place = if whom == Whom::Principal { &self.principal } else { &self.address };
        // A request is counted once under each.
        let _known = place.set(Standing { class, quota, left, seconds });
    }

    /// Puts both headers on an answer.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in self.headers().into_iter().flatten() {
            headers.insert(name, value);
        }
    }

    pub(super) fn write_on(&self, problem: Problem) -> Problem {
        let headers = self.headers().into_iter().flatten();
        headers.fold(problem, |problem, (name, value)| problem.with_header(name, value))
    }

    fn headers(&self) -> Option<[(HeaderName, HeaderValue); 2]> {
        let (mut limit, mut policy) = (String::new(), String::new());
        for (suffix, place) in [("", &self.principal), ("-address", &self.address)] {
            let Some(Standing { class, quota, left, seconds }) = place.get() else { continue };
            let comma = if limit.is_empty() { "" } else { ", " };
            let class = class.as_str();
            let written = write!(limit, "{comma}\"{class}{suffix}\";r={left};t={seconds}").and_then(|()| {
                let (limit, window) = (quota.limit(), quota.window_seconds());
                write!(policy, "{comma}\"{class}{suffix}\";q={limit};w={window}")
            });
            written.ok()?;
        }
        if limit.is_empty() {
            return None;
        }
        Some([(LIMIT, HeaderValue::try_from(limit).ok()?), (POLICY, HeaderValue::try_from(policy).ok()?)])
    }
}
