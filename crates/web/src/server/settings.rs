use super::{Crowd, ServerStats};
use crate::client::TrustedProxies;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The bounds of connections.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The most connections at once, and the most requests on those of HTTP/2 together. Further connections wait in the
    /// kernel's queue, unanswered.
    pub crowd: Crowd,
    /// Whose connections are those of many: of all other addresses, none may have more than seven eighths of the places.
    pub proxies: TrustedProxies,
    /// Connections beyond these, on which only `reserved_paths` are answered, so that a full server stays observable.
    pub reserved_connections: usize,
    /// The beginnings of the paths that are answered on reserved connections, and before all others.
    pub reserved_paths: &'static [&'static str],
    /// The kernel's receive and send buffer of each connection, in bytes each.
    pub socket_buffer_bytes: u32,
    /// How long the kernel's queue of connections not yet accepted may grow.
    pub backlog: u32,
    /// The most that HTTP/1 buffers of one connection, in bytes; also the most that a request's head may have.
    pub http1_buffer_bytes: usize,
    /// The most time for a request's head, and for the first byte of a new connection.
    pub header_timeout: Duration,
    /// How long a connection may stay without a request.
    pub keep_alive: Duration,
    /// How long a peer may take nothing of an answer: of its pieces, and of what is in the socket.
    pub write_stall: Duration,
    /// The most requests at once on one HTTP/2 connection.
    pub http2_streams: u32,
    /// The most time to finish what is running after shutdown began.
    pub drain: Duration,
    /// Where everything but `reserved_paths` is served; `None` for the runtime of the accept loop.
    pub work: Option<Handle>,
    /// Where the figures are kept.
    pub stats: Arc<ServerStats>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            crowd: Crowd::of(1024, 4096),
            proxies: TrustedProxies::default(),
            reserved_connections: 64,
            reserved_paths: &[
                "/api/health",
                "/api/metrics",
                "/api/monitoring/memory",
                "/api/v1/health",
                "/api/v1/metrics",
                "/api/v1/monitoring/memory",
            ],
            socket_buffer_bytes: 64 << 10,
            backlog: 1024,
            http1_buffer_bytes: 16 << 10,
            header_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_mins(1),
            write_stall: Duration::from_secs(30),
            http2_streams: 32,
            drain: Duration::from_secs(30),
            work: None,
            stats: Arc::default(),
        }
    }
}
