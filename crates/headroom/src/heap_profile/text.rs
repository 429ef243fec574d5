//! jemalloc's own text form, `heap_v2`, read line by line: the dump is never in memory as a whole.

use super::maps::{Mapping, read_line};
use super::unbias::unbiased;
use super::{FRAME_CAP, HeapProfile, HeapUse};
use std::io::{self, BufRead, Read as _};

/// Longer than a stack of 1,024 frames, the deepest that jemalloc can be built for.
const LINE_BYTES: u64 = 32 << 10;

/// Why a text is no dump.
#[derive(Debug, thiserror::Error)]
pub enum NotADump {
    /// It cannot be read.
    #[error("the dump cannot be read")]
    Read(#[from] io::Error),
    /// A line is not what the format says.
    #[error("line {line} of the dump is not in the form heap_v2")]
    Line {
        /// Which, from one.
        line: u64,
    },
    /// It ends too early.
    #[error("the dump ends too early, in line {line}")]
    Cut {
        /// Where, from one.
        line: u64,
    },
}

/// Which part of the dump is being read.
enum Part {
    Rate,
    /// Totals by thread, and stacks.
    Stacks,
    /// A stack was named; its counts follow.
    Counts,
    Mappings,
}

impl HeapProfile {
    /// Reads a dump. Build ids are not part of it.
    pub fn read_dump(dump: impl BufRead) -> Result<Self, NotADump> {
        let mut lines = Lines { source: dump, line: Vec::new(), number: 0 };
        let mut reading = Reading { profile: Self::default(), frames: Vec::new(), part: Part::Rate };
        while lines.advance()? {
            let known = std::str::from_utf8(&lines.line).ok().and_then(|line| reading.line(line));
            known.ok_or(NotADump::Line { line: lines.number })?;
        }
        if !matches!(reading.part, Part::Mappings) || reading.profile.mappings.is_empty() {
            return Err(NotADump::Cut { line: lines.number });
        }
        reading.profile.sort();
        Ok(reading.profile)
    }
}

/// Lines without their ends, each in the same buffer.
struct Lines<R> {
    source: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn advance(&mut self) -> Result<bool, NotADump> {
        self.line.clear();
        self.number += 1;
        let read = self.source.by_ref().take(LINE_BYTES).read_until(b'\n', &mut self.line)?;
        match self.line.pop() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            // A longer line, or the end of a dump that was cut off.
            Some(_) if u64::try_from(read).is_ok_and(|read| read < LINE_BYTES) => {
                Err(NotADump::Cut { line: self.number })
            }
            Some(_) => Err(NotADump::Line { line: self.number }),
        }
    }
}

struct Reading {
    profile: HeapProfile,
    frames: Vec<u64>,
    part: Part,
}

impl Reading {
    fn line(&mut self, line: &str) -> Option<()> {
        match self.part {
            Part::Rate => {
                self.profile.sample_bytes =
                    line.strip_prefix("heap_v2/")?.parse().ok().filter(|rate| *rate > 0)?;
                self.part = Part::Stacks;
            }
            Part::Stacks if line.is_empty() => {}
            Part::Stacks if line == "MAPPED_LIBRARIES:" => self.part = Part::Mappings,
            Part::Stacks => match line.strip_prefix('@') {
                Some(frames) => self.stack(frames)?,
                // Totals of a thread; a stack's own follow it at once.
                None => drop(counts(line)?),
            },
            Part::Counts => {
                let ("*", objects, bytes) = counts(line)? else { return None };
                let used = unbiased(objects, bytes, self.profile.sample_bytes);
                if used != HeapUse::default() {
                    self.profile.push(self.frames.iter().copied(), used);
                }
                self.part = Part::Stacks;
            }
            Part::Mappings => read_line(line, &mut self.profile.mappings)?,
        }
        Some(())
    }

    fn stack(&mut self, frames: &str) -> Option<()> {
        self.frames.clear();
        for word in frames.split_ascii_whitespace() {
            let address = u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()?;
            if self.frames.len() < FRAME_CAP {
                // The stack holds where each call returns to; the call itself ends one byte before.
                self.frames.push(address.checked_sub(1)?);
            }
        }
        self.part = Part::Counts;
        Some(())
    }
}

/// `  t3: 352: 16777344 [0: 0] name`: the thread, live objects and live bytes.
fn counts(line: &str) -> Option<(&str, u64, u64)> {
    let (thread, rest) = line.strip_prefix("  t")?.split_once(": ")?;
    let (objects, rest) = rest.split_once(": ")?;
    let (bytes, rest) = rest.split_once(" [")?;
    let is_thread = thread == "*" || thread.parse::<u64>().is_ok();
    (is_thread && rest.contains(']')).then_some((thread, objects.parse().ok()?, bytes.parse().ok()?))
}

/// The mapping of the program itself stands first, as readers of profiles expect.
pub(super) fn program_first(mappings: &mut [Mapping], program: &str) {
    if let Some(place) = mappings.iter().position(|mapping| mapping.path == program) {
        mappings[..=place].rotate_right(1);
    }
}
