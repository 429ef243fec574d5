//! Docket entries: what was filed in a case, as the court's docket lists it; and the import of federal dockets.
//!
//! Invariants: an entry belongs to one case and keeps its identity over imports ([`identity`]); importing the same
//! docket again adds nothing; what a newer copy leaves out is kept; a file is imported whole or not at all.

pub mod identity;
pub mod juriscraper;

mod error;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use migration::migrations;
pub use model::{Entry, EntryDraft, EntryFilter, EntrySort, Link, LinkDraft};
pub use routes::routes;
pub use service::{
    Imported, add_entry, case_of_entry, change_entry, delete_entry, find_entry, import_docket, list_entries,
};
