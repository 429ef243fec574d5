/// A small repeatable stream of numbers: `SplitMix64` (Steele, Lea, Flood 2014). Every thing of the firm has a stream of
/// its own, named by seed, kind and index, so that any one can be made without those before it. Never for secrets.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// What a stream is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Staff,
    Client,
    Judge,
    Case,
    Parties,
    Docket,
    Documents,
    Time,
}

impl Dice {
    pub(super) fn of(seed: u64, stream: Stream, index: u64) -> Self {
        let kind = mixed(STEP.wrapping_mul(stream as u64 + 1));
        Self(mixed(mixed(seed.wrapping_add(STEP)) ^ kind).wrapping_add(mixed(index.wrapping_add(kind))))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// From 0 to `end`, without it. 0 when `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let wide = (u128::from(self.next()) * u128::from(end)) >> 64;
        u64::try_from(wide).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// The lower of two draws: small numbers are likelier.
    pub(super) fn rather_low(&mut self, low: u64, high: u64) -> u64 {
        self.between(low, high).min(self.between(low, high))
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// An index into a list of `length`; 0 when it is empty.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// One of a list that is not empty.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// Up to `count` different ones of a list, in the list's order.
    pub(super) fn some<'a, T>(&mut self, list: &'a [T], count: usize) -> Vec<&'a T> {
        let mut left: Vec<usize> = (0..list.len()).collect();
        while left.len() > count {
            let place = self.index(left.len());
            left.remove(place);
        }
        left.into_iter().map(|place| &list[place]).collect()
    }
}
