//! What follows from a level: each action is done, logged and kept on record.

use super::Headroom;
use crate::controller::Purge;
use crate::controls::ActionRecord;
use crate::level::Level;
use crate::plan::Action;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;

impl Headroom {
    pub(super) fn act(
        &self,
        action: Action,
        level: Level,
        at_micros: u64,
        purges: Option<&SyncSender<Purge>>,
    ) {
        let controls = &self.inner.controls;
        let (before_bytes, after_bytes) = match action {
            Action::ShrinkStores(percent) => self.shrink_stores(percent),
            Action::Purge => match purges {
                // One that is running or waiting already will do.
                Some(purges) => return drop(purges.try_send(Purge { level })),
                None => return self.purge_for(level),
            },
            Action::Decay(millis) => {
                let _taken = self.inner.allocator.is_some_and(|allocator| allocator.set_decay(millis));
                (0, 0)
            }
            Action::PauseBackground(on) => {
                controls.background_paused.send_replace(on);
                (0, 0)
            }
            Action::Shed(on) => {
                controls.is_shedding.store(on, Ordering::Relaxed);
                (0, 0)
            }
            Action::CloseIdle(on) => {
                controls.closes_idle.store(on, Ordering::Relaxed);
                (0, 0)
            }
            Action::CancelLargest => match self.inner.ledger.cancel_largest() {
                Some(flight) => {
                    tracing::warn!(
                        route = &*flight.route,
                        live_bytes = flight.live_bytes,
                        age_ms = flight.age_millis,
                        "a request is ended to stay within the memory limit"
                    );
                    (flight.live_bytes, 0)
                }
                None => return,
            },
            Action::DumpHeap => match self.inner.dump.get() {
                Some(dump) => {
                    dump();
                    (0, 0)
                }
                None => return,
            },
        };
        self.note(ActionRecord { at_micros, level, action, before_bytes, after_bytes });
    }

    fn note(&self, record: ActionRecord) {
        // Shrinking what is small already, each second, is not worth a line.
        if record.before_bytes != record.after_bytes || !matches!(record.action, Action::ShrinkStores(_)) {
            tracing::info!(
                action = record.action.name(),
                level = record.level.as_str(),
                before_bytes = record.before_bytes,
                after_bytes = record.after_bytes,
                "memory action"
            );
        }
        self.inner.controls.record(record);
    }

    fn shrink_stores(&self, percent: u64) -> (u64, u64) {
        let before = self.inner.stores.bytes();
        let freed = self.inner.stores.shrink_all(percent);
        (before, before.saturating_sub(freed))
    }

    /// Purges and keeps a record of it.
    pub(crate) fn purge_for(&self, level: Level) {
        let Some(report) = self.purge() else { return };
        let at_micros = self.uptime_micros();
        let (before_bytes, after_bytes) = (report.before_resident, report.after_resident);
        self.note(ActionRecord { at_micros, level, action: Action::Purge, before_bytes, after_bytes });
    }
}
