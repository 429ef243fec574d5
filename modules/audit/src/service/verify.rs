use crate::model::{Asked, Chain, Mark, Trust, Verdict, start};
use crate::store::log::Met;
use crate::{Checkpoint, Error, Fault, Link, store};
use db::Reads;
use headroom::Pool;
use ids::FirmId;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Entries that are in memory at once, twice: some are read while those before are looked at.
const PAGE: u64 = 32;
/// What two pages hold at most: entries with changes of 64 KiB each, and what is round them.
const PAGE_BYTES: u64 = 2 * PAGE * (72 << 10);
/// How long a verification waits for that memory.
const PATIENCE: Duration = Duration::from_secs(30);

/// Checkpoints in one question: more than a page of entries can have, one of each mark.
const CHECKPOINTS: u64 = 2 * PAGE;
/// Tombstones that are looked at: one for each purge, of which only the last matters.
const TOMBSTONES: u64 = 100;

/// What a verification compares the chain with.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// The keys whose signatures count.
    pub trust: &'a Trust,
    /// The newest checkpoint that was kept outside the database.
    pub witnessed: Option<&'a Checkpoint>,
}

/// Reads a firm's chain, or a stretch of it, and everything that was signed about it.
///
/// # Errors
/// [`Error::Database`], [`Error::Memory`] when the memory for it does not come free, and [`Error::Interrupted`].
pub async fn verify_chain(
    db: &impl Reads,
    memory: &Pool,
    firm: FirmId,
    against: Against<'_>,
    asked: Asked,
    stop: &CancellationToken,
) -> Result<Verdict, Error> {
    let _pages = memory.lease(PAGE_BYTES, PATIENCE).await?;
    let tombstones = store::checkpoints::tombstones(db, firm, TOMBSTONES).await?;
    let begins = start(&tombstones, firm, against.trust);
    // What is written from now on is left to the next verification.
    let end = store::log::end(db, firm).await?.seq;
    let to = asked.to.unwrap_or(end).min(end);
    let mut link = begins;
    if let Some(before) = asked.from.map(|from| from - 1).filter(|before| *before > begins.seq) {
        link = store::log::link(db, firm, before).await?.unwrap_or(begins);
    }
    let first = link.seq + 1;
    let mut reading = Reading::new(firm, link, against.trust);
    let mut page = store::log::stretch(db, firm, link.seq, to, PAGE).await?;
    while let Some(last) = page.last().map(Met::seq) {
        if stop.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let about = store::checkpoints::between(db, firm, reading.seen, last, CHECKPOINTS).await?;
        let looking = headroom::spawn_blocking(move || reading.look(&page, &about));
        let (next, looked) = tokio::join!(store::log::stretch(db, firm, last, to, PAGE), looked(looking));
        (page, reading) = (next?, looked?);
    }
    if to == end {
        reading.end(db, against.witnessed).await?;
    }
    let stretch = (first <= to).then_some((first, to));
    Ok(reading.verdict(stretch, begins))
}

async fn looked(work: tokio::task::JoinHandle<Reading>) -> Result<Reading, Error> {
    work.await.map_err(|_| Error::Interrupted)
}

/// A verification under way.
struct Reading {
    firm: FirmId,
    chain: Chain,
    trust: Trust,
    /// The checkpoints up to this entry were looked at.
    seen: i64,
    checkpoints: u64,
    signed_up_to: Option<i64>,
}

impl Reading {
    fn new(firm: FirmId, link: Link, trust: &Trust) -> Self {
        Self {
            firm,
            chain: Chain::after(firm, link),
            trust: trust.clone(),
            seen: link.seq,
            checkpoints: 0,
            signed_up_to: None,
        }
    }

    fn look(mut self, page: &[Met], about: &[Checkpoint]) -> Self {
        let mut about = about.iter().peekable();
        for met in page {
            match met {
                Met::Legible(chained) => self.chain.entry(chained),
                Met::Garbled(seq) => self.chain.garbled(*seq),
            }
            while let Some(checkpoint) = about.next_if(|checkpoint| checkpoint.seq <= met.seq()) {
                if self.counts(checkpoint) {
                    self.chain.checkpoint(checkpoint);
                }
            }
            self.seen = self.seen.max(met.seq());
        }
        self
    }

    /// Whether the signature of a checkpoint counts. That it does not is a fault.
    fn counts(&mut self, checkpoint: &Checkpoint) -> bool {
        self.checkpoints += 1;
        let fault = self.trust.fault(self.firm, checkpoint);
        let counts = fault.is_none();
        if counts && checkpoint.mark == Mark::Head {
            self.signed_up_to = self.signed_up_to.max(Some(checkpoint.seq));
        }
        if let Some(fault) = fault {
            self.chain.note(fault);
        }
        counts
    }

    /// Looks at what was signed about entries that are not there, in the database and outside.
    async fn end(&mut self, db: &impl Reads, witnessed: Option<&Checkpoint>) -> Result<(), Error> {
        let mut beyond = 0;
        loop {
            let rest = store::checkpoints::between(db, self.firm, self.seen, i64::MAX, CHECKPOINTS).await?;
            let Some(last) = rest.last() else { break };
            self.seen = last.seq;
            for checkpoint in &rest {
                if self.counts(checkpoint) {
                    beyond = beyond.max(checkpoint.seq);
                }
            }
        }
        if let Some(witnessed) = witnessed
            && self.counts(witnessed)
        {
            beyond = beyond.max(witnessed.seq);
            let there = store::log::link(db, self.firm, witnessed.seq).await?;
            if there.is_some_and(|link| link.seq == witnessed.seq && link.hash != witnessed.hash) {
                self.chain.note(Fault::Rewritten { seq: witnessed.seq });
            }
        }
        self.chain.ends_before(beyond);
        Ok(())
    }

    fn verdict(self, stretch: Option<(i64, i64)>, begins: Link) -> Verdict {
        let (entries, faults) = self.chain.finish();
        Verdict {
            entries,
            checkpoints: self.checkpoints,
            first: stretch.map(|(first, _)| first),
            last: stretch.map(|(_, last)| last),
            signed_up_to: self.signed_up_to,
            begins_after: (begins.seq > 0).then_some(begins.seq),
            fault_count: faults.count(),
            faults: faults.told().to_vec(),
        }
    }
}
