use crate::service::{cleanup, invitations, password_reset};
use crate::{Entrance, Error};
use access::App;
use ids::{InvitationId, UserId};
use mail::SharedTransport;
use queue::{BoxError, Job, JobError, Schedule, Work};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// What this module's jobs need.
#[derive(Debug, Clone)]
pub struct JobDeps {
    /// The application.
    pub app: App,
    /// The settings of links.
    pub entrance: Entrance,
    /// How mail goes.
    pub transport: SharedTransport,
}

/// Sends a link to set a new password. It names the user and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendReset {
    /// The user; nobody where the address was nobody's.
    pub user: Option<UserId>,
    /// From where it was asked for.
    pub address: Option<IpAddr>,
    /// In which request.
    pub correlation: String,
}

impl Job for SendReset {
    const KIND: &'static str = "accounts.send_reset";
    type Deps = JobDeps;

    async fn run(self, deps: JobDeps, work: Work) -> Result<(), JobError> {
        let (Some(firm), Some(user)) = (work.firm, self.user) else { return Ok(()) };
        ended(Box::pin(password_reset::send_reset(&deps, firm, user, &self, &work)).await)
    }
}

/// Sends an invitation's link. It names the invitation and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendInvitation {
    /// The invitation.
    pub invitation: InvitationId,
}

impl Job for SendInvitation {
    const KIND: &'static str = "accounts.send_invitation";
    type Deps = JobDeps;

    async fn run(self, deps: JobDeps, work: Work) -> Result<(), JobError> {
        let Some(firm) = work.firm else { return Err(JobError::fail("the job belongs to no firm")) };
        ended(Box::pin(invitations::send_invitation(&deps, firm, self.invitation, &work)).await)
    }
}

/// Sends a link to somebody who registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// The address.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

impl Job for Register {
    const KIND: &'static str = "accounts.register";
    type Deps = JobDeps;

    async fn run(self, deps: JobDeps, work: Work) -> Result<(), JobError> {
        ended(Box::pin(invitations::send_registration(&deps, &self, &work)).await)
    }
}

/// A message that cannot be sent will not become one that can.
fn ended(outcome: Result<(), Error>) -> Result<(), JobError> {
    match outcome {
        Ok(()) => Ok(()),
        Err(error @ Error::Mail(mail::Error::Message(_))) => Err(JobError::fail(error)),
        Err(error) => Err(JobError::retry(error)),
    }
}

/// Every hour, removes links, invitations and keys that ended long ago, and mail that was kept long enough.
pub fn cleanup_schedule(deps: JobDeps) -> Schedule {
    Schedule::new("accounts.cleanup", Duration::from_hours(1), move |stop| {
        let deps = deps.clone();
        async move {
            queue::work_off(&stop, || cleanup::remove_ended(&deps)).await?;
            let mails = deps.transport.forget_old(deps.app.clock().now()).await?;
            if mails > 0 {
                tracing::info!(mails, "mail that was kept long enough was removed");
            }
            Ok::<(), BoxError>(())
        }
    })
}
