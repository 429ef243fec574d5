use super::{LoadFileFault, MAX_COLUMNS};
use std::collections::{HashMap, HashSet};

/// A column whose meaning is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it; what files call them stands in `Field::of`")]
pub enum Field {
    ControlNumber,
    BeginBates,
    EndBates,
    BeginAttach,
    EndAttach,
    Parent,
    Custodian,
    DupCustodian,
    From,
    To,
    Cc,
    Bcc,
    Subject,
    DateSent,
    DateReceived,
    DateCreated,
    DateModified,
    DatePrimary,
    TimeSent,
    FileName,
    FileExtension,
    FileSize,
    DocumentType,
    Author,
    Title,
    PageCount,
    Md5,
    Sha1,
    Sha256,
    NativePath,
    TextPath,
    Redacted,
    Confidentiality,
    MessageId,
    InReplyTo,
}

impl Field {
    /// The fields that hold a date.
    pub const DATES: [Self; 5] =
        [Self::DateSent, Self::DateReceived, Self::DateCreated, Self::DateModified, Self::DatePrimary];

    /// The field that a column's name means. Case, spaces, underscores and other signs do not count:
    /// `Bates Begin`, `BATES_BEGIN` and `BatesBegin` are one name.
    pub fn of(name: &str) -> Option<Self> {
        let plain: String =
            name.chars().take(64).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Self::of_document(&plain).or_else(|| Self::of_message(&plain))
    }

    fn of_document(plain: &str) -> Option<Self> {
        Some(match plain {
            "controlnumber" | "controlno" | "docid" | "documentid" | "docno" | "controlid" => {
                Self::ControlNumber
            }
            "begbates" | "batesbegin" | "beginbates" | "batesbeg" | "begdoc" | "begindoc" | "prodbeg"
            | "prodbegbates" | "productionbegbates" | "beginbatesnumber" | "batesstart" | "startbates" => {
                Self::BeginBates
            }
            "endbates" | "batesend" | "enddoc" | "prodend" | "prodendbates" | "productionendbates"
            | "endbatesnumber" | "batesstop" => Self::EndBates,
            "begattach" | "beginattach" | "attachbegin" | "begattachment" | "prodbegattach" | "begfamily" => {
                Self::BeginAttach
            }
            "endattach" | "attachend" | "endattachment" | "prodendattach" | "endfamily" => Self::EndAttach,
            "parentid" | "parent" | "parentbates" | "parentdocid" | "attachparentid" => Self::Parent,
            "custodian" | "custodianname" | "primarycustodian" => Self::Custodian,
            "dupcustodian"
            | "dupcustodians"
            | "duplicatecustodian"
            | "duplicatecustodians"
            | "allcustodians"
            | "custodianall"
            | "othercustodians" => Self::DupCustodian,
            "datecreated" | "createddate" | "created" | "filecreated" | "datecreate" => Self::DateCreated,
            "datemod" | "datemodified" | "modifieddate" | "datelastmod" | "datelastmodified"
            | "lastmodified" | "lastmodifieddate" => Self::DateModified,
            "primarydate" | "dateprimary" | "sortdate" | "docdate" | "documentdate" | "masterdate" => {
                Self::DatePrimary
            }
            "filename" | "originalfilename" | "origfilename" => Self::FileName,
            "fileext" | "fileextension" | "extension" | "ext" => Self::FileExtension,
            "filesize" | "size" | "filesizebytes" => Self::FileSize,
            "doctype" | "documenttype" | "recordtype" => Self::DocumentType,
            "author" | "fileauthor" | "docauthor" => Self::Author,
            "title" | "doctitle" | "documenttitle" => Self::Title,
            "pagecount" | "pages" | "pgcount" | "numpages" | "pagecnt" => Self::PageCount,
            "md5" | "md5hash" | "hash" | "hashvalue" | "hashmd5" => Self::Md5,
            "sha1" | "sha1hash" => Self::Sha1,
            "sha256" | "sha256hash" => Self::Sha256,
            "nativelink" | "nativefilepath" | "nativepath" | "nativefile" | "native" | "filepathnative"
            | "doclink" => Self::NativePath,
            "textlink"
            | "extractedtextfilepath"
            | "textpath"
            | "textfilepath"
            | "extractedtextpath"
            | "ocrpath"
            | "extractedtext"
            | "textfile" => Self::TextPath,
            "redacted" | "redaction" | "redactions" | "hasredactions" => Self::Redacted,
            "confidentiality"
            | "confidential"
            | "confidentialitydesignation"
            | "designation"
            | "confdesignation" => Self::Confidentiality,
            _ => return None,
        })
    }

    fn of_message(plain: &str) -> Option<Self> {
        Some(match plain {
            "from" | "emailfrom" | "sender" => Self::From,
            "to" | "emailto" | "recipients" => Self::To,
            "cc" | "emailcc" => Self::Cc,
            "bcc" | "emailbcc" => Self::Bcc,
            "subject" | "emailsubject" => Self::Subject,
            "datesent" | "sentdate" | "emaildatesent" | "sent" => Self::DateSent,
            "datercvd" | "datereceived" | "receiveddate" | "emaildatereceived" | "received" => {
                Self::DateReceived
            }
            "timesent" | "senttime" => Self::TimeSent,
            "messageid" | "internetmessageid" | "emailmessageid" => Self::MessageId,
            "inreplyto" | "inreplytoid" | "emailinreplyto" => Self::InReplyTo,
            _ => return None,
        })
    }
}

/// The columns of a load file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
    fields: Vec<Option<Field>>,
    // bounded: the fields that are known.
    columns: HashMap<Field, usize>,
}

impl Header {
    /// Takes the first row. A column without a name is called after its place; of two columns with one name or one
    /// meaning the first has it, and the other is kept under a name of its own.
    pub(super) fn new(row: Vec<String>) -> Result<Self, LoadFileFault> {
        if row.len() > MAX_COLUMNS {
            return Err(LoadFileFault::TooManyColumns { limit: MAX_COLUMNS });
        }
        let (mut names, mut fields, mut columns) = (Vec::new(), Vec::new(), HashMap::new());
        let mut taken = HashSet::new();
        for (at, name) in row.into_iter().enumerate() {
            let field = Field::of(&name).filter(|field| !columns.contains_key(field));
            let mut unique: String = if name.is_empty() { format!("Column {}", at + 1) } else { name };
            if !taken.insert(unique.clone()) {
                unique = format!("{unique} (column {})", at + 1);
                taken.insert(unique.clone());
            }
            columns.extend(field.map(|field| (field, at)));
            names.push(unique);
            fields.push(field);
        }
        Ok(Self { names, fields, columns })
    }

    /// The names, in the file's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The column of a field.
    pub fn column(&self, field: Field) -> Option<usize> {
        self.columns.get(&field).copied()
    }

    /// Names and places of the columns whose meaning is not known.
    pub(super) fn extra(&self) -> impl Iterator<Item = (usize, &str)> {
        let named = self.names.iter().zip(&self.fields).enumerate();
        named.filter(|(_, (_, field))| field.is_none()).map(|(at, (name, _))| (at, name.as_str()))
    }
}
