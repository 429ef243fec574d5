pub(crate) mod api_key;
pub(crate) mod invitation;
pub(crate) mod link;

use crate::Error;
use access::Role;
use clock::Timestamp;
use crypto::{Secret, strength};
use ids::{CustomRoleId, FirmId, UserId};
use serde::Serialize;
use std::str::FromStr;
use web::Fault;
use web::problem::Failure as _;

/// The longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub(crate) const EMAIL_BYTES: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES: usize = 64;

/// A firm: the tenant that everything belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firm {
    /// The id.
    pub id: FirmId,
    /// The name as people write it.
    pub name: String,
    /// The short name in lower case, unique on the server.
    pub slug: String,
    /// When it was set up.
    pub created_at: Timestamp,
}

/// A firm to set up.
#[derive(Debug, Clone)]
pub struct NewFirm {
    /// The name as people write it.
    pub name: String,
}

impl NewFirm {
    /// The short name: letters and digits of the name in lower case, single hyphens between. `firm` when nothing is
    /// left of it.
    pub fn slug(&self) -> String {
        let mut slug = String::new();
        for piece in self.name.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty()) {
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.extend(piece.chars().flat_map(char::to_lowercase));
        }
        if slug.is_empty() { "firm".to_owned() } else { slug }
    }
}

/// An e-mail address in lower case: the name somebody signs in with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an e-mail address: write it as name@example.com")]
pub struct InvalidEmail;

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let address = text.trim().to_lowercase();
        let (local, domain) = address.rsplit_once('@').ok_or(InvalidEmail)?;
        let plain = |part: &str| !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
        let labels = !domain.is_empty() && domain.split('.').all(|label| !label.is_empty());
        let fits = !local.is_empty() && local.len() <= LOCAL_BYTES && address.len() <= EMAIL_BYTES;
        if fits && labels && plain(local) && plain(domain) { Ok(Self(address)) } else { Err(InvalidEmail) }
    }
}

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id.
    #[serde(skip)]
    pub id: UserId,
    /// The firm.
    #[serde(skip)]
    pub firm: FirmId,
    /// The address to sign in with.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// What the user does in the firm.
    pub role: Role,
    /// Whether the user may sign in.
    pub active: bool,
    /// Whether signing in asks for a second factor.
    #[serde(skip)]
    pub second_factor: bool,
    /// Counts the changes, from 1. A sign-in is none.
    #[serde(skip)]
    pub version: i64,
    /// When the user was added.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When the user was last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// When the user last signed in.
    #[serde(skip)]
    pub last_login_at: Option<Timestamp>,
    /// Logins begun up to this moment are over: set by a deactivation and by a password set for the user.
    #[serde(skip)]
    pub signed_out_at: Option<Timestamp>,
}

/// A user to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The address to sign in with.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// What the user will do in the firm.
    pub role: Role,
}

/// What to change of a user; nothing where nothing is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// What the user does in the firm.
    pub role: Option<Role>,
    /// Whether the user may sign in.
    pub active: Option<bool>,
    /// The role of the firm's own.
    pub custom_role: CustomRoleChange,
}

/// What becomes of the role of the firm's own that a user may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomRoleChange {
    /// It stays while the built-in role stays.
    #[default]
    Follows,
    /// The user has none.
    Ends,
    /// The user has this one, which builds on the role that is given.
    Begins(CustomRoleId),
}

/// What a changed user means for the firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Names only.
    Harmless,
    /// An active administrator stops being one: somebody of these roles must be left.
    LosesAdministrator(&'static [Role]),
    /// The role or the activity changed in another way.
    Access,
}

/// Whose change it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor {
    /// The user who acts.
    pub(crate) user: UserId,
    /// Their role.
    pub(crate) role: Role,
}

impl NewUser {
    /// The words that a password of this user must not contain.
    pub(crate) fn forbidden_words(&self) -> [&str; 3] {
        [&self.email, &self.first_name, &self.last_name]
    }

    /// Everything for which [`add_user`](crate::add_user) would refuse the user and the password, whoever asks.
    pub(crate) fn broken_rules(&self, password: &Secret) -> Vec<Fault> {
        let weak = strength::check(password.expose(), &self.forbidden_words());
        let email = self.email.parse::<Email>().map_err(Error::from).err();
        let weak = weak.map_err(|source| Error::Weak { field: "password", source }).err();
        let mut faults: Vec<Fault> = email.into_iter().flat_map(|error| error.faults()).collect();
        faults.extend(missing_names(&self.first_name, &self.last_name));
        faults.extend(weak.into_iter().flat_map(|error| error.faults()));
        faults
    }
}

/// The faults of names that hold nothing to see.
pub(crate) fn missing_names(first: &str, last: &str) -> Vec<Fault> {
    let refusals = [name("firstName", first), name("lastName", last)].into_iter().filter_map(Result::err);
    refusals.flat_map(|error| error.faults()).collect()
}

impl User {
    /// A user as added now.
    pub(crate) fn new(id: UserId, firm: FirmId, new: &NewUser, now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            id,
            firm,
            email: new.email.parse::<Email>()?.0,
            first_name: name("firstName", &new.first_name)?,
            last_name: name("lastName", &new.last_name)?,
            role: new.role,
            active: true,
            second_factor: false,
            version: 1,
            created_at: now,
            updated_at: now,
            last_login_at: None,
            signed_out_at: None,
        })
    }

    /// The user after `change`, and what it means, if `actor` may make it.
    pub(crate) fn changed(
        &self,
        actor: Actor,
        change: &Change,
        now: Timestamp,
    ) -> Result<(Self, Effect), Error> {
        let mut after = self.clone();
        if let Some(first) = &change.first_name {
            after.first_name = name("firstName", first)?;
        }
        if let Some(last) = &change.last_name {
            after.last_name = name("lastName", last)?;
        }
        after.role = change.role.unwrap_or(self.role);
        after.active = change.active.unwrap_or(self.active);
        after.version += 1;
        after.updated_at = now;
        let effect = self.effect(&after);
        if actor.user == self.id {
            return if effect == Effect::Harmless { Ok((after, effect)) } else { Err(Error::OwnAccess) };
        }
        may_manage(actor, self.role)?;
        may_manage(actor, after.role)?;
        if self.active && !after.active {
            after.signed_out_at = Some(now);
        }
        Ok((after, effect))
    }

    fn effect(&self, after: &Self) -> Effect {
        if self.role == after.role && self.active == after.active {
            return Effect::Harmless;
        }
        let must_stay: &'static [Role] = match self.role {
            Role::SuperAdmin => &[Role::SuperAdmin],
            Role::Admin => &[Role::SuperAdmin, Role::Admin],
            _ => &[],
        };
        let still_one = after.active && must_stay.contains(&after.role);
        if self.active && !must_stay.is_empty() && !still_one {
            Effect::LosesAdministrator(must_stay)
        } else {
            Effect::Access
        }
    }

    /// The words that a password of this user must not contain.
    pub(crate) fn forbidden_words(&self) -> [&str; 3] {
        [&self.email, &self.first_name, &self.last_name]
    }

    /// The lower-case text that a search looks through.
    pub(crate) fn search_text(&self) -> String {
        format!("{} {} {}", self.first_name, self.last_name, self.email).to_lowercase()
    }
}

/// Whether `actor` may add, change or deactivate a user of `role`: only who may assign it. Otherwise an operator could
/// take over an administrator by setting a password.
pub(crate) fn may_manage(actor: Actor, role: Role) -> Result<(), Error> {
    if actor.role.may_assign(role) {
        Ok(())
    } else {
        Err(Error::RoleNotAssignable { actor: actor.role, role })
    }
}

pub(crate) fn name(field: &'static str, text: &str) -> Result<String, Error> {
    let trimmed = text.trim();
    if trimmed.is_empty() { Err(Error::NameMissing { field }) } else { Ok(trimmed.to_owned()) }
}

/// Somebody whose password was right.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The user.
    pub user: User,
    /// The stored hash that the password was checked against.
    pub(crate) verified: Secret,
    /// A new hash of the same password, where the stored one was made with other settings than today's.
    pub(crate) rehashed: Option<String>,
}

/// What a password check found.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The password was right and the user may sign in.
    Right(Checked),
    /// It was not. The caller is told nothing more; the owner of the address is for the firm's records only.
    Refused {
        /// Who has the address, if anybody does.
        owner: Option<(FirmId, UserId)>,
    },
}

/// Which users a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Text that the name or the address contains, whatever its case.
    pub search: Option<String>,
    /// Of this role only.
    pub role: Option<Role>,
    /// Only those who may, or may not, sign in.
    pub active: Option<bool>,
}

/// What a list of users is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Family name, then given name.
    #[default]
    LastName,
    /// Given name.
    FirstName,
    /// Address.
    Email,
    /// Role.
    Role,
    /// When they were added.
    CreatedAt,
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From A to Z, oldest first.
    #[default]
    Ascending,
    /// The other way.
    Descending,
}

/// Hears, after the commit and in this process, that a user's standing changed: role, activity or password. Whoever
/// caches what a user may do forgets it here.
pub trait UserWatch: Send + Sync + std::fmt::Debug {
    /// The user's standing changed.
    fn user_changed(&self, firm: FirmId, user: UserId);
}
