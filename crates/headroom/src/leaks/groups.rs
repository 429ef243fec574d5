//! Calls that many callers share. What comes by each way may be too little to be judged, and what comes by all of them
//! together a leak: a helper that is called from everywhere.
//!
//! Nothing here knows where the allocator ends and the program begins, so no depth is chosen beforehand: every beginning at
//! which stacks part is a group, and of those that are found to grow the longest is told. Only then somebody is asked whether
//! it is more than the allocator and the standard library.

use super::table::{Held, Stack, bytes_in, bytes_of_one, close, place};
use super::{GROUPS, SHALLOWEST};
use crate::heap_profile::StackUse;
use std::cmp::Reverse;
use std::ops::Range;

/// What stacks share beyond so many frames is one group.
const DEEPEST: usize = 24;

pub(super) const CAP_BYTES: u64 = GROUPS as u64 * bytes_of_one(DEEPEST);

/// The groups that are followed.
#[derive(Debug, Default)]
pub(super) struct Groups {
    // bounded: `GROUPS`; part of a registered store.
    pub followed: Vec<Stack>,
}

impl Groups {
    /// Notes what each group holds in this window. The stacks come out of order.
    pub(super) fn take(&mut self, window: u64, sample_bytes: u64, stacks: &mut [StackUse<'_>]) {
        stacks.sort_unstable_by(|a, b| head(a).cmp(head(b)));
        let held: Vec<Held> = stacks.iter().map(|stack| Held::by(stack, sample_bytes)).collect();
        let sum = |range: Range<usize>| held[range].iter().fold(Held::default(), |sum, one| sum.plus(*one));
        let mut shared: Vec<(Held, &[u64])> = shared(stacks)
            .into_iter()
            .map(|(depth, range)| (sum(range.clone()), &head(&stacks[range.start])[..depth]))
            .collect();
        shared.sort_unstable_by_key(|(held, calls)| (Reverse(held.bytes), *calls));
        for (held, calls) in shared.into_iter().take(GROUPS) {
            if let Some(group) = place(&mut self.followed, GROUPS, calls, held.bytes, window) {
                group.see(window, held);
            }
        }
        for group in self.followed.iter_mut().filter(|group| !group.is_seen(window)) {
            group.see(window, sum(beginning_with(&group.calls, stacks)));
        }
        close(&mut self.followed, window);
    }

    /// Those whose growth is a leak, whatever they are.
    pub(super) fn suspects(&self) -> impl Iterator<Item = &Stack> {
        self.followed.iter().filter(|group| group.is_suspect())
    }

    pub(super) fn bytes(&self) -> u64 {
        bytes_in(&self.followed)
    }
}

fn head<'a>(stack: &StackUse<'a>) -> &'a [u64] {
    &stack.addresses[..stack.addresses.len().min(DEEPEST)]
}

/// Where in the sorted stacks those lie that begin with these calls.
fn beginning_with(calls: &[u64], stacks: &[StackUse<'_>]) -> Range<usize> {
    let first = stacks.partition_point(|stack| head(stack) < calls);
    first..first + stacks[first..].partition_point(|stack| head(stack).starts_with(calls))
}

/// The beginnings at which the sorted stacks part: how many frames each has, and where the stacks lie that have it.
fn shared(stacks: &[StackUse<'_>]) -> Vec<(usize, Range<usize>)> {
    let alike = |(a, b): (&u64, &u64)| a == b;
    let common = |a, b| head(a).iter().zip(head(b)).take_while(|pair| alike(*pair)).count();
    let (mut found, mut open) = (Vec::new(), Vec::<(usize, usize)>::new());
    for end in 1..=stacks.len() {
        let depth = stacks.get(end).map_or(0, |next| common(&stacks[end - 1], next));
        let mut first = end - 1;
        while let Some((deeper, begin)) = open.pop_if(|(open, _)| *open > depth) {
            first = begin;
            if deeper >= SHALLOWEST {
                found.push((deeper, begin..end));
            }
        }
        if depth > open.last().map_or(0, |(open, _)| *open) {
            open.push((depth, first));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap_profile::HeapUse;

    fn stacks<'a>(calls: &[&'a [u64]]) -> Vec<StackUse<'a>> {
        let used = HeapUse { objects: 1, bytes: 1 << 20 };
        calls.iter().map(|addresses| StackUse { addresses, used }).collect()
    }

    #[test]
    fn stacks_part_where_their_next_calls_differ() {
        let sorted: [&[u64]; 6] =
            [&[1, 2, 3, 4, 5, 9], &[1, 2, 3, 4, 6], &[1, 2, 3, 4, 6, 7], &[1, 2, 3, 8], &[1, 3, 3, 4], &[2]];
        let found = shared(&stacks(&sorted));
        assert_eq!(found, [(5, 1..3), (4, 0..3), (3, 0..4)], "and nothing above the fewest frames");
        assert_eq!(shared(&stacks(&[])), []);
        assert_eq!(shared(&stacks(&[&[1, 2, 3, 4, 5]])), []);
        let alike = [7; 40];
        assert_eq!(shared(&stacks(&[&alike, &alike[..39]])), [(DEEPEST, 0..2)]);
    }

    #[test]
    fn a_group_counts_all_that_begin_with_its_calls_also_when_they_do_not_part_there_any_more() {
        let mut groups = Groups::default();
        groups.take(1, 1, &mut stacks(&[&[1, 2, 3, 4, 6], &[9], &[1, 2, 3, 4, 5], &[1, 2, 3, 3]]));
        let kib = |groups: &Groups, calls: &[u64]| {
            let group = groups.followed.iter().find(|group| *group.calls == *calls);
            group.and_then(|group| group.kib.points(0).back().copied())
        };
        assert_eq!((kib(&groups, &[1, 2, 3, 4]), kib(&groups, &[1, 2, 3])), (Some(2048), Some(3072)));
        groups.take(2, 1, &mut stacks(&[&[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4], &[1, 2, 3, 5]]));
        assert_eq!((kib(&groups, &[1, 2, 3, 4]), groups.followed.len()), (Some(2048), 2));
        groups.take(3, 1, &mut stacks(&[&[1, 2, 3, 4, 5, 6]]));
        assert_eq!((kib(&groups, &[1, 2, 3, 4]), kib(&groups, &[1, 2, 3])), (Some(1024), Some(1024)));
        groups.take(4, 1, &mut stacks(&[]));
        assert_eq!(kib(&groups, &[1, 2, 3, 4]), Some(0));
    }
}
