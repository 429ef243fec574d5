use headroom::BoundedStore;
use std::collections::HashMap;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most principals that are counted at once. Each of them has a request that is charged far more than its count here,
/// so that the budget ends first on all but the largest servers.
const MOST_PRINCIPALS: usize = 1_792;
/// What a hash table takes for each entry that it has room for, in bytes: seven of eight places are used at most.
const ENTRY_BYTES: u64 = 24;
/// The most bytes of the table. One that is half full is tidied up where it lies, and does not grow for what was removed.
pub const RUNNING_BYTES: u64 = 2 * MOST_PRINCIPALS as u64 * ENTRY_BYTES;
/// Room for so many is kept when nobody asks.
const KEPT: usize = 448;

type Counts = HashMap<[u8; 16], u32>;

/// How many requests of each principal run at this moment, on this server.
#[derive(Debug)]
pub(super) struct Running {
    /// 0 for as many as they like.
    limit: u32,
    // bounded: `MOST_PRINCIPALS`; who has no request that runs has no entry.
    counts: Mutex<Counts>,
}

/// A request's place among those of its principal, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    running: Arc<Running>,
    whose: [u8; 16],
}

/// All places of a principal are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crowded {
    /// So many there are.
    pub(super) limit: u32,
}

impl Running {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    /// Takes a place; none where there is no limit, or where more principals ask at once than are counted.
    pub(super) fn begin(self: &Arc<Self>, whose: [u8; 16]) -> Result<Option<Place>, Crowded> {
        if self.limit == 0 {
            return Ok(None);
        }
        let mut counts = self.counts();
        let known = counts.get(&whose).copied();
        if known.is_none() && counts.len() >= MOST_PRINCIPALS {
            return Ok(None);
        }
        let count = known.unwrap_or(0);
        if count >= self.limit {
            return Err(Crowded { limit: self.limit });
        }
        counts.insert(whose, count + 1);
        Ok(Some(Place { running: Arc::clone(self), whose }))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.running.counts();
        match counts.get_mut(&self.whose) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => drop(counts.remove(&self.whose)),
            None => {}
        }
        if counts.is_empty() && counts.capacity() > KEPT {
            drop(take(&mut *counts));
        }
    }
}

/// The counts of what runs are nobody's to throw out.
impl BoundedStore for Running {
    fn name(&self) -> &'static str {
        "rates.running"
    }

    fn entries(&self) -> u64 {
        self.counts().len() as u64
    }

    fn bytes(&self) -> u64 {
        self.counts().capacity() as u64 * ENTRY_BYTES
    }

    fn cap_bytes(&self) -> u64 {
        RUNNING_BYTES
    }

    fn max_entries(&self) -> Option<u64> {
        Some(MOST_PRINCIPALS as u64)
    }

    fn shrink_to(&self, _bytes: u64) -> u64 {
        0
    }

    fn floor_bytes(&self) -> u64 {
        RUNNING_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(number: usize) -> [u8; 16] {
        (number as u128).to_le_bytes()
    }

    #[test]
    fn a_place_is_given_back_with_its_request_and_to_the_same_principal() {
        let running = Arc::new(Running::new(2));
        let places: Vec<_> = (0..2).map(|_| running.begin(whose(1)).unwrap()).collect();
        assert_eq!(running.begin(whose(1)).unwrap_err(), Crowded { limit: 2 });
        let other = running.begin(whose(2)).unwrap();
        assert!(other.is_some(), "everybody has places of their own");
        drop(places);
        assert_eq!(running.entries(), 1, "who asks for nothing has no entry");
        assert!(running.begin(whose(1)).is_ok());
        drop(other);
        assert_eq!(running.entries(), 0);
    }

    #[test]
    fn a_full_table_counts_nobody_else_and_never_outgrows_its_cap() {
        let running = Arc::new(Running::new(1));
        let mut places: Vec<_> = (0..MOST_PRINCIPALS).map(|one| running.begin(whose(one)).unwrap()).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(running.begin(whose(MOST_PRINCIPALS)).unwrap().is_none());
        assert_eq!(running.begin(whose(0)).unwrap_err(), Crowded { limit: 1 }, "who is counted stays so");
        for number in 1..10 * MOST_PRINCIPALS {
            // Others come and go all the time.
            let leaving = &mut places[1 + number % (MOST_PRINCIPALS - 1)];
            *leaving = None;
            *leaving = running.begin(whose(MOST_PRINCIPALS + number)).unwrap();
        }
        assert!(running.bytes() <= RUNNING_BYTES, "{}", running.bytes());
        places.truncate(1);
        assert_eq!(running.entries(), 1);
        places.clear();
        assert_eq!((running.entries(), running.bytes()), (0, 0), "the room of a rush is given back");
    }
}
