use cases::{DocketNumber, docket_key};
use chrono::NaiveDate;
use std::{fmt, str::FromStr};

/// A court's short name as PACER and the free archives write it: 2 to 15 of `a-z0-9`, such as `cacd` or `ca9`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CourtId(String);

/// A text that is not a court's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a court's id: write 2 to 15 lower-case letters and digits, such as cacd")]
pub struct CourtIdFault;

impl CourtId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CourtId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CourtId {
    type Err = CourtIdFault;

    fn from_str(text: &str) -> Result<Self, CourtIdFault> {
        let fits = (2..=15).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(CourtIdFault) }
    }
}

/// One docket as a file gives it. Absent members say nothing: they erase nothing when the docket is imported again.
#[derive(Debug, Clone, PartialEq)]
pub struct DocketFile {
    /// The court.
    pub court: CourtId,
    /// The number as the file writes it.
    pub docket_number: String,
    /// The number's parts, where it is a federal number; judges' initials and defendant completed from the file.
    pub number: Option<DocketNumber>,
    /// The short title; courts of appeals cut it off after some 40 characters.
    pub case_name: Option<String>,
    /// When the case was filed.
    pub date_filed: Option<NaiveDate>,
    /// When it was closed.
    pub date_terminated: Option<NaiveDate>,
    /// Bankruptcy: when it was converted to another chapter.
    pub date_converted: Option<NaiveDate>,
    /// Bankruptcy: when the debtor was discharged.
    pub date_discharged: Option<NaiveDate>,
    /// The statute sued under.
    pub cause: Option<String>,
    /// The nature of suit, code and words.
    pub nature_of_suit: Option<String>,
    /// What the court's jurisdiction rests on.
    pub jurisdiction: Option<String>,
    /// Who demanded a jury.
    pub jury_demand: Option<String>,
    /// The sum demanded, as the court writes it.
    pub demand: Option<String>,
    /// The case's place in a multi-district litigation.
    pub mdl_status: Option<String>,
    /// The judge whom the case is assigned to.
    pub assigned_to: Option<String>,
    /// The judge whom parts of it are referred to.
    pub referred_to: Option<String>,
    /// By which date the entries are ordered (`date_filed` or `date_entered`).
    pub ordered_by: Option<String>,
    /// Initials of the assigned judge.
    pub assigned_initials: Option<String>,
    /// Initials of the judge of the referral.
    pub referred_initials: Option<String>,
    /// Appeals: the court below, in words.
    pub appeal_from: Option<String>,
    /// Appeals: whether the fee is paid.
    pub fee_status: Option<String>,
    /// Appeals: the type of case, in words.
    pub case_type_information: Option<String>,
    /// Appeals: the case below.
    pub originating_court: Option<OriginatingCourt>,
    /// Appeals: the judges of the panel.
    pub panel: Vec<String>,
    /// The parties as listed; one person may be listed more than once.
    pub parties: Vec<PartyRecord>,
    /// The docket sheet in the file's order.
    pub entries: Vec<EntryRecord>,
}

impl DocketFile {
    /// What tells this docket apart within its court; see [`docket_key`].
    pub fn number_key(&self) -> String {
        docket_key(&self.docket_number)
    }
}

/// The case that an appeal is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginatingCourt {
    /// Its court, as the file names it.
    pub court: Option<String>,
    /// Its number.
    pub docket_number: Option<String>,
    /// Its judge.
    pub assigned_to: Option<String>,
    /// The judge whose order is appealed from.
    pub ordering_judge: Option<String>,
    /// Its court reporter.
    pub court_reporter: Option<String>,
    /// How it ended.
    pub disposition: Option<String>,
    /// When it ended.
    pub date_disposed: Option<NaiveDate>,
    /// When it was filed.
    pub date_filed: Option<NaiveDate>,
    /// When the notice of appeal was filed.
    pub date_notice_of_appeal: Option<NaiveDate>,
    /// When judgment was given.
    pub date_judgment: Option<NaiveDate>,
    /// When judgment was entered on the docket.
    pub date_judgment_entered: Option<NaiveDate>,
    /// When the court of appeals received the notice.
    pub date_received: Option<NaiveDate>,
}

/// One listing of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyRecord {
    /// The name as listed.
    pub name: String,
    /// The party's type, such as `Defendant` or `3rd Party Plaintiff`, with single plain spaces.
    pub kind: Option<String>,
    /// Aliases and addresses below the name; may have several lines.
    pub extra_info: Option<String>,
    /// When the party left the case.
    pub date_terminated: Option<NaiveDate>,
    /// Counsel of this party.
    pub attorneys: Vec<AttorneyRecord>,
    /// What a defendant is charged with, in criminal cases.
    pub criminal: Option<CriminalRecord>,
}

/// Counsel of one party. Some courts list an address without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttorneyRecord {
    /// The name.
    pub name: Option<String>,
    /// Firm, address, telephone and e-mail as listed, in several lines.
    pub contact: Option<String>,
    /// Such as `LEAD ATTORNEY`, `ATTORNEY TO BE NOTICED`, `PRO SE`, `TERMINATED: 05/05/2010`.
    pub roles: Vec<String>,
}

/// The charges against one defendant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriminalRecord {
    /// Counts of the indictment or information.
    pub counts: Vec<Count>,
    /// Complaints before the indictment.
    pub complaints: Vec<Complaint>,
    /// The highest level of offence at the opening.
    pub highest_offense_level_opening: Option<String>,
    /// The highest level of offence among the terminated counts.
    pub highest_offense_level_terminated: Option<String>,
}

/// One count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Statute and words.
    pub name: Option<String>,
    /// Sentence, dismissal, acquittal.
    pub disposition: Option<String>,
    /// Such as `Pending` or `Terminated`.
    pub status: Option<String>,
}

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Statute and words.
    pub name: Option<String>,
    /// How it ended.
    pub disposition: Option<String>,
}

/// One line of the docket sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRecord {
    /// When it was filed.
    pub date_filed: NaiveDate,
    /// When the clerk entered it.
    pub date_entered: Option<NaiveDate>,
    /// The text; may be empty.
    pub description: String,
    /// The document's number on the docket; minute entries have none, and one number may stand more than once.
    pub document_number: Option<String>,
    /// PACER's id of the document.
    pub pacer_doc_id: Option<String>,
    /// PACER's sequence number of the entry, the surest mark of identity.
    pub pacer_seq_no: Option<String>,
    /// Pages of the main document.
    pub page_count: Option<u32>,
    /// Size of the main document in bytes.
    pub file_size_bytes: Option<u64>,
    /// Documents filed with it, numbered from 1.
    pub attachments: Vec<AttachmentRecord>,
}

/// One attachment of a docket entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRecord {
    /// Its number under the document.
    pub number: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// PACER's id of the document.
    pub pacer_doc_id: Option<String>,
    /// PACER's sequence number.
    pub pacer_seq_no: Option<String>,
    /// Pages.
    pub page_count: Option<u32>,
    /// Size in bytes.
    pub file_size_bytes: Option<u64>,
}
