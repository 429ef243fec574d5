//! Clients: whom the firm works for.
//!
//! - A client has a number of its firm (`CL-000001`), given in the transaction that adds it; no two share one.
//! - A client that a case refers to cannot be removed: the reference itself forbids it.
//! - Every change is audited and announced (`client.added`, `client.changed`, `client.deleted`).

mod error;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use migration::migrations;
pub use model::{Client, ClientFields, ClientFilter, ClientKind, ClientSort, ClientStatus, client_number};
pub use routes::routes;
pub use service::{add_client, change_client, delete_client, find_client, list_clients};
