use crate::store;
use db::Db;
use queue::{BoxError, Schedule, work_off};
use std::time::Duration;

/// For the first time at once and then every hour, makes the words again of what an older version has indexed, some entries
/// at a time. In a database that is up to date it asks one index and finds nothing.
pub fn refold_schedule(db: Db) -> Schedule {
    Schedule::new("search.refold", Duration::from_hours(1), move |stop| {
        let db = db.clone();
        async move {
            let entries = work_off(&stop, || refold_some(&db)).await?;
            if entries > 0 {
                tracing::info!(entries, "the words of an older search index were made again");
            }
            Ok::<(), BoxError>(())
        }
    })
}

/// Some at a time, so that nobody waits long for the writer.
async fn refold_some(db: &Db) -> Result<u64, BoxError> {
    let mut tx = db.writer().begin().await?;
    let done = store::refold(&mut tx).await?;
    if done > 0 {
        tx.commit().await?;
    }
    Ok(done as u64)
}
