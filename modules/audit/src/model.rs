mod act;
mod canonical;
mod chain;
mod checkpoint;
mod entity;
mod entry;
mod export;
mod filter;
mod form;
mod pending;
mod print;
mod redaction;
mod retention;
mod verification;

pub use act::{Act, Outcome};
pub(crate) use chain::start;
pub use chain::{Chain, Fault, Faults, Link, MOST_FAULTS, Trust};
pub use checkpoint::{Checkpoint, Mark};
pub use entity::Entity;
pub use entry::{Chained, Entry};
pub(crate) use export::{CHANGES, ExportDigest, end_message};
pub use export::{
    EndLine, EntryLine, ExportFault, FORMAT, Format, Line, Manifest, Read, SignedLine, read_export,
};
pub use filter::{Filter, Span};
pub use form::{Form, UnknownForm};
pub(crate) use pending::{Pending, Who};
pub use print::MOST_PRINTED;
pub(crate) use print::{Head, Print, print_message};
pub(crate) use redaction::redacted;
pub use retention::Retention;
pub use verification::{Asked, State, Tally, Verdict, Verification};
