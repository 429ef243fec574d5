use crate::{Sessions, remove_expired};
use clock::SharedClock;
use queue::{BoxError, Schedule};
use std::time::Duration;

/// Every hour, removes the rows of logins that ended long ago, batch by batch.
pub fn cleanup_schedule(sessions: Sessions, clock: SharedClock) -> Schedule {
    Schedule::new("sessions.cleanup", Duration::from_hours(1), move |stop| {
        let (sessions, clock) = (sessions.clone(), clock.clone());
        async move {
            while !stop.is_cancelled() && remove_expired(&sessions, clock.now()).await? {}
            Ok::<(), BoxError>(())
        }
    })
}
