use crate::Action;
use std::str::FromStr;

/// What a user does in the firm. Roles are assigned by an administrator, never by the user.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, including other administrators.
    SuperAdmin,
    /// Everything in the firm.
    Admin,
    /// Partner.
    Partner,
    /// Senior associate.
    SeniorAssociate,
    /// Associate.
    Associate,
    /// Junior associate.
    JuniorAssociate,
    /// Attorney.
    Attorney,
    /// Paralegal.
    Paralegal,
    /// Legal assistant.
    LegalAssistant,
    /// Clerk.
    Clerk,
    /// Intern.
    Intern,
    /// Accountant.
    Accountant,
    /// Billing specialist.
    BillingSpecialist,
    /// Runs the system; sees no client's affairs.
    ItAdmin,
    /// Staff.
    Staff,
    /// A user without a special role.
    User,
    /// A client of the firm. Sees nothing until they are on the team of a case.
    Client,
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role; the roles are {list}", list = Role::ALL.map(Role::as_str).join(", "))]
pub struct UnknownRole(String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 17] = [
        Self::SuperAdmin,
        Self::Admin,
        Self::Partner,
        Self::SeniorAssociate,
        Self::Associate,
        Self::JuniorAssociate,
        Self::Attorney,
        Self::Paralegal,
        Self::LegalAssistant,
        Self::Clerk,
        Self::Intern,
        Self::Accountant,
        Self::BillingSpecialist,
        Self::ItAdmin,
        Self::Staff,
        Self::User,
        Self::Client,
    ];

    /// The role's name as it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::Admin => "admin",
            Self::Partner => "partner",
            Self::SeniorAssociate => "senior_associate",
            Self::Associate => "associate",
            Self::JuniorAssociate => "junior_associate",
            Self::Attorney => "attorney",
            Self::Paralegal => "paralegal",
            Self::LegalAssistant => "legal_assistant",
            Self::Clerk => "clerk",
            Self::Intern => "intern",
            Self::Accountant => "accountant",
            Self::BillingSpecialist => "billing_specialist",
            Self::ItAdmin => "it_admin",
            Self::Staff => "staff",
            Self::User => "user",
            Self::Client => "client",
        }
    }

    /// Whether the role may do `action`. What is not granted here is refused.
    pub fn allows(self, action: Action) -> bool {
        use Action as A;
        match self {
            Self::SuperAdmin | Self::Admin => true,
            Self::Partner => {
                !matches!(action, A::ManageUsers | A::ManagePermissions | A::ReadAudit | A::Operate)
            }
            Self::SeniorAssociate | Self::Associate | Self::JuniorAssociate | Self::Attorney => !matches!(
                action,
                A::ManageUsers
                    | A::ManagePermissions
                    | A::ManageWalls
                    | A::ReadAudit
                    | A::Operate
                    | A::DeleteCases
                    | A::DeleteClients
            ),
            Self::Paralegal | Self::LegalAssistant => !matches!(
                action,
                A::ManageUsers
                    | A::ReadAudit
                    | A::Operate
                    | A::ManageWalls
                    | A::ManagePermissions
                    | A::DeleteCases
                    | A::DeleteClients
                    | A::DeleteDocket
                    | A::DeleteDocuments
            ),
            Self::Clerk | Self::Staff => matches!(
                action,
                A::ReadClients
                    | A::ReadCases
                    | A::ReadDocket
                    | A::EditDocket
                    | A::ReadDocuments
                    | A::EditDocuments
                    | A::Search
                    | A::ReadUsers
                    | A::ReadTime
                    | A::EditTime
            ),
            Self::Intern | Self::User => matches!(
                action,
                A::ReadClients | A::ReadCases | A::ReadDocket | A::ReadDocuments | A::Search | A::ReadUsers
            ),
            Self::Accountant | Self::BillingSpecialist => matches!(
                action,
                A::ReadClients | A::ReadCases | A::ReadTime | A::EditTime | A::Search | A::ReadUsers
            ),
            Self::ItAdmin => matches!(action, A::ReadUsers | A::ManageUsers | A::Operate),
            Self::Client => false,
        }
    }

    /// Whether who has the role on the team of a case may do `action` on that case, whatever they are in the firm. Roles that
    /// are about the whole firm or the system allow nothing on a case.
    pub fn allows_on_case(self, action: Action) -> bool {
        match self {
            Self::SuperAdmin | Self::Admin | Self::ItAdmin => false,
            Self::Client => matches!(action, Action::ReadCases | Action::ReadDocket),
            _ => action.is_of_case() && self.allows(action),
        }
    }

    /// Whether the role can be had on the team of a case: who has one there sees the case.
    pub fn is_case_role(self) -> bool {
        self.allows_on_case(Action::ReadCases)
    }

    /// Whether the role looks after what others do, and so may set it right.
    pub fn supervises(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin | Self::Partner)
    }

    /// The roles whose grants this one has too.
    pub fn implies(self) -> &'static [Self] {
        match self {
            Self::SuperAdmin => &[Self::Admin],
            _ => &[],
        }
    }

    /// The codes of all that the role may do.
    pub fn permissions(self) -> impl Iterator<Item = &'static str> {
        Action::ALL.into_iter().filter(move |action| self.allows(*action)).map(Action::code)
    }

    /// Whether a user of this role may give `other` to somebody. Nobody hands out more than they have: who runs the system
    /// would read the clients' affairs as the partner whom they have made, or whose password they have set.
    pub fn may_assign(self, other: Self) -> bool {
        match self {
            Self::SuperAdmin => true,
            Self::Admin => other != Self::SuperAdmin,
            Self::ItAdmin => {
                Action::ALL.into_iter().all(|action| self.allows(action) || !other.allows(action))
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}
