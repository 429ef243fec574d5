//! What this machine itself takes for three things that a request is made of. Machines of one name differ by a factor
//! of two, and a figure in microseconds tells little without them.

use crate::quantity::Quantity;
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use nix::time::ClockId;
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::io::{Seek as _, SeekFrom, Write as _};

const MIB: usize = 1 << 20;
const DIGESTS: u64 = 50;
const CALLS: u64 = 100_000;
const SYNCS: u64 = 200;
/// A page of the database.
const PAGE: usize = 4096;

/// CPU time of each, without a target.
pub(super) fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let data = vec![7_u8; MIB];
    let digest = each(DIGESTS, || {
        black_box(Sha256::digest(black_box(&data)));
        Ok(())
    })?;
    let call = each(CALLS, || {
        black_box(std::process::id());
        Ok(())
    })?;
    let mut file = tempfile::tempfile_in(&setup.scratch).context("no file for syncs")?;
    let page = [7_u8; PAGE];
    let sync = each(SYNCS, || {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&page)?;
        Ok(file.sync_data()?)
    })?;
    let row =
        |what: &str, nanos| Row::plain(&format!("this machine, CPU time, {what}"), Quantity::nanos(nanos));
    Ok(vec![
        row("SHA-256 of 1 MiB", digest),
        row("a system call", call),
        row("a page written and synced", sync),
    ])
}

/// This thread's CPU time for one of `count` calls, in nanoseconds.
fn each(count: u64, mut act: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let before = thread_nanos()?;
    for _ in 0..count {
        act()?;
    }
    Ok((thread_nanos()? - before) / count)
}

fn thread_nanos() -> anyhow::Result<u64> {
    let time = ClockId::CLOCK_THREAD_CPUTIME_ID.now()?;
    Ok(u64::try_from(time.tv_sec())? * 1_000_000_000 + u64::try_from(time.tv_nsec())?)
}
