mod act;
mod canonical;
mod chain;
mod checkpoint;
mod entity;
mod entry;
mod export;
mod filter;
mod pending;
mod redaction;
mod retention;
mod verification;

pub use act::{Act, Outcome};
pub(crate) use canonical::Canonical;
pub(crate) use chain::start;
pub use chain::{Chain, Fault, Faults, Link, MOST_FAULTS, Trust};
pub use checkpoint::{Checkpoint, Mark};
pub use entity::Entity;
pub use entry::{Chained, Entry};
pub use export::{
    EndLine, EntryLine, ExportFault, FORMAT, Format, Line, Manifest, Read, SignedLine, read_export,
};
pub(crate) use export::{ExportDigest, end_message};
pub use filter::{Filter, Span};
pub(crate) use pending::{Pending, Who};
pub(crate) use redaction::redacted;
pub use retention::Retention;
pub use verification::{Asked, State, Tally, Verdict, Verification};
