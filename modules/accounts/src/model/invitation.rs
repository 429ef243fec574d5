use super::link::LinkFault;
use super::{Email, NewUser, name};
use crate::Error;
use access::Role;
use clock::Timestamp;
use ids::{FirmId, InvitationId, UserId};

/// An invitation to become a user of a firm. It is accepted by the link that was sent to its address, and by nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The id.
    pub id: InvitationId,
    /// The firm.
    pub firm: FirmId,
    /// The address that it goes to, and with which the user will sign in.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// What the user will do in the firm.
    pub role: Role,
    /// Who invited; nobody where somebody registered.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When its newest mail was written; nothing while that waits.
    pub sent_at: Option<Timestamp>,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// The user who came of it.
    pub user: Option<UserId>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationStatus {
    /// It can be accepted.
    Open,
    /// It was.
    Accepted,
    /// It was taken back.
    Revoked,
    /// Its time is over. It can be sent again.
    Expired,
}

impl Invitation {
    /// An invitation made now.
    pub(crate) fn new(
        id: InvitationId,
        firm: FirmId,
        invited_by: Option<UserId>,
        new: &NewUser,
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Result<Self, Error> {
        Ok(Self {
            id,
            firm,
            email: new.email.parse::<Email>()?.as_str().to_owned(),
            first_name: name("firstName", &new.first_name)?,
            last_name: name("lastName", &new.last_name)?,
            role: new.role,
            invited_by,
            created_at: now,
            expires_at,
            sent_at: None,
            accepted_at: None,
            user: None,
            revoked_at: None,
        })
    }

    /// Where it stands at `now`.
    pub fn status(&self, now: Timestamp) -> InvitationStatus {
        if self.accepted_at.is_some() {
            InvitationStatus::Accepted
        } else if self.revoked_at.is_some() {
            InvitationStatus::Revoked
        } else if now >= self.expires_at {
            InvitationStatus::Expired
        } else {
            InvitationStatus::Open
        }
    }

    /// Whether it can be accepted at `now`.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), LinkFault> {
        match self.status(now) {
            InvitationStatus::Open => Ok(()),
            InvitationStatus::Accepted => Err(LinkFault::Used),
            InvitationStatus::Revoked => Err(LinkFault::Unknown),
            InvitationStatus::Expired => Err(LinkFault::Expired),
        }
    }

    /// The user who accepts it.
    pub(crate) fn invitee(&self) -> NewUser {
        NewUser {
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            role: self.role,
        }
    }
}
