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
    left: AtomicU64,
    most: u32,
}

impl Streams {
    /// So many in all, of which one connection has at most `most`.
    pub(super) fn of(all: u64, most: u32) -> Self {
        Self(Arc::new(Shared { left: AtomicU64::new(all), most: most.max(1) }))
    }

    /// The share of a connection that speaks HTTP/2. One stream is each connection's own: it has it also when none is left.
    pub(super) fn take(&self) -> Share {
        let mut taken = 0;
        let take = |left: u64| {
            taken = (left / PART).min(u64::from(self.0.most - 1));
            left - taken
        };
        self.0.left.update(Ordering::Relaxed, Ordering::Relaxed, take);
        Share { streams: self.clone(), taken }
    }
}

/// What one connection may have of them. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    streams: Streams,
    taken: u64,
}

impl Share {
    /// How many streams the connection may have at once.
    pub(super) fn most(&self) -> u32 {
        u32::try_from(self.taken).unwrap_or(u32::MAX - 1) + 1
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.streams.0.left.fetch_add(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Streams;
    use proptest::prelude::*;

    #[test]
    fn the_first_have_many_and_the_last_have_one_each() {
        let streams = Streams::of(64, 32);
        let shares: Vec<_> = (0..100).map(|_| streams.take()).collect();
        assert_eq!(shares.first().unwrap().most(), 9);
        assert_eq!(shares.last().unwrap().most(), 1);
        drop(shares);
        assert_eq!(streams.take().most(), 9, "what was taken is there again");
        assert_eq!(Streams::of(1_000_000, 32).take().most(), 32);
        assert_eq!(Streams::of(0, 0).take().most(), 1);
    }

    proptest! {
        /// However they come and go: never more than all, and one for each connection.
        #[test]
        fn there_are_never_more_streams_than_all_and_one_each(
            all in 0_u64..10_000,
            most in 0_u32..200,
            comes in proptest::collection::vec(any::<bool>(), 0..300),
        ) {
            let streams = Streams::of(all, most);
            let mut open = Vec::new();
            for come in comes {
                if come { open.push(streams.take()) } else if !open.is_empty() { drop(open.swap_remove(0)) }
                let sum: u64 = open.iter().map(|share| u64::from(share.most())).sum();
                prop_assert!(sum <= all + open.len() as u64);
                prop_assert!(open.iter().all(|share| (1..=most.max(1)).contains(&share.most())));
            }
        }
    }
}
