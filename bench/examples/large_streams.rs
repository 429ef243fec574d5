//! Works through what is larger than memory and prints what that took, in bytes of resident memory more than before:
//! `large_streams copy|json|batch|chunks BYTES FOLDER`.

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;
use streaming::{Batches, JsonLimits, chunk_array, parse_json_stream, process_batch};

headroom::install_allocator!();

const CHUNK: usize = 64 << 10;

/// An array of objects without an end, cut off at so many bytes and closed.
struct Made {
    left: u64,
    line: Vec<u8>,
    at: usize,
}

impl Made {
    fn of(bytes: u64) -> impl Read {
        let line = format!("{{\"title\":\"{}\",\"pages\":[1,2,3]}},", "n".repeat(400)).into_bytes();
        let whole = bytes / line.len() as u64 * line.len() as u64;
        (&b"["[..]).chain(Self { left: whole, line, at: 0 }).chain(&b"null]"[..])
    }
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.line[self.at..];
        let length = rest.len().min(buffer.len()).min(usize::try_from(self.left).unwrap_or(usize::MAX));
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at = (self.at + length) % self.line.len();
        self.left -= length as u64;
        Ok(length)
    }
}

/// Resident memory now or at most, in bytes.
fn resident(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("the kernel does not tell")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
}

async fn copy(bytes: u64, folder: &Path) -> anyhow::Result<u64> {
    let (source, target) = (folder.join("source"), folder.join("target"));
    File::create(&source)?.set_len(bytes)?;
    let copied = blob::stream_copy_file(&source, &target, CHUNK, &clock::SystemRandom, |_| ()).await?;
    Ok(copied.size_bytes)
}

async fn json(bytes: u64) -> anyhow::Result<u64> {
    let limits = JsonLimits { total_bytes: bytes + CHUNK as u64, ..JsonLimits::default() };
    let mut items = parse_json_stream::<Value, _>(Made::of(bytes), "", limits, None)?;
    let mut seen = 0;
    while let Some(item) = items.next().await {
        seen += item?.value.to_string().len() as u64 + 1;
    }
    Ok(seen)
}

async fn batch(bytes: u64) -> anyhow::Result<u64> {
    let items = stream::iter((0..bytes / CHUNK as u64).map(|_| vec![1_u8; CHUNK]));
    let batches = Batches { size: 8, concurrency: 4, ..Batches::default() };
    let work = |item: Vec<u8>| async move { Ok::<_, io::Error>(item.len() as u64) };
    let done = process_batch(items, batches, work);
    let sum = done.fold(Ok(0), |sum: io::Result<u64>, one| async move { Ok(sum? + one?) });
    Ok(sum.await?)
}

fn chunks(bytes: u64) -> anyhow::Result<u64> {
    let items = (0..bytes / 1024).map(|_| vec![1_u8; 1024]);
    let lengths =
        chunk_array(items, 64)?.map(|chunk| chunk.iter().map(|item| item.len() as u64).sum::<u64>());
    Ok(lengths.sum())
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_default();
    let bytes: u64 = arguments.next().context("how many bytes?")?.parse()?;
    let folder = arguments.next().context("which folder?")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let before = resident("VmRSS:")?;
    let seen = match mode.as_str() {
        "copy" => runtime.block_on(copy(bytes, Path::new(&folder)))?,
        "json" => runtime.block_on(json(bytes))?,
        "batch" => runtime.block_on(batch(bytes))?,
        "chunks" => chunks(bytes)?,
        _ => anyhow::bail!("one of copy, json, batch and chunks"),
    };
    // Of JSON only the rest of a line may be missing.
    anyhow::ensure!(seen + 1024 >= bytes, "{seen} of {bytes} bytes came through");
    let grown = resident("VmHWM:")?.saturating_sub(before);
    Ok(writeln!(io::stdout(), "{grown}")?)
}
