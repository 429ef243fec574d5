//! Who did what: an append-only record, written in the same transaction as the change it tells of.
//!
//! Every verb that changes something calls [`record`] before it commits; if the record cannot be written, nothing
//! changes. The entries of a firm are a chain: each has a number without gaps and a hash over itself and the hash before
//! it. A [`Notary`] signs the end of the chain again and again, and a [`Witness`] keeps the signatures outside the
//! database, so that [`verify_chain`] finds what was altered, removed, moved, added or cut off. An [`export()`] is verified
//! by [`read_export`] without the server.

mod error;
mod jobs;
mod migration;
mod model;
mod notary;
mod refusals;
mod routes;
mod service;
mod spill;
mod store;

pub use error::{CODES, Error};
pub use jobs::{JobDeps, VerifyChain, schedules};
pub use migration::migrations;
pub use model::{
    Act, Asked, Chain, Chained, Checkpoint, EndLine, Entity, Entry, EntryLine, ExportFault, FORMAT, Fault,
    Faults, Filter, Form, Format, Line, Link, MOST_FAULTS, MOST_PRINTED, Manifest, Mark, Outcome, Read,
    Retention, SignedLine, Span, State, Tally, Trust, UnknownForm, Verdict, Verification, read_export,
};
pub use notary::{Notary, Witness};
pub use refusals::{REFUSALS_BYTES, Refusals};
pub use routes::{AuditEntryView, ListEntriesOfCase, page_of_case, routes};
pub use service::{
    Against, Chains, EXPORT_BYTES, Export, MOST_CRITICAL, Report, Summary, Wanted, ask_for_verification,
    checkpoint, entries_of, export, find_entry, find_verification, list_entries, list_entries_of_case,
    list_verifications, purge, record, record_leaving, record_sign_in, report, summarize, verify_chain,
};
pub use spill::{Spill, SpillFile, record_reading, record_within};
