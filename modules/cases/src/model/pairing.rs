use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Which known line each incoming line is. Lines with equal marks are paired in their order, each known line once: two
/// known and three incoming make one new. Pairs by all three marks, then by the first two, then by the first alone.
pub(crate) fn pair<A, B, C>(known: &[(A, B, C)], coming: &[(A, B, C)]) -> Vec<Option<usize>>
where
    A: Hash + Eq,
    B: Hash + Eq,
    C: Hash + Eq,
{
    let mut pairs = vec![None; coming.len()];
    let mut taken = vec![false; known.len()];
    round(&mut pairs, &mut taken, known, coming, |marks| marks);
    round(&mut pairs, &mut taken, known, coming, |marks| (&marks.0, &marks.1));
    round(&mut pairs, &mut taken, known, coming, |marks| &marks.0);
    pairs
}

fn round<'a, T, K: Hash + Eq>(
    pairs: &mut [Option<usize>],
    taken: &mut [bool],
    known: &'a [T],
    coming: &'a [T],
    key: impl Fn(&'a T) -> K,
) {
    let mut places: HashMap<K, VecDeque<usize>> = HashMap::new();
    for ((at, line), taken) in known.iter().enumerate().zip(taken.iter()) {
        if !taken {
            places.entry(key(line)).or_default().push_back(at);
        }
    }
    for (paired, line) in pairs.iter_mut().zip(coming) {
        if paired.is_none()
            && let Some(at) = places.get_mut(&key(line)).and_then(VecDeque::pop_front)
        {
            *paired = Some(at);
            if let Some(taken) = taken.get_mut(at) {
                *taken = true;
            }
        }
    }
}

/// A name for comparing: case, white space and no-break spaces do not count.
pub(crate) fn mark(text: &str) -> String {
    let mut mark = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !mark.is_empty() {
            mark.push(' ');
        }
        mark.extend(word.chars().flat_map(char::to_lowercase));
    }
    mark
}
