//! What is remembered of a run: three rungs of points, each rung four times as far apart as the one before, so that a
//! fixed number of points covers the last quarter of an hour closely and the last hours at all.

use std::collections::VecDeque;

/// Points of a rung.
pub(super) const POINTS: usize = 32;
/// How many windows lie between two points of each rung.
pub(super) const STRIDES: [u64; 3] = [1, 4, 16];

/// Values at the points of every rung, newest last.
#[derive(Debug, Clone)]
// bounded: `POINTS` of each rung, and the whole store is registered.
pub(super) struct Rungs<T>([VecDeque<T>; STRIDES.len()]);

impl<T: Copy> Rungs<T> {
    /// No points yet; they are allocated once and never grow.
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| VecDeque::with_capacity(POINTS)))
    }

    /// Adds the value of a window to every rung that takes that window.
    pub(super) fn push(&mut self, window: u64, value: T) {
        for (points, stride) in self.0.iter_mut().zip(STRIDES) {
            if window.is_multiple_of(stride) {
                if points.len() == POINTS {
                    points.pop_front();
                }
                points.push_back(value);
            }
        }
    }

    /// The points of a rung, oldest first.
    pub(super) fn points(&self, rung: usize) -> &VecDeque<T> {
        &self.0[rung]
    }

    /// Whether the last `windows` are all alike to `test`, as far as the widest rung reaches.
    pub(super) fn all(&self, test: impl Fn(&T) -> bool) -> bool {
        self.0.iter().flatten().all(test)
    }
}

/// Whether a rung has a new point in this window.
pub(super) fn has_point(rung: usize, window: u64) -> bool {
    window.is_multiple_of(STRIDES[rung])
}

/// What the points of one series take, in bytes.
pub(super) const fn bytes_of<T>() -> u64 {
    (STRIDES.len() * POINTS * size_of::<T>()) as u64
}
