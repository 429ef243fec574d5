use super::{CommandError, Console};
use crate::about;
use std::io::Write as _;

/// What `--version` prints behind the name. The allocator is the one that `main.rs` installs.
pub(super) const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit    ",
    env!("LEXIFLOW_COMMIT"),
    "\nbuilt     ",
    env!("LEXIFLOW_BUILT_AT"),
    "\nallocator jemalloc\ntarget    ",
    env!("LEXIFLOW_TARGET"),
);

pub(super) fn run(console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    writeln!(out, "lexiflow {}", about::VERSION)?;
    writeln!(out, "commit    {}", about::COMMIT)?;
    writeln!(out, "built     {}", about::BUILT_AT)?;
    writeln!(out, "allocator {}", about::allocator())?;
    writeln!(out, "target    {}", about::TARGET)?;
    Ok(out.flush()?)
}
