#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]
//! Whole-system tests over HTTP, on both databases: the server as the binary puts it together, in the test's process,
//! with its real router, workers and database. Only the clock, the randomness and the cost of password hashes are
//! replaced.
//!
//! [`TestApp::finish`] fails when a test leaves work, a borrowed byte or an open transaction behind.

mod app;
mod form;
mod lines;
mod mailbox;
mod provider;
mod raw;
mod route;
mod things;

pub use app::{PASSWORD, TestApp};
pub use form::Form;
pub use lines::{Sample, read_metrics};
pub use mailbox::{Mail, mail_to, mails};
pub use provider::{Browser, CLIENT_SECRET, Manners, Person, ProviderDouble, Signing, Tokens};
pub use raw::{RawConnection, head_of};
pub use route::{Route, is_id, routes};
pub use things::{
    Filled, Things, absent, add_client, add_entry, add_party, filled, id_of, make_key, one_of_each,
    open_case, put_on_team, raise_wall, record_time, total, upload_text,
};
