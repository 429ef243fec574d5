use access::Role;
use chrono::TimeDelta;

/// How long logins last, how many there are, and what they ask for.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an access token is good for.
    pub access_token: TimeDelta,
    /// How long a refresh token is good for, if its login lasts that long.
    pub refresh_token: TimeDelta,
    /// A login ends when it was not used for so long.
    pub idle: TimeDelta,
    /// A login ends so long after it began, used or not.
    pub absolute: TimeDelta,
    /// The same for administrators and who runs the system, if it is shorter.
    pub privileged_absolute: TimeDelta,
    /// Logins of one user at a time. When there would be more, the one that was not used for longest ends.
    pub max_per_user: u32,
    /// How long the rows of ended logins are kept.
    pub kept: TimeDelta,
    /// Within which time attempts to sign in are counted.
    pub attempt_window: TimeDelta,
    /// Failed attempts of one account in that time.
    pub attempts_per_account: u32,
    /// Failed attempts from one address in that time. An office shares one address, so it is more than for an account.
    pub attempts_per_address: u32,
    /// How long a look at a login's row is believed while nothing of its firm's logins changes. Revocation in this
    /// process does not wait for it.
    pub believed: TimeDelta,
    /// How often it is asked whether another process has changed anything of a firm's logins.
    pub asked_every: TimeDelta,
    /// How long a password or a second factor counts as just shown.
    pub step_up: TimeDelta,
    /// How long a device is trusted.
    pub trust: TimeDelta,
    /// Whether who signs in on a trusted device is not asked for the second factor.
    pub trust_skips_second_factor: bool,
    /// Whether administrators and who runs the system must have a second factor.
    pub privileged_second_factor: bool,
    /// The site that passkeys belong to; without one there are none.
    #[cfg(feature = "passkeys")]
    pub passkeys: Option<passkey::RelyingParty>,
    /// Memory for looked-up logins, in bytes.
    pub cache_bytes: u64,
    /// Memory for counted attempts, in bytes.
    pub attempts_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token: TimeDelta::minutes(15),
            refresh_token: TimeDelta::days(7),
            idle: TimeDelta::minutes(30),
            absolute: TimeDelta::hours(24),
            privileged_absolute: TimeDelta::hours(12),
            max_per_user: 10,
            kept: TimeDelta::days(90),
            attempt_window: TimeDelta::minutes(5),
            attempts_per_account: 10,
            attempts_per_address: 50,
            believed: TimeDelta::seconds(5),
            asked_every: TimeDelta::milliseconds(500),
            step_up: TimeDelta::minutes(10),
            trust: TimeDelta::days(30),
            trust_skips_second_factor: true,
            privileged_second_factor: false,
            #[cfg(feature = "passkeys")]
            passkeys: None,
            cache_bytes: 1 << 20,
            attempts_bytes: 1 << 20,
        }
    }
}

impl Settings {
    /// Memory for the versions of the firms' logins, in bytes: some hundreds of firms, each of whose next costs a query.
    pub const VERSIONS_BYTES: u64 = 64 << 10;

    /// How long a login of this role lasts at most.
    pub(crate) fn absolute_for(&self, role: Role) -> TimeDelta {
        if is_privileged(role) { self.absolute.min(self.privileged_absolute) } else { self.absolute }
    }

    /// Whether somebody of this role must have a second factor.
    pub(crate) fn asks_second_factor_of(&self, role: Role) -> bool {
        self.privileged_second_factor && is_privileged(role)
    }
}

/// The roles whose logins open everything, or the system itself.
fn is_privileged(role: Role) -> bool {
    matches!(role, Role::SuperAdmin | Role::Admin | Role::ItAdmin)
}

/// How often the moment of last use is written at most: a read costs no write but once a minute.
pub(crate) const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);
