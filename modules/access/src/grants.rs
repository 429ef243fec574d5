//! Grants beside the roles: rows that allow or deny an action to a role or a user, under conditions. Pure: the rows come
//! from the store, the moment from the request.

mod approval;
mod delegation;
mod hours;
mod network;
mod part;
mod policy;
mod reach;
mod statuses;

pub use approval::{Approval, Obligation, Ruling};
pub use delegation::{Delegation, Lent};
pub use hours::{Hours, HoursFault, Written as WrittenHours};
pub use network::{Network, NetworkFault};
pub use part::PartFault;
pub use policy::{Decision, Policy, Reason};
pub use reach::{OnCase, Reach};
pub use statuses::{Statuses, UnknownStatus};

use crate::{Action, Principal, Role};
use clock::Timestamp;
use ids::{CustomRoleId, GrantId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use web::Country;

/// Whom a grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// Everybody of a role.
    Role(Role),
    /// Everybody of a role that the firm has made.
    CustomRole(CustomRoleId),
    /// One user.
    User(UserId),
    /// Everybody in a team.
    Team(TeamId),
}

/// What a grant does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Allows what is not denied.
    Allow,
    /// Denies, whatever allows.
    Deny,
}

/// When and from where a grant counts. One that is not known here is refused before it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conditions {
    /// From these networks only; from anywhere when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// At these hours only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// From this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until this moment, which is not a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// While a second factor was shown a moment ago only: what is allowed has to be earned each time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub step_up: bool,
    /// From these countries only; from anywhere when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<Country>,
    /// While somebody of this role has approved only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_by: Option<Role>,
    /// For whoever is in one of these teams only, such as a department; for everybody whom it is given to when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<TeamId>,
    /// On cases of these statuses only; on every case, and on what belongs to none, when there is none.
    #[serde(default, skip_serializing_if = "Statuses::is_empty")]
    pub case_statuses: Statuses,
    /// Of what denies: these fields only, and not the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Of what denies: more than so many of a list only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_records: Option<u32>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The grant.
    pub id: GrantId,
    /// For whom.
    pub subject: Subject,
    /// Which action.
    pub action: Action,
    /// What it does.
    pub effect: Effect,
    /// When and from where.
    pub conditions: Conditions,
    /// Why, in the words of whoever gave it.
    pub reason: String,
    /// Who gave it.
    pub granted_by: UserId,
    /// When.
    pub granted_at: Timestamp,
}

/// What is known of a request when it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub now: Timestamp,
    /// From where, where that is known.
    pub address: Option<IpAddr>,
    /// From which country, where a trusted proxy tells it.
    pub country: Option<Country>,
}

/// How a condition stands to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Holds,
    Fails,
    /// What it asks for is not known.
    Unknown,
}

impl Conditions {
    fn standing(&self, moment: Moment) -> Standing {
        let in_period = self.from.is_none_or(|from| from <= moment.now)
            && self.until.is_none_or(|until| moment.now < until)
            && self.hours.as_ref().is_none_or(|hours| hours.contain(moment.now));
        if !in_period {
            return Standing::Fails;
        }
        let network = among(&self.networks, moment.address, Network::contains);
        let country = among(&self.countries, moment.country, |one, country| *one == country);
        match (network, country) {
            (Standing::Fails, _) | (_, Standing::Fails) => Standing::Fails,
            (Standing::Unknown, _) | (_, Standing::Unknown) => Standing::Unknown,
            (Standing::Holds, Standing::Holds) => Standing::Holds,
        }
    }
}

/// How a list of places stands to where a request comes from. No list leaves it open.
fn among<T, P: Copy>(places: &[T], from: Option<P>, is_in: impl Fn(&T, P) -> bool) -> Standing {
    match from {
        _ if places.is_empty() => Standing::Holds,
        None => Standing::Unknown,
        Some(from) if places.iter().any(|place| is_in(place, from)) => Standing::Holds,
        Some(_) => Standing::Fails,
    }
}

impl Grant {
    /// Whether it counts now, but for the second factor and the approval that it may ask for. What is not known counts against the caller.
    pub fn counts(&self, moment: Moment) -> bool {
        match self.conditions.standing(moment) {
            Standing::Holds => true,
            Standing::Fails => false,
            Standing::Unknown => self.effect == Effect::Deny,
        }
    }

    /// Whether it is for this principal. A role is allowed what the roles that it implies are allowed, and is denied only
    /// what it is denied itself.
    fn is_for(&self, principal: &Principal, custom_role: Option<CustomRoleId>, teams: &[TeamId]) -> bool {
        // Who sets a firm right again is never locked out, also who had another role when it was denied.
        if self.effect == Effect::Deny && principal.role == Role::SuperAdmin {
            return false;
        }
        let needed = &self.conditions.teams;
        if !needed.is_empty() && !needed.iter().any(|team| teams.contains(team)) {
            return false;
        }
        match (self.subject, self.effect) {
            (Subject::User(user), _) => user == principal.user,
            (Subject::CustomRole(role), _) => custom_role == Some(role),
            (Subject::Team(team), _) => teams.contains(&team),
            (Subject::Role(role), Effect::Deny) => role == principal.role,
            (Subject::Role(role), Effect::Allow) => {
                role == principal.role || principal.role.implies().contains(&role)
            }
        }
    }
}
