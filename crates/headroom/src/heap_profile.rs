//! Sampled heap profiles: which stacks hold the live bytes.
//!
//! jemalloc keeps the stack of about one allocation in every 128 KiB. A profile is taken from it raw: addresses and
//! counts, no names. Names need the debug information, tens of megabytes of it, which would then be the largest thing on
//! the heap that is to be explained; a reader puts them on elsewhere, with the mappings and build ids that go along.

mod difference;
mod dump;
mod elf;
mod listing;
pub(crate) mod maps;
mod pprof;
mod pprof_read;
mod protobuf;
mod symbols;
mod text;
mod unbias;

use crate::mallctl;

pub use difference::OtherProgram;
pub use dump::{
    ProfileError, memory_file, take_bare_heap_profile, take_charged_heap_profile, take_heap_profile,
};
pub use elf::Elf;
pub use listing::Place;
pub use maps::Mapping;
pub use pprof_read::NotAProfile;
pub use text::NotADump;

/// The most stacks a profile lists; the rest is added up in one entry without addresses.
pub const STACK_CAP: usize = 16 << 10;
/// The most addresses of all stacks together: 4 MiB.
pub const ADDRESS_CAP: usize = 512 << 10;
/// The most frames of one stack, innermost first; callers beyond are left out.
pub const FRAME_CAP: usize = 128;

/// Live objects and their bytes: estimates of all allocations, from those that were sampled. Negative in a difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeapUse {
    /// Objects.
    pub objects: i64,
    /// Their bytes.
    pub bytes: i64,
}

impl HeapUse {
    fn plus(self, other: Self) -> Self {
        Self {
            objects: self.objects.saturating_add(other.objects),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            objects: self.objects.saturating_sub(other.objects),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// One stack of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackUse<'a> {
    /// The calls, innermost first; empty for what was too much to list.
    pub addresses: &'a [u64],
    /// What was allocated there and lives.
    pub used: HeapUse,
}

/// The live heap by stack. Its size is bounded by the caps of this module, whatever it is read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeapProfile {
    /// Between two samples lie so many allocated bytes on average.
    pub sample_bytes: u64,
    /// When it was taken, in nanoseconds since 1970; zero when that is not known.
    pub taken_nanos: i64,
    mappings: Vec<Mapping>,
    addresses: Vec<u64>,
    stacks: Vec<Stack>,
    unlisted: HeapUse,
}

/// A stack whose addresses lie in the profile's one list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stack {
    first: usize,
    count: usize,
    used: HeapUse,
}

/// About what a profile takes at this moment while it is read and written, in bytes: a stack for each sample that lives, up
/// to the caps of this module.
pub fn expected_bytes() -> u64 {
    const EACH: u64 = (FRAME_CAP as u64) * 8 + 64;
    const MOST: u64 = (ADDRESS_CAP as u64) * 8 + (STACK_CAP as u64) * 64;
    // As it was when the figures were last collected: the controller does so ten times a second.
    let live_bytes = mallctl::read_size(c"stats.allocated").unwrap_or(0);
    let sample_bytes = mallctl::read_size(c"prof.lg_sample").map_or(1, |shift| 1 << shift.min(40));
    (live_bytes / sample_bytes).saturating_mul(EACH).min(MOST)
}

impl HeapProfile {
    /// The program and its libraries where they lay in memory; the program first.
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// The same without its stacks: what is needed to write their places.
    #[must_use]
    pub fn without_stacks(&self) -> Self {
        let (sample_bytes, taken_nanos) = (self.sample_bytes, self.taken_nanos);
        Self { sample_bytes, taken_nanos, mappings: self.mappings.clone(), ..Self::default() }
    }

    /// The mapping that an address lies in.
    pub fn mapping_of(&self, address: u64) -> Option<&Mapping> {
        self.mappings.iter().find(|mapping| mapping.contains(address))
    }

    /// The stacks, those with most bytes first, and last what was too much to list, if anything was.
    pub fn stacks(&self) -> impl Iterator<Item = StackUse<'_>> {
        let rest = StackUse { addresses: &[], used: self.unlisted };
        let rest = (self.unlisted != HeapUse::default()).then_some(rest);
        self.stacks.iter().map(|stack| self.view(stack)).chain(rest)
    }

    /// Everything together.
    pub fn total(&self) -> HeapUse {
        self.stacks().fold(HeapUse::default(), |sum, stack| sum.plus(stack.used))
    }

    fn view(&self, stack: &Stack) -> StackUse<'_> {
        StackUse { addresses: &self.addresses[stack.first..stack.first + stack.count], used: stack.used }
    }

    /// Adds a stack, or its use alone where the caps are reached.
    fn push(&mut self, addresses: impl ExactSizeIterator<Item = u64>, used: HeapUse) {
        let count = addresses.len().min(FRAME_CAP);
        let fits = self.stacks.len() < STACK_CAP && self.addresses.len() + count <= ADDRESS_CAP;
        if count == 0 || !fits {
            self.unlisted = self.unlisted.plus(used);
            return;
        }
        let first = self.addresses.len();
        self.addresses.extend(addresses.take(count));
        self.stacks.push(Stack { first, count, used });
    }

    fn sort(&mut self) {
        self.stacks.sort_by_key(|stack| std::cmp::Reverse(stack.used.bytes));
    }
}
