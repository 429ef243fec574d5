//! Documents, their versions and files, and the import of e-discovery productions.
//!
//! Invariants: a version never changes, and restoring one makes a new version of the same file; a file is on disk,
//! synced, before the row that names it is committed, and is removed only when no row names it (see the
//! service's `blobs`); nothing of an upload that breaks off is kept; a document's text is searchable only when its
//! [`TextStatus`] says so. Files are streamed both ways and never held in memory.

pub mod disposition;
pub mod file_name;
pub mod form_data;
pub mod load_file;
pub mod media;
pub mod range;
pub mod text;

mod error;
mod jobs;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use jobs::{JobDeps, ReadText, RemoveBlobs, orphans_schedule};
pub use migration::migrations;
pub use model::{
    BatesKey, BatesRefusal, Content, Digest, Document, DocumentFields, DocumentFilter, DocumentSort,
    DocumentVersion, Files, Settings, Source, Stats, Tally, TextStatus, UnknownName,
};
pub use routes::routes;
pub use service::production::{
    CaseTarget, FaultSink, ImportOptions, ProductionError, ProductionFault, ProductionReport, Progress,
    import_production,
};
pub use service::{
    Intake, NewFile, TextPiece, add_document, add_version, case_of_document, change_document,
    delete_document, find_document, find_version, list_documents, list_versions, put_content,
    read_text_piece, restore_version, stats,
};
