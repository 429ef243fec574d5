use super::Settings;
use crate::scope::CorrelationId;
use http::{HeaderMap, HeaderName};
use ids::Id as _;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// The caller's id if it is a sane token, else a new one.
pub(super) fn take_or_make(headers: &HeaderMap, settings: &Settings) -> CorrelationId {
    let sent = headers.get(HEADER).and_then(|value| value.to_str().ok()).and_then(CorrelationId::parse);
    sent.unwrap_or_else(|| make(settings))
}

fn make(settings: &Settings) -> CorrelationId {
    let mut random = [0; 10];
    settings.random.fill(&mut random);
    let millis = u64::try_from(settings.clock.now().timestamp_millis()).unwrap_or(0);
    let text = ids::CorrelationId::from_parts(millis, &random).to_string();
    CorrelationId::made(&text)
}
