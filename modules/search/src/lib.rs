//! Full-text search over cases, parties, docket entries and documents.
//!
//! The index hears events ([`Indexer`]) and never asks the modules that speak; a change is found some milliseconds
//! after its commit. The index lives in the same database, so a backup has it and a rollback undoes it. A search
//! returns only the caller's firm and only the kinds that the caller's role may read; counts obey the same rule.
//! Words are matched exactly, without stemming, with case and accents folded by [`folding`], which both databases are
//! given and asked for alike.

mod error;
mod hits;
mod indexer;
mod jobs;
mod migration;
mod model;
mod passage;
mod query;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use hits::Hits;
pub use indexer::Indexer;
pub use jobs::refold_schedule;
pub use migration::migrations;
pub use model::{Entry, Hit, Kind, Results};
pub use query::{Query, Term};
pub use routes::routes;
pub use service::{search, stats};
