pub(crate) mod blobs;
mod changes;
mod intake;
pub(crate) mod production;
mod reading;
pub(crate) mod texts;
pub(crate) mod uploads;

pub use changes::{change_document, delete_document};
pub use intake::{Intake, NewFile};
pub use reading::{
    TextPiece, case_of_document, find_document, find_version, list_documents, list_versions, read_text_piece,
    stats,
};
pub(crate) use reading::{VersionKey, open_version, version_of};
pub use uploads::{add_document, add_version, put_content, restore_version};
