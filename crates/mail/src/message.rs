use crate::Fault;
use clock::Timestamp;
use ids::JobId;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use zeroize::Zeroizing;

/// The largest message, in bytes.
pub const MESSAGE_BYTES: usize = 256 << 10;
/// The longest address, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES: usize = 254;
/// The longest subject, in characters.
const SUBJECT_CHARS: usize = 200;

/// Somebody's name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: String,
    address: String,
}

impl Mailbox {
    /// A name, which may be empty, and an address.
    pub fn new(name: impl Into<String>, address: impl Into<String>) -> Result<Self, Fault> {
        let (name, address) = (name.into(), address.into());
        if name.chars().any(char::is_control) {
            return Err(Fault::Control("name"));
        }
        let plain = |part: &str| {
            !part.is_empty()
                && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>@,;:\\\"()[]".contains(c))
        };
        let fits = address.len() <= ADDRESS_BYTES;
        match address.rsplit_once('@') {
            Some((local, host)) if fits && plain(local) && plain(host) => Ok(Self { name, address }),
            _ => Err(Fault::Address),
        }
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The part of the address behind the `@`.
    fn host(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, host)| host)
    }
}

/// A mail of plain text to one person.
#[derive(Debug)]
pub struct Message {
    from: Mailbox,
    to: Mailbox,
    subject: String,
    text: Zeroizing<String>,
}

impl Message {
    /// A message whose headers hold one line each.
    pub fn new(
        from: Mailbox,
        to: Mailbox,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) -> Result<Self, Fault> {
        let (subject, text) = (subject.into(), Zeroizing::new(text.into()));
        if subject.chars().any(char::is_control) {
            return Err(Fault::Control("subject"));
        }
        if !(1..=SUBJECT_CHARS).contains(&subject.chars().count()) {
            return Err(Fault::Subject);
        }
        // Quoted-printable takes at most three bytes for one, and the headers some more.
        if text.len() > MESSAGE_BYTES / 4 {
            return Err(Fault::TooLarge);
        }
        Ok(Self { from, to, subject, text })
    }

    /// The message as it goes over the wire (RFC 5322, with MIME as in RFC 2045 to 2049). The same id and date give the
    /// same bytes.
    pub(crate) fn to_eml(&self, id: JobId, at: Timestamp) -> Result<Zeroizing<Vec<u8>>, Fault> {
        // Room for the largest message, so that no copy of a grown buffer stays behind.
        let mut eml = Zeroizing::new(Vec::with_capacity(self.text.len() * 3 + 4096));
        let mailbox = |mailbox: &Mailbox| {
            let name = Some(mailbox.name.clone()).filter(|name| !name.is_empty());
            Address::new_address(name, mailbox.address.clone())
        };
        let builder = MessageBuilder::new()
            .from(mailbox(&self.from))
            .to(mailbox(&self.to))
            .subject(self.subject.as_str())
            .date(Date::new(at.timestamp()))
            .message_id(format!("{id}@{}", self.from.host()))
            // Whoever is away must not answer to a machine (RFC 3834, 5).
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .text_body(self.text.as_str());
        // Writing into memory cannot fail.
        builder.write_to(&mut *eml).map_err(|_| Fault::TooLarge)?;
        if eml.len() > MESSAGE_BYTES { Err(Fault::TooLarge) } else { Ok(eml) }
    }
}
