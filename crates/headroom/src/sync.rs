//! The primitives that the budget tree is built from, in one place: the models in `tests/models.rs` compile the same
//! files with loom's in their stead.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, PoisonError};
