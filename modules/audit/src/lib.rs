//! Who did what: an append-only record, written in the same transaction as the change it tells of.
//!
//! Every verb that changes something calls [`record`] before it commits; if the record cannot be written, nothing
//! changes. The hash chain and the signed checkpoints of a later version hang on the one insert in `store.rs`.

mod error;
mod migration;
mod model;
mod service;
mod store;

pub use error::Error;
pub use migration::migrations;
pub use model::{Act, Entity, Entry};
pub use service::{entries_of, record, record_sign_in};
