//! The settings of outgoing mail.

use super::settings::{Gap, Settings};
use std::time::Duration;

/// Outgoing mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Where links in mail lead; empty for the address that the server listens on.
    pub public_url: String,
    /// Whom mail comes from.
    pub from_address: String,
    /// The name beside that address.
    pub from_name: String,
    /// The most mails that are kept as files.
    pub keep_files: usize,
    /// Time that such a file stays.
    pub keep_age: Duration,
}

pub(super) fn read(s: &Settings) -> Result<Mail, Gap> {
    Ok(Mail {
        public_url: s.text("mail.public_url")?,
        from_address: s.text("mail.from_address")?,
        from_name: s.text("mail.from_name")?,
        keep_files: s.number("mail.keep_files")?,
        keep_age: s.time("mail.keep_age")?,
    })
}
