//! Ed25519 signatures (RFC 8032): what one server signs, anybody can check who has the public key.

use crate::digest;
use clock::Random;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use std::fmt;
use zeroize::Zeroizing;

/// The length of a private and of a public key in bytes.
pub const KEY_BYTES: usize = 32;

/// The length of a signature in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// Bytes of a public key's digest that name it: enough to tell a firm's few keys apart, and no secret.
const ID_BYTES: usize = 8;

/// The bytes are not the public key of anybody (RFC 8032, 5.1.3), or one for which forgeries are easy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an Ed25519 public key: give the 64 hexadecimal digits as they were printed")]
pub struct NoPublicKey;

/// A private key with its public one. Never shown; wiped when it goes.
#[derive(Clone)]
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut seed = Zeroizing::new([0; KEY_BYTES]);
        random.fill(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    /// The key of a seed that was kept.
    pub fn from_seed(seed: &[u8; KEY_BYTES]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, to be kept where only the server can read it.
    pub fn seed(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// What others check signatures with.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("KeyPair").field(&self.public().id()).finish()
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// A key as it was printed: 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`NoPublicKey`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NoPublicKey> {
        let bytes = digest::from_hex(text.trim()).ok_or(NoPublicKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| NoPublicKey)?;
        if key.is_weak() { Err(NoPublicKey) } else { Ok(Self(key)) }
    }

    /// The key in hexadecimal digits.
    pub fn text(&self) -> String {
        digest::hex(self.0.as_bytes())
    }

    /// A short name of the key: the first 16 hexadecimal digits of its SHA-256.
    pub fn id(&self) -> String {
        digest::hex(&digest::sha256(self.0.as_bytes())[..ID_BYTES])
    }

    /// Whether the holder of the private key signed this message. Strict: one message has one signature.
    pub fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}
