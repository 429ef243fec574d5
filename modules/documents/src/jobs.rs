use crate::model::{Digest, Files, TextStatus};
use crate::service::{blobs, texts};
use crate::{Error, store};
use access::{App, Sight};
use chrono::TimeDelta;
use crypto::digest;
use ids::DocumentId;
use queue::{BoxError, Job, JobError, Schedule, Work};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What this module's jobs need.
#[derive(Debug, Clone)]
pub struct JobDeps {
    /// The application.
    pub app: App,
    /// The files.
    pub files: Files,
}

/// Reads the text of a document's version, or tells of it again where it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadText {
    /// The document.
    pub document: DocumentId,
    /// The version; once another one is current there is nothing to do.
    pub version: i64,
}

impl Job for ReadText {
    const KIND: &'static str = "documents.read_text";
    type Deps = JobDeps;

    async fn run(self, deps: JobDeps, work: Work) -> Result<(), JobError> {
        let Some(firm) = work.firm else { return Err(JobError::fail("the job belongs to no firm")) };
        let read = Box::pin(texts::read(&deps.app, &deps.files, firm, &self, &work.cancelled)).await;
        let Err(error) = read else { return Ok(()) };
        if work.attempt < Self::MAX_ATTEMPTS || work.cancelled.is_cancelled() {
            return Err(JobError::retry(error));
        }
        // Nobody may believe that it is searchable.
        let everything = Sight::whole_firm(firm, "a job shows the document to nobody");
        match store::find(deps.app.db().reader(), everything, self.document).await {
            Ok(document) if document.current_version == self.version => {
                let failed = texts::set_status(&deps.app, firm, &document, TextStatus::Failed).await;
                failed.map_err(JobError::retry)?;
            }
            _ => {}
        }
        Err(JobError::fail(error))
    }
}

/// Removes files that no version names any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoveBlobs {
    /// Their digests in hexadecimal.
    pub sha256: Vec<String>,
}

/// How long it is remembered that a file was removed: longer than any upload takes from storing its file to its commit.
const REMEMBER: TimeDelta = TimeDelta::days(1);

impl Job for RemoveBlobs {
    const KIND: &'static str = "documents.remove_blobs";
    type Deps = JobDeps;

    async fn run(self, deps: JobDeps, work: Work) -> Result<(), JobError> {
        for text in &self.sha256 {
            let Some(digest) = digest::from_hex(text).map(Digest) else { continue };
            if work.cancelled.is_cancelled() {
                return Err(JobError::retry("the server is stopping"));
            }
            remove(&deps, digest).await.map_err(JobError::retry)?;
        }
        forget(&deps).await.map_err(JobError::retry)
    }
}

async fn remove(deps: &JobDeps, digest: Digest) -> Result<(), Error> {
    let (writer, clock) = (deps.app.db().writer(), deps.app.clock());
    let mut tx = writer.begin().await?;
    if !store::condemn_blob(&mut tx, digest, clock.now()).await? {
        return Ok(());
    }
    tx.commit().await?;
    deps.files.blobs.remove(digest.0).await?;
    let mut tx = writer.begin().await?;
    store::blob_removed(&mut tx, digest, clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

async fn forget(deps: &JobDeps) -> Result<(), Error> {
    let mut tx = deps.app.db().writer().begin().await?;
    store::forget_removed_blobs(&mut tx, deps.app.clock().now() - REMEMBER).await?;
    tx.commit().await?;
    Ok(())
}

/// Every day, a folder at a time, has those stored files removed that no document ever came to name: an upload that is cut off
/// after its last byte leaves one.
pub fn orphans_schedule(app: App, files: Files) -> Schedule {
    Schedule::new("documents.orphans", Duration::from_hours(24), move |stop| {
        let (app, files) = (app.clone(), files.clone());
        async move {
            let orphans = blobs::forget_orphans(&app, &files, &stop).await?;
            if orphans > 0 {
                tracing::info!(orphans, "stored files that no document names are removed");
            }
            Ok::<(), BoxError>(())
        }
    })
}
