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
    /// A body above this counts as streamed, in bytes.
    streams_from: u64,
}

impl fmt::Debug for RequestObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestObserver")
    }
}

impl RequestObserver {
    /// Tells both books. A body above `streams_from` bytes counts as streamed.
    pub fn new(metrics: Metrics, headroom: Headroom, streams_from: u64) -> Self {
        Self { metrics, headroom, streams_from }
    }
}

impl Observer for RequestObserver {
    fn finished(&self, request: &Finished<'_>) {
        let method = request.method.as_str();
        let status = request.status.map_or(CLIENT_LEFT, |status| status.as_u16());
        self.metrics.http_request(method, request.route, status, request.duration);
        let is_large = self.headroom.record(request.route, request.memory);
        self.metrics.http_request_memory(method, request.route, request.memory.peak_live, is_large);
        if request.streamed_bytes > self.streams_from {
            self.metrics.http_request_streamed(method, request.route);
        }
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
