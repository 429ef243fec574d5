//! What somebody on the machine may have of a server that does not answer over HTTP: they send it a signal.

use super::Ops;
use super::error::Error;
use super::profile::{keep_unrecorded, record_kept};
use crate::state::administrator;
use ids::ProfileId;
use std::sync::Arc;
use std::time::Duration;

/// How long the database may take to record that a profile was kept.
const TO_RECORD: Duration = Duration::from_secs(5);
/// As many requests are told of: those that hold the most.
const MOST_REQUESTS: usize = 64;

impl Ops {
    /// Keeps a heap profile, also when nothing else works: first on the disk, then in the records, if the database answers.
    /// The record names the first administrator, as that of a command on this machine does.
    pub(crate) async fn keep_profile_when_signalled(&self) {
        let app = &self.parts.app;
        let id = app.new_id::<ProfileId>();
        // A window of the watch for leaks takes a moment; a server that ends does not wait.
        let _alone = self.profiles.lock().await;
        let size_bytes = match keep_unrecorded(id, app.clock().now(), self.diagnostics.clone(), |_| ()).await
        {
            Ok(kept) => kept.size_bytes,
            Err(error) => {
                tracing::error!(%error, "no heap profile was kept");
                return;
            }
        };
        tracing::warn!(%id, size_bytes, "a heap profile was kept");
        let recorded = async {
            let administrator = administrator(&self.parts).await.map_err(|error| error.to_string())?;
            let ctx = app.act_as(administrator.principal, "signal");
            record_kept(&ctx, id, size_bytes).await.map_err(|error| error.to_string())
        };
        match tokio::time::timeout(TO_RECORD, recorded).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%id, error, "a heap profile was kept and could not be recorded");
            }
            Err(_) => tracing::error!(%id, "a heap profile was kept and could not be recorded in time"),
        }
    }

    /// Logs the background tasks, the bounded stores and the largest requests in flight, a line for each.
    pub(crate) fn tell_when_signalled(&self) {
        let headroom = self.parts.app.headroom();
        for task in self.tasks.background() {
            tracing::warn!(task, "background task");
        }
        for store in headroom.stores().snapshot() {
            tracing::warn!(
                store = store.name,
                entries = store.entries,
                used_bytes = store.bytes,
                cap_bytes = store.cap_bytes,
                "bounded store"
            );
        }
        for flight in headroom.ledger().largest(MOST_REQUESTS) {
            tracing::warn!(
                route = &*flight.route,
                live_bytes = flight.live_bytes,
                borrowed_bytes = flight.lent_bytes,
                age_ms = flight.age_millis,
                "request in flight"
            );
        }
    }

    /// Removes profiles and reports that have been kept for longer than they may be.
    pub(crate) async fn forget_old_profiles(self: Arc<Self>) {
        let now = self.parts.app.clock().now();
        let ops = Arc::clone(&self);
        let work = move || {
            ops.spells.forget_old(now);
            ops.diagnostics.expire(now)
        };
        match headroom::spawn_blocking(work).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(removed)) => tracing::info!(removed, "old heap profiles were removed"),
            Ok(Err(error)) => {
                let error = Error::from(error);
                tracing::warn!(%error, "old heap profiles could not be removed");
            }
        }
    }
}
