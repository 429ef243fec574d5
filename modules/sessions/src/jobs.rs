use crate::{Sessions, mark_ended, remove_expired};
use access::App;
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

/// Every minute, marks the logins whose time is over, records and announces it.
pub fn expiry_schedule(app: App, sessions: Sessions) -> Schedule {
    Schedule::new("sessions.expiry", Duration::from_mins(1), move |stop| {
        let (app, sessions) = (app.clone(), sessions.clone());
        async move {
            while !stop.is_cancelled() && mark_ended(&app, &sessions).await? {}
            Ok::<(), BoxError>(())
        }
    })
}
