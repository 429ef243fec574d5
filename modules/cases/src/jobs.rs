use crate::store;
use db::Db;
use queue::{BoxError, Schedule};
use std::time::Duration;

/// For the first time at once and then every hour, fills in what cases are found by that an older version has stored. Where
/// there are none it asks one index and finds nothing.
pub fn refold_schedule(db: Db) -> Schedule {
    Schedule::new("cases.refold", Duration::from_hours(1), move |stop| {
        let db = db.clone();
        async move {
            let mut cases = 0;
            while !stop.is_cancelled() {
                let mut tx = db.writer().begin().await?;
                let done = store::cases::refold(&mut tx).await?;
                if done == 0 {
                    break;
                }
                tx.commit().await?;
                cases += done;
            }
            if cases > 0 {
                tracing::info!(cases, "what the cases are found by was filled in");
            }
            Ok::<(), BoxError>(())
        }
    })
}
