use super::{HeapProfile, HeapUse, Mapping};
use std::collections::HashMap;

/// Two profiles of different builds, whose addresses mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the two profiles are of different builds of the program")]
pub struct OtherProgram;

impl HeapProfile {
    /// What grew (and, negative, what shrank) since `older`, stack by stack. Profiles of two runs of one build can be
    /// compared: the older one's addresses are moved to where the code lies now.
    pub fn since(&self, older: &Self) -> Result<Self, OtherProgram> {
        if let (Some(mine), Some(theirs)) = (self.mappings.first(), older.mappings.first())
            && !mine.is_same_code(theirs)
        {
            return Err(OtherProgram);
        }
        let moves = Moves::between(&older.mappings, &self.mappings);
        let mut changes: HashMap<Vec<u64>, HeapUse> = HashMap::with_capacity(self.stacks.len());
        for stack in self.stacks() {
            let change = changes.entry(stack.addresses.to_vec()).or_default();
            *change = change.plus(stack.used);
        }
        for stack in older.stacks() {
            let moved = stack.addresses.iter().map(|address| moves.of(*address)).collect();
            let change = changes.entry(moved).or_default();
            *change = change.minus(stack.used);
        }
        let mut difference = Self {
            sample_bytes: self.sample_bytes,
            taken_nanos: self.taken_nanos,
            mappings: self.mappings.clone(),
            ..Self::default()
        };
        let mut changed: Vec<_> =
            changes.into_iter().filter(|(_, change)| *change != HeapUse::default()).collect();
        changed.sort_unstable_by(|a, b| b.1.bytes.cmp(&a.1.bytes).then_with(|| a.0.cmp(&b.0)));
        for (addresses, change) in changed {
            difference.push(addresses.into_iter(), change);
        }
        Ok(difference)
    }
}

/// Where each piece of code lay, and how far it lies from there now.
struct Moves(Vec<(Mapping, u64)>);

impl Moves {
    fn between(before: &[Mapping], now: &[Mapping]) -> Self {
        let shift = |was: &Mapping| {
            let here = now.iter().find(|mapping| mapping.is_same_code(was))?;
            (here.start != was.start).then(|| (was.clone(), here.start.wrapping_sub(was.start)))
        };
        Self(before.iter().filter_map(shift).collect())
    }

    fn of(&self, address: u64) -> u64 {
        let shift =
            self.0.iter().find(|(mapping, _)| mapping.contains(address)).map_or(0, |(_, shift)| *shift);
        address.wrapping_add(shift)
    }
}
