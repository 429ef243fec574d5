//! The work that is done behind the requests.

use super::{Finding, Ops};
use crate::ops::report::written;
use accounts::{Register, SendInvitation, SendReset};
use clock::Timestamp;
use queue::Job as _;
use serde_json::{Value, json};
use std::time::Duration;

/// An index that is so far behind does not find what was just written.
const SEARCH_LAG: Duration = Duration::from_mins(1);
/// Work that is due for so long is begun by nobody: the scheduler looks each second.
const OVERDUE: Duration = Duration::from_mins(5);
/// The jobs that send mail.
const MAIL: [&str; 3] = [SendReset::KIND, SendInvitation::KIND, Register::KIND];

impl Ops {
    pub(super) async fn check_queues(&self) -> Finding {
        let app = &self.parts.app;
        let (outbox, jobs, reader) = (app.outbox(), app.jobs(), app.db().reader());
        let counted = async {
            let counted = self.depths.count(app).await?;
            Ok::<_, queue::Error>((counted, outbox.oldest(reader).await?, jobs.oldest(reader).await?))
        };
        let (counted, event, job) = match counted.await {
            Ok(found) => found,
            Err(error) => return ("down", error.to_string(), Value::Null),
        };
        let (events, jobs) = (counted.events, counted.jobs);
        let details = json!({
            "events": { "waiting": events.waiting, "retrying": events.retrying, "dead": events.dead,
                "oldestSeconds": self.waited(event).as_secs() },
            "jobs": { "waiting": jobs.waiting, "running": jobs.running, "dead": jobs.dead,
                "oldestSeconds": self.waited(job).as_secs() },
        });
        // Somebody should look at each that was given up.
        if events.dead + jobs.dead > 0 {
            return ("degraded", "events or jobs were given up: see the log".to_owned(), details);
        }
        ("up", "nothing was given up".to_owned(), details)
    }

    /// The audit chains, by the verifications of this process, and the records that are not in them yet.
    pub(super) async fn check_audit(&self) -> Finding {
        let (verifications, broken) = self.parts.notary.verifications();
        let (spilled, replayed) = self.parts.files.spill.counts();
        let details = json!({ "verifications": verifications, "broken": broken,
            "wentBesideDatabase": spilled, "cameBack": replayed });
        if broken > 0 {
            let said = "an audit log was found altered or incomplete: verify it and look at the verdict";
            return ("degraded", said.to_owned(), details);
        }
        match self.parts.files.spill.is_waiting().await {
            Ok(false) if verifications == 0 => {
                ("up", "nothing was verified since the start".to_owned(), details)
            }
            Ok(false) => ("up", "no verification found a fault".to_owned(), details),
            Ok(true) => {
                let said = "audit records wait beside the database, which did not take them";
                ("degraded", said.to_owned(), details)
            }
            Err(error) => ("degraded", error.to_string(), details),
        }
    }

    pub(super) async fn check_mail(&self) -> Finding {
        let app = &self.parts.app;
        match app.jobs().pending_of(app.db().reader(), &MAIL).await {
            Err(error) => ("degraded", error.to_string(), Value::Null),
            Ok(mail) => {
                let details = json!({ "waiting": mail.waiting, "running": mail.running, "dead": mail.dead });
                if mail.dead > 0 {
                    return ("degraded", "mail could not be sent: see the log".to_owned(), details);
                }
                ("up", "mail is written into the data folder".to_owned(), details)
            }
        }
    }

    /// The index hears of changes by events: it is as far behind as the oldest one that waits.
    pub(super) async fn check_search(&self) -> Finding {
        let app = &self.parts.app;
        match app.outbox().oldest(app.db().reader()).await {
            Err(error) => ("degraded", error.to_string(), Value::Null),
            Ok(oldest) => {
                let lag = self.waited(oldest);
                let details = json!({ "lagSeconds": lag.as_secs() });
                if lag > SEARCH_LAG {
                    let said = "the index is behind: see the log for warnings of the dispatcher";
                    return ("degraded", said.to_owned(), details);
                }
                ("up", "the index follows".to_owned(), details)
            }
        }
    }

    pub(super) async fn check_scheduler(&self) -> Finding {
        match self.parts.scheduler.state().await {
            Err(error) => ("degraded", error.to_string(), Value::Null),
            Ok(state) => {
                let details = json!({ "schedules": state.schedules, "lastRunAt": state.last_run_at.map(written),
                    "overdueSeconds": state.overdue.as_secs() });
                if state.overdue > OVERDUE {
                    return ("degraded", "periodic work is due and not begun".to_owned(), details);
                }
                ("up", "periodic work runs in time".to_owned(), details)
            }
        }
    }

    /// For how long something has waited; nothing where it is not due yet.
    fn waited(&self, since: Option<Timestamp>) -> Duration {
        let now = self.parts.app.clock().now();
        since.and_then(|since| (now - since).to_std().ok()).unwrap_or_default()
    }
}
