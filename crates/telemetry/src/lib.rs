//! Logs and metrics: set-up of tracing, the metric registry and its exposition.
//!
//! [`logs`] makes a tracing subscriber from settings. [`Metrics`] holds the server's counters; what is only known
//! when somebody asks (memory, descriptors, stores) comes from collectors that the binary registers.

pub mod logs;

mod accept;
mod bounded;
mod exposition;
mod labels;
mod metrics;
mod samples;
mod text;

pub use accept::Format;
pub use exposition::{Exposition, Family, Number};
pub use metrics::{
    BuildInfo, Collector, InFlight, JobOutcome, MAX_COLLECTORS, MAX_ROUTES, Metrics, MetricsError, Pool,
};
pub use samples::{DbSample, MemorySample, NodeCompatSample, ProcessSample, StoreSample};
