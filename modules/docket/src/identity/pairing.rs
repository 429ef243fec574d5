use super::Match;
use std::{collections::HashMap, hash::Hash};

/// Pairs incoming lines with known ones, round after round; what is paired stays paired.
pub(super) struct Pairing {
    matches: Vec<Match>,
    taken: Vec<bool>,
}

impl Pairing {
    pub(super) fn new(known: usize, coming: usize) -> Self {
        Self { matches: vec![Match::New; coming], taken: vec![false; known] }
    }

    pub(super) fn into_matches(self) -> Vec<Match> {
        self.matches
    }

    /// Pairs lines of the same key in their order. The key comes with up to two bars (bits 0 and 1): two lines that
    /// share a bar are not paired. A line without a key sits the round out. Linear in the number of lines.
    pub(super) fn round<T, K: Hash + Eq + Copy>(
        &mut self,
        known: &[T],
        coming: &[T],
        key: impl Fn(&T) -> Option<(K, u8)>,
    ) {
        if self.matches.iter().all(|paired| *paired != Match::New) {
            return;
        }
        // For each key and set of bars, a chain of known lines: the first here, each next one in `next`.
        let mut first: HashMap<(K, u8), usize> = HashMap::new();
        let mut next: Vec<Option<usize>> = vec![None; known.len()];
        for (at, line) in known.iter().enumerate().rev() {
            if let (Some(false), Some(key)) = (self.taken.get(at), key(line)) {
                let follower = first.insert(key, at);
                if let Some(place) = next.get_mut(at) {
                    *place = follower;
                }
            }
        }
        for (paired, line) in self.matches.iter_mut().zip(coming) {
            let (Match::New, Some((key, bars))) = (*paired, key(line)) else { continue };
            let found =
                (0..=3_u8).filter(|other| other & bars == 0).find(|&other| first.contains_key(&(key, other)));
            let Some(other) = found else { continue };
            let Some(at) = first.remove(&(key, other)) else { continue };
            if let Some(follower) = next.get(at).copied().flatten() {
                first.insert((key, other), follower);
            }
            *paired = Match::Existing(at);
            if let Some(taken) = self.taken.get_mut(at) {
                *taken = true;
            }
        }
    }
}
