//! What routes and background work took.

use super::Headroom;
use crate::meter::RequestMemory;
use crate::routes::{RouteStats, Routes};

impl Headroom {
    /// Forgets the figures of all routes: for a measurement that begins now.
    pub fn forget_routes(&self) {
        self.inner.routes.forget();
    }

    /// The `limit` routes with the highest peaks.
    pub fn top_routes(&self, limit: usize) -> Vec<RouteStats> {
        self.inner.routes.top(limit)
    }

    /// Adds a run of background work that has ended, by what it is called: few names, such as `job documents.read_text`. Whether its
    /// peak was above the mark for large requests, which the caller logs.
    pub fn record_work(&self, name: &str, memory: RequestMemory) -> bool {
        self.add_to(&self.inner.work, name, memory)
    }

    /// Adds what has ended to its table, and sees to what it leaves behind.
    pub(super) fn add_to(&self, table: &Routes, name: &str, memory: RequestMemory) -> bool {
        let is_large = table.record(name, memory);
        if is_large {
            self.inner.controls.note_heavy();
        }
        self.look_after(memory);
        is_large
    }

    /// The `limit` kinds of background work with the highest peaks.
    pub fn top_work(&self, limit: usize) -> Vec<RouteStats> {
        self.inner.work.top(limit)
    }
}
