use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A connection takes at most this part of the streams that are left, so that there are some for the next ones.
const PART: u64 = 8;

/// The streams that all connections of HTTP/2 have at once. Each holds some kilobytes from its first frame on, before anything
/// can refuse its request: without a bound for all of them together, a thousand connections hold as many times the bound of
/// one.
#[derive(Debug, Clone)]
pub(super) struct Streams(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    all: AtomicU64,
    taken: AtomicU64,
}

impl Streams {
    /// So many in all.
    pub(super) fn of(all: u64) -> Self {
        Self(Arc::new(Shared { all: AtomicU64::new(all), taken: AtomicU64::new(0) }))
    }

    /// So many from now on. What is taken beyond that stays taken until its connections give it back.
    pub(super) fn set(&self, all: u64) {
        self.0.all.store(all, Ordering::Relaxed);
    }

    /// How many there are in all.
    pub(super) fn all(&self) -> u64 {
        self.0.all.load(Ordering::Relaxed)
    }

    /// The share of a connection that speaks HTTP/2, of at most `most`. One stream is each connection's own: it has it also when
    /// none is left.
    pub(super) fn take(&self, most: u32) -> Share {
        let mut share = 0;
        let take = |taken: u64| {
            share = (self.all().saturating_sub(taken) / PART).min(u64::from(most.max(1) - 1));
            taken + share
        };
        self.0.taken.update(Ordering::Relaxed, Ordering::Relaxed, take);
        Share { streams: self.clone(), taken: AtomicU64::new(share) }
    }
}

/// What one connection may have of them. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    streams: Streams,
    taken: AtomicU64,
}

impl Share {
    /// How many streams the connection may have at once.
    pub(super) fn most(&self) -> u32 {
        u32::try_from(self.taken.load(Ordering::Relaxed)).unwrap_or(u32::MAX - 1) + 1
    }

    /// Whether the connection must do without: more is taken than there is, and it has some of that. What it had is free for
    /// others then, so it has to end.
    pub(super) fn yields(&self) -> bool {
        let is_over = self.streams.0.taken.load(Ordering::Relaxed) > self.streams.all();
        is_over && self.give_back() > 0
    }

    fn give_back(&self) -> u64 {
        let taken = self.taken.swap(0, Ordering::Relaxed);
        self.streams.0.taken.fetch_sub(taken, Ordering::Relaxed);
        taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::{Share, Streams};
    use proptest::prelude::*;

    #[test]
    fn the_first_have_many_and_the_last_have_one_each() {
        let streams = Streams::of(64);
        let shares: Vec<_> = (0..100).map(|_| streams.take(32)).collect();
        assert_eq!(shares.first().unwrap().most(), 9);
        assert_eq!(shares.last().unwrap().most(), 1);
        drop(shares);
        assert_eq!(streams.take(32).most(), 9, "what was taken is there again");
        assert_eq!(Streams::of(1_000_000).take(32).most(), 32);
        assert_eq!(Streams::of(0).take(0).most(), 1);
    }

    #[test]
    fn when_there_are_fewer_those_with_more_than_their_own_yield_until_it_is_enough() {
        let streams = Streams::of(64);
        let shares: Vec<_> = (0..40).map(|_| streams.take(32)).collect();
        assert!(!shares.iter().any(Share::yields), "there is enough");
        streams.set(16);
        let yielded = shares.iter().filter(|share| share.yields()).count();
        assert!((1..40).contains(&yielded), "{yielded}");
        assert!(streams.0.taken.load(super::Ordering::Relaxed) <= 16);
        assert!(shares.iter().filter(|share| share.most() == 1).count() >= yielded);
        drop(shares);
        assert_eq!(streams.0.taken.load(super::Ordering::Relaxed), 0, "nothing is given back twice");
    }

    proptest! {
        /// However they come and go: never more than all, and one for each connection.
        #[test]
        fn there_are_never_more_streams_than_all_and_one_each(
            all in 0_u64..10_000,
            most in 0_u32..200,
            comes in proptest::collection::vec(any::<bool>(), 0..300),
        ) {
            let streams = Streams::of(all);
            let mut open = Vec::new();
            for come in comes {
                if come { open.push(streams.take(most)) } else if !open.is_empty() { drop(open.swap_remove(0)) }
                let sum: u64 = open.iter().map(|share| u64::from(share.most())).sum();
                prop_assert!(sum <= all + open.len() as u64);
                prop_assert!(open.iter().all(|share| (1..=most.max(1)).contains(&share.most())));
            }
        }
    }
}
