use super::docket_number::docket_key;
use super::present;
use super::status::{CaseStatus, StatusRefusal};
use chrono::{DateTime, NaiveDate, Utc};
use clock::Timestamp;
use events::cases::CaseSnapshot;
use ids::{CaseId, ClientId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use web::Version;

/// The longest title, in characters.
pub const TITLE_CHARS: usize = 4000;
/// The longest description, in characters.
pub(super) const DESCRIPTION_CHARS: usize = 20_000;
/// The longest practice area, in characters.
pub(super) const PRACTICE_AREA_CHARS: usize = 100;
/// The longest number of a court, in characters.
pub(crate) const DOCKET_NUMBER_CHARS: usize = 200;
/// The longest statute sued under, in characters.
pub(super) const CAUSE_CHARS: usize = 4000;
/// The longest nature of suit, in characters.
pub(super) const NATURE_CHARS: usize = 1000;
/// The longest of the other texts that a court writes on one line, in characters.
pub(super) const LINE_CHARS: usize = 500;

/// A case.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "019cae6b-8e20-707a-a469-71cfb354a067", "number": "2026-00017",
    "title": "Meridian Freight LLC v. Harbor Stevedoring Co.",
    "description": "Breach of a stevedoring contract at the port of Oakland", "status": "open",
    "practiceArea": "Litigation", "clientId": "019cae6b-7a10-7f69-9358-60bea2438f56",
    "leadUserId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "court": "cand", "docketNumber": "3:26-cv-00350",
    "judge": "Eleanor Voss", "referredTo": null, "cause": "28:1332 Diversity-Breach of Contract",
    "natureOfSuit": "190 Contract: Other", "jurisdiction": "Diversity", "juryDemand": "Plaintiff",
    "demand": "$250,000", "filedOn": "2026-02-03", "terminatedOn": null, "extra": null,
    "openedAt": "2026-03-02T12:00:10.272418Z", "closedAt": null, "version": 1,
    "createdAt": "2026-03-02T12:00:10.272418Z", "updatedAt": "2026-03-02T12:00:10.272418Z"}))]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// What may be said about it, and changed.
    #[serde(flatten)]
    pub fields: CaseFields,
    /// When the firm opened it.
    pub opened_at: DateTime<Utc>,
    /// When it was closed or archived; nothing while it is open or on hold.
    pub closed_at: Option<DateTime<Utc>>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What can be said about a case. The court's members are as the court writes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"title": "Meridian Freight LLC v. Harbor Stevedoring Co.",
    "description": "Breach of a stevedoring contract at the port of Oakland", "status": "open",
    "practiceArea": "Litigation", "clientId": "019cae6b-7a10-7f69-9358-60bea2438f56",
    "leadUserId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "court": "cand", "docketNumber": "3:26-cv-00350",
    "judge": "Eleanor Voss", "cause": "28:1332 Diversity-Breach of Contract",
    "natureOfSuit": "190 Contract: Other", "jurisdiction": "Diversity", "juryDemand": "Plaintiff",
    "demand": "$250,000", "filedOn": "2026-02-03"}))]
pub struct CaseFields {
    /// The firm's own number, unique in the firm. Left out, the firm's template gives one.
    #[serde(default)]
    #[garde(inner(length(chars, max = 100), custom(web::legible)))]
    pub number: Option<String>,
    /// The title, such as `Meridian Freight LLC v. Harbor Stevedoring Co.`
    #[garde(length(chars, max = TITLE_CHARS), custom(not_blank), custom(web::legible))]
    pub title: String,
    /// What it is about.
    #[serde(default)]
    #[garde(inner(length(chars, max = DESCRIPTION_CHARS)))]
    pub description: Option<String>,
    /// Where it stands in the firm.
    #[serde(default)]
    #[garde(skip)]
    pub status: CaseStatus,
    /// The practice area, such as `Litigation`.
    #[serde(default)]
    #[garde(inner(length(chars, max = PRACTICE_AREA_CHARS), custom(web::legible)))]
    pub practice_area: Option<String>,
    /// The client whom the firm works for.
    #[serde(default)]
    #[garde(skip)]
    pub client_id: Option<ClientId>,
    /// The user who leads the work.
    #[serde(default)]
    #[garde(skip)]
    pub lead_user_id: Option<UserId>,
    /// The court's id as PACER and `CourtListener` write it, such as `cand`.
    #[serde(default)]
    #[garde(custom(court_id))]
    pub court: Option<String>,
    /// The court's number of the case, such as `2:06-cv-00350-SJO`.
    #[serde(default)]
    #[garde(inner(length(chars, max = DOCKET_NUMBER_CHARS), custom(web::legible)))]
    pub docket_number: Option<String>,
    /// The judge whom the case is assigned to.
    #[serde(default)]
    #[garde(inner(length(chars, max = LINE_CHARS), custom(web::legible)))]
    pub judge: Option<String>,
    /// The judge whom parts of it are referred to.
    #[serde(default)]
    #[garde(inner(length(chars, max = LINE_CHARS), custom(web::legible)))]
    pub referred_to: Option<String>,
    /// The statute sued under.
    #[serde(default)]
    #[garde(inner(length(chars, max = CAUSE_CHARS)))]
    pub cause: Option<String>,
    /// The nature of suit, code and words.
    #[serde(default)]
    #[garde(inner(length(chars, max = NATURE_CHARS)))]
    pub nature_of_suit: Option<String>,
    /// What the court's jurisdiction rests on.
    #[serde(default)]
    #[garde(inner(length(chars, max = LINE_CHARS)))]
    pub jurisdiction: Option<String>,
    /// Who demanded a jury.
    #[serde(default)]
    #[garde(inner(length(chars, max = LINE_CHARS)))]
    pub jury_demand: Option<String>,
    /// The sum demanded, as the court writes it.
    #[serde(default)]
    #[garde(inner(length(chars, max = LINE_CHARS)))]
    pub demand: Option<String>,
    /// When the court received it.
    #[serde(default)]
    #[garde(inner(custom(web::calendar_day)))]
    pub filed_on: Option<NaiveDate>,
    /// When the court ended it.
    #[serde(default)]
    #[garde(inner(custom(web::calendar_day)))]
    pub terminated_on: Option<NaiveDate>,
    /// What has no member of its own: panel, court below, fee status, MDL status. An object of at most 64 KiB.
    #[serde(default)]
    #[garde(custom(small_object))]
    #[schema(value_type = Option<Object>)]
    pub extra: Option<Value>,
}

pub(crate) fn not_blank<C>(text: &str, _: &C) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("must not be blank")) } else { Ok(()) }
}

/// The most that `extra` and `criminal` may hold, in bytes of JSON text.
pub(crate) const EXTRA_BYTES: usize = 64 << 10;

#[expect(clippy::ref_option, reason = "the validator's signature")]
pub(crate) fn small_object<C>(extra: &Option<Value>, _: &C) -> garde::Result {
    match extra {
        None => Ok(()),
        Some(value @ Value::Object(_)) if value.to_string().len() <= EXTRA_BYTES => Ok(()),
        Some(Value::Object(_)) => Err(garde::Error::new("must be at most 64 KiB of JSON")),
        Some(_) => Err(garde::Error::new("must be an object")),
    }
}

#[expect(clippy::ref_option, reason = "the validator's signature")]
fn court_id<C>(court: &Option<String>, _: &C) -> garde::Result {
    let fits = |court: &str| {
        court.is_empty()
            || ((2..=15).contains(&court.len())
                && court.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
    };
    if court.as_deref().is_none_or(|court| fits(court.trim())) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "must be a court's id of 2 to 15 lower-case letters and digits, such as `cand`",
        ))
    }
}

impl CaseFields {
    /// Trimmed; an empty optional text is absent.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self {
            number: present(self.number),
            title: self.title.trim().to_owned(),
            description: present(self.description),
            practice_area: present(self.practice_area),
            court: present(self.court),
            docket_number: present(self.docket_number),
            judge: present(self.judge),
            referred_to: present(self.referred_to),
            cause: present(self.cause),
            nature_of_suit: present(self.nature_of_suit),
            jurisdiction: present(self.jurisdiction),
            jury_demand: present(self.jury_demand),
            demand: present(self.demand),
            extra: self.extra.filter(|extra| extra.as_object().is_none_or(|members| !members.is_empty())),
            ..self
        }
    }

    /// What tells the case apart within its court, however its number is spelled.
    pub fn docket_key(&self) -> Option<String> {
        self.docket_number.as_deref().map(docket_key)
    }
}

impl Case {
    /// A case that begins now. Without a number it gets one when it is stored.
    pub fn open(id: CaseId, fields: CaseFields, now: Timestamp) -> Self {
        let fields = fields.tidy();
        let closed_at = fields.status.is_over().then_some(now);
        Self { id, fields, opened_at: now, closed_at, version: 1, created_at: now, updated_at: now }
    }

    /// The firm's number of the case.
    pub fn number(&self) -> &str {
        self.fields.number.as_deref().unwrap_or_default()
    }

    /// What clients of the interface see as its version.
    pub fn version(&self) -> Version {
        Version(self.version)
    }

    /// The case with other fields; `None` when nothing differs. A number that is left out stays. A status that changes
    /// must be a step that [`CaseStatus::step`] allows.
    pub fn with(&self, fields: CaseFields, now: Timestamp) -> Result<Option<Self>, StatusRefusal> {
        let mut fields = fields.tidy();
        if fields.number.is_none() {
            fields.number.clone_from(&self.fields.number);
        }
        if fields == self.fields {
            return Ok(None);
        }
        let closed_at = if fields.status == self.fields.status {
            self.closed_at
        } else {
            self.closed_at_in(self.fields.status.step(fields.status)?, now)
        };
        let version = self.version + 1;
        Ok(Some(Self { fields, closed_at, version, updated_at: now, ..self.clone() }))
    }

    /// The case after one step of its status.
    pub fn moved(&self, to: CaseStatus, now: Timestamp) -> Result<Self, StatusRefusal> {
        let status = self.fields.status.step(to)?;
        Ok(Self {
            closed_at: self.closed_at_in(status, now),
            fields: CaseFields { status, ..self.fields.clone() },
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        })
    }

    /// A case that is archived after it was closed keeps the day it was closed.
    fn closed_at_in(&self, status: CaseStatus, now: Timestamp) -> Option<Timestamp> {
        status.is_over().then(|| self.closed_at.unwrap_or(now))
    }

    /// What is announced of it.
    pub fn snapshot(&self) -> CaseSnapshot {
        let fields = &self.fields;
        CaseSnapshot {
            id: self.id,
            number: self.number().to_owned(),
            title: fields.title.clone(),
            status: fields.status.as_str().to_owned(),
            client: fields.client_id,
            practice_area: fields.practice_area.clone(),
            court: fields.court.clone(),
            docket_number: fields.docket_number.clone(),
            judge: fields.judge.clone(),
            description: fields.description.clone(),
            filed_on: fields.filed_on,
        }
    }
}
