use crate::{Id, ParseIdError, parse::parse_uuid};
use uuid::Uuid;

/// Declares one id type. The only macro of the workspace: twenty types that must never drift apart.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
        #[schema(value_type = String, format = Uuid, example = "0192e4a0-7c1e-7b3a-9f00-5a1d2c3b4e5f")]
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
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
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
    FirmId, "firm");
id!(/// A person who can sign in.
    UserId, "user");
id!(/// A stored password or second factor.
    CredentialId, "credential");
id!(/// One login of one user on one device.
    SessionId, "session");
id!(/// One refresh token in a rotating family.
    TokenId, "token");
id!(/// Whom the firm works for.
    ClientId, "client");
id!(/// What the firm works on.
    CaseId, "case");
id!(/// A party to a case.
    PartyId, "party");
id!(/// Counsel of record for one party.
    AttorneyId, "attorney");
id!(/// One line of a court's docket.
    DocketEntryId, "docket entry");
id!(/// A link from a docket entry to a court's document.
    LinkId, "docket document");
id!(/// A document of the firm, whatever its version.
    DocumentId, "document");
id!(/// One immutable version of a document.
    DocumentVersionId, "document version");
id!(/// A stored file's reference.
    BlobId, "file");
id!(/// A piece of work that someone did for a case.
    TimeEntryId, "time entry");
id!(/// A record of who did what.
    AuditId, "audit entry");
id!(/// A published fact.
    EventId, "event");
id!(/// A piece of background work.
    JobId, "job");
id!(/// A heap profile that was taken.
    ProfileId, "heap profile");
id!(/// What ties a request's log lines, audit entries and answers together when the caller sent no id of its own.
    CorrelationId, "correlation id");
