use crate::parse::{Text, parse_uuid};
use crate::{Id, ParseIdError};
use uuid::Uuid;

/// Declares one id type: its name for people, and the example that the API's description shows. The only macro of the
/// workspace: twenty types that must never drift apart.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
        #[schema(value_type = String, format = Uuid, example = $example)]
        pub struct $name(Uuid);

        impl Id for $name {
            const KIND: &'static str = $kind;
            fn uuid(self) -> Uuid { self.0 }
            fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.hyphenated().fmt(f) }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }
        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> { parse_uuid($kind, text).map(Self) }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text($kind)).map(Self)
            }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid { id.0 }
        }
        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self { Self(uuid) }
        }
    };
}

id!(/// A firm: the tenant that every row belongs to.
    FirmId, "firm", "019c2404-7d80-7a11-8c02-5e1f0a9b3c01");
id!(/// A person who can sign in.
    UserId, "user", "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12");
id!(/// A stored password or second factor.
    CredentialId, "credential", "019c2404-8f3d-7c36-a025-3d8b7f105c23");
id!(/// One login of one user on one device.
    SessionId, "session", "019cae6b-6600-7d47-b136-4e9c80216d34");
id!(/// One refresh token in a rotating family.
    TokenId, "token", "019cae6b-6601-7e58-8247-5fad91327e45");
id!(/// A device that a user has signed in with.
    DeviceId, "device", "019cae6b-6602-7f69-9358-6fbea2438f56");
id!(/// An attempt to sign in.
    SignInId, "sign-in", "019cae6b-6603-707a-a469-70cfb354a067");
id!(/// A passkey of a user.
    PasskeyId, "passkey", "019cae6b-6605-719c-868b-93e1d576c289");
id!(/// A key with which a program acts in a user's place.
    ApiKeyId, "API key", "019cae6b-6602-7f69-9358-60bea2438f56");
id!(/// An invitation to become a user.
    InvitationId, "invitation", "019cae6b-6603-707a-a469-71cfb354a067");
id!(/// A link with which a user sets a new password.
    PasswordResetId, "password reset", "019cae6b-6604-718b-b57a-82d0c465b178");
id!(/// Whom the firm works for.
    ClientId, "client", "019cae6b-7a10-7f69-9358-60bea2438f56");
id!(/// What the firm works on.
    CaseId, "case", "019cae6b-8e20-707a-a469-71cfb354a067");
id!(/// A party to a case.
    PartyId, "party", "019cae6b-a230-718b-b57a-82d0c465b178");
id!(/// Counsel of record for one party.
    AttorneyId, "attorney", "019cae6b-a231-729c-868b-93e1d576c289");
id!(/// One line of a court's docket.
    DocketEntryId, "docket entry", "019cae6b-b640-73ad-979c-a4f2e687d39a");
id!(/// A link from a docket entry to a court's document.
    LinkId, "docket document", "019cae6b-b641-74be-a8ad-b503f798e4ab");
id!(/// A document of the firm, whatever its version.
    DocumentId, "document", "019cae6b-ca50-75cf-b9be-c61408a9f5bc");
id!(/// One immutable version of a document.
    DocumentVersionId, "document version", "019cae6b-ca51-76d0-8acf-d72519ba06cd");
id!(/// A stored file's reference.
    BlobId, "file", "019cae6b-ca52-77e1-9bd0-e8362acb17de");
id!(/// A piece of work that someone did for a case.
    TimeEntryId, "time entry", "019cae6b-de60-78f2-ace1-f9473bdc28ef");
id!(/// An ethical wall round a case.
    WallId, "ethical wall", "019cae6b-e9a0-7c36-b025-3d8b7f106c24");
id!(/// A permission granted or denied beside a role.
    GrantId, "grant", "019cae6b-e9a1-7d47-8136-4e9c80216d35");
id!(/// A group of users that grants are given to.
    TeamId, "team", "019cae6b-e9a2-7e58-9247-5fad91326e46");
id!(/// A role that a firm has made.
    CustomRoleId, "role", "019cae6b-e9a5-7b8b-857a-82d0c4659179");
id!(/// Permissions that one user lends to another for a time.
    DelegationId, "delegation", "019cae6b-e9a3-7f69-8358-60bea2437f57");
id!(/// A question to somebody else whether what a grant allows may be done.
    ApprovalId, "approval", "019cae6b-e9a4-7a7a-9469-71cfb3548068");
id!(/// A record of who did what.
    AuditId, "audit entry", "019cae6b-de61-7903-bdf2-0a584ced39f0");
id!(/// A look at the whole audit log, to see that it is intact.
    VerificationId, "audit verification", "019cae6b-de60-7f00-bdf3-1b695dfe4a02");
id!(/// A published fact.
    EventId, "event", "019cae6b-de62-7a14-8e03-1b695dfe4a01");
id!(/// A piece of background work.
    JobId, "job", "019cae6b-de63-7b25-9f14-2c7a6e0f5b12");
id!(/// A heap profile that was taken.
    ProfileId, "heap profile", "019cae6b-de64-7a36-a025-3d8b70f16c23");
id!(/// What ties a request's log lines, audit entries and answers together when the caller sent no id of its own.
    CorrelationId, "correlation id", "019cae6b-f270-7c36-a025-3d8b7f106c23");
