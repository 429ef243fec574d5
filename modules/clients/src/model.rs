use chrono::{DateTime, Utc};
use clock::Timestamp;
use events::clients::ClientSnapshot;
use ids::ClientId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;
use web::Version;

/// A person or an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A natural person.
    Person,
    /// A company, an authority, an association.
    #[default]
    Organization,
}

/// Where the firm stands with a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientStatus {
    /// The firm works for it.
    #[default]
    Active,
    /// There is no work at present.
    Inactive,
    /// The firm no longer works for it; its affairs still count in a conflict check (ABA Model Rule 1.9).
    Former,
    /// It asked the firm for help and has not engaged it (ABA Model Rule 1.18).
    Prospective,
}

/// A text that names no kind or status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not known here")]
pub struct UnknownName(String);

impl ClientKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Person, Self::Organization];

    /// The name that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organization => "organization",
        }
    }
}

impl ClientStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Active, Self::Inactive, Self::Former, Self::Prospective];

    /// The name that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Former => "former",
            Self::Prospective => "prospective",
        }
    }
}

impl FromStr for ClientKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownName(text.to_owned()))
    }
}

impl FromStr for ClientStatus {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-7a10-7f69-9358-60bea2438f56", "number": "CL-000012",
    "name": "Meridian Freight LLC", "kind": "organization", "status": "active",
    "email": "counsel@meridian.example", "phone": "+1 415 555 0100",
    "address": "400 Embarcadero West\nOakland, CA 94607", "notes": null, "version": 1,
    "createdAt": "2026-03-02T12:00:05.136027Z", "updatedAt": "2026-03-02T12:00:05.136027Z"}))]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// The firm's number for it, such as `CL-000001`.
    pub number: String,
    /// What its owner may change.
    #[serde(flatten)]
    pub fields: ClientFields,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What can be said about a client, and changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Meridian Freight LLC", "kind": "organization", "status": "active",
    "email": "counsel@meridian.example", "phone": "+1 415 555 0100",
    "address": "400 Embarcadero West\nOakland, CA 94607"}))]
pub struct ClientFields {
    /// The name: of a person or an organization.
    #[garde(length(chars, max = 500), custom(not_blank), custom(web::legible))]
    pub name: String,
    /// `person` or `organization`.
    #[serde(default)]
    #[garde(skip)]
    pub kind: ClientKind,
    /// Where the firm stands with the client.
    #[serde(default)]
    #[garde(skip)]
    pub status: ClientStatus,
    /// E-mail address.
    #[serde(default)]
    #[garde(inner(length(chars, max = 254), custom(web::legible)), custom(email_or_blank))]
    pub email: Option<String>,
    /// Telephone number, as it is dialled or written.
    #[serde(default)]
    #[garde(inner(length(chars, max = 50)))]
    pub phone: Option<String>,
    /// Postal address, several lines.
    #[serde(default)]
    #[garde(inner(length(chars, max = 1000)))]
    pub address: Option<String>,
    /// Notes for the firm's own use.
    #[serde(default)]
    #[garde(inner(length(chars, max = 10_000)))]
    pub notes: Option<String>,
}

fn not_blank<C>(text: &str, _: &C) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("must not be blank")) } else { Ok(()) }
}

/// RFC 5321 addresses have one `@` with something on both sides; what is blank counts as absent.
#[expect(clippy::ref_option, reason = "the validator's signature")]
fn email_or_blank<C>(email: &Option<String>, _: &C) -> garde::Result {
    let Some(email) = email.as_deref().map(str::trim).filter(|email| !email.is_empty()) else {
        return Ok(());
    };
    match email.rsplit_once('@') {
        Some((local, domain))
            if !local.is_empty() && !domain.is_empty() && !email.chars().any(char::is_whitespace) =>
        {
            Ok(())
        }
        _ => Err(garde::Error::new("must be an e-mail address, such as name@example.com")),
    }
}

impl ClientFields {
    /// Trimmed; an empty optional text is absent.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self {
            name: self.name.trim().to_owned(),
            email: present(self.email),
            phone: present(self.phone),
            address: present(self.address),
            notes: present(self.notes),
            ..self
        }
    }
}

fn present(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Client {
    /// What clients of the interface see as its version.
    pub fn version(&self) -> Version {
        Version(self.version)
    }

    /// The client with other fields; `None` when nothing differs.
    pub fn with(&self, fields: ClientFields, now: Timestamp) -> Option<Self> {
        let fields = fields.tidy();
        (fields != self.fields).then(|| Self {
            fields,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        })
    }

    /// The client as who may not see these fields sees it.
    #[must_use]
    pub(crate) fn without(mut self, masked: &[&str]) -> Self {
        for field in masked {
            match *field {
                "email" => self.fields.email = None,
                "phone" => self.fields.phone = None,
                "address" => self.fields.address = None,
                "notes" => self.fields.notes = None,
                _ => {}
            }
        }
        self
    }

    /// What is announced of it.
    pub fn snapshot(&self) -> ClientSnapshot {
        ClientSnapshot {
            id: self.id,
            name: self.fields.name.clone(),
            kind: self.fields.kind.as_str().to_owned(),
            status: self.fields.status.as_str().to_owned(),
        }
    }
}

/// The `seq`th number of a firm, from 1.
pub fn client_number(seq: i64) -> String {
    format!("CL-{seq:06}")
}

/// Which clients to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// Part of the name, number or e-mail address; case does not count.
    pub text: Option<String>,
    /// Only this status.
    pub status: Option<ClientStatus>,
    /// Only this kind.
    pub kind: Option<ClientKind>,
}

/// Whether the e-mail address is looked at for [`ClientFilter::text`]: by what somebody may not see, they find nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByEmail {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// By what clients are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientSort {
    /// By name.
    #[default]
    Name,
    /// By number.
    Number,
    /// By status.
    Status,
    /// By when they were added.
    CreatedAt,
    /// By when they last changed.
    UpdatedAt,
}
