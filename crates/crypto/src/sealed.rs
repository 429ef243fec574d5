//! Secrets that must be read again, such as those of authenticator apps: sealed with XChaCha20-Poly1305
//! (RFC 8439 with the long nonce of draft-irtf-cfrg-xchacha-03), by a key that has a name, so that keys can be changed.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use clock::Random;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// The length of a key in bytes.
pub const SEALING_KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// The longest name of a key.
const NAME_BYTES: usize = 32;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The keys cannot be read.
    #[error(
        "the sealing keys must be written `name:key`, separated by commas or lines, each key being 64 \
         hexadecimal digits and each name new"
    )]
    Keys,
    /// The key with which it was sealed is not known any more.
    #[error("the sealing key `{0}` is missing: put it back behind the present one")]
    UnknownKey(String),
    /// It was altered, belongs to something else, or the key of that name is another one.
    #[error("what was sealed cannot be opened: it was altered, or the key of that name is another one")]
    Altered,
    /// The cipher refused, which it does for texts of many gigabytes only.
    #[error("the secret could not be sealed")]
    Seal,
}

/// Something sealed: the key's name, and the nonce with the ciphertext behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key's name.
    pub key: String,
    /// 24 bytes of nonce and the ciphertext with its tag.
    pub bytes: Vec<u8>,
}

struct Key {
    name: String,
    cipher: XChaCha20Poly1305,
}

/// Keys by their names. The first one seals; all of them open.
pub struct SealingKeys {
    first: Key,
    older: Vec<Key>,
}

impl SealingKeys {
    /// One new key, in the form in which keys are read.
    pub fn generate(name: &str, random: &dyn Random) -> Zeroizing<String> {
        let mut key = Zeroizing::new([0; SEALING_KEY_BYTES]);
        random.fill(key.as_mut_slice());
        Zeroizing::new(format!("{name}:{}", crate::digest::hex(key.as_slice())))
    }

    /// Seals a secret for one place: what is sealed for one user does not open for another.
    pub fn seal(&self, secret: &[u8], place: &[u8], random: &dyn Random) -> Result<Sealed, Error> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let payload = Payload { msg: secret, aad: place };
        let sealed = self.first.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Seal)?;
        Ok(Sealed { key: self.first.name.clone(), bytes: [&nonce[..], &sealed].concat() })
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, sealed: &Sealed, place: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = std::iter::once(&self.first).chain(&self.older).find(|key| key.name == sealed.key);
        let key = key.ok_or_else(|| Error::UnknownKey(sealed.key.clone()))?;
        let (nonce, ciphertext) = sealed.bytes.split_first_chunk::<NONCE_BYTES>().ok_or(Error::Altered)?;
        let payload = Payload { msg: ciphertext, aad: place };
        let opened = key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Error::Altered)?;
        Ok(Zeroizing::new(opened))
    }

    /// Whether it was sealed with the key that seals today.
    pub fn is_present(&self, sealed: &Sealed) -> bool {
        sealed.key == self.first.name
    }
}

impl FromStr for SealingKeys {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut keys: Vec<Key> = Vec::new();
        for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let key = key(part).ok_or(Error::Keys)?;
            if keys.iter().any(|known| known.name == key.name) {
                return Err(Error::Keys);
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(Error::Keys)?;
        Ok(Self { first, older: keys.collect() })
    }
}

fn key(text: &str) -> Option<Key> {
    let (name, digits) = text.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = !name.is_empty() && name.len() <= NAME_BYTES && name.chars().all(plain);
    let bytes = Zeroizing::new(crate::digest::from_hex::<SEALING_KEY_BYTES>(digits)?);
    let cipher = XChaCha20Poly1305::new_from_slice(bytes.as_slice()).ok()?;
    is_name.then(|| Key { name: name.to_owned(), cipher })
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealingKeys({} and {} older)", self.first.name, self.older.len())
    }
}
