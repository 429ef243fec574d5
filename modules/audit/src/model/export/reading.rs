use super::line::{
    ENTRY_LINE, EndLine, EntryLine, ExportDigest, FORMAT, FORMAT_BEFORE, Line, Manifest, SignedLine,
    end_message,
};
use crate::model::chain::{Chain, Fault, Faults, Link, Trust};
use crate::model::{Mark, Verdict};
use crypto::digest::{from_hex, hex};
use serde::Deserialize;
use std::io::{self, BufRead, Read as _};

/// The longest line that is read, in bytes: the longest changes, each character escaped, and what is round them.
const LINE_BYTES: u64 = 1 << 20;

/// Why an export cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportFault {
    /// It is not an export.
    #[error(
        "line {line} is not what an export of the audit log has there ({reason}): give the file as it was exported"
    )]
    NotAnExport {
        /// Which line, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
}

/// What an export says of itself, and what a look at it found.
#[derive(Debug)]
pub struct Read {
    /// The first line.
    pub manifest: Manifest,
    /// What was found.
    pub verdict: Verdict,
}

/// Verifies an export, line by line: every hash, every signature, the digest and the signature of the whole.
///
/// # Errors
/// [`ExportFault`] when it is no export. A fault of the chain is no error.
pub fn read_export(source: impl BufRead, trust: &Trust) -> Result<Read, ExportFault> {
    let mut lines = Lines { source, number: 0, text: Vec::new() };
    if !lines.advance()? {
        return Err(lines.refused("it is empty"));
    }
    let Line::Manifest(manifest) = lines.parsed()? else {
        return Err(lines.refused("it does not say what it is"));
    };
    if manifest.format != FORMAT && manifest.format != FORMAT_BEFORE {
        return Err(lines.refused(&format!("its format is `{}`, not `{FORMAT}`", manifest.format)));
    }
    let mut reading = Reading::new(manifest, trust);
    reading.digest.bytes.update(&lines.text);
    while lines.advance()? {
        if reading.ended {
            return Err(lines.refused("it comes after the end"));
        }
        if lines.text.starts_with(ENTRY_LINE) {
            // Nearly every line: its members are read at once, where a tagged one is gathered first.
            reading.entry(&lines.parsed()?);
        } else {
            reading.line(lines.parsed()?, &lines)?;
        }
        reading.digest.bytes.update(&lines.text);
    }
    Ok(reading.finish())
}

/// The lines of an export, one after the other in one buffer.
struct Lines<R> {
    source: R,
    number: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Goes on to the next line; whether there is one.
    fn advance(&mut self) -> Result<bool, ExportFault> {
        self.text.clear();
        let mut limited = (&mut self.source).take(LINE_BYTES);
        let read = limited.read_until(b'\n', &mut self.text).map_err(ExportFault::Unreadable)?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.text.last() != Some(&b'\n') {
            return Err(self.refused("it is cut off, or too long"));
        }
        Ok(true)
    }

    /// What the line says.
    fn parsed<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ExportFault> {
        serde_json::from_slice(&self.text).map_err(|error| self.refused(&error.to_string()))
    }

    fn refused(&self, reason: &str) -> ExportFault {
        ExportFault::NotAnExport { line: self.number.max(1), reason: reason.to_owned() }
    }
}

struct Reading {
    manifest: Manifest,
    trust: Trust,
    /// Begins with the first entry.
    chain: Option<Chain>,
    /// Faults before the first entry.
    early: Faults,
    digest: ExportDigest,
    last: Option<Link>,
    /// The last entry that was removed for its age, if a signature says so.
    buried: i64,
    verdict: Verdict,
    ended: bool,
}

impl Reading {
    fn new(manifest: Manifest, trust: &Trust) -> Self {
        Self {
            manifest,
            trust: trust.clone(),
            chain: None,
            early: Faults::default(),
            digest: ExportDigest::default(),
            last: None,
            buried: 0,
            verdict: Verdict::default(),
            ended: false,
        }
    }

    fn line<R: BufRead>(&mut self, line: Line<'_>, lines: &Lines<R>) -> Result<(), ExportFault> {
        match line {
            Line::Manifest(_) => return Err(lines.refused("it says what it is twice")),
            Line::Entry(entry) => self.entry(&entry),
            Line::Checkpoint(signed) => {
                self.checkpoint(signed).ok_or_else(|| lines.refused("it is no checkpoint"))?;
            }
            Line::End(end) => self.end(&end),
        }
        Ok(())
    }

    /// Nothing when the line is no checkpoint.
    fn checkpoint(&mut self, signed: SignedLine) -> Option<()> {
        let checkpoint = signed.into_checkpoint()?;
        self.verdict.checkpoints += 1;
        if let Some(fault) = self.trust.fault(self.manifest.firm, &checkpoint) {
            self.note(fault);
        } else if checkpoint.mark == Mark::Tombstone && self.chain.is_none() {
            self.buried = self.buried.max(checkpoint.seq);
        } else if let Some(chain) = &mut self.chain {
            chain.checkpoint(&checkpoint);
            if checkpoint.mark == Mark::Head {
                self.verdict.signed_up_to = self.verdict.signed_up_to.max(Some(checkpoint.seq));
                chain.ends_before(checkpoint.seq);
            }
        }
        Some(())
    }

    fn entry(&mut self, line: &EntryLine<'_>) {
        let (firm, before, hash) = (self.manifest.firm, line.before(), line.hash());
        let entry = line.covered(firm);
        let (seq, follows) = (entry.seq, Link { seq: entry.seq.saturating_sub(1), hash: before, at: None });
        match (&mut self.chain, self.last) {
            (Some(chain), Some(last)) if self.manifest.complete || seq == last.seq + 1 => {
                // That the line names the same hash before it is part of what was exported.
                if seq == last.seq + 1 && before != last.hash {
                    chain.note(Fault::Altered { seq });
                }
            }
            // Others lie between, which nobody asked for: the line says what this one follows.
            (Some(chain), Some(last)) if seq > last.seq => chain.skip_to(Link { at: last.at, ..follows }),
            (Some(_), _) => {}
            (None, _) => {
                self.chain = Some(Chain::after(firm, follows));
                self.verdict.first = Some(seq);
                self.verdict.begins_after = (seq > 1).then_some(seq - 1);
                let from_the_beginning = self.manifest.complete && self.manifest.filter.get("from").is_none();
                if from_the_beginning && seq > self.buried + 1 {
                    self.note(Fault::Missing { from: self.buried + 1, to: seq - 1 });
                }
            }
        }
        if let Some(chain) = &mut self.chain {
            chain.look(&entry, &hash);
            self.last = Some(chain.last());
        }
        self.verdict.last = self.verdict.last.max(Some(seq));
        self.digest.entry(hash);
    }

    fn end(&mut self, end: &EndLine) {
        self.ended = true;
        let digest = self.digest.bytes.clone().finish();
        let hashes = (self.digest.first.map(|hash| hex(&hash)), self.digest.last.map(|hash| hex(&hash)));
        let fits = end.sha256 == hex(&digest)
            && end.entries == self.digest.entries
            && hashes == (end.first_hash.clone(), end.last_hash.clone());
        if !fits {
            self.note(Fault::ExportAltered);
        }
        let message = end_message(self.manifest.firm, end.entries, &digest);
        let seq = self.verdict.last.unwrap_or(0);
        let known = self.trust.keys().iter().find(|key| key.id() == end.key);
        match (known, from_hex(&end.signature)) {
            (None, _) => self.note(Fault::UnknownKey { seq, key: end.key.clone() }),
            (Some(key), Some(signature)) if key.verifies(&message, &signature) => {}
            (Some(_), _) => self.note(Fault::BadSignature { seq, key: end.key.clone() }),
        }
    }

    fn note(&mut self, fault: Fault) {
        match &mut self.chain {
            Some(chain) => chain.note(fault),
            None => self.early.push(fault),
        }
    }

    fn finish(mut self) -> Read {
        if !self.ended {
            self.note(Fault::ExportCutOff);
        }
        let firm = self.manifest.firm;
        let chain = self.chain.unwrap_or_else(|| Chain::after(firm, Link::BEGINNING));
        let (entries, mut faults) = chain.finish();
        faults.join(self.early);
        let verdict =
            Verdict { entries, fault_count: faults.count(), faults: faults.told().to_vec(), ..self.verdict };
        Read { manifest: self.manifest, verdict }
    }
}
