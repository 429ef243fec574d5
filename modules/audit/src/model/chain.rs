//! Whether a chain is whole. It needs nothing but the entries and the signed checkpoints, from wherever they come.

use super::canonical::{BEGINNING, Canonical, Covered};
use super::{Chained, Checkpoint, Mark};
use clock::Timestamp;
use crypto::digest::SHA256_BYTES;
use crypto::ed25519::PublicKey;
use ids::FirmId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Faults that are told one by one; of more only the number is told.
pub const MOST_FAULTS: usize = 100;

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "fault")]
#[schema(as = AuditFault)]
pub enum Fault {
    /// Entries are not there.
    Missing {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// The entry is not as it was written, or does not follow the one before it.
    Altered {
        /// Which entry.
        seq: i64,
    },
    /// The entry stands twice or after a later one.
    OutOfOrder {
        /// Which entry.
        seq: i64,
    },
    /// The entry claims to be older than the one before it.
    ClockBack {
        /// Which entry.
        seq: i64,
    },
    /// The entry belongs to another firm.
    OtherFirm {
        /// Which entry.
        seq: i64,
    },
    /// The entry is not the one that was signed: it and those before were written anew.
    Rewritten {
        /// Which entry.
        seq: i64,
    },
    /// The chain ends before an entry that was signed.
    CutOff {
        /// The last entry that is there.
        last: i64,
        /// The last entry that was signed.
        signed: i64,
    },
    /// The checkpoint's signature does not fit: somebody else made it or changed it.
    BadSignature {
        /// The entry that it is about.
        seq: i64,
        /// The key that it names.
        key: String,
    },
    /// The export ends without its last line.
    ExportCutOff,
    /// The export's last line does not fit what comes before it.
    ExportAltered,
    /// The checkpoint or the export is signed with a key that is not among those which are trusted.
    UnknownKey {
        /// The entry that it is about.
        seq: i64,
        /// The key that it names.
        key: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { from, to } if from == to => write!(f, "entry {from} is missing"),
            Self::Missing { from, to } => write!(f, "the entries {from} to {to} are missing"),
            Self::Altered { seq } => {
                write!(f, "entry {seq} is not as it was written, or does not follow the one before it")
            }
            Self::OutOfOrder { seq } => write!(f, "entry {seq} stands twice or after a later one"),
            Self::ClockBack { seq } => write!(f, "entry {seq} claims to be older than the one before it"),
            Self::OtherFirm { seq } => write!(f, "entry {seq} belongs to another firm"),
            Self::Rewritten { seq } => write!(f, "entry {seq} is not the one that was signed"),
            Self::CutOff { last, signed } => {
                write!(f, "the log ends with entry {last}, but entry {signed} was signed")
            }
            Self::BadSignature { seq, key } => {
                write!(f, "the signature about entry {seq} is not one of key {key}")
            }
            Self::UnknownKey { seq, key } => {
                write!(f, "what was signed about entry {seq} is signed with key {key}, which is not trusted")
            }
            Self::ExportCutOff => f.write_str("the export ends without its last line"),
            Self::ExportAltered => f.write_str("the export is not as it was written"),
        }
    }
}

/// The end of a stretch of the chain: what the next entry has to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The number of the entry.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; SHA256_BYTES],
    /// Its time; nothing before the first entry and where it is gone.
    pub at: Option<Timestamp>,
}

impl Link {
    /// Before the first entry of a firm.
    pub const BEGINNING: Self = Self { seq: 0, hash: BEGINNING, at: None };
}

/// Reads a stretch of a chain, entry by entry.
#[derive(Debug)]
pub struct Chain {
    firm: FirmId,
    last: Link,
    entries: u64,
    faults: Faults,
    canonical: Canonical,
}

/// What was found wrong.
#[derive(Debug, Default)]
pub struct Faults {
    told: Vec<Fault>,
    all: u64,
}

impl Faults {
    /// Notes a fault; only the first are kept in full.
    pub fn push(&mut self, fault: Fault) {
        self.all += 1;
        if self.told.len() < MOST_FAULTS {
            self.told.push(fault);
        }
    }

    /// Adds others, which come after these.
    pub fn join(&mut self, others: Self) {
        self.all += others.all;
        let room = MOST_FAULTS.saturating_sub(self.told.len());
        self.told.extend(others.told.into_iter().take(room));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.all
    }

    /// The first of them.
    pub fn told(&self) -> &[Fault] {
        &self.told
    }
}

impl Chain {
    /// The chain of `firm` after `link`.
    pub fn after(firm: FirmId, link: Link) -> Self {
        Self { firm, last: link, entries: 0, faults: Faults::default(), canonical: Canonical::default() }
    }

    /// Looks at the next entry.
    pub fn entry(&mut self, chained: &Chained) {
        self.look(&chained.covered(), &chained.hash);
    }

    /// The same for an entry that lies elsewhere.
    pub(crate) fn look(&mut self, entry: &Covered<'_>, hash: &[u8; SHA256_BYTES]) {
        let before = self.last;
        self.entries += 1;
        if entry.firm != self.firm {
            self.faults.push(Fault::OtherFirm { seq: entry.seq });
        }
        if entry.seq <= before.seq {
            self.faults.push(Fault::OutOfOrder { seq: entry.seq });
            return;
        }
        if entry.seq > before.seq + 1 {
            self.faults.push(Fault::Missing { from: before.seq + 1, to: entry.seq - 1 });
        } else if self.canonical.hash(entry, &before.hash) != Some(*hash) {
            self.faults.push(Fault::Altered { seq: entry.seq });
        }
        if before.at.is_some_and(|at| entry.at < at) {
            self.faults.push(Fault::ClockBack { seq: entry.seq });
        }
        self.last = Link { seq: entry.seq, hash: *hash, at: Some(entry.at) };
    }

    /// The next entry cannot even be read.
    pub fn garbled(&mut self, seq: i64) {
        self.entries += 1;
        if seq > self.last.seq + 1 {
            self.faults.push(Fault::Missing { from: self.last.seq + 1, to: seq - 1 });
        }
        self.faults.push(Fault::Altered { seq });
        self.last = Link { seq, hash: BEGINNING, at: self.last.at };
    }

    /// Looks at a checkpoint about the entry that came last.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) {
        if checkpoint.seq == self.last.seq && checkpoint.hash != self.last.hash {
            self.faults.push(Fault::Rewritten { seq: checkpoint.seq });
        }
    }

    /// Goes on after entries that are left out on purpose.
    pub fn skip_to(&mut self, link: Link) {
        self.last = link;
    }

    /// The last entry.
    pub fn last(&self) -> Link {
        self.last
    }

    /// Something else about the chain is wrong.
    pub fn note(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// The chain ends here, though `signed` was signed.
    pub fn ends_before(&mut self, signed: i64) {
        if signed > self.last.seq {
            self.faults.push(Fault::CutOff { last: self.last.seq, signed });
        }
    }

    /// How many entries were looked at, and what was wrong.
    pub fn finish(self) -> (u64, Faults) {
        (self.entries, self.faults)
    }
}

/// The keys whose signatures count.
#[derive(Debug, Clone, Default)]
pub struct Trust(Vec<PublicKey>);

impl Trust {
    /// These keys.
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// The keys.
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }

    /// What is wrong with the signature of a checkpoint of `firm`, if anything is.
    pub fn fault(&self, firm: FirmId, checkpoint: &Checkpoint) -> Option<Fault> {
        let (seq, key) = (checkpoint.seq, checkpoint.key.clone());
        match self.0.iter().find(|known| known.id() == checkpoint.key) {
            None => Some(Fault::UnknownKey { seq, key }),
            Some(known) if checkpoint.firm == firm && checkpoint.is_signed_by(known) => None,
            Some(_) => Some(Fault::BadSignature { seq, key }),
        }
    }
}

/// After which entry the chain begins: the last tombstone whose signature counts, or the beginning.
pub(crate) fn start(checkpoints: &[Checkpoint], firm: FirmId, trust: &Trust) -> Link {
    let tombstones = checkpoints.iter().filter(|checkpoint| checkpoint.mark == Mark::Tombstone);
    let trusted = tombstones.filter(|checkpoint| trust.fault(firm, checkpoint).is_none());
    let last = trusted.max_by_key(|checkpoint| checkpoint.seq);
    last.map_or(Link::BEGINNING, |checkpoint| Link { seq: checkpoint.seq, hash: checkpoint.hash, at: None })
}
