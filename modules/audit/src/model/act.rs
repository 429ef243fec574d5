/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Something was added.
    Create,
    /// Something was changed.
    Update,
    /// Something was removed.
    Delete,
    /// Something was read that the firm wants to know about.
    Read,
    /// Records were read in from outside.
    Import,
    /// Records were given out as a whole.
    Export,
    /// Something was made visible to others.
    Share,
    /// Somebody was given a right.
    Grant,
    /// A right was taken back.
    Revoke,
    /// Somebody was refused what they asked for.
    Deny,
    /// Somebody allowed what another one asked.
    Approve,
    /// Somebody declined what another one asked.
    Reject,
    /// A proof was looked at, such as the chain of these records.
    Verify,
    /// Records were removed because their time was over.
    Purge,
    /// Somebody signed in.
    Login,
    /// Somebody tried to sign in and was refused.
    LoginFailed,
    /// Somebody signed out, or was signed out.
    Logout,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 17] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Read,
        Self::Import,
        Self::Export,
        Self::Share,
        Self::Grant,
        Self::Revoke,
        Self::Deny,
        Self::Approve,
        Self::Reject,
        Self::Verify,
        Self::Purge,
        Self::Login,
        Self::LoginFailed,
        Self::Logout,
    ];

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Read => "read",
            Self::Import => "import",
            Self::Export => "export",
            Self::Share => "share",
            Self::Grant => "grant",
            Self::Revoke => "revoke",
            Self::Deny => "deny",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Verify => "verify",
            Self::Purge => "purge",
            Self::Login => "login",
            Self::LoginFailed => "login_failed",
            Self::Logout => "logout",
        }
    }

    /// Whether a report names it among what a firm has to look at first: what leaves the firm, goes away, or changes who
    /// may do what. What was refused is told for itself.
    pub fn is_critical(self) -> bool {
        matches!(self, Self::Delete | Self::Export | Self::Share | Self::Grant | Self::Revoke | Self::Purge)
    }

    /// How what was asked for ended.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::LoginFailed => Outcome::Failed,
            Self::Deny => Outcome::Refused,
            _ => Outcome::Done,
        }
    }
}

/// How what was asked for ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It did not succeed.
    Failed,
}

impl Outcome {
    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
