mod entries;
mod import;
mod record;

pub use entries::{add_entry, case_of_entry, change_entry, delete_entry, find_entry, list_entries};
pub use import::{Imported, import_docket};
