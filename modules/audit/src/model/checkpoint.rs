use clock::Timestamp;
use crypto::digest::SHA256_BYTES;
use crypto::ed25519::{KeyPair, PublicKey, SIGNATURE_BYTES};
use ids::FirmId;
use serde::Serialize;
use uuid::Uuid;

/// Names what is signed and its version.
const DOMAIN: &[u8] = b"lexiflow-audit-checkpoint-1";

/// What a signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The chain had this entry with this hash at this time: nothing up to it may change or go any more.
    Head,
    /// The entries up to this one, which had this hash, were removed because their time was over.
    Tombstone,
}

impl Mark {
    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Tombstone => "tombstone",
        }
    }

    /// The mark of a stored name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Head, Self::Tombstone].into_iter().find(|mark| mark.as_str() == name)
    }
}

/// A signed word about the chain of a firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose chain.
    pub firm: FirmId,
    /// Up to which entry.
    pub seq: i64,
    /// What it says.
    pub mark: Mark,
    /// The hash of that entry.
    pub hash: [u8; SHA256_BYTES],
    /// When it was signed, in whole microseconds.
    pub at: Timestamp,
    /// The name of the key.
    pub key: String,
    /// The signature (RFC 8032).
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Checkpoint {
    /// Signs the word.
    pub fn sign(
        key: &KeyPair,
        firm: FirmId,
        mark: Mark,
        seq: i64,
        hash: [u8; SHA256_BYTES],
        at: Timestamp,
    ) -> Self {
        let mut signed =
            Self { firm, seq, mark, hash, at, key: key.public().id(), signature: [0; SIGNATURE_BYTES] };
        signed.signature = key.sign(&signed.message());
        signed
    }

    /// Whether the holder of `key` signed exactly this.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.id() == self.key && key.verifies(&self.message(), &self.signature)
    }

    /// What is signed: fields of one length each, after a name that nothing else has.
    fn message(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(128);
        message.extend_from_slice(DOMAIN);
        message.push(match self.mark {
            Mark::Head => 1,
            Mark::Tombstone => 2,
        });
        message.extend_from_slice(Uuid::from(self.firm).as_bytes());
        message.extend_from_slice(&self.seq.to_be_bytes());
        message.extend_from_slice(&self.hash);
        message.extend_from_slice(&self.at.timestamp_micros().to_be_bytes());
        message.extend_from_slice(self.key.as_bytes());
        message
    }
}
