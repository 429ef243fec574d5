//! Durable work that survives a crash, and the tasks that carry it.
//!
//! - [`Outbox`]: a verb publishes events in its own transaction; the [`Dispatcher`] hands each of them to every
//!   [`Listener`] of its topic. What a listener writes commits together with the removal of the event, so its database
//!   effects happen exactly once.
//! - [`Jobs`]: a verb enqueues work in its own transaction; a [`Worker`] runs it at least once, with a lease, retries
//!   and a place for what cannot be done. A job must be idempotent.
//! - [`Scheduler`]: periodic work, one run at a time over all replicas.
//! - [`Tasks`]: every background task has an owner, a name and an end.

mod backoff;
mod claim;
mod dispatcher;
mod error;
mod event;
mod individual;
mod job;
mod jobs;
mod lease;
mod listener;
mod metering;
mod migration;
mod outbox;
mod schedule;
mod tasks;
mod worker;

pub use dispatcher::{Dispatcher, Settings};
pub use error::{BoxError, Error};
pub use event::{Delivered, Envelope, Event, InvalidPayload};
pub use job::{Job, JobError, Work};
pub use jobs::{Jobs, NewJob, PendingJobs};
pub use listener::{BoxFuture, Listener, ListenerError};
pub use migration::migrations;
pub use outbox::{Outbox, PendingEvents};
pub use schedule::{Schedule, Scheduler, SchedulerState, work_off};
pub use tasks::Tasks;
pub use worker::{Drained, Worker, WorkerBuilder};
