use crate::client::customer;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// One address may have all places but this part of them, which stays for others: whoever floods the server from one place
/// does not keep everybody else out.
const PART_FOR_OTHERS: usize = 8;

/// How many connections each address has. Cloning gives another handle.
#[derive(Debug, Clone, Default)]
// bounded: no more addresses than there may be connections.
pub(super) struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Addresses {
    /// One more connection of an address, unless it has its share of so many places.
    pub(super) fn enter(&self, address: IpAddr, places: usize) -> Option<Held> {
        let whose = customer(address);
        // Too few to be divided are anybody's.
        let most = if places < PART_FOR_OTHERS { usize::MAX } else { places - places / PART_FOR_OTHERS };
        self.with(|counts| {
            let has = counts.get(&whose).copied().unwrap_or(0);
            (has < most).then(|| counts.insert(whose, has + 1))
        })?;
        Some(Held { addresses: self.clone(), whose })
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<IpAddr, usize>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection as it is counted for its address.
#[derive(Debug)]
pub(super) struct Held {
    addresses: Addresses,
    whose: IpAddr,
}

impl Drop for Held {
    fn drop(&mut self) {
        let whose = self.whose;
        self.addresses.with(|counts| match counts.get_mut(&whose) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&whose);
                // After a crowd the table is as small again.
                if counts.capacity() > 64 && counts.len() < counts.capacity() / 4 {
                    counts.shrink_to(counts.len() * 2);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_leaves_an_eighth_to_others_and_gets_back_what_it_gives() {
        let addresses = Addresses::default();
        let mut crowd: Vec<_> = std::iter::from_fn(|| addresses.enter(address("192.0.2.1"), 16)).collect();
        assert_eq!(crowd.len(), 14);
        let others = ["192.0.2.2", "192.0.2.3"].map(|other| addresses.enter(address(other), 16).unwrap());
        drop(crowd.pop());
        crowd.push(addresses.enter(address("192.0.2.1"), 16).unwrap());
        assert!(addresses.enter(address("192.0.2.1"), 16).is_none());
        drop((crowd, others));
        assert!(addresses.with(|counts| counts.is_empty()), "nobody is remembered who has none");
    }

    #[test]
    fn the_same_customer_is_one_address() {
        let addresses = Addresses::default();
        let all_of = |text: &str| {
            let one = address(text);
            std::iter::from_fn(|| addresses.enter(one, 8)).collect::<Vec<_>>()
        };
        let _held = all_of("2001:db8::7");
        assert!(addresses.enter(address("2001:db8::8"), 8).is_none());
        assert!(addresses.enter(address("2001:db8:0:1::8"), 8).is_some());
        let _held = all_of("192.0.2.1");
        assert!(addresses.enter(address("::ffff:192.0.2.1"), 8).is_none());
    }

    #[test]
    fn few_places_are_not_divided() {
        let addresses = Addresses::default();
        let _held = [(); 7].map(|()| addresses.enter(address("192.0.2.1"), 7).unwrap());
        assert!(
            addresses.enter(address("192.0.2.1"), 7).is_some(),
            "the places themselves are counted elsewhere"
        );
    }
}
