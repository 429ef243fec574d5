//! Roles of a firm's own: each builds on one that is built in, and has grants and denials beside what that one allows. Every
//! change counts as a change of the firm's grants.

use crate::store::custom_roles;
use crate::{Role, note_departure};
use clock::Timestamp;
use db::{Error, Reads, Tx};
use ids::{CustomRoleId, FirmId, UserId};
use serde::Serialize;

/// The most roles of a firm's own.
pub const CUSTOM_ROLES: usize = 100;
/// The most users of a role that are named.
pub const HOLDERS: usize = 500;
/// The longest name, in bytes.
const NAME_BYTES: usize = 50;

/// A role that a firm has made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomRole {
    /// The role.
    pub id: CustomRoleId,
    /// Its name, which no other role of the firm has and none that is built in.
    pub name: String,
    /// The built-in role whose permissions it begins with.
    pub base: Role,
    /// What it is for.
    pub description: Option<String>,
    /// Moves on with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Whether a role may be called so: like the built-in ones, and like none of them.
pub fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (2..=NAME_BYTES).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(is_part)
        && text.parse::<Role>().is_err()
}

/// The role of this name.
pub async fn named(db: &impl Reads, firm: FirmId, name: &str) -> Result<Option<CustomRole>, Error> {
    // No other text is a name, and not every text is one for every database.
    if !is_name(name) {
        return Ok(None);
    }
    custom_roles::named(db, firm, name).await
}

/// One role.
pub async fn find(db: &impl Reads, firm: FirmId, id: CustomRoleId) -> Result<Option<CustomRole>, Error> {
    custom_roles::find(db, firm, id).await
}

/// The firm's roles in the order of their names: at most [`CUSTOM_ROLES`].
pub async fn list(db: &impl Reads, firm: FirmId) -> Result<Vec<CustomRole>, Error> {
    custom_roles::list(db, firm, CUSTOM_ROLES).await
}

/// The role that a user has.
pub async fn of_user(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Option<CustomRole>, Error> {
    custom_roles::of_user(db, firm, user).await
}

/// Who has the role: at most [`HOLDERS`].
pub async fn holders(db: &impl Reads, firm: FirmId, id: CustomRoleId) -> Result<Vec<UserId>, Error> {
    custom_roles::holders(db, firm, id, HOLDERS).await
}

/// Stores a new role in a transaction that holds the firm's grants. `false`, and nothing is stored, when there are too many.
pub async fn add(tx: &mut Tx, firm: FirmId, role: &CustomRole) -> Result<bool, Error> {
    if custom_roles::count(&*tx, firm).await? >= CUSTOM_ROLES as u64 {
        return Ok(false);
    }
    custom_roles::insert(tx, firm, role).await?;
    Ok(true)
}

/// Stores a role's name, description and version.
pub async fn save(tx: &mut Tx, firm: FirmId, role: &CustomRole) -> Result<(), Error> {
    custom_roles::update(tx, firm, role).await
}

/// Removes a role that nobody has.
pub async fn remove(tx: &mut Tx, firm: FirmId, id: CustomRoleId) -> Result<(), Error> {
    custom_roles::delete(tx, firm, id).await
}

/// Gives a user a role in place of the one before, or none, in a transaction that holds the firm's grants.
pub async fn give(tx: &mut Tx, firm: FirmId, user: UserId, role: Option<CustomRoleId>) -> Result<(), Error> {
    custom_roles::give(tx, firm, user, role).await?;
    // The new one may deny what the old one did not, and allow less.
    note_departure(tx, firm).await
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_is_written_like_a_built_in_one_and_is_none_of_them() {
        for name in ["conflicts_clerk", "it2", "ab", &"a".repeat(50)] {
            assert!(is_name(name), "{name}");
        }
        for name in
            ["", "a", "Clerk_2", "2nd", "_x", "a b", "a-b", "ärger", "clerk", "super_admin", &"a".repeat(51)]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
