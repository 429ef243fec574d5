//! The binary as a process of its own: how it starts, ends, dies and survives.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod address_space;
mod audit_kill;
mod documentation;
mod ending;
mod failing_disk;
mod full_disk;
mod memory_limit;
mod place;
mod pressure;
mod rates;
mod replicas;
mod signals;
mod starting;
mod wire;

/// Says aloud that a test could not be run here, and why.
fn skipped(why: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "SKIPPED: {why}"));
}

/// Says aloud what a test has measured.
fn said(what: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "{what}"));
}
