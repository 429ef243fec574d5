mod chains;
pub(crate) mod checkpoint;
pub(crate) mod export;
mod query;
mod record;
pub(crate) mod retention;
pub(crate) mod verifications;
mod verify;

pub use chains::Chains;
pub use checkpoint::checkpoint;
pub use export::{EXPORT_BYTES, Export, export};
pub(crate) use query::REPORT_BYTES;
pub use query::{
    MOST_CRITICAL, Report, Summary, Wanted, find_entry, list_entries, list_entries_of_case, report, summarize,
};
pub(crate) use record::record_spilled;
pub use record::{entries_of, record, record_leaving, record_sign_in};
pub use retention::purge;
pub use verifications::{ask_for_verification, find_verification, list_verifications};
pub use verify::{Against, verify_chain};
