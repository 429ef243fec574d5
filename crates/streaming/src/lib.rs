//! Work through what is larger than memory: JSON item by item, items in batches with a bound, chunks of a list.
//!
//! Each function says what it holds at most. What is buffered for JSON can be borrowed from a pool, so that it counts
//! against the memory budget like everything else. Files are copied by `blob::stream_copy_file`.

mod batch;
mod chunks;
pub mod json;

pub use batch::{Batches, OnError, process_batch};
pub use chunks::{Chunks, NoSize, chunk_array};
pub use json::{JsonFault, JsonItem, JsonItems, JsonLimits, parse_json_stream};
