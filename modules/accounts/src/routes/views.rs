use crate::{Firm, User};
use access::Role;
use access::custom_roles::CustomRole;
use clock::Timestamp;
use ids::{FirmId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A person who can sign in.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12",
    "organizationId": "019c2404-7d80-7a11-8c02-5e1f0a9b3c01", "email": "ada.moreno@example.com", "firstName": "Ada",
    "lastName": "Moreno", "role": "clerk",
    "permissions": ["clients:read", "cases:read", "docket:read", "docket:update", "documents:read",
        "documents:update", "time:read", "time:update", "search:use", "users:read"],
    "active": true, "mfaEnabled": false, "createdAt": "2026-02-03T15:00:00.124508Z",
    "updatedAt": "2026-03-02T11:58:41.903266Z", "lastLoginAt": "2026-03-02T11:59:02.350871Z"}))]
pub struct UserView {
    /// The id.
    pub id: UserId,
    /// The firm.
    pub organization_id: FirmId,
    /// The address to sign in with, in lower case.
    #[schema(example = "ada.moreno@example.com")]
    pub email: String,
    /// Given name.
    #[schema(example = "Ada")]
    pub first_name: String,
    /// Family name.
    #[schema(example = "Moreno")]
    pub last_name: String,
    /// What the user does in the firm.
    #[schema(example = "associate")]
    pub role: Role,
    /// What the role may do.
    #[schema(example = json!(["cases:read", "cases:update"]))]
    pub permissions: Vec<&'static str>,
    /// Whether the user may sign in.
    pub active: bool,
    /// Whether signing in asks for a second factor.
    #[schema(example = false)]
    pub mfa_enabled: bool,
    /// When the user was added.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    pub created_at: Timestamp,
    /// When the user was last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    pub updated_at: Timestamp,
    /// When the user last signed in.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    pub last_login_at: Option<Timestamp>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            organization_id: user.firm,
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role,
            permissions: user.role.permissions().collect(),
            active: user.active,
            mfa_enabled: user.second_factor,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// A role and what it may do.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "clerk", "base": null, "description": null,
    "permissions": ["clients:read", "cases:read", "docket:read", "docket:update", "documents:read",
        "documents:update", "time:read", "time:update", "search:use", "users:read"],
    "assignable": true}))]
pub struct RoleView {
    /// The role.
    #[schema(example = "paralegal")]
    pub name: String,
    /// Of a role of the firm's own: the built-in one whose permissions it begins with.
    #[schema(example = "clerk")]
    pub base: Option<Role>,
    /// Of a role of the firm's own: what it is for.
    #[schema(example = "Keeps the ethical walls")]
    pub description: Option<String>,
    /// What it may do, but for what is granted and denied to it.
    #[schema(example = json!(["cases:read", "docket:update"]))]
    pub permissions: Vec<&'static str>,
    /// Whether the caller may give it, or the one on which it builds, to somebody.
    pub assignable: bool,
}

impl RoleView {
    pub(super) fn of(role: Role, caller: Role) -> Self {
        Self {
            name: role.to_string(),
            base: None,
            description: None,
            permissions: role.permissions().collect(),
            assignable: caller.may_assign(role),
        }
    }

    pub(super) fn custom(role: CustomRole, caller: Role) -> Self {
        let CustomRole { name, base, description, .. } = role;
        Self { name, base: Some(base), description, ..Self::of(base, caller) }
    }
}

/// A firm.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019c2404-7d80-7a11-8c02-5e1f0a9b3c01", "name": "Moreno & Kline LLP",
    "slug": "moreno-kline-llp", "createdAt": "2026-02-03T15:00:00.124508Z"}))]
pub struct OrganizationView {
    /// The id.
    pub id: FirmId,
    /// The name as people write it.
    #[schema(example = "Moreno & Kline LLP")]
    pub name: String,
    /// The short name.
    #[schema(example = "moreno-kline-llp")]
    pub slug: String,
    /// When it was set up.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    pub created_at: Timestamp,
}

impl From<Firm> for OrganizationView {
    fn from(firm: Firm) -> Self {
        Self { id: firm.id, name: firm.name, slug: firm.slug, created_at: firm.created_at }
    }
}
