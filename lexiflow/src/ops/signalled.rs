//! What somebody on the machine may have of a server that does not answer over HTTP: they send it a signal.

use super::Ops;
use super::error::Error;
use super::profile::keep_as;
use crate::state::administrator;
use std::sync::Arc;

/// As many requests are told of: those that hold the most.
const MOST_REQUESTS: usize = 64;

impl Ops {
    /// Keeps a heap profile, as `POST /api/monitoring/memory/profile` does. The record names the first administrator, as
    /// that of a command on this machine does.
    pub(crate) async fn keep_profile_when_signalled(&self) {
        let administrator = match administrator(&self.parts).await {
            Ok(administrator) => administrator.principal,
            Err(error) => {
                tracing::error!(%error, "no heap profile was kept: the database does not tell who the administrator is");
                return;
            }
        };
        let ctx = self.parts.app.act_as(administrator, "signal");
        match keep_as(&ctx, self).await {
            Ok(kept) => {
                tracing::warn!(id = %kept.id, size_bytes = kept.size_bytes, "a heap profile was kept");
            }
            Err(error) => tracing::error!(%error, "no heap profile was kept"),
        }
    }

    /// Logs the background tasks, the bounded stores and the largest requests in flight, a line for each.
    pub(crate) fn tell_when_signalled(&self) {
        let headroom = self.parts.app.headroom();
        for task in self.tasks.running() {
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

    /// Removes profiles that have been kept for longer than they may be.
    pub(crate) async fn forget_old_profiles(self: Arc<Self>) {
        let now = self.parts.app.clock().now();
        let folder = self.diagnostics.clone();
        match headroom::spawn_blocking(move || folder.expire(now)).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(removed)) => tracing::info!(removed, "old heap profiles were removed"),
            Ok(Err(error)) => {
                let error = Error::from(error);
                tracing::warn!(%error, "old heap profiles could not be removed");
            }
        }
    }
}
