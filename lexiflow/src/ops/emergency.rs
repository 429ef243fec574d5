//! Heap profiles that nobody asked for, of the moment in which memory was scarcest and of that in which a leak was found: first on
//! the disk, then, when the database can, in the records.

use super::Ops;
use super::error::Error;
use super::profile::{keep_now, unasked_entity};
use audit::Act;
use clock::Timestamp;
use headroom::Level;
use ids::ProfileId;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Somebody else who takes a profile is waited for in so many steps, of so much each.
const STEPS: u32 = 500;
const STEP: Duration = Duration::from_millis(10);
/// More than the folder keeps, and the engine and the watch for leaks ask for two an hour each.
const MOST: usize = 8;
/// How long the database may take to record one. The server's end waits for that, too.
const TO_RECORD: Duration = Duration::from_secs(2);

/// Profiles that are kept and not yet recorded.
#[derive(Debug, Default)]
pub(super) struct Unrecorded {
    // bounded: `MOST`; the oldest goes.
    waiting: Mutex<VecDeque<Kept>>,
    bell: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    id: ProfileId,
    size_bytes: u64,
    at: Timestamp,
    reason: Reason,
}

/// Why it was kept.
#[derive(Debug, Clone, Copy)]
enum Reason {
    Emergency,
    Leak,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Leak => "leak",
        }
    }
}

impl Unrecorded {
    fn add(&self, kept: Kept) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MOST
            && let Some(lost) = waiting.pop_front()
        {
            tracing::error!(id = %lost.id, "a heap profile was kept and never recorded");
        }
        waiting.push_back(kept);
        self.bell.notify_one();
    }

    fn first(&self) -> Option<Kept> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).front().copied()
    }

    fn done(&self, id: ProfileId) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| kept.id != id);
    }
}

impl Ops {
    /// Keeps a profile; called by a thread of the engine's, which may wait. The engine asks for another in half an hour only,
    /// so that somebody who takes one at this moment must not cost the attempt.
    pub(super) fn keep_at_emergency(&self) {
        let app = &self.parts.app;
        let (id, at) = (app.new_id::<ProfileId>(), app.clock().now());
        let attempt = || {
            let _alone = self.profiles.try_lock().map_err(|_| Error::Busy)?;
            keep_now(id, at, &self.diagnostics)
        };
        let mut kept = attempt();
        for _ in 0..STEPS {
            if !matches!(kept, Err(Error::Busy)) {
                break;
            }
            thread::park_timeout(STEP);
            kept = attempt();
        }
        match kept {
            Ok(size_bytes) => {
                tracing::warn!(%id, size_bytes, "a heap profile of the emergency was kept");
                self.unrecorded.add(Kept { id, size_bytes, at, reason: Reason::Emergency });
            }
            Err(error) => tracing::warn!(%error, "no heap profile of the emergency could be kept"),
        }
    }

    /// Keeps a profile for a leak that was found just now, which tells whose the bytes were; called by whoever has the turn to
    /// take one, on a thread that may wait.
    pub(super) fn keep_for_leak(&self, at: Timestamp) {
        // What one takes is on nobody's account: a leak is still there when memory is not scarce.
        if self.parts.app.headroom().level() >= Level::Warning {
            return;
        }
        let id = self.parts.app.new_id::<ProfileId>();
        match keep_now(id, at, &self.diagnostics) {
            Ok(size_bytes) => {
                self.leaks.note_profile(at);
                tracing::warn!(%id, size_bytes, "a heap profile of the leak was kept");
                self.unrecorded.add(Kept { id, size_bytes, at, reason: Reason::Leak });
            }
            // It is tried again at the next window.
            Err(error) => tracing::warn!(%error, "no heap profile of the leak could be kept"),
        }
    }

    /// Records it where the database is not too late, else beside it.
    async fn record_kept(&self, Kept { id, size_bytes, at, reason }: Kept) {
        let Some(principal) = self.first_administrator.get() else {
            return tracing::error!(%id, "a heap profile of before the start was over is not recorded");
        };
        let ctx = self.parts.app.act_as(principal.clone(), reason.as_str());
        let (spill, entity) = (&self.parts.files.spill, unasked_entity(id, size_bytes, at, reason.as_str()));
        if let Err(error) = audit::record_within(TO_RECORD, &ctx, spill, Act::Create, entity).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(%id, error, "a heap profile is kept and could not be recorded");
        }
    }

    async fn record_unasked(&self) {
        while let Some(kept) = self.unrecorded.first() {
            self.record_kept(kept).await;
            self.unrecorded.done(kept.id);
        }
    }
}

/// Records what was kept without being asked for until it is told to end, and then what came last. The record names the first
/// administrator, as that of a signal does.
pub async fn run(ops: Arc<Ops>, stop: CancellationToken) {
    loop {
        ops.record_unasked().await;
        if stop.run_until_cancelled(ops.unrecorded.bell.notified()).await.is_none() {
            return ops.record_unasked().await;
        }
    }
}
