//! The accept loop: connections with bounded buffers, deadlines and a bounded number.
//!
//! A stock server lets a client that never finishes its headers hold hundreds of kilobytes, and a thousand of them all
//! memory there is. Here the bound comes first: a permit before a connection is accepted, small kernel and protocol
//! buffers, and a deadline on everything a peer can drag out.

mod accept;
mod addresses;
mod answer;
mod apart;
mod connection;
mod crowd;
mod elsewhere;
mod full;
mod idle;
mod listen;
mod patience;
mod settings;
mod stats;
mod streams;
mod triage;
mod wire;

pub use accept::serve;
pub(crate) use answer::UntilSent;
pub use apart::{Apart, serve_apart};
pub use connection::PeerAddr;
pub(crate) use connection::ServerTasks;
pub use crowd::Crowd;
pub use listen::bind;
pub use settings::ServerSettings;
pub use stats::{Report, ServerStats};
