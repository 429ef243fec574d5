#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]
//! For tests only: a database of its own for each test, a client that speaks the API, and data that may be absent.
//!
//! Nothing here knows a module: the whole application is put together by the tests that want it (see `e2e`), from its
//! own composition root. Only the clock, mail and remote hosts are ever replaced.

mod answer;
mod client;
mod data;
mod database;
mod stand_in;
mod template;

pub use answer::Answer;
pub use client::Client;
pub use data::shared_data;
pub use database::TestDatabase;
pub use stand_in::{add_user, users};

use clock::{MockClock, Timestamp};
use std::sync::Arc;

/// A clock that stands at noon UTC on Monday, 2 March 2026, until the test moves it.
pub fn clock() -> Arc<MockClock> {
    let noon = Timestamp::from_timestamp(1_772_452_800, 0);
    Arc::new(MockClock::at(noon.unwrap_or(Timestamp::UNIX_EPOCH)))
}
