//! The stacks and stores that are followed, in fixed memory.

use super::judgement::Mind;
use super::series::{Rungs, STRIDES, bytes_of};
use super::{FRAMES, STACKS, STORES, Suspect};
use crate::heap_profile::StackUse;
use crate::stores::StoreStats;

/// A followed stack, or the innermost calls that several stacks share.
#[derive(Debug)]
pub(super) struct Stack {
    pub calls: Box<[u64]>,
    /// Told apart by this first: most stacks begin alike, in the allocator.
    hash: u64,
    /// Live bytes at each window, in KiB.
    pub kib: Rungs<u32>,
    pub minds: [Mind; STRIDES.len()],
    /// Whether these calls have reached the program, as far as that is known.
    pub is_beyond_runtime: Option<bool>,
    held: Held,
    seen_in: u64,
}

/// What a stack holds in a window, or several do together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    pub stacks: u64,
    pub bytes: u64,
    pub samples: u64,
}

impl Held {
    /// What one stack of a profile holds.
    pub(super) fn by(stack: &StackUse<'_>, sample_bytes: u64) -> Self {
        let bytes = u64::try_from(stack.used.bytes).unwrap_or(0);
        Self { stacks: 1, bytes, samples: samples(bytes, stack.used.objects, sample_bytes) }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            stacks: self.stacks + other.stacks,
            bytes: self.bytes.saturating_add(other.bytes),
            samples: self.samples.saturating_add(other.samples),
        }
    }
}

/// A followed store.
#[derive(Debug)]
pub(super) struct Store {
    pub name: Box<str>,
    pub cap_kib: u32,
    pub kib: Rungs<u32>,
    seen_in: u64,
}

/// A store's name is cut here.
const NAME_BYTES: usize = 64;

const STORE_BYTES: u64 = (NAME_BYTES + size_of::<Store>()) as u64 + bytes_of::<u32>();
pub(super) const CAP_BYTES: u64 = STACKS as u64 * bytes_of_one(FRAMES) + STORES as u64 * STORE_BYTES;

#[derive(Debug, Default)]
pub(super) struct Table {
    pub stacks: Vec<Stack>,
    pub stores: Vec<Store>,
}

impl Table {
    /// Notes what each stack and store holds in this window. The sum of all stacks.
    pub(super) fn take(
        &mut self,
        window: u64,
        sample_bytes: u64,
        stacks: &[StackUse<'_>],
        stores: &[StoreStats],
    ) -> u64 {
        let mut sum = 0_u64;
        for stack in stacks {
            let held = Held::by(stack, sample_bytes);
            sum = sum.saturating_add(held.bytes);
            let calls = &stack.addresses[..stack.addresses.len().min(FRAMES)];
            if let Some(known) = place(&mut self.stacks, STACKS, calls, held.bytes, window) {
                // Stacks that differ only beyond the kept frames count as one.
                let earlier = if known.is_seen(window) { known.held } else { Held::default() };
                known.see(window, Held { stacks: 1, ..earlier.plus(held) });
            }
        }
        close(&mut self.stacks, window);
        self.take_stores(window, stores);
        sum
    }

    fn take_stores(&mut self, window: u64, stores: &[StoreStats]) {
        for store in stores {
            let name = cut(&store.name);
            let known = self.stores.iter().position(|known| *known.name == *name);
            let place = match known {
                Some(place) => place,
                None if self.stores.len() < STORES => {
                    self.stores.push(Store {
                        name: name.into(),
                        cap_kib: 0,
                        kib: Rungs::new(),
                        seen_in: window,
                    });
                    self.stores.len() - 1
                }
                None => continue,
            };
            let known = &mut self.stores[place];
            known.cap_kib = kib(store.cap_bytes);
            known.seen_in = window;
            known.kib.push(window, kib(store.bytes));
        }
        self.stores.retain(|store| store.seen_in == window);
    }

    pub(super) fn bytes(&self) -> u64 {
        let slots = self.stores.capacity() * size_of::<Store>();
        bytes_in(&self.stacks) + slots as u64 + self.stores.len() as u64 * bytes_of::<u32>()
    }
}

/// The place of these calls among at most `most`, which may be a new one, or one that something smaller had to give up. The
/// largest have to come first.
pub(super) fn place<'a>(
    followed: &'a mut Vec<Stack>,
    most: usize,
    calls: &[u64],
    bytes: u64,
    window: u64,
) -> Option<&'a mut Stack> {
    if calls.is_empty() {
        return None;
    }
    let hash = fnv(calls);
    let is_known = |stack: &Stack| stack.hash == hash && *stack.calls == *calls;
    if let Some(place) = followed.iter().position(is_known) {
        return followed.get_mut(place);
    }
    if followed.len() < most {
        followed.push(Stack::new(calls, hash));
        return followed.last_mut();
    }
    let idle = |stack: &Stack| if stack.is_seen(window) { u64::MAX } else { stack.held.bytes };
    let smallest = followed.iter_mut().min_by_key(|stack| idle(stack)).filter(|stack| idle(stack) < bytes)?;
    *smallest = Stack::new(calls, hash);
    Some(smallest)
}

/// Ends a window: what was not seen in it holds nothing, and what never held anything is forgotten.
pub(super) fn close(followed: &mut Vec<Stack>, window: u64) {
    for stack in followed.iter_mut() {
        if !stack.is_seen(window) {
            stack.held = Held::default();
        }
        stack.kib.push(window, kib(stack.held.bytes));
    }
    followed.retain(|stack| !stack.kib.all(|kib| *kib == 0));
}

/// What these take, in bytes.
pub(super) fn bytes_in(followed: &Vec<Stack>) -> u64 {
    let calls: usize = followed.iter().map(|stack| size_of_val(&*stack.calls)).sum();
    let slots = followed.capacity() * size_of::<Stack>();
    (calls + slots) as u64 + followed.len() as u64 * bytes_of::<u32>()
}

/// What one of them takes at most, with so many frames, in bytes.
pub(super) const fn bytes_of_one(frames: usize) -> u64 {
    (frames * size_of::<u64>() + size_of::<Stack>()) as u64 + bytes_of::<u32>()
}

impl Stack {
    fn new(calls: &[u64], hash: u64) -> Self {
        Self {
            calls: calls.into(),
            hash,
            kib: Rungs::new(),
            minds: std::array::from_fn(|_| Mind::default()),
            is_beyond_runtime: None,
            held: Held::default(),
            seen_in: u64::MAX,
        }
    }

    /// Notes what it holds in this window.
    pub(super) fn see(&mut self, window: u64, held: Held) {
        (self.held, self.seen_in) = (held, window);
    }

    pub(super) fn is_seen(&self, window: u64) -> bool {
        self.seen_in == window
    }

    /// Whether a verdict stands.
    pub(super) fn is_suspect(&self) -> bool {
        self.minds.iter().any(|mind| mind.verdict().is_some())
    }

    /// What it does, if a verdict stands.
    pub(super) fn suspect(&self) -> Option<Suspect> {
        let (finding, since_micros) = Mind::of_all(&self.minds)?;
        Some(Suspect {
            calls: self.calls.clone(),
            stacks: self.held.stacks,
            live_bytes: self.held.bytes,
            grown_bytes: bytes(finding.grown),
            bytes_per_hour: bytes(finding.per_hour),
            bytes_per_request: finding.per_request.map(bytes),
            samples: self.held.samples,
            windows: finding.windows,
            span_micros: finding.span_micros,
            confidence_percent: finding.confidence_percent,
            scale: finding.scale,
            holder: finding.holder.clone(),
            since_micros,
        })
    }
}

/// How many allocations were really sampled, from what they stand for.
#[expect(clippy::float_arithmetic, reason = "the inverse of the estimate")]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of a count; a cast to u64 saturates"
)]
fn samples(bytes: u64, objects: i64, sample_bytes: u64) -> u64 {
    if objects <= 0 || sample_bytes == 0 {
        return 0;
    }
    let average = bytes as f64 / objects as f64;
    let probability = -(-average / sample_bytes as f64).exp_m1();
    (objects as f64 * probability).round() as u64
}

/// Bytes of so many KiB.
#[expect(clippy::float_arithmetic, reason = "an estimate")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate; a cast to u64 saturates"
)]
fn bytes(kib: f64) -> u64 {
    (kib * 1024.0).round() as u64
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes >> 10).unwrap_or(u32::MAX)
}

fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_BYTES)]
}

/// The hash of Fowler, Noll and Vo, over words.
fn fnv(calls: &[u64]) -> u64 {
    calls.iter().fold(0xcbf2_9ce4_8422_2325, |hash, call| (hash ^ call).wrapping_mul(0x0100_0000_01b3))
}
