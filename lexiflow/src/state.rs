//! The composition root: what there is, how it is put together, and in which order it starts and ends.
//!
//! [`Parts::open`] opens the database, the files and everything in memory that verbs need; commands stop there.
//! [`start`] goes on to a serving process: lock, first administrator, background work, listener.

mod bounds;
mod callers;
mod connections;
mod ending;
mod error;
mod first_start;
mod folder;
mod grants;
mod parts;
mod reload;
mod running;
mod schema;
mod settings;
mod sign_on;
mod signing;
mod spill_file;
mod witness;

pub use ending::{Outcome, Step};
pub use error::StartError;
pub use first_start::{Administrator, administrator, check_first_password};
pub use folder::{ServerLock, is_served, lock};
pub use grants::grants;
pub use parts::Parts;
pub use running::{Announcements, OpenMemory, Report, Running, StartOptions, start};
pub use schema::{applied_migrations, migrations};
pub use witness::WitnessFolder;

pub(crate) use bounds::{declare as declared_bounds, fit, limit_of, settle};
pub use settings::database as database_settings;
pub(crate) use settings::{BASE_BYTES, CONNECTION_BYTES, STREAM_BYTES, layers as layer_settings};
pub(crate) use signing::{
    keys as audit_keys, retention as audit_retention, rotate as rotate_audit_key, witness as audit_witness,
};
