use crate::store;
use db::Db;
use queue::{BoxError, Schedule, work_off};
use std::time::Duration;

/// For the first time at once and then every hour, fills in what cases are found by that an older version has stored. Where
/// there are none it asks one index and finds nothing.
pub fn refold_schedule(db: Db) -> Schedule {
    Schedule::new("cases.refold", Duration::from_hours(1), move |stop| {
        let db = db.clone();
        async move {
            let cases = work_off(&stop, || refold_some(&db)).await?;
            if cases > 0 {
                tracing::info!(cases, "what the cases are found by was filled in");
            }
            Ok::<(), BoxError>(())
        }
    })
}

/// Some at a time, so that nobody waits long for the writer.
async fn refold_some(db: &Db) -> Result<u64, BoxError> {
    let mut tx = db.writer().begin().await?;
    let done = store::cases::refold(&mut tx).await?;
    if done > 0 {
        tx.commit().await?;
    }
    Ok(done as u64)
}
