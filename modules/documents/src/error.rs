use crate::form_data::FormFault;
use crate::media::MediaFault;
use crate::model::{BatesRefusal, MAX_VERSIONS, UnknownName};
use ids::{CaseId, DocumentId};
use web::problem::{Code, Failure, Fault, Missed};
use web::{BodyFault, codes};

/// No such document in the firm.
const DOCUMENT_NOT_FOUND: Code = Code::new("document_not_found", 404, "The document was not found");
/// No such version of the document.
const VERSION_NOT_FOUND: Code =
    Code::new("document_version_not_found", 404, "The version of the document was not found");
/// An id that a client chose is not a UUID of version 7.
const ID_NOT_V7: Code = Code::new("document_id_not_v7", 400, "The id of a new document must be a UUIDv7");
/// The case has another document with the control number.
const CONTROL_NUMBER_TAKEN: Code =
    Code::new("control_number_taken", 409, "The case has another document with this control number");
/// The document has as many versions as it may have.
const VERSION_LIMIT: Code = Code::new("document_version_limit", 409, "The document has too many versions");
/// The file is larger than files may be.
const FILE_TOO_LARGE: Code = Code::new("file_too_large", 413, "The file is too large");
/// The file is a program, or of a type that is not taken.
const FILE_TYPE_REFUSED: Code = Code::new("file_type_refused", 415, "This type of file is not taken");
/// The file's content is not of the type that it claims.
const FILE_CONTENT_MISMATCH: Code =
    Code::new("file_content_mismatch", 415, "The file's content is not of the type that it claims");
/// The form holds no file, or cannot be read.
const FORM_INVALID: Code = Code::new("upload_form_invalid", 400, "The upload form is not valid");
/// The file that came is not the file that was announced.
const CHECKSUM_MISMATCH: Code = Code::new("checksum_mismatch", 422, "The file's checksum does not match");
/// The same file is just being removed.
const FILE_BEING_REMOVED: Code = Code::new("file_being_removed", 503, "The same file is just being removed");

/// This module's codes.
pub const CODES: &[Code] = &[
    DOCUMENT_NOT_FOUND,
    VERSION_NOT_FOUND,
    ID_NOT_V7,
    CONTROL_NUMBER_TAKEN,
    VERSION_LIMIT,
    FILE_TOO_LARGE,
    FILE_TYPE_REFUSED,
    FILE_CONTENT_MISMATCH,
    FORM_INVALID,
    CHECKSUM_MISMATCH,
    FILE_BEING_REMOVED,
];

/// Why a document could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such document, or it belongs to another firm.
    #[error("the document {0} was not found")]
    NotFound(DocumentId),
    /// There is no such version.
    #[error("the document has no version {0}: list its versions")]
    NoVersion(String),
    /// Somebody else changed the document since it was read.
    #[error("the document was changed since you read it: it is at version {current} now")]
    Stale {
        /// The version in the database.
        current: i64,
    },
    /// An id that a client chose is not a UUID of version 7.
    #[error(
        "the id of a new document must be a UUID of version 7 (RFC 9562): make a new one, or POST the file"
    )]
    IdNotV7,
    /// The case has another document with the same control number.
    #[error("the case has another document with this control number")]
    ControlNumberTaken,
    /// No further version can be added.
    #[error("the document has {MAX_VERSIONS} versions, which is the most: add a new document")]
    VersionLimit,
    /// The Bates numbers are not a range.
    #[error(transparent)]
    Bates(#[from] BatesRefusal),
    /// The case was removed meanwhile.
    #[error("the case {0} was removed meanwhile")]
    CaseGone(CaseId),
    /// The type of the file is not taken.
    #[error(transparent)]
    Media(#[from] MediaFault),
    /// The form cannot be read.
    #[error(transparent)]
    Form(#[from] FormFault),
    /// The file that came has another digest than was announced.
    #[error("the file that came has the SHA-256 {actual}: compare it with yours and send the file again")]
    Checksum {
        /// The digest of what came.
        actual: crate::Digest,
    },
    /// The announced digest cannot be read.
    #[error("X-Content-SHA256 must be 64 hexadecimal digits")]
    ChecksumHeader,
    /// The body broke off or is too slow.
    #[error(transparent)]
    Body(#[from] BodyFault),
    /// The same file is just being removed.
    #[error("the same file is just being removed: send it again")]
    BeingRemoved,
    /// The file store could not be used.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The context could not be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The case could not be used.
    #[error(transparent)]
    Case(#[from] cases::Error),
    /// The audit record could not be written.
    #[error("the audit record could not be written")]
    Audit(#[from] audit::Error),
    /// Work or a fact could not be stored.
    #[error("the work could not be queued")]
    Queue(#[from] queue::Error),
    /// A row holds what this version does not know.
    #[error("a row of the database could not be understood")]
    Row(#[from] UnknownName),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn missed(&self) -> Option<Missed> {
        match self {
            Self::NotFound(id) => Some(Missed::of(*id)),
            Self::Case(error) => error.missed(),
            _ => None,
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => DOCUMENT_NOT_FOUND,
            Self::NoVersion(_) => VERSION_NOT_FOUND,
            Self::Stale { .. } => codes::STALE_VERSION,
            Self::IdNotV7 => ID_NOT_V7,
            Self::ControlNumberTaken => CONTROL_NUMBER_TAKEN,
            Self::VersionLimit => VERSION_LIMIT,
            Self::Bates(_) => codes::RULE_REFUSED,
            Self::CaseGone(_) => codes::CONFLICT,
            Self::Media(MediaFault::Mismatch { .. }) => FILE_CONTENT_MISMATCH,
            Self::Media(MediaFault::Program | MediaFault::Extension { .. } | MediaFault::NotTaken { .. }) => {
                FILE_TYPE_REFUSED
            }
            Self::Form(FormFault::Body(fault)) | Self::Body(fault) => fault.code(),
            Self::Form(FormFault::NoForm) => codes::UNSUPPORTED_MEDIA_TYPE,
            Self::Form(_) => FORM_INVALID,
            Self::Checksum { .. } => CHECKSUM_MISMATCH,
            Self::ChecksumHeader => codes::VALIDATION_FAILED,
            Self::BeingRemoved => FILE_BEING_REMOVED,
            Self::Blob(error) => blob_code(error),
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Case(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Queue(queue::Error::Database(error)) | Self::Database(error) => {
                access::database_code(error)
            }
            Self::Queue(_) | Self::Row(_) => codes::INTERNAL,
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Bates(refusal) => vec![Fault::new(refusal.field(), "bates_range", refusal.to_string())],
            Self::ChecksumHeader => vec![Fault::new("X-Content-SHA256", "invalid", self.to_string())],
            Self::Form(fault) => fault
                .field()
                .map(|field| Fault::new(field, fault.code(), fault.to_string()))
                .into_iter()
                .collect(),
            Self::Case(error) => error.faults(),
            _ => Vec::new(),
        }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::BeingRemoved => Some(1),
            _ => None,
        }
    }
}

fn blob_code(error: &blob::Error) -> Code {
    match error {
        blob::Error::TooLarge { .. } => FILE_TOO_LARGE,
        blob::Error::DiskFull { .. } => codes::STORAGE_FULL,
        blob::Error::Source(_) | blob::Error::Abandoned => codes::BODY_INCOMPLETE,
        blob::Error::Stopping => codes::DRAINING,
        blob::Error::Io { source, .. } if source.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
            codes::STORAGE_READ_ONLY
        }
        blob::Error::Io { .. } => codes::STORAGE_FAILED,
        _ => codes::INTERNAL,
    }
}
