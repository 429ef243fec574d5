//! What handlers take: read, bounded and checked, with every fault reported at once.

mod account;
mod conditions;
mod form;
mod json;
mod media;
mod nul;
mod patch;
mod path;
mod query;
mod survey;
mod upload;

pub use account::Account;
pub use conditions::{IfMatch, IfMatchTags};
pub use form::{TextBody, ValidForm};
pub use json::{Ruled, RuledJson, ValidJson};
pub use patch::MergePatch;
pub use path::PathId;
pub use query::ValidQuery;
pub use upload::{RawBody, UploadForm};

pub(crate) use json::read_value;
