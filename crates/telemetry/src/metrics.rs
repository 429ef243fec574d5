use crate::bounded::Bounded;
use crate::labels::{JobLabels, PoolLabels, RequestLabels, RouteLabels, method, status_class};
use crate::{Exposition, Format, text};
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Routes that get series of their own; further ones share `other`.
pub const MAX_ROUTES: usize = 512;
/// Kinds of jobs that get series of their own.
const MAX_JOBS: usize = 64;
/// Collectors that can be registered.
pub const MAX_COLLECTORS: usize = 64;

/// Upper bounds of durations, in seconds: from a cached read to an upload.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Upper bounds of a request's memory: 16 KiB to 256 MiB in steps of four.
const BYTES: [f64; 8] =
    [16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0, 67_108_864.0, 268_435_456.0];

/// Writes families that are sampled when somebody asks.
pub type Collector = Box<dyn Fn(&mut Exposition) + Send + Sync>;

/// Why metrics could not be registered or written.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// [`MAX_COLLECTORS`] are registered.
    #[error("no room for a further collector, {MAX_COLLECTORS} are registered")]
    TooManyCollectors,
    /// A metric refused to be written.
    #[error("the metrics could not be written")]
    Encode(#[from] fmt::Error),
}

/// What was built, as the labels of `build_info`.
#[derive(Debug, Clone, Copy)]
pub struct BuildInfo {
    /// Version of the server.
    pub version: &'static str,
    /// Revision of the source; empty when unknown.
    pub revision: &'static str,
}

/// A pool of database connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Connections that read.
    Readers,
    /// Connections that write.
    Writer,
}

impl Pool {
    fn label(self) -> PoolLabels {
        PoolLabels { pool: if self == Self::Readers { "readers" } else { "writer" } }
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// Done.
    Done,
    /// Failed; it will be tried again.
    Retried,
    /// Failed for good.
    Failed,
}

/// The server's metrics. A clone is another handle of the same numbers.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    // bounded: the collectors of the program, registered at start.
    collectors: RwLock<Vec<Collector>>,
    routes: Bounded,
    jobs: Bounded,
    families: Families,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Clone)]
struct Families {
    requests: Family<RequestLabels, Counter>,
    request_seconds: Durations<RequestLabels>,
    in_flight: Gauge,
    request_bytes: Durations<RouteLabels>,
    large_requests: Family<RouteLabels, Counter>,
    streamed_requests: Family<RouteLabels, Counter>,
    pool_waits: Durations<PoolLabels>,
    job_runs: Family<JobLabels, Counter>,
    job_seconds: Durations<JobLabels>,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

fn bytes() -> Histogram {
    Histogram::new(BYTES)
}

impl Families {
    fn new() -> Self {
        Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            in_flight: Gauge::default(),
            request_bytes: Family::new_with_constructor(bytes),
            large_requests: Family::default(),
            streamed_requests: Family::default(),
            pool_waits: Family::new_with_constructor(seconds),
            job_runs: Family::default(),
            job_seconds: Family::new_with_constructor(seconds),
        }
    }

    /// Names go without `_total`, and helps without their full stop: the registry adds both.
    fn register(&self, registry: &mut Registry) {
        let f = self.clone();
        registry.register("http_requests", "Requests answered", f.requests);
        registry.register("http_request_duration_seconds", "Time to answer a request", f.request_seconds);
        registry.register("http_requests_in_flight", "Requests being answered", f.in_flight);
        registry.register(
            "http_request_memory_bytes",
            "Most bytes that a request held at once",
            f.request_bytes,
        );
        registry.register("http_request_memory_large", "Requests above the memory warning", f.large_requests);
        registry.register(
            "http_requests_streamed",
            "Requests whose body was above the threshold and was never in memory whole",
            f.streamed_requests,
        );
        registry.register("db_pool_wait_seconds", "Time waited for a connection", f.pool_waits);
        registry.register("job_runs", "Background jobs run", f.job_runs);
        registry.register("job_duration_seconds", "Time of a background job", f.job_seconds);
    }
}

impl Metrics {
    /// Metrics that all stand at zero.
    pub fn new(build: &BuildInfo) -> Self {
        let mut registry = Registry::default();
        let labels = vec![("version", build.version), ("revision", build.revision)];
        registry.register("build", "What was built", Info::new(labels));
        let families = Families::new();
        families.register(&mut registry);
        let inner = Inner {
            registry,
            collectors: RwLock::default(),
            routes: Bounded::new(MAX_ROUTES),
            jobs: Bounded::new(MAX_JOBS),
            families,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Adds a collector, which runs each time that the metrics are written.
    pub fn register_collector(&self, collector: Collector) -> Result<(), MetricsError> {
        let mut collectors = self.inner.collectors.write().unwrap_or_else(PoisonError::into_inner);
        if collectors.len() >= MAX_COLLECTORS {
            return Err(MetricsError::TooManyCollectors);
        }
        collectors.push(collector);
        Ok(())
    }

    /// Counts a request that was answered. `route` is the router's template (`/api/cases/{id}`), never the path.
    pub fn http_request(&self, method_name: &str, route: &str, status: u16, elapsed: Duration) {
        let route = self.inner.routes.admit(route);
        let labels = RequestLabels { method: method(method_name), route, status: status_class(status) };
        self.inner.families.requests.get_or_create(&labels).inc();
        self.inner.families.request_seconds.get_or_create(&labels).observe(elapsed.as_secs_f64());
    }

    /// Counts a request as being answered until the guard is dropped.
    pub fn http_in_flight(&self) -> InFlight {
        let gauge = self.inner.families.in_flight.clone();
        gauge.inc();
        InFlight { gauge }
    }

    /// Records the most bytes that a request held at once, and whether that was worth a warning.
    pub fn http_request_memory(&self, method_name: &str, route: &str, peak_bytes: u64, large: bool) {
        let labels = RouteLabels { method: method(method_name), route: self.inner.routes.admit(route) };
        // Sizes beyond 32 bits fall in the last bucket whatever their exact value.
        let observed = f64::from(u32::try_from(peak_bytes).unwrap_or(u32::MAX));
        self.inner.families.request_bytes.get_or_create(&labels).observe(observed);
        // Also at zero: a counter that appears with its first count has no increase to be alarmed by.
        self.inner.families.large_requests.get_or_create(&labels).inc_by(u64::from(large));
    }

    /// Counts a request whose body was streamed.
    pub fn http_request_streamed(&self, method_name: &str, route: &str) {
        let labels = RouteLabels { method: method(method_name), route: self.inner.routes.admit(route) };
        self.inner.families.streamed_requests.get_or_create(&labels).inc();
    }

    /// Records the wait for a connection.
    pub fn db_pool_wait(&self, pool: Pool, waited: Duration) {
        self.inner.families.pool_waits.get_or_create(&pool.label()).observe(waited.as_secs_f64());
    }

    /// Counts a run of a background job.
    pub fn job(&self, kind: &str, outcome: JobOutcome, elapsed: Duration) {
        let outcome = match outcome {
            JobOutcome::Done => "done",
            JobOutcome::Retried => "retried",
            JobOutcome::Failed => "failed",
        };
        let labels = JobLabels { job: self.inner.jobs.admit(kind), outcome };
        self.inner.families.job_runs.get_or_create(&labels).inc();
        self.inner.families.job_seconds.get_or_create(&labels).observe(elapsed.as_secs_f64());
    }

    /// Writes all metrics.
    pub fn render(&self, format: Format) -> Result<String, MetricsError> {
        self.render_with(format, |_| ())
    }

    /// Writes all metrics, and behind them what only whoever asks now may see.
    pub fn render_with(
        &self,
        format: Format,
        for_them: impl FnOnce(&mut Exposition),
    ) -> Result<String, MetricsError> {
        let mut open = String::new();
        encode_registry(&mut open, &self.inner.registry)?;
        let mut page = Exposition::behind(open);
        for collector in self.inner.collectors.read().unwrap_or_else(PoisonError::into_inner).iter() {
            collector(&mut page);
        }
        for_them(&mut page);
        let mut open = page.into_text();
        Ok(match format {
            Format::Prometheus => text::to_prometheus(&open),
            Format::OpenMetrics => {
                open.push_str("# EOF\n");
                open
            }
        })
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Counts a request as being answered; dropping it ends that.
#[derive(Debug)]
pub struct InFlight {
    gauge: Gauge,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}
