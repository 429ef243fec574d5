//! Who may begin.

use super::Headroom;
use crate::charge::{Charge, REQUEST_BYTES};
use crate::class::Class;
use crate::ledger::{Entry, Flight};
use crate::level::Level;
use crate::meter::Meter;
use crate::plan::Action;
use crate::refusal::{Refusal, RefusalKind};
use std::sync::atomic::Ordering;
use std::time::Duration;

impl Headroom {
    /// Lets a request of `route` begin, charges it [`REQUEST_BYTES`] in the budget tree below its class and follows it; or
    /// refuses it while its class has to wait, runs as often as it may, or has nothing to lend.
    pub fn admit(&self, route: &str, class: Class, meter: Meter, is_exempt: bool) -> Result<Entry, Refusal> {
        let controls = &self.inner.controls;
        let can_wait = matches!(class, Class::Bulk | Class::Standard | Class::Background);
        let running = if can_wait && !is_exempt {
            let begun = if controls.is_shed(class) { None } else { controls.concurrency.begin(class) };
            Some(begun.ok_or_else(|| self.shed(class))?)
        } else {
            None
        };
        let seat = self.inner.tenants.seat(class);
        // What it is charged keeps it from waiting for what it asks no more than that does.
        seat.pool.declare(2 * REQUEST_BYTES);
        let charge = match seat.pool.try_lease(REQUEST_BYTES) {
            Ok(lease) => Charge::Lent(lease),
            Err(refusal) if is_exempt => Charge::Spared(self.inner.spares.take().ok_or(refusal)?),
            Err(refusal) => return Err(refusal),
        };
        meter.covered_by(seat.pool.clone(), is_exempt);
        let entry = self.inner.ledger.seat(route, class, meter, !is_exempt, Some(seat));
        Ok(entry.charged(charge).running(running))
    }

    fn shed(&self, class: Class) -> Refusal {
        let (controls, pool) = (&self.inner.controls, self.class(class));
        controls.shed.fetch_add(1, Ordering::Relaxed);
        Refusal {
            scope: pool.stats().name,
            wanted: 0,
            available: 0,
            limit: pool.limit(),
            kind: RefusalKind::Exhausted,
            retry_after: Some(pool.tree().drain.about(controls.retry_seconds().into())),
        }
    }

    /// How long whoever asked for what was ended should wait before the next try: until as much as it held at most has come back
    /// at the present rate, and until there is less than too much. One that held more than one may have will be ended again.
    pub fn wait_after_ending(&self, flight: &Flight) -> Duration {
        let (drain, held) = (&self.inner.root.tree().drain, flight.most_held());
        if self.tuning().max_request_bytes.is_some_and(|most| held > most) {
            return drain.longest();
        }
        drain.wait_for(held).max(drain.about(self.retry_seconds().into()))
    }

    /// Lets fewer requests that can wait run at once under pressure, and more again after it.
    pub(super) fn bound_concurrency(&self, level: Level, at_micros: u64) {
        let Some(is_limited) = self.inner.controls.concurrency.look(level, at_micros) else { return };
        self.note_begun(Action::LimitConcurrency(is_limited), level, at_micros);
    }
}
