#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! The whole server in the test's own process, and the command line as a person sees it.

mod busy;
mod commands;
mod documentation;
mod health;
mod importing;
mod metrics;
mod people;
mod profiles;
mod starting;
mod support;

// Heap profiles need the server's allocator.
headroom::install_allocator!();
