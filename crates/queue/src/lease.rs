//! What a worker may do with a job it holds. Every statement names the attempt: once another worker has claimed the
//! job again, it changes nothing.

use crate::Error;
use crate::claim::ClaimedJob;
use clock::Timestamp;
use db::{Db, Reads as _, Stamp};
use sea_orm::sea_query::Value;

const OURS: &str = "WHERE id = $1 AND attempt = $2 AND state = 'running'";

/// Keeps the job until `until`; `false` if it was lost.
pub(crate) async fn renew(db: &Db, job: &ClaimedJob, until: Timestamp) -> Result<bool, Error> {
    change(db, job, format!("UPDATE jobs SET leased_until = $3 {OURS}"), vec![Stamp(until).into()]).await
}

/// The job is done.
pub(crate) async fn finish(db: &Db, job: &ClaimedJob) -> Result<bool, Error> {
    change(db, job, format!("DELETE FROM jobs {OURS}"), Vec::new()).await
}

/// The job failed and comes back at `run_at`.
pub(crate) async fn retry(
    db: &Db,
    job: &ClaimedJob,
    run_at: Timestamp,
    error: String,
) -> Result<bool, Error> {
    let text =
        format!("UPDATE jobs SET state = 'waiting', leased_until = NULL, run_at = $3, error = $4 {OURS}");
    change(db, job, text, vec![Stamp(run_at).into(), error.into()]).await
}

/// The job was interrupted by a shutdown and comes back as if it had not been tried.
pub(crate) async fn put_back(db: &Db, job: &ClaimedJob) -> Result<bool, Error> {
    let text =
        format!("UPDATE jobs SET state = 'waiting', leased_until = NULL, attempt = attempt - 1 {OURS}");
    change(db, job, text, Vec::new()).await
}

/// The job is given up. Its key is free for another.
pub(crate) async fn bury(db: &Db, job: &ClaimedJob, error: String) -> Result<bool, Error> {
    let text =
        format!("UPDATE jobs SET state = 'dead', leased_until = NULL, dedup_key = NULL, error = $3 {OURS}");
    change(db, job, text, vec![error.into()]).await
}

async fn change(db: &Db, job: &ClaimedJob, text: String, more: Vec<Value>) -> Result<bool, Error> {
    let mut tx = db.writer().begin().await?;
    let mut values: Vec<Value> = vec![uuid::Uuid::from(job.id).into(), i64::from(job.attempt).into()];
    values.extend(more);
    let changed = tx.run(db::sql(tx.dialect(), text, values)).await?;
    tx.commit().await?;
    Ok(changed > 0)
}
