use crate::attestation::MOST_LEVELS;
use crate::{Fault, LONGEST_ID, RelyingParty};
use ciborium::Value;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_KEY: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// The identifier of the authenticator's model, which is not asked for.
const MODEL_BYTES: usize = 16;

/// What an authenticator says of a ceremony (6.1).
#[derive(Debug, Clone)]
pub(crate) struct AuthenticatorData<'a> {
    site_digest: &'a [u8; 32],
    flags: u8,
    pub(crate) counter: u32,
    pub(crate) made: Option<Made<'a>>,
}

/// The passkey that was made (6.5.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) id: &'a [u8],
    /// A `COSE_Key` (RFC 9052, 7), as it came.
    pub(crate) key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of it; a byte too many is a fault.
    pub(crate) fn parse(data: &'a [u8]) -> Result<Self, Fault> {
        Self::read(data).ok_or(Fault::AuthenticatorData)
    }

    fn read(data: &'a [u8]) -> Option<Self> {
        let (site_digest, rest) = data.split_first_chunk()?;
        let (&[flags], rest) = rest.split_first_chunk()?;
        let (&counter, mut rest) = rest.split_first_chunk()?;
        let made = if flags & HAS_KEY == 0 { None } else { Some(made(&mut rest)?) };
        if flags & HAS_EXTENSIONS != 0 {
            item(&mut rest)?.is_map().then_some(())?;
        }
        let counter = u32::from_be_bytes(counter);
        rest.is_empty().then_some(Self { site_digest, flags, counter, made })
    }

    /// Whether a user was there and verified, on this site (7.1, steps 14 to 17; 7.2, steps 16 to 19).
    pub(crate) fn check(&self, site: &RelyingParty) -> Result<(), Fault> {
        if self.site_digest != site.id_digest() {
            return Err(Fault::RelyingParty);
        }
        if self.flags & PRESENT == 0 {
            return Err(Fault::Presence);
        }
        if self.flags & VERIFIED == 0 {
            return Err(Fault::Verification);
        }
        if self.is_backed_up() && !self.may_be_backed_up() { Err(Fault::Backup) } else { Ok(()) }
    }

    pub(crate) fn may_be_backed_up(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(crate) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

fn made<'a>(rest: &mut &'a [u8]) -> Option<Made<'a>> {
    let (_model, behind) = rest.split_first_chunk::<MODEL_BYTES>()?;
    let (&length, behind) = behind.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(length));
    let (id, mut behind) = behind.split_at_checked(length)?;
    let start = behind;
    item(&mut behind)?;
    let key = start.get(..start.len() - behind.len())?;
    *rest = behind;
    (1..=LONGEST_ID).contains(&id.len()).then_some(Made { id, key })
}

/// The next item of CBOR, which is taken off.
pub(crate) fn item(rest: &mut &[u8]) -> Option<Value> {
    ciborium::de::from_reader_with_recursion_limit(rest, MOST_LEVELS).ok()
}
