//! Ready families for numbers that the binary samples when somebody asks.

use crate::Exposition;
use std::time::Duration;

/// The process as the kernel sees it, under the names that Prometheus clients share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessSample {
    /// Processor time in user and system mode.
    pub cpu: Duration,
    /// Start of the process, as time since 1970-01-01 UTC.
    pub started: Duration,
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// Address space in bytes.
    pub virtual_bytes: u64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// Limit of open file descriptors.
    pub max_fds: u64,
    /// Threads.
    pub threads: u64,
}

impl ProcessSample {
    /// Writes the `process_*` families.
    pub fn write(&self, to: &mut Exposition) {
        to.counter("process_cpu_seconds", "Processor time spent in user and system mode, in seconds.")
            .value(self.cpu.as_secs_f64());
        to.gauge("process_start_time_seconds", "Start of the process since 1970-01-01 UTC, in seconds.")
            .value(self.started.as_secs_f64());
        resident(to, self.resident_bytes);
        to.gauge("process_virtual_memory_bytes", "Address space, in bytes.").value(self.virtual_bytes);
        to.gauge("process_open_fds", "Open file descriptors.").value(self.open_fds);
        to.gauge("process_max_fds", "Limit of open file descriptors.").value(self.max_fds);
        to.gauge("process_threads", "Threads of the process.").value(self.threads);
    }
}

/// The family that the process set and the Node.js set share; it is written once.
fn resident(to: &mut Exposition, bytes: u64) {
    const NAME: &str = "process_resident_memory_bytes";
    if !to.has(NAME) {
        to.gauge(NAME, "Physical memory that the process holds, in bytes.").value(bytes);
    }
}

/// The numbers behind the five memory metrics of the first LexiFlow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeCompatSample {
    /// Bytes in pages that the allocator has in use.
    pub active_bytes: u64,
    /// Bytes that the program has allocated.
    pub allocated_bytes: u64,
    /// Mapped bytes outside the allocator.
    pub external_bytes: u64,
    /// Bytes of each class of the allocator, such as `small`, `large` and `metadata`.
    pub spaces: Vec<(&'static str, u64)>,
    /// Resident memory in bytes.
    pub resident_bytes: u64,
}

impl NodeCompatSample {
    /// Writes the five families. Their help tells what they mean in a process without a JavaScript heap.
    pub fn write(&self, to: &mut Exposition) {
        to.gauge(
            "nodejs_heap_size_total_bytes",
            "Compatibility name: bytes in the pages that the native allocator has in use (active).",
        )
        .value(self.active_bytes);
        to.gauge(
            "nodejs_heap_size_used_bytes",
            "Compatibility name: bytes that the program has allocated from the native allocator (allocated).",
        )
        .value(self.allocated_bytes);
        to.gauge(
            "nodejs_external_memory_bytes",
            "Compatibility name: resident bytes outside the native allocator, such as thread stacks and mapped files.",
        )
        .value(self.external_bytes);
        let mut spaces = to.gauge(
            "nodejs_heap_space_size_total_bytes",
            "Compatibility name: bytes of each size class of the native allocator; the space is the class.",
        );
        for (space, bytes) in &self.spaces {
            spaces.sample(&[("space", space)], *bytes);
        }
        resident(to, self.resident_bytes);
    }
}

/// The memory engine's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemorySample {
    /// Bytes that the program has allocated.
    pub allocated_bytes: u64,
    /// Bytes in pages in use.
    pub active_bytes: u64,
    /// Bytes in physically resident pages of the allocator.
    pub resident_bytes: u64,
    /// Bytes in mapped extents of the allocator.
    pub mapped_bytes: u64,
    /// Bytes of address space kept for later use.
    pub retained_bytes: u64,
    /// Bytes of the allocator's own records.
    pub metadata_bytes: u64,
    /// The budget in bytes.
    pub budget_bytes: u64,
    /// The limit in bytes and where it was found; none when there is none.
    pub limit: Option<(&'static str, u64)>,
    /// 0 healthy, 1 warning, 2 critical.
    pub state: u64,
    /// How often unused memory was given back on purpose.
    pub purges: u64,
    /// How long that took in all.
    pub purge_time: Duration,
}

impl MemorySample {
    /// Writes the `lexiflow_memory_*` families.
    pub fn write(&self, to: &mut Exposition) {
        let gauges = [
            (
                "lexiflow_memory_allocated_bytes",
                "Bytes that the program has allocated.",
                self.allocated_bytes,
            ),
            ("lexiflow_memory_active_bytes", "Bytes in allocator pages in use.", self.active_bytes),
            ("lexiflow_memory_resident_bytes", "Bytes in resident allocator pages.", self.resident_bytes),
            ("lexiflow_memory_mapped_bytes", "Bytes in mapped allocator extents.", self.mapped_bytes),
            (
                "lexiflow_memory_retained_bytes",
                "Bytes of address space kept for later use.",
                self.retained_bytes,
            ),
            ("lexiflow_memory_metadata_bytes", "Bytes of the allocator's own records.", self.metadata_bytes),
            ("lexiflow_memory_budget_bytes", "The memory budget, in bytes.", self.budget_bytes),
            ("lexiflow_memory_state", "0 healthy, 1 warning, 2 critical.", self.state),
        ];
        for (name, help, value) in gauges {
            to.gauge(name, help).value(value);
        }
        if let Some((source, bytes)) = self.limit {
            to.gauge("lexiflow_memory_limit_bytes", "The limit that the budget is made from, in bytes.")
                .sample(&[("source", source)], bytes);
        }
        to.counter("lexiflow_memory_purges", "Times that unused memory was given back on purpose.")
            .value(self.purges);
        let help = "Time spent giving unused memory back, in seconds.";
        to.summary("lexiflow_memory_purge_seconds", help, self.purge_time.as_secs_f64(), self.purges);
    }
}

/// A bounded store: a cache, a map or a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSample {
    /// The store's name.
    pub name: &'static str,
    /// Entries now.
    pub entries: u64,
    /// Bytes now.
    pub bytes: u64,
    /// Most bytes.
    pub capacity_bytes: u64,
    /// Lookups that found their entry.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Entries dropped for want of room.
    pub evictions: u64,
}

impl StoreSample {
    /// Writes the `lexiflow_store_*` families of all stores.
    pub fn write_all(stores: &[Self], to: &mut Exposition) {
        type Read = fn(&StoreSample) -> u64;
        let gauges: [(&str, &str, Read); 3] = [
            ("lexiflow_store_entries", "Entries of a bounded store.", |store| store.entries),
            ("lexiflow_store_bytes", "Bytes of a bounded store.", |store| store.bytes),
            ("lexiflow_store_capacity_bytes", "Most bytes of a bounded store.", |store| store.capacity_bytes),
        ];
        for (name, help, read) in gauges {
            let mut family = to.gauge(name, help);
            for store in stores {
                family.sample(&[("store", store.name)], read(store));
            }
        }
        let counters: [(&str, &str, Read); 3] = [
            ("lexiflow_store_hits", "Lookups of a bounded store that found their entry.", |store| store.hits),
            ("lexiflow_store_misses", "Lookups of a bounded store that found nothing.", |store| store.misses),
            ("lexiflow_store_evictions", "Entries dropped for want of room.", |store| store.evictions),
        ];
        for (name, help, read) in counters {
            let mut family = to.counter(name, help);
            for store in stores {
                family.sample(&[("store", store.name)], read(store));
            }
        }
    }
}

/// The database's running totals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DbSample {
    /// Statements run.
    pub statements: u64,
    /// Statements that failed.
    pub failed: u64,
    /// Statements slower than the threshold.
    pub slow: u64,
    /// Rows read or changed.
    pub rows: u64,
    /// Time spent in statements.
    pub busy: Duration,
    /// Commits that reached the disk.
    pub commits: u64,
    /// Changes that they made durable; several may share a commit.
    pub verbs: u64,
}

impl DbSample {
    /// Writes the `db_*` families.
    pub fn write(&self, to: &mut Exposition) {
        let counters = [
            ("db_statements", "Statements sent to the database.", self.statements),
            ("db_statements_failed", "Statements that failed.", self.failed),
            ("db_statements_slow", "Statements slower than the threshold.", self.slow),
            ("db_rows", "Rows read or changed.", self.rows),
            ("db_commits", "Commits that reached the disk.", self.commits),
            ("db_committed_verbs", "Changes made durable; several may share a commit.", self.verbs),
        ];
        for (name, help, value) in counters {
            to.counter(name, help).value(value);
        }
        to.counter("db_busy_seconds", "Time spent in statements, in seconds.").value(self.busy.as_secs_f64());
    }
}
