use crate::model::{Checkpoint, Mark, Trust, Verdict};
use clock::Timestamp;
use crypto::digest::SHA256_BYTES;
use crypto::ed25519::{KeyPair, PublicKey, SIGNATURE_BYTES};
use headroom::Pool;
use ids::FirmId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Keeps a second copy of every checkpoint, where who changes the database does not reach it.
pub trait Witness: Send + Sync + std::fmt::Debug {
    /// Keeps it; when this returns it is on the disk. Blocks.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn keep(&self, checkpoint: &Checkpoint) -> std::io::Result<()>;

    /// The newest checkpoint of the firm that it has. Blocks.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn newest(&self, firm: FirmId) -> std::io::Result<Option<Checkpoint>>;
}

/// Signs checkpoints and exports, and knows whose signatures count.
#[derive(Debug, Clone)]
pub struct Notary(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    key: KeyPair,
    trust: Trust,
    witness: Arc<dyn Witness>,
    memory: Pool,
    verified: AtomicU64,
    broken: AtomicU64,
}

impl Notary {
    /// Signs with `key`. Signatures by it and by the keys before it count. What a verification or an export holds is taken
    /// from `memory`.
    pub fn new(key: KeyPair, before: Vec<PublicKey>, witness: Arc<dyn Witness>, memory: Pool) -> Self {
        let mut keys = before;
        if !keys.contains(&key.public()) {
            keys.push(key.public());
        }
        let (verified, broken) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Parts { key, trust: Trust::new(keys), witness, memory, verified, broken }))
    }

    /// Whose signatures count.
    pub fn trust(&self) -> &Trust {
        &self.0.trust
    }

    /// What others check today's signatures with.
    pub fn public_key(&self) -> PublicKey {
        self.0.key.public()
    }

    /// Verifications since the start, and how many of them found a fault.
    pub fn verifications(&self) -> (u64, u64) {
        (self.0.verified.load(Ordering::Relaxed), self.0.broken.load(Ordering::Relaxed))
    }

    pub(crate) fn found(&self, verdict: &Verdict) {
        self.0.verified.fetch_add(1, Ordering::Relaxed);
        self.0.broken.fetch_add(u64::from(!verdict.is_intact()), Ordering::Relaxed);
    }

    pub(crate) fn memory(&self) -> &Pool {
        &self.0.memory
    }

    pub(crate) fn witness(&self) -> Arc<dyn Witness> {
        Arc::clone(&self.0.witness)
    }

    pub(crate) fn checkpoint(
        &self,
        firm: FirmId,
        mark: Mark,
        seq: i64,
        hash: [u8; SHA256_BYTES],
        at: Timestamp,
    ) -> Checkpoint {
        Checkpoint::sign(&self.0.key, firm, mark, seq, hash, at)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.key.sign(message)
    }
}
