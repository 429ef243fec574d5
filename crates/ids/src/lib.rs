//! Typed identifiers: UUIDv7 (RFC 9562, 5.7) inside, lower-case hyphenated text outside.
//!
//! A `CaseId` cannot be passed where a `FirmId` is wanted. An id is made from the context's clock and
//! randomness (`Id::from_parts`), so that tests can repeat it; nothing here reads the time or the system's entropy.
//! Ids of one process sort by the time they were made, which keeps index pages warm.

mod kinds;
mod parse;

pub use kinds::{
    ApiKeyId, ApprovalId, AttorneyId, AuditId, BlobId, CaseId, ClientId, CorrelationId, CredentialId,
    CustomRoleId, DelegationId, DeviceId, DocketEntryId, DocumentId, DocumentVersionId, EventId, FirmId,
    GrantId, InvitationId, JobId, LinkId, PartyId, PasskeyId, PasswordResetId, ProfileId, SessionId,
    SignInId, TeamId, TimeEntryId, TokenId, UserId, VerificationId, WallId,
};
pub use parse::ParseIdError;

use uuid::Uuid;

/// What every typed id can do.
pub trait Id: Copy + Eq + Ord + std::hash::Hash + std::fmt::Display + Send + Sync + 'static {
    /// The resource's name in messages, such as `case`.
    const KIND: &'static str;

    /// The id as the database stores it.
    fn uuid(self) -> Uuid;

    /// An id read back from the database.
    fn from_uuid(uuid: Uuid) -> Self;

    /// An id whose bytes somebody kept who knows no ids.
    fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_uuid(Uuid::from_bytes(bytes))
    }

    /// When it was made, in milliseconds since the Unix epoch: its first 48 bits (RFC 9562, 5.7).
    fn made_at_millis(self) -> u64 {
        u64::try_from(self.uuid().as_u128() >> 80).unwrap_or(u64::MAX)
    }

    /// A new id: milliseconds since the Unix epoch and ten random bytes.
    fn from_parts(unix_millis: u64, random: &[u8; 10]) -> Self {
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(unix_millis, random).into_uuid())
    }
}
