//! The stacks and stores that are followed, in fixed memory.

use super::judgement::Mind;
use super::series::{Rungs, STRIDES, bytes_of};
use super::{FRAMES, STACKS, STORES, Suspect};
use crate::heap_profile::StackUse;
use crate::stores::StoreStats;

/// A followed stack.
#[derive(Debug)]
pub(super) struct Stack {
    calls: Box<[u64]>,
    /// Told apart by this first: most stacks begin alike, in the allocator.
    hash: u64,
    /// Live bytes at each window, in KiB.
    pub kib: Rungs<u32>,
    pub minds: [Mind; STRIDES.len()],
    live_bytes: u64,
    samples: u64,
    seen_in: u64,
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

const STACK_BYTES: u64 = (FRAMES * size_of::<u64>() + size_of::<Stack>()) as u64 + bytes_of::<u32>();
const STORE_BYTES: u64 = (NAME_BYTES + size_of::<Store>()) as u64 + bytes_of::<u32>();
pub(super) const CAP_BYTES: u64 = STACKS as u64 * STACK_BYTES + STORES as u64 * STORE_BYTES;

#[derive(Debug, Default)]
pub(super) struct Table {
    pub stacks: Vec<Stack>,
    pub stores: Vec<Store>,
}

impl Table {
    /// Notes what each stack and store holds in this window. The sum of all stacks.
    pub(super) fn take<'a>(
        &mut self,
        window: u64,
        sample_bytes: u64,
        stacks: impl Iterator<Item = StackUse<'a>>,
        stores: &[StoreStats],
    ) -> u64 {
        let mut sum = 0_u64;
        for stack in stacks {
            let bytes = u64::try_from(stack.used.bytes).unwrap_or(0);
            sum = sum.saturating_add(bytes);
            let calls = &stack.addresses[..stack.addresses.len().min(FRAMES)];
            if let Some(place) = self.place(calls, bytes, window) {
                let known = &mut self.stacks[place];
                // Stacks that differ only beyond the kept frames count as one.
                let earlier =
                    if known.seen_in == window { (known.live_bytes, known.samples) } else { (0, 0) };
                known.live_bytes = earlier.0.saturating_add(bytes);
                known.samples = earlier.1.saturating_add(samples(bytes, stack.used.objects, sample_bytes));
                known.seen_in = window;
            }
        }
        for stack in &mut self.stacks {
            if stack.seen_in != window {
                (stack.live_bytes, stack.samples) = (0, 0);
            }
            stack.kib.push(window, kib(stack.live_bytes));
        }
        self.stacks.retain(|stack| !stack.kib.all(|kib| *kib == 0));
        self.take_stores(window, stores);
        sum
    }

    /// The place of a stack, which may be a new one, or one that a smaller stack had to give up.
    fn place(&mut self, calls: &[u64], bytes: u64, window: u64) -> Option<usize> {
        if calls.is_empty() {
            return None;
        }
        let hash = fnv(calls);
        let is_known = |stack: &Stack| stack.hash == hash && *stack.calls == *calls;
        if let Some(place) = self.stacks.iter().position(is_known) {
            return Some(place);
        }
        if self.stacks.len() < STACKS {
            self.stacks.push(Stack::new(calls, hash));
            return Some(self.stacks.len() - 1);
        }
        let idle = |stack: &Stack| if stack.seen_in == window { u64::MAX } else { stack.live_bytes };
        let (place, smallest) = self.stacks.iter().enumerate().min_by_key(|(_, stack)| idle(stack))?;
        if idle(smallest) >= bytes {
            return None;
        }
        self.stacks[place] = Stack::new(calls, hash);
        Some(place)
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
        let calls: usize = self.stacks.iter().map(|stack| size_of_val(&*stack.calls)).sum();
        let rungs = (self.stacks.len() + self.stores.len()) as u64 * bytes_of::<u32>();
        let slots = self.stacks.capacity() * size_of::<Stack>() + self.stores.capacity() * size_of::<Store>();
        (calls + slots) as u64 + rungs
    }
}

impl Stack {
    fn new(calls: &[u64], hash: u64) -> Self {
        Self {
            calls: calls.into(),
            hash,
            kib: Rungs::new(),
            minds: std::array::from_fn(|_| Mind::default()),
            live_bytes: 0,
            samples: 0,
            seen_in: u64::MAX,
        }
    }

    /// The verdict of the rung with the longest look that has one.
    pub(super) fn suspect(&self) -> Option<Suspect> {
        let since = self.minds.iter().filter(|mind| mind.verdict().is_some()).map(|mind| mind.since_micros);
        let since_micros = since.min()?;
        let finding = self.minds.iter().rev().find_map(Mind::verdict)?;
        Some(Suspect {
            calls: self.calls.clone(),
            live_bytes: self.live_bytes,
            grown_bytes: finding.grown_bytes,
            bytes_per_hour: finding.bytes_per_hour,
            bytes_per_request: finding.bytes_per_request,
            samples: self.samples,
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
