//! Time entries: who worked how long on which case, and on what.
//!
//! Invariant: worked time is kept in whole seconds, as it was worked; rounding to billed units is a policy that is
//! applied later and never overwrites it. Rates, invoices and trust accounts are not part of this version.

mod error;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use migration::migrations;
pub use model::{TimeDraft, TimeEntry, TimeFilter};
pub use routes::routes;
pub use service::{case_of_time, change_time, delete_time, find_time, list_time, record_time};
