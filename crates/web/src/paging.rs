//! Lists: which page, in which order, and the answer's shape.

mod cursor;
mod list;
mod page;
mod sort;

pub use cursor::Cursor;
pub use list::Paged;
pub use page::{DEFAULT_LIMIT, MAX_LIMIT, Page};
pub use sort::Sort;
