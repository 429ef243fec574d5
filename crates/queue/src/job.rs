use crate::BoxError;
use clock::Timestamp;
use ids::{FirmId, JobId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

/// A piece of background work. It may run more than once (a crash, a lost lease) and must be idempotent.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// Unique and stable, such as `search.reindex`: it is stored with the job.
    const KIND: &'static str;
    /// How often it is tried before it is given up.
    const MAX_ATTEMPTS: u32 = 8;
    /// What it needs to run.
    type Deps: Clone + Send + Sync + 'static;

    /// Does the work. Long work looks at [`Work::cancelled`] now and then and returns [`JobError::Retry`] when it is
    /// set: it comes back after the restart, and the attempt does not count.
    fn run(self, deps: Self::Deps, work: Work) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// One run of a job.
#[derive(Debug, Clone)]
pub struct Work {
    /// The job.
    pub id: JobId,
    /// The firm it belongs to; nothing for the server's own work.
    pub firm: Option<FirmId>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it started.
    pub now: Timestamp,
    /// Set when the server shuts down, or when another worker took the job over.
    pub cancelled: CancellationToken,
}

/// Why a job did not get done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Trying again later may help.
    #[error("the job failed and will be tried again")]
    Retry(#[source] BoxError),
    /// Trying again cannot help: the job is given up at once.
    #[error("the job failed for good")]
    Fail(#[source] BoxError),
}

impl JobError {
    /// Trying again later may help.
    pub fn retry(source: impl Into<BoxError>) -> Self {
        Self::Retry(source.into())
    }

    /// Trying again cannot help.
    pub fn fail(source: impl Into<BoxError>) -> Self {
        Self::Fail(source.into())
    }
}
