use super::alias::{Alias, aliases};
use super::case::{not_blank, small_object};
use super::present;
use chrono::{DateTime, NaiveDate, Utc};
use clock::Timestamp;
use events::cases::PartySnapshot;
use ids::{AttorneyId, CaseId, PartyId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use web::Version;

/// The longest name, in characters.
pub(super) const NAME_CHARS: usize = 4000;
/// The longest part in the case, in characters.
pub(super) const KIND_CHARS: usize = 200;
/// The longest lines below the name together, in characters.
pub(super) const EXTRA_INFO_CHARS: usize = 20_000;
/// The most counsel of one party.
pub(super) const ATTORNEYS: usize = 200;
/// The longest name of counsel, in characters.
pub(super) const ATTORNEY_NAME_CHARS: usize = 500;
/// The longest contact, in characters.
pub(super) const CONTACT_CHARS: usize = 10_000;
/// The most roles of one counsel.
pub(super) const ROLES: usize = 50;
/// The longest role, in characters.
pub(super) const ROLE_CHARS: usize = 500;

/// One listing of a party in a case, with its counsel. A person who is listed twice is two parties.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "019cae6b-a230-718b-b57a-82d0c465b178", "caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
    "name": "Harbor Stevedoring Co.", "kind": "Defendant", "extraInfo": "doing business as Harbor Terminal Services",
    "terminatedOn": null, "criminal": null,
    "attorneys": [{"id": "019cae6b-a231-729c-868b-93e1d576c289", "name": "Dana Whitlock",
        "contact": "Whitlock LLP\n1 Main Street\nOakland, CA 94607", "roles": ["LEAD ATTORNEY"]}],
    "aliases": [{"kind": "doing_business_as", "name": "Harbor Terminal Services"}], "position": 2, "version": 1,
    "createdAt": "2026-03-02T12:00:15.408803Z", "updatedAt": "2026-03-02T12:00:15.408803Z"}))]
pub struct Party {
    /// Its id.
    pub id: PartyId,
    /// Its case.
    pub case_id: CaseId,
    /// What may be said about it, and changed.
    #[serde(flatten)]
    pub fields: PartyFields,
    /// Other names, read from the name and the lines below it.
    pub aliases: Vec<Alias>,
    /// Its place in the case's list, from 1.
    pub position: i64,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When it, or its counsel, last changed.
    pub updated_at: DateTime<Utc>,
}

/// What can be said about a party.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Harbor Stevedoring Co.", "kind": "Defendant",
    "extraInfo": "doing business as Harbor Terminal Services",
    "attorneys": [{"name": "Dana Whitlock",
        "contact": "Whitlock LLP\n1 Main Street\nOakland, CA 94607", "roles": ["LEAD ATTORNEY"]}]}))]
pub struct PartyFields {
    /// The name as listed.
    #[garde(length(chars, max = NAME_CHARS), custom(not_blank), custom(web::legible))]
    pub name: String,
    /// Its part in the case as the court writes it, such as `Defendant`, `U.S. Trustee`, `3rd Party Plaintiff`.
    #[serde(alias = "type")]
    #[garde(length(chars, max = KIND_CHARS), custom(not_blank), custom(web::legible))]
    pub kind: String,
    /// Aliases and addresses below the name; several lines.
    #[serde(default)]
    #[garde(inner(length(chars, max = EXTRA_INFO_CHARS)))]
    pub extra_info: Option<String>,
    /// When it left the case.
    #[serde(default)]
    #[garde(inner(custom(web::calendar_day)))]
    pub terminated_on: Option<NaiveDate>,
    /// What a defendant is charged with, in criminal cases. An object of at most 64 KiB.
    #[serde(default)]
    #[garde(custom(small_object))]
    #[schema(value_type = Option<Object>)]
    pub criminal: Option<Value>,
    /// Counsel of this party, in the order of the listing.
    #[serde(default)]
    #[garde(length(max = ATTORNEYS), dive)]
    pub attorneys: Vec<Attorney>,
}

/// Counsel of record for one party.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attorney {
    /// Its id; left out for counsel who is new.
    #[serde(default)]
    #[garde(skip)]
    pub id: Option<AttorneyId>,
    /// The name; some courts list an address without one.
    #[serde(default)]
    #[garde(inner(length(chars, max = ATTORNEY_NAME_CHARS), custom(web::legible)))]
    pub name: Option<String>,
    /// Firm, address, telephone and e-mail as listed, in several lines.
    #[serde(default)]
    #[garde(inner(length(chars, max = CONTACT_CHARS)))]
    pub contact: Option<String>,
    /// Such as `LEAD ATTORNEY`, `ATTORNEY TO BE NOTICED`, `PRO SE`.
    #[serde(default)]
    #[garde(length(max = ROLES), inner(length(chars, max = ROLE_CHARS)))]
    pub roles: Vec<String>,
}

impl PartyFields {
    /// Trimmed; an empty optional text is absent, a role that is blank too.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self {
            name: self.name.trim().to_owned(),
            kind: self.kind.split_whitespace().collect::<Vec<_>>().join(" "),
            extra_info: present(self.extra_info),
            attorneys: self.attorneys.into_iter().map(Attorney::tidy).collect(),
            ..self
        }
    }
}

impl Attorney {
    fn tidy(self) -> Self {
        Self {
            id: self.id,
            name: present(self.name),
            contact: present(self.contact),
            roles: self.roles.into_iter().filter_map(|role| present(Some(role))).collect(),
        }
    }
}

/// The most counsel whose names go into one announcement of a party.
const COUNSEL_IN_EVENT: usize = 50;

impl Party {
    /// A party that is listed now. Its place is known when it is stored.
    pub fn listed(id: PartyId, case_id: CaseId, fields: PartyFields, position: i64, now: Timestamp) -> Self {
        let aliases = aliases(&fields.name, fields.extra_info.as_deref());
        Self { id, case_id, fields, aliases, position, version: 1, created_at: now, updated_at: now }
    }

    /// What clients of the interface see as its version.
    pub fn version(&self) -> Version {
        Version(self.version)
    }

    /// The party with other fields, already tidy; `None` when nothing differs.
    pub fn with(&self, fields: PartyFields, now: Timestamp) -> Option<Self> {
        (fields != self.fields).then(|| Self {
            aliases: aliases(&fields.name, fields.extra_info.as_deref()),
            fields,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        })
    }

    /// What is announced of it.
    pub fn snapshot(&self) -> PartySnapshot {
        let counsel = self.fields.attorneys.iter().filter_map(|attorney| attorney.name.as_deref());
        PartySnapshot {
            id: self.id,
            name: self.fields.name.clone(),
            kind: self.fields.kind.clone(),
            counsel: counsel
                .take(COUNSEL_IN_EVENT)
                .map(|name| name.chars().take(ATTORNEY_NAME_CHARS).collect())
                .collect(),
        }
    }
}
