use crate::model::{DeviceKind, SessionRow, SignIn, described};
use access::Ctx;
use chrono::TimeDelta;
use clock::Timestamp;
use ids::{SessionId, SignInId};
use serde::Serialize;
use utoipa::ToSchema;

/// A device as it describes itself in its `User-Agent`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"type": "desktop", "browser": "Firefox 128", "os": "Linux"}))]
pub(super) struct DeviceView {
    /// What kind of device it is.
    #[serde(rename = "type")]
    kind: DeviceKind,
    /// The browser or program, with its major version.
    #[schema(example = "Firefox 128")]
    browser: Option<String>,
    /// The operating system.
    #[schema(example = "Linux")]
    os: Option<String>,
}

impl DeviceView {
    fn of(user_agent: Option<&str>) -> Self {
        let seen = described(user_agent);
        Self { kind: seen.kind, browser: seen.browser, os: seen.os.map(str::to_owned) }
    }
}

/// A login.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-6600-7d47-b136-4e9c80216d34", "name": "Laptop in the office",
    "device": {"type": "desktop", "browser": "Firefox 128", "os": "Linux"}, "address": "192.0.2.7",
    "createdAt": "2026-03-02T11:59:02.350871Z", "lastSeenAt": "2026-03-02T12:00:36.080127Z",
    "expiresAt": "2026-03-02T12:30:36.080127Z", "isTrusted": false, "isCurrent": true}))]
pub(super) struct SessionView {
    /// The id.
    id: SessionId,
    /// The name that the user gave it.
    #[schema(example = "Laptop in the office")]
    name: Option<String>,
    /// With what it began.
    device: DeviceView,
    /// From where it began.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    created_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    last_seen_at: Timestamp,
    /// When it ends if it is not used again.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:30:00.000000Z")]
    expires_at: Timestamp,
    /// Whether its device is trusted.
    #[schema(example = false)]
    is_trusted: bool,
    /// Whether it is the one that asks.
    #[schema(example = true)]
    is_current: bool,
}

impl SessionView {
    pub(super) fn of(row: SessionRow, ctx: &Ctx, idle: TimeDelta) -> Self {
        Self {
            expires_at: row.ends_at(idle),
            is_trusted: row.trusted_until.is_some_and(|until| ctx.now() < until),
            is_current: ctx.principal().session == Some(row.id),
            device: DeviceView::of(row.user_agent.as_deref()),
            id: row.id,
            name: row.name,
            address: row.address,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
        }
    }
}

/// An attempt to sign in to an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-6603-707a-a469-70cfb354a067", "at": "2026-03-02T11:59:02.350871Z",
    "outcome": "signed_in", "sessionId": "019cae6b-6600-7d47-b136-4e9c80216d34",
    "device": {"type": "desktop", "browser": "Firefox 128", "os": "Linux"}, "address": "192.0.2.7"}))]
pub(super) struct SignInView {
    /// The id.
    id: SignInId,
    /// When it was.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    at: Timestamp,
    /// `signed_in`, `refused` (the password or the passkey was wrong, the account not active, or the provider's sign-in no
    /// good), `second_factor_refused`, or `passkey_copied` (the counter of the passkey did not move on: somebody may have a
    /// copy).
    #[schema(example = "signed_in")]
    outcome: String,
    /// The login that began.
    session_id: Option<SessionId>,
    /// With what.
    device: DeviceView,
    /// From where.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
}

impl From<SignIn> for SignInView {
    fn from(attempt: SignIn) -> Self {
        Self {
            device: DeviceView::of(attempt.user_agent.as_deref()),
            id: attempt.id,
            at: attempt.at,
            outcome: attempt.outcome,
            session_id: attempt.session,
            address: attempt.address,
        }
    }
}
