use crate::service::{checkpoint, purge, verifications};
use crate::{Notary, Retention, Spill};
use access::App;
use ids::VerificationId;
use queue::{Job, JobError, Schedule, Work};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What this module's jobs need.
#[derive(Debug, Clone)]
pub struct JobDeps {
    /// The application.
    pub app: App,
    /// Whose signatures count.
    pub notary: Notary,
}

/// Verifies the chain of the job's firm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyChain {
    /// The verification to carry out.
    pub verification: VerificationId,
}

impl Job for VerifyChain {
    const KIND: &'static str = "audit.verify_chain";
    type Deps = JobDeps;

    async fn run(self, deps: JobDeps, work: Work) -> Result<(), JobError> {
        let Some(firm) = work.firm else { return Err(JobError::fail("the job belongs to no firm")) };
        let id = self.verification;
        let done =
            Box::pin(verifications::carry_out(&deps.app, &deps.notary, firm, id, &work.cancelled)).await;
        let Err(error) = done else { return Ok(()) };
        if work.attempt < Self::MAX_ATTEMPTS || work.cancelled.is_cancelled() {
            return Err(JobError::retry(error));
        }
        verifications::give_up(&deps.app, firm, id).await.map_err(JobError::retry)?;
        Err(JobError::fail(error))
    }
}

/// How often it is tried to write spilled records into the log.
const REPLAY_EVERY: Duration = Duration::from_secs(10);
/// How often it is looked whether a chain has to be signed.
const SIGN_EVERY: Duration = Duration::from_secs(10);
/// How often it is looked whether a chain has to be verified, which is once a day.
const VERIFY_EVERY: Duration = Duration::from_hours(1);
/// How often it is looked for entries whose time is over.
const PURGE_EVERY: Duration = Duration::from_hours(24);

/// This module's periodic work: signing, verifying, and removing what is too old.
pub fn schedules(app: &App, notary: &Notary, spill: &Spill, retention: Retention) -> Vec<Schedule> {
    let deps = JobDeps { app: app.clone(), notary: notary.clone() };
    let (signing, verifying, purging) = (deps.clone(), deps.clone(), deps);
    let (app, spill) = (app.clone(), spill.clone());
    vec![
        Schedule::new("audit.spill", REPLAY_EVERY, move |_| {
            let (app, spill) = (app.clone(), spill.clone());
            async move {
                let replayed = spill.replay(&app).await?;
                if replayed > 0 {
                    tracing::info!(entries = replayed, "spilled audit records were written into the log");
                }
                Ok(())
            }
        }),
        Schedule::new("audit.checkpoints", SIGN_EVERY, move |stop| {
            let deps = signing.clone();
            async move {
                checkpoint::checkpoint_all(&deps.app, &deps.notary, &stop).await?;
                Ok(())
            }
        }),
        Schedule::new("audit.verify", VERIFY_EVERY, move |stop| {
            let deps = verifying.clone();
            async move {
                verifications::verify_all(&deps.app, &stop).await?;
                Ok(())
            }
        }),
        Schedule::new("audit.retention", PURGE_EVERY, move |stop| {
            let deps = purging.clone();
            async move {
                let removed = Box::pin(purge(&deps.app, &deps.notary, retention, &stop)).await?;
                if removed > 0 {
                    tracing::info!(entries = removed, "audit entries whose time was over were removed");
                }
                Ok(())
            }
        }),
    ]
}
