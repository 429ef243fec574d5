//! Requests to other people's servers, such as the provider that people sign in with.
//!
//! - A [`Guard`] stands before each connection: a name is resolved here, every address that it leads to is looked at, and
//!   the connection is made to one of these very addresses. So neither a name nor a redirect leads to what only this
//!   machine or the firm's network can reach, unless somebody has said that it may.
//! - Everything has an end: connecting, the whole exchange, the head and the body of the answer, how many run at once. The
//!   memory of an answer is lent by a pool before it is read.
//! - A redirect is an answer as any other; nothing follows it. Each request has a connection of its own, and nothing of
//!   one is kept for the next.
//! - TLS (RFC 8446, RFC 5246) by rustls with one provider of cryptography, *ring*. Certificates are checked against
//!   Mozilla's roots, and a firm's own where a file names them, at the time of the server's clock.

mod client;
mod error;
mod exchange;
mod guard;
mod request;
mod resolve;
mod target;
mod tls;

pub use client::{Client, Settings};
pub use error::Error;
pub use guard::{Guard, Reach, is_public};
pub use request::{Answer, Request, form_encoded, percent_encoded};
pub use resolve::{Resolve, SystemResolver};
pub use target::{Target, TargetFault};
pub use tls::{RootsFault, TrustedRoots};
