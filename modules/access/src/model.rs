use crate::grants::Obligation;
use crate::{Role, Scopes};
use clock::Timestamp;
use futures_util::future::BoxFuture;
use ids::{ApiKeyId, FirmId, SessionId, UserId};
use std::net::IpAddr;

/// A signed-in user, as far as a decision needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: UserId,
    /// The user's firm: nothing of another firm exists for this principal.
    pub firm: FirmId,
    /// What the user does in the firm.
    pub role: Role,
    /// The login this request belongs to; nothing for the command line, for jobs and for API keys.
    pub session: Option<SessionId>,
    /// What the caller has shown beside the credentials, and when.
    pub proof: Proof,
    /// The API key that acts in the user's place; nothing when it is the user.
    pub key: Option<KeyGrant>,
}

/// An API key, and what its owner lets it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyGrant {
    /// The key.
    pub id: ApiKeyId,
    /// What it may do at most: never more than its owner's role allows.
    pub scopes: Scopes,
}

impl Principal {
    /// A user who acts without a login: on the command line, in a job, in an import.
    pub fn of(user: UserId, firm: FirmId, role: Role) -> Self {
        Self { user, firm, role, session: None, proof: Proof::default(), key: None }
    }

    /// Whether this principal may do `action` by itself. [`crate::Ctx::allows`] asks the firm's grants too.
    pub fn allows(&self, action: Action) -> bool {
        self.role.allows(action) && self.key.is_none_or(|key| key.scopes.contains(action))
    }

    /// As [`Principal::allows`], with the words for whoever is refused. Who owes a second factor may do nothing but set one
    /// up, for which nobody asks here.
    pub fn require(&self, action: Action) -> Result<(), Refusal> {
        if self.allows(action) && self.proof.second_factor != SecondFactor::Owed {
            Ok(())
        } else {
            Err(Refusal { action, role: self.role, is_key: self.role.allows(action), owes: None })
        }
    }
}

/// How a caller stands to second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecondFactor {
    /// Has none and needs none.
    #[default]
    None,
    /// Has none, and the role asks for one: nothing is allowed until there is.
    Owed,
    /// Has one.
    Present,
}

/// What a caller has shown beside the credentials. The default is that of the command line and of jobs: nothing is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proof {
    /// The second factor.
    pub second_factor: SecondFactor,
    /// Up to when the last password or second factor counts as just shown.
    pub fresh_until: Option<Timestamp>,
}

impl Proof {
    /// Whether a second factor was shown a moment before `now`. Who has none has shown none.
    pub fn was_shown(&self, now: Timestamp) -> bool {
        self.second_factor == SecondFactor::Present && self.fresh_until.is_some_and(|until| now < until)
    }

    /// Whether what asks for a fresh proof may be done at `now`. Who has no second factor is not asked for one.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.second_factor != SecondFactor::Present || self.fresh_until.is_some_and(|until| now < until)
    }
}

/// What somebody wants to do. Its code is the permission that clients see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Action {
    /// See clients.
    ReadClients,
    /// Add or change clients.
    EditClients,
    /// Remove clients.
    DeleteClients,
    /// See cases and their parties.
    ReadCases,
    /// Open a case.
    OpenCases,
    /// Change a case or its parties.
    EditCases,
    /// Remove a case.
    DeleteCases,
    /// See docket entries.
    ReadDocket,
    /// Add or change docket entries.
    EditDocket,
    /// Remove docket entries.
    DeleteDocket,
    /// See and download documents.
    ReadDocuments,
    /// Upload documents and new versions, change their fields.
    EditDocuments,
    /// Remove documents.
    DeleteDocuments,
    /// See time entries.
    ReadTime,
    /// Record and change time.
    EditTime,
    /// Search what one may see.
    Search,
    /// See the firm's users.
    ReadUsers,
    /// Add, change and deactivate users.
    ManageUsers,
    /// Read the record of who did what, verify it, and give it out.
    ReadAudit,
    /// Read court records and productions into the firm.
    Import,
    /// See health in detail, metrics and memory; take heap profiles and give memory back.
    Operate,
    /// Raise, change and lift ethical walls.
    ManageWalls,
    /// Grant and deny permissions beside the roles, and ask how a decision came about.
    ManagePermissions,
}

impl Action {
    /// Every action, in the order of the permission list.
    pub const ALL: [Self; 23] = [
        Self::ReadClients,
        Self::EditClients,
        Self::DeleteClients,
        Self::ReadCases,
        Self::OpenCases,
        Self::EditCases,
        Self::DeleteCases,
        Self::ReadDocket,
        Self::EditDocket,
        Self::DeleteDocket,
        Self::ReadDocuments,
        Self::EditDocuments,
        Self::DeleteDocuments,
        Self::ReadTime,
        Self::EditTime,
        Self::Search,
        Self::ReadUsers,
        Self::ManageUsers,
        Self::ReadAudit,
        Self::Import,
        Self::Operate,
        Self::ManageWalls,
        Self::ManagePermissions,
    ];

    /// The permission's code, `resource:verb`.
    pub fn code(self) -> &'static str {
        match self {
            Self::ReadClients => "clients:read",
            Self::EditClients => "clients:update",
            Self::DeleteClients => "clients:delete",
            Self::ReadCases => "cases:read",
            Self::OpenCases => "cases:create",
            Self::EditCases => "cases:update",
            Self::DeleteCases => "cases:delete",
            Self::ReadDocket => "docket:read",
            Self::EditDocket => "docket:update",
            Self::DeleteDocket => "docket:delete",
            Self::ReadDocuments => "documents:read",
            Self::EditDocuments => "documents:update",
            Self::DeleteDocuments => "documents:delete",
            Self::ReadTime => "time:read",
            Self::EditTime => "time:update",
            Self::Search => "search:use",
            Self::ReadUsers => "users:read",
            Self::ManageUsers => "users:manage",
            Self::ReadAudit => "audit:read",
            Self::Import => "import:run",
            Self::Operate => "operations:read",
            Self::ManageWalls => "walls:manage",
            Self::ManagePermissions => "permissions:manage",
        }
    }

    /// The action with this code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }

    /// Whether it is done to a case or to what hangs on one, so that it can be allowed on single cases.
    pub fn is_of_case(self) -> bool {
        matches!(
            self,
            Self::ReadCases
                | Self::EditCases
                | Self::ReadDocket
                | Self::EditDocket
                | Self::DeleteDocket
                | Self::ReadDocuments
                | Self::EditDocuments
                | Self::DeleteDocuments
                | Self::ReadTime
                | Self::EditTime
        )
    }

    /// Whether every case on which it is done is looked up first, so that it can depend on where the case stands.
    pub fn is_bound_to_cases(self) -> bool {
        self.is_of_case() || self == Self::DeleteCases
    }

    /// What shows the thing that it changes.
    pub fn seen_by(self) -> Option<Self> {
        match self {
            Self::EditCases | Self::DeleteCases => Some(Self::ReadCases),
            Self::EditDocket | Self::DeleteDocket => Some(Self::ReadDocket),
            Self::EditDocuments | Self::DeleteDocuments => Some(Self::ReadDocuments),
            Self::EditTime => Some(Self::ReadTime),
            _ => None,
        }
    }

    /// Whether it shows lists.
    pub fn is_listed(self) -> bool {
        matches!(
            self,
            Self::ReadClients
                | Self::ReadCases
                | Self::ReadDocket
                | Self::ReadDocuments
                | Self::ReadTime
                | Self::Search
                | Self::ReadUsers
        )
    }

    /// The fields of what it shows that can be denied alone: those by which nothing else is found, sorted or told apart.
    pub fn maskable(self) -> &'static [&'static str] {
        match self {
            Self::ReadClients => &["email", "phone", "address", "notes"],
            Self::ReadTime => &["description", "activityCode"],
            _ => &[],
        }
    }

    /// Whether only somebody who is signed in may do it, and no API key: whoever manages users can make themselves a login
    /// that may do everything.
    pub fn needs_person(self) -> bool {
        matches!(self, Self::ManageUsers | Self::ManageWalls | Self::ManagePermissions)
    }
}

impl serde::Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// A decision against the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked.
    pub action: Action,
    /// The caller's role.
    pub role: Role,
    /// Whether it was the API key's scopes that did not suffice, and not the role.
    pub is_key: bool,
    /// What a grant that allows it asks for first.
    pub owes: Option<Obligation>,
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.action.code();
        match self.owes {
            Some(Obligation::StepUp) => write!(
                f,
                "your permission `{code}` counts while a second factor was just shown: show yours at \
                 `/api/auth/step-up`, and repeat the request; set one up at `/api/auth/mfa/totp` if you have none"
            ),
            Some(Obligation::Approval(role)) => write!(
                f,
                "your permission `{code}` counts while a user with the role `{role}` has approved: ask for it with \
                 `POST /api/approvals`, and repeat the request when it is given"
            ),
            None if self.is_key => {
                write!(f, "this API key does not have the scope `{code}`; use another key, or sign in")
            }
            None => {
                let role = self.role;
                write!(
                    f,
                    "your role `{role}` does not have the permission `{code}`; ask an administrator of your firm"
                )
            }
        }
    }
}

/// How every API key begins, so that one that leaked is recognised.
pub const API_KEY_PREFIX: &str = "lxf_";

/// What a caller shows to prove who it is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Credentials<'a> {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer(&'a str),
    /// An API key, as a bearer token or in the header `X-API-Key`.
    ApiKey {
        /// The key's text.
        key: &'a str,
        /// The address that the request came from.
        from: Option<IpAddr>,
    },
}

/// Turns credentials into a principal. The sessions module implements it; the binary wires it.
pub trait Authenticator: Send + Sync + std::fmt::Debug {
    /// Who shows these credentials at this moment. [`crate::Error::NotAuthenticated`] when nobody known does.
    fn authenticate<'a>(
        &'a self,
        credentials: Credentials<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Principal, crate::Error>>;
}
