//! A docket file as the cases module takes it.

use crate::juriscraper::{AttorneyRecord, CriminalRecord, DocketFile, OriginatingCourt, PartyRecord};
use cases::{AttorneyImport, CaseImport, PartyImport};
use chrono::NaiveDate;
use serde_json::{Map, Value, json};

/// The case with its parties. Takes them out of the file and leaves the entries.
pub(crate) fn case_import(file: &mut DocketFile) -> CaseImport {
    CaseImport {
        court: file.court.to_string(),
        docket_number: file.docket_number.clone(),
        title: file.case_name.take(),
        description: None,
        practice_area: None,
        extra: extra(file),
        judge: file.assigned_to.take(),
        referred_to: file.referred_to.take(),
        cause: file.cause.take(),
        nature_of_suit: file.nature_of_suit.take(),
        jurisdiction: file.jurisdiction.take(),
        jury_demand: file.jury_demand.take(),
        demand: file.demand.take(),
        filed_on: file.date_filed,
        terminated_on: file.date_terminated,
        parties: std::mem::take(&mut file.parties).into_iter().map(party).collect(),
    }
}

/// What a case has no field of its own for.
fn extra(file: &mut DocketFile) -> Option<Value> {
    let number = file.number.as_ref();
    let initials = |text: Option<String>| text.map(Value::from);
    let members = [
        ("mdlStatus", file.mdl_status.take().map(Value::from)),
        ("feeStatus", file.fee_status.take().map(Value::from)),
        ("appealFrom", file.appeal_from.take().map(Value::from)),
        ("caseType", file.case_type_information.take().map(Value::from)),
        ("assignedInitials", initials(number.and_then(|number| number.assigned.clone()))),
        ("referredInitials", initials(number.and_then(|number| number.referred.clone()))),
        ("defendantNumber", number.and_then(|number| number.defendant).map(Value::from)),
        ("convertedOn", file.date_converted.map(day)),
        ("dischargedOn", file.date_discharged.map(day)),
        ("panel", (!file.panel.is_empty()).then(|| json!(file.panel))),
        ("originatingCourt", file.originating_court.take().map(originating)),
    ];
    present(members)
}

fn originating(court: OriginatingCourt) -> Value {
    let members = [
        ("court", court.court.map(Value::from)),
        ("docketNumber", court.docket_number.map(Value::from)),
        ("assignedTo", court.assigned_to.map(Value::from)),
        ("orderingJudge", court.ordering_judge.map(Value::from)),
        ("courtReporter", court.court_reporter.map(Value::from)),
        ("disposition", court.disposition.map(Value::from)),
        ("filedOn", court.date_filed.map(day)),
        ("disposedOn", court.date_disposed.map(day)),
        ("judgmentOn", court.date_judgment.map(day)),
        ("judgmentEnteredOn", court.date_judgment_entered.map(day)),
        ("noticeOfAppealOn", court.date_notice_of_appeal.map(day)),
        ("receivedOn", court.date_received.map(day)),
    ];
    present(members).unwrap_or(Value::Null)
}

fn party(record: PartyRecord) -> PartyImport {
    PartyImport {
        name: record.name,
        kind: record.kind,
        extra_info: record.extra_info,
        terminated_on: record.date_terminated,
        criminal: record.criminal.and_then(criminal),
        attorneys: record.attorneys.into_iter().map(attorney).collect(),
    }
}

fn attorney(record: AttorneyRecord) -> AttorneyImport {
    AttorneyImport { name: record.name, contact: record.contact, roles: record.roles }
}

fn criminal(record: CriminalRecord) -> Option<Value> {
    let counts: Vec<Value> = record
        .counts
        .into_iter()
        .map(|count| json!({ "name": count.name, "disposition": count.disposition, "status": count.status }))
        .collect();
    let complaints: Vec<Value> = record
        .complaints
        .into_iter()
        .map(|complaint| json!({ "name": complaint.name, "disposition": complaint.disposition }))
        .collect();
    let members = [
        ("counts", (!counts.is_empty()).then_some(Value::Array(counts))),
        ("complaints", (!complaints.is_empty()).then_some(Value::Array(complaints))),
        ("highestOffenseLevelOpening", record.highest_offense_level_opening.map(Value::from)),
        ("highestOffenseLevelTerminated", record.highest_offense_level_terminated.map(Value::from)),
    ];
    present(members)
}

fn day(date: NaiveDate) -> Value {
    Value::from(date.to_string())
}

/// The members that say something; nothing when none does.
fn present<const N: usize>(members: [(&str, Option<Value>); N]) -> Option<Value> {
    let said: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, value)| {
            value.filter(|value| !value.is_null()).map(|value| (name.to_owned(), value))
        })
        .collect();
    (!said.is_empty()).then_some(Value::Object(said))
}
