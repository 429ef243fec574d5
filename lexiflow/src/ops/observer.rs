use headroom::Headroom;
use std::fmt;
use telemetry::Metrics;
use web::layers::{Finished, Observer};

/// The status that is counted when the client left before the answer began.
const CLIENT_LEFT: u16 = 499;

/// Counts finished requests, and what they did with memory.
pub struct RequestObserver {
    metrics: Metrics,
    headroom: Headroom,
}

impl fmt::Debug for RequestObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestObserver")
    }
}

impl RequestObserver {
    /// Tells both books.
    pub fn new(metrics: Metrics, headroom: Headroom) -> Self {
        Self { metrics, headroom }
    }
}

impl Observer for RequestObserver {
    fn finished(&self, request: &Finished<'_>) {
        let method = request.method.as_str();
        let status = request.status.map_or(CLIENT_LEFT, |status| status.as_u16());
        self.metrics.http_request(method, request.route, status, request.duration);
        let is_large = self.headroom.record(request.route, request.memory);
        self.metrics.http_request_memory(method, request.route, request.memory.peak_live, is_large);
        if is_large {
            tracing::warn!(
                route = request.route,
                peak_bytes = request.memory.peak_live,
                allocated_bytes = request.memory.allocated,
                "a request used much memory"
            );
        }
    }
}
