use std::iter::Fuse;
use std::num::NonZeroUsize;

/// Chunks of no items would never come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a chunk must hold at least one item")]
pub struct NoSize;

/// Parts of an iterator, as lists of at most `size` items.
#[derive(Debug, Clone)]
pub struct Chunks<I: Iterator> {
    items: Fuse<I>,
    size: NonZeroUsize,
}

/// Cuts `items` into lists of `size`, the last of which may be shorter. Items are moved, never copied, and one list is held
/// at a time.
///
/// # Errors
/// [`NoSize`] for a size of zero.
pub fn chunk_array<I: IntoIterator>(items: I, size: usize) -> Result<Chunks<I::IntoIter>, NoSize> {
    let size = NonZeroUsize::new(size).ok_or(NoSize)?;
    Ok(Chunks { items: items.into_iter().fuse(), size })
}

impl<I: Iterator> Iterator for Chunks<I> {
    type Item = Vec<I::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.items.next()?;
        // What an iterator says of its length is a promise of at least so many, not a reason to allocate more.
        let known = self.items.size_hint().0.saturating_add(1).min(self.size.get());
        let mut chunk = Vec::with_capacity(known);
        chunk.push(first);
        chunk.extend(self.items.by_ref().take(self.size.get() - 1));
        Some(chunk)
    }
}
