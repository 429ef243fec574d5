//! JSON item by item: the elements of a list, wherever it stands in the text, or values that follow each other, such as
//! one on each line. Memory does not depend on the length of the text, only on the largest item.

mod fault;
mod guard;
mod items;
mod pointer;
mod scanner;
mod walk;

pub use fault::JsonFault;
pub use items::{JsonItem, JsonItems, each_json_item, parse_json_stream};
pub use scanner::{Scanner, Token};

/// How much JSON is taken before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// Lists and objects inside one another, those around the items included. The parser itself takes 127.
    pub depth: u32,
    /// One item, in bytes of text; also one name of a member on the way to the items.
    pub item_bytes: u64,
    /// The whole text, in bytes.
    pub total_bytes: u64,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth: 127, item_bytes: 10 << 20, total_bytes: 50 << 20 }
    }
}
