use super::case::{
    CAUSE_CHARS, Case, CaseFields, DESCRIPTION_CHARS, EXTRA_BYTES, LINE_CHARS, NATURE_CHARS,
    PRACTICE_AREA_CHARS, TITLE_CHARS,
};
use super::pairing::{mark, pair};
use super::party::{
    ATTORNEY_NAME_CHARS, ATTORNEYS, Attorney, CONTACT_CHARS, EXTRA_INFO_CHARS, KIND_CHARS, NAME_CHARS, Party,
    PartyFields, ROLE_CHARS, ROLES,
};
use super::present;
use super::status::CaseStatus;
use chrono::{NaiveDate, NaiveTime};
use clock::Timestamp;
use ids::{AttorneyId, CaseId, PartyId};
use serde_json::Value;

/// A court's record of a case, from outside. What is absent says nothing and erases nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseImport {
    /// The court's id, such as `cand`. Court and docket number together are what a case is found by.
    pub court: String,
    /// The court's number of the case, however it is spelled.
    pub docket_number: String,
    /// The title; where the record has none, the docket number stands in.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// The practice area.
    pub practice_area: Option<String>,
    /// The judge whom the case is assigned to.
    pub judge: Option<String>,
    /// The judge whom parts of it are referred to.
    pub referred_to: Option<String>,
    /// The statute sued under.
    pub cause: Option<String>,
    /// The nature of suit.
    pub nature_of_suit: Option<String>,
    /// What the court's jurisdiction rests on.
    pub jurisdiction: Option<String>,
    /// Who demanded a jury.
    pub jury_demand: Option<String>,
    /// The sum demanded, as the court writes it.
    pub demand: Option<String>,
    /// When the court received it.
    pub filed_on: Option<NaiveDate>,
    /// When the court ended it.
    pub terminated_on: Option<NaiveDate>,
    /// What has no member of its own: an object. Its members replace those of the same name and leave the others.
    pub extra: Option<Value>,
    /// The parties as listed; one person may be listed more than once.
    pub parties: Vec<PartyImport>,
}

/// One listing of a party, from outside.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PartyImport {
    /// The name as listed.
    pub name: String,
    /// Its part in the case; where the record has none, `Party` stands in.
    pub kind: Option<String>,
    /// Aliases and addresses below the name.
    pub extra_info: Option<String>,
    /// When it left the case.
    pub terminated_on: Option<NaiveDate>,
    /// What a defendant is charged with.
    pub criminal: Option<Value>,
    /// Counsel of this party.
    pub attorneys: Vec<AttorneyImport>,
}

/// Counsel of one party, from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttorneyImport {
    /// The name.
    pub name: Option<String>,
    /// Firm, address, telephone and e-mail as listed.
    pub contact: Option<String>,
    /// Such as `LEAD ATTORNEY`. None given leaves the known ones.
    pub roles: Vec<String>,
}

/// What an import did to its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The case is new.
    Created,
    /// The case, a party or counsel was added to or corrected.
    Changed,
    /// All of it was known.
    Unchanged,
}

/// An imported case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedCase {
    /// The case.
    pub id: CaseId,
    /// What happened to it.
    pub outcome: Imported,
    /// The parties, in the order of the import.
    pub parties: Vec<PartyId>,
    /// Listings that are new.
    pub parties_added: u64,
    /// Links from counsel to a party that are new.
    pub attorneys_added: u64,
}

/// The part in the case of a party whose listing names none.
const UNNAMED_KIND: &str = "Party";

impl CaseImport {
    /// Trimmed, cut to what a member may hold, so that what was imported can be changed like what was entered; courts
    /// write far shorter texts. An empty text is absent.
    #[must_use]
    pub(crate) fn tidy(self) -> Self {
        Self {
            court: self.court.trim().to_owned(),
            docket_number: self.docket_number.trim().to_owned(),
            title: cut(self.title, TITLE_CHARS),
            description: cut(self.description, DESCRIPTION_CHARS),
            practice_area: cut(self.practice_area, PRACTICE_AREA_CHARS),
            judge: line(self.judge),
            referred_to: line(self.referred_to),
            cause: cut(self.cause, CAUSE_CHARS),
            nature_of_suit: cut(self.nature_of_suit, NATURE_CHARS),
            jurisdiction: line(self.jurisdiction),
            jury_demand: line(self.jury_demand),
            demand: line(self.demand),
            extra: self.extra.and_then(small),
            ..self
        }
    }

    /// The case as it is opened by an import: since the day the court received it, and over if the court ended it.
    pub(crate) fn open(&self, id: CaseId, now: Timestamp) -> Case {
        let nothing = CaseFields { title: self.docket_number.clone(), ..CaseFields::default() };
        let mut case = Case::open(id, self.merged(&nothing), now);
        if let Some(day) = self.filed_on {
            case.opened_at = day.and_time(NaiveTime::MIN).and_utc();
        }
        if let Some(day) = self.terminated_on {
            case.fields.status = CaseStatus::Closed;
            case.closed_at = Some(day.and_time(NaiveTime::MIN).and_utc().max(case.opened_at));
        }
        case
    }

    /// The known fields, corrected and completed. The firm's own members (number, status, client, lead) stay.
    pub(crate) fn merged(&self, known: &CaseFields) -> CaseFields {
        let or =
            |incoming: &Option<String>, known: &Option<String>| incoming.clone().or_else(|| known.clone());
        CaseFields {
            title: longer_title(&known.title, self.title.as_deref(), &self.docket_number),
            description: or(&self.description, &known.description),
            practice_area: or(&self.practice_area, &known.practice_area),
            court: Some(self.court.clone()),
            docket_number: Some(self.docket_number.clone()),
            judge: or(&self.judge, &known.judge),
            referred_to: or(&self.referred_to, &known.referred_to),
            cause: or(&self.cause, &known.cause),
            nature_of_suit: or(&self.nature_of_suit, &known.nature_of_suit),
            jurisdiction: or(&self.jurisdiction, &known.jurisdiction),
            jury_demand: or(&self.jury_demand, &known.jury_demand),
            demand: or(&self.demand, &known.demand),
            filed_on: self.filed_on.or(known.filed_on),
            terminated_on: self.terminated_on.or(known.terminated_on),
            extra: merged_object(known.extra.as_ref(), self.extra.as_ref()),
            ..known.clone()
        }
    }
}

fn line(text: Option<String>) -> Option<String> {
    cut(text, LINE_CHARS)
}

fn cut(text: Option<String>, chars: usize) -> Option<String> {
    let text = present(text)?;
    match text.char_indices().nth(chars) {
        Some((end, _)) => present(text.get(..end).map(str::to_owned)),
        None => Some(text),
    }
}

/// An object with its texts and lists cut until it is no larger than such a member may be.
fn small(mut object: Value) -> Option<Value> {
    for (chars, items) in [(4000, 1000), (1000, 200), (200, 50), (50, 20)] {
        if fits(&object) {
            return Some(object);
        }
        shorten(&mut object, chars, items);
    }
    fits(&object).then_some(object)
}

fn fits(object: &Value) -> bool {
    object.to_string().len() <= EXTRA_BYTES
}

fn shorten(value: &mut Value, chars: usize, items: usize) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(chars) {
                text.truncate(end);
            }
        }
        Value::Array(list) => {
            list.truncate(items);
            for item in list {
                shorten(item, chars, items);
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                shorten(member, chars, items);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Courts of appeals cut titles off after some 40 characters: a title that the known one goes on from does not replace
/// it. The docket number stands in only until there is a title.
fn longer_title(known: &str, incoming: Option<&str>, docket_number: &str) -> String {
    let Some(incoming) = incoming else { return known.to_owned() };
    let start = incoming.trim_end_matches(['.', '…', ' ']);
    let is_cut_off = known != docket_number && known.len() > start.len() && known.starts_with(start);
    if is_cut_off { known.to_owned() } else { incoming.to_owned() }
}

/// What would be too large together stays as it is known.
fn merged_object(known: Option<&Value>, incoming: Option<&Value>) -> Option<Value> {
    let Some(Value::Object(incoming)) = incoming else { return known.cloned() };
    let mut members = known.and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in incoming {
        let is_empty = match value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if !is_empty {
            members.insert(name.clone(), value.clone());
        }
    }
    let merged = (!members.is_empty()).then_some(Value::Object(members));
    if merged.as_ref().is_none_or(fits) { merged } else { known.cloned() }
}

/// What an import makes of a case's parties.
#[derive(Debug, Default)]
pub(crate) struct PartyPlan {
    /// The parties' ids in the order of the import.
    pub(crate) ids: Vec<PartyId>,
    /// Listings that are new, with their counsel.
    pub(crate) new: Vec<Party>,
    /// Known listings that change: before and after.
    pub(crate) changed: Vec<(Party, Party)>,
}

impl PartyPlan {
    /// Finds each incoming listing among the known ones by name and part in the case, listings alike in
    /// these by when they left the case and by their counsel; counsel by name and contact, then by name. Nothing known
    /// is removed.
    pub(crate) fn of(
        case: CaseId,
        known: &[Party],
        incoming: Vec<PartyImport>,
        now: Timestamp,
        ids: &impl Fn() -> (PartyId, AttorneyId),
    ) -> Self {
        let listings: Vec<_> = known.iter().map(|party| party_marks(&party.fields)).collect();
        let incoming: Vec<PartyFields> = incoming.into_iter().filter_map(PartyImport::fields).collect();
        let coming: Vec<_> = incoming.iter().map(party_marks).collect();
        let mut next = known.iter().map(|party| party.position).max().unwrap_or(0);
        let mut plan = Self::default();
        for (at, fields) in pair(&listings, &coming).into_iter().zip(incoming) {
            if let Some(known) = at.and_then(|at| known.get(at)) {
                plan.ids.push(known.id);
                if let Some(after) = known.with(merged_party(&known.fields, fields, ids), now) {
                    plan.changed.push((known.clone(), after));
                }
            } else {
                next += 1;
                let fields = merged_party(&PartyFields::default(), fields, ids);
                let party = Party::listed(ids().0, case, fields, next, now);
                plan.ids.push(party.id);
                plan.new.push(party);
            }
        }
        plan
    }

    /// Links from counsel to a party that are new.
    pub(crate) fn attorneys_added(&self) -> usize {
        let of_new: usize = self.new.iter().map(|party| party.fields.attorneys.len()).sum();
        let grown = |(before, after): &(Party, Party)| {
            after.fields.attorneys.len().saturating_sub(before.fields.attorneys.len())
        };
        of_new + self.changed.iter().map(grown).sum::<usize>()
    }
}

impl PartyImport {
    /// The listing's fields; `None` for one without a name.
    fn fields(self) -> Option<PartyFields> {
        let roles = |roles: Vec<String>| {
            roles.into_iter().filter_map(|role| cut(Some(role), ROLE_CHARS)).take(ROLES).collect()
        };
        let attorneys = self.attorneys.into_iter().take(ATTORNEYS).map(|attorney| Attorney {
            id: None,
            name: cut(attorney.name, ATTORNEY_NAME_CHARS),
            contact: cut(attorney.contact, CONTACT_CHARS),
            roles: roles(attorney.roles),
        });
        let fields = PartyFields {
            name: cut(Some(self.name), NAME_CHARS)?,
            kind: cut(self.kind, KIND_CHARS).unwrap_or_else(|| UNNAMED_KIND.to_owned()),
            extra_info: cut(self.extra_info, EXTRA_INFO_CHARS),
            terminated_on: self.terminated_on,
            criminal: self.criminal.and_then(small),
            attorneys: attorneys.collect(),
        };
        Some(fields.tidy())
    }
}

/// What a listing is found by, and what tells listings of one name apart.
fn party_marks(fields: &PartyFields) -> ((String, String), Option<NaiveDate>, Vec<String>) {
    let counsel = fields.attorneys.iter().map(|attorney| mark(attorney.name.as_deref().unwrap_or_default()));
    ((mark(&fields.name), mark(&fields.kind)), fields.terminated_on, counsel.collect())
}

fn merged_party(
    known: &PartyFields,
    incoming: PartyFields,
    ids: &impl Fn() -> (PartyId, AttorneyId),
) -> PartyFields {
    PartyFields {
        name: incoming.name,
        kind: incoming.kind,
        extra_info: incoming.extra_info.or_else(|| known.extra_info.clone()),
        terminated_on: incoming.terminated_on.or(known.terminated_on),
        criminal: merged_object(known.criminal.as_ref(), incoming.criminal.as_ref()),
        attorneys: merged_attorneys(&known.attorneys, incoming.attorneys, ids),
    }
}

fn merged_attorneys(
    known: &[Attorney],
    incoming: Vec<Attorney>,
    ids: &impl Fn() -> (PartyId, AttorneyId),
) -> Vec<Attorney> {
    let marks = |attorney: &Attorney| {
        (
            mark(attorney.name.as_deref().unwrap_or_default()),
            mark(attorney.contact.as_deref().unwrap_or_default()),
            (),
        )
    };
    let listed: Vec<_> = known.iter().map(marks).collect();
    let coming: Vec<_> = incoming.iter().map(marks).collect();
    let mut merged = known.to_vec();
    for (at, attorney) in pair(&listed, &coming).into_iter().zip(incoming) {
        if let Some(place) = at.and_then(|at| merged.get_mut(at)) {
            place.name = attorney.name.or(place.name.take());
            place.contact = attorney.contact.or(place.contact.take());
            if !attorney.roles.is_empty() {
                place.roles = attorney.roles;
            }
        } else if merged.len() < ATTORNEYS {
            merged.push(Attorney { id: Some(ids().1), ..attorney });
        }
    }
    merged
}
