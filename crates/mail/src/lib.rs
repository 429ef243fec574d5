//! Outgoing mail: messages as RFC 5322 writes them, and the ways they go.
//!
//! - A [`Message`] is checked when it is made: no line break gets into a header, no address is none.
//! - A [`Transport`] delivers an [`Outgoing`] mail. [`FileTransport`] writes it as a file for whoever looks after the
//!   server; [`MemoryTransport`] keeps it for a test. Nothing here uses the network.
//! - A mail may hold a link that lets somebody in. So its content is never logged, is overwritten when it is dropped, and
//!   its file is readable by the server's user only and is removed after a while.

mod error;
mod file;
mod memory;
mod message;
mod transport;

pub use error::{Error, Fault};
pub use file::{FileTransport, Keep};
pub use memory::MemoryTransport;
pub use message::{MESSAGE_BYTES, Mailbox, Message};
pub use transport::{Outgoing, SharedTransport, Transport};
