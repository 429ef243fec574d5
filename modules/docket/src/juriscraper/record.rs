mod clean;
mod shapes;

pub use shapes::{
    AttachmentRecord, AttorneyRecord, Complaint, Count, CourtId, CourtIdFault, CriminalRecord, DocketFile,
    EntryRecord, OriginatingCourt, PartyRecord,
};

use super::{Limits, ReadFault, raw};
use crate::model::{DOC_ID_CHARS, NUMBER_CHARS, TEXT_CHARS};
use cases::DocketNumber;
use clean::Cleaner;

/// Turns what was parsed into a docket, or says which member does not fit.
pub(super) fn build(raw: raw::Docket, limits: &Limits) -> Result<DocketFile, ReadFault> {
    if raw == raw::Docket::default() {
        return Err(ReadFault::Empty);
    }
    let clean = Cleaner { text_bytes: limits.text_bytes };
    let missing = |path: &str| ReadFault::Missing { path: path.to_owned() };
    let court = clean.line(raw.court_id, "court_id")?.ok_or_else(|| missing("court_id"))?;
    let docket_number =
        clean.line(raw.docket_number, "docket_number")?.ok_or_else(|| missing("docket_number"))?;
    let assigned_initials =
        clean.line(raw.federal_dn_judge_initials_assigned, "federal_dn_judge_initials_assigned")?;
    let referred_initials =
        clean.line(raw.federal_dn_judge_initials_referred, "federal_dn_judge_initials_referred")?;
    let defendant = clean.line(raw.federal_defendant_number, "federal_defendant_number")?;
    let mut number = docket_number.parse::<DocketNumber>().ok();
    if let Some(number) = &mut number {
        number.assigned = number.assigned.take().or_else(|| assigned_initials.clone());
        number.referred = number.referred.take().or_else(|| referred_initials.clone());
        number.defendant = number.defendant.or_else(|| defendant.and_then(|text| text.parse().ok()));
    }
    Ok(DocketFile {
        court: court.parse().map_err(ReadFault::Court)?,
        docket_number,
        number,
        case_name: clean.line(raw.case_name, "case_name")?,
        date_filed: clean.date(raw.date_filed, "date_filed")?,
        date_terminated: clean.date(raw.date_terminated, "date_terminated")?,
        date_converted: clean.date(raw.date_converted, "date_converted")?,
        date_discharged: clean.date(raw.date_discharged, "date_discharged")?,
        cause: clean.line(raw.cause, "cause")?,
        nature_of_suit: clean.line(raw.nature_of_suit, "nature_of_suit")?,
        jurisdiction: clean.line(raw.jurisdiction, "jurisdiction")?,
        jury_demand: clean.line(raw.jury_demand, "jury_demand")?,
        demand: clean.line(raw.demand, "demand")?,
        mdl_status: clean.line(raw.mdl_status, "mdl_status")?,
        assigned_to: clean.line(raw.assigned_to_str, "assigned_to_str")?,
        referred_to: clean.line(raw.referred_to_str, "referred_to_str")?,
        ordered_by: clean.line(raw.ordered_by, "ordered_by")?,
        assigned_initials,
        referred_initials,
        appeal_from: clean.line(raw.appeal_from, "appeal_from")?,
        fee_status: clean.line(raw.fee_status, "fee_status")?,
        case_type_information: clean.line(raw.case_type_information, "case_type_information")?,
        originating_court: originating(&clean, raw.originating_court_information)?,
        panel: clean.lines(raw.panel.unwrap_or_default(), "panel")?,
        parties: parties(&clean, raw.parties.unwrap_or_default(), limits.parties)?,
        entries: entries(&clean, raw.docket_entries.unwrap_or_default(), limits.entries)?,
    })
}

fn originating(
    clean: &Cleaner,
    raw: Option<raw::Object<raw::Originating>>,
) -> Result<Option<OriginatingCourt>, ReadFault> {
    let Some(raw::Object(raw)) = raw.filter(|raw| raw.0 != raw::Originating::default()) else {
        return Ok(None);
    };
    let path = |member: &str| format!("originating_court_information.{member}");
    Ok(Some(OriginatingCourt {
        court: clean.line(raw.court_id, &path("court_id"))?,
        docket_number: clean.line(raw.docket_number, &path("docket_number"))?,
        assigned_to: clean.line(raw.assigned_to, &path("assigned_to"))?,
        ordering_judge: clean.line(raw.ordering_judge, &path("ordering_judge"))?,
        court_reporter: clean.line(raw.court_reporter, &path("court_reporter"))?,
        disposition: clean.line(raw.disposition, &path("disposition"))?,
        date_disposed: clean.date(raw.date_disposed, &path("date_disposed"))?,
        date_filed: clean.date(raw.date_filed, &path("date_filed"))?,
        date_notice_of_appeal: clean.date(raw.date_filed_noa, &path("date_filed_noa"))?,
        date_judgment: clean.date(raw.date_judgment, &path("date_judgment"))?,
        date_judgment_entered: clean.date(raw.date_judgment_eod, &path("date_judgment_eod"))?,
        date_received: clean.date(raw.date_received_coa, &path("date_received_coa"))?,
    }))
}

fn check_count(count: usize, limit: usize, what: &'static str) -> Result<(), ReadFault> {
    if count > limit { Err(ReadFault::TooMany { what, limit: limit as u64 }) } else { Ok(()) }
}

fn parties(
    clean: &Cleaner,
    raw: Vec<raw::Object<raw::Party>>,
    limit: usize,
) -> Result<Vec<PartyRecord>, ReadFault> {
    check_count(raw.len(), limit, "parties")?;
    raw.into_iter().enumerate().map(|(index, raw)| party(clean, raw.0, index)).collect()
}

fn party(clean: &Cleaner, raw: raw::Party, index: usize) -> Result<PartyRecord, ReadFault> {
    let path = |member: &str| format!("parties[{index}].{member}");
    let attorneys = raw.attorneys.unwrap_or_default().into_iter().enumerate();
    Ok(PartyRecord {
        name: clean
            .line(raw.name, &path("name"))?
            .ok_or_else(|| ReadFault::Missing { path: path("name") })?,
        kind: clean.line(raw.kind, &path("type"))?,
        extra_info: clean.text(raw.extra_info, &path("extra_info"))?,
        date_terminated: clean.date(raw.date_terminated, &path("date_terminated"))?,
        attorneys: attorneys
            .map(|(number, raw)| attorney(clean, raw.0, &path(&format!("attorneys[{number}]"))))
            .collect::<Result<_, _>>()?,
        criminal: raw.criminal_data.map(|raw| criminal(clean, raw.0, &path("criminal_data"))).transpose()?,
    })
}

fn attorney(clean: &Cleaner, raw: raw::Attorney, path: &str) -> Result<AttorneyRecord, ReadFault> {
    Ok(AttorneyRecord {
        name: clean.line(raw.name, &format!("{path}.name"))?,
        contact: clean.text(raw.contact, &format!("{path}.contact"))?,
        roles: clean.lines(raw.roles.unwrap_or_default(), &format!("{path}.roles"))?,
    })
}

fn criminal(clean: &Cleaner, raw: raw::Criminal, path: &str) -> Result<CriminalRecord, ReadFault> {
    let counts = raw.counts.unwrap_or_default().into_iter().enumerate();
    let complaints = raw.complaints.unwrap_or_default().into_iter().enumerate();
    Ok(CriminalRecord {
        counts: counts
            .map(|(index, raw::Object(raw))| {
                let path = |member: &str| format!("{path}.counts[{index}].{member}");
                Ok(Count {
                    name: clean.text(raw.name, &path("name"))?,
                    disposition: clean.text(raw.disposition, &path("disposition"))?,
                    status: clean.line(raw.status, &path("status"))?,
                })
            })
            .collect::<Result<_, ReadFault>>()?,
        complaints: complaints
            .map(|(index, raw::Object(raw))| {
                let path = |member: &str| format!("{path}.complaints[{index}].{member}");
                Ok(Complaint {
                    name: clean.text(raw.name, &path("name"))?,
                    disposition: clean.text(raw.disposition, &path("disposition"))?,
                })
            })
            .collect::<Result<_, ReadFault>>()?,
        highest_offense_level_opening: clean
            .line(raw.highest_offense_level_opening, &format!("{path}.highest_offense_level_opening"))?,
        highest_offense_level_terminated: clean.line(
            raw.highest_offense_level_terminated,
            &format!("{path}.highest_offense_level_terminated"),
        )?,
    })
}

fn entries(
    clean: &Cleaner,
    raw: Vec<raw::Object<raw::Entry>>,
    limit: usize,
) -> Result<Vec<EntryRecord>, ReadFault> {
    check_count(raw.len(), limit, "docket entries")?;
    raw.into_iter().enumerate().map(|(index, raw)| entry(clean, raw.0, index)).collect()
}

fn entry(clean: &Cleaner, raw: raw::Entry, index: usize) -> Result<EntryRecord, ReadFault> {
    let path = |member: &str| format!("docket_entries[{index}].{member}");
    let attachments = raw.attachments.unwrap_or_default().into_iter().enumerate();
    Ok(EntryRecord {
        date_filed: clean
            .date(raw.date_filed, &path("date_filed"))?
            .ok_or_else(|| ReadFault::Missing { path: path("date_filed") })?,
        date_entered: clean.date(raw.date_entered, &path("date_entered"))?,
        description: clean.cut_text(raw.description, &path("description"), TEXT_CHARS)?.unwrap_or_default(),
        document_number: clean.id(raw.document_number, &path("document_number"), NUMBER_CHARS)?,
        pacer_doc_id: clean.id(raw.pacer_doc_id, &path("pacer_doc_id"), DOC_ID_CHARS)?,
        pacer_seq_no: clean.id(raw.pacer_seq_no, &path("pacer_seq_no"), NUMBER_CHARS)?,
        page_count: raw.page_count,
        file_size_bytes: raw.file_size_bytes,
        attachments: attachments
            .map(|(number, raw::Object(raw))| {
                let path = |member: &str| path(&format!("attachments[{number}].{member}"));
                Ok(AttachmentRecord {
                    number: clean.line(raw.attachment_number, &path("attachment_number"))?,
                    description: clean.text(raw.description, &path("description"))?,
                    pacer_doc_id: clean.line(raw.pacer_doc_id, &path("pacer_doc_id"))?,
                    pacer_seq_no: clean.line(raw.pacer_seq_no, &path("pacer_seq_no"))?,
                    page_count: raw.page_count,
                    file_size_bytes: raw.file_size_bytes,
                })
            })
            .collect::<Result<_, ReadFault>>()?,
    })
}
