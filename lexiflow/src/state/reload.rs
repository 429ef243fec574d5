//! Settings that are read again while the server runs.

use super::{Running, StartError, bounds, settings};
use crate::config::Config;
use crate::ops::Watch;
use crate::workers::Periods;
use headroom::{ActionSettings, Tuning};

impl Running {
    /// Puts those settings of `config` in force that a running server takes over (the manual's table tells which); the
    /// others have no effect. When the memory bounds do not fit with them, nothing is changed.
    pub fn reload(&self, config: &Config) -> Result<(), StartError> {
        let next = taken_over(&self.parts().config, config);
        bounds::fit(&next, bounds::declare(&next, bounds::limit_of(&next)))?;
        let memory = &next.memory;
        let headroom = self.app().headroom();
        let before = headroom.tuning();
        headroom.tune(Tuning {
            explicit_budget_bytes: memory.budget,
            thresholds: settings::thresholds(&next),
            large_request_bytes: memory.request_warn_bytes,
            acts: memory.monitoring_enabled,
            actions: ActionSettings {
                purges: memory.gc_after_threshold,
                empties_early: memory.cleanup_aggressive,
                ..before.actions
            },
        });
        self.parts().sessions.set_cache_bytes(settings::logins(&next).cache_bytes);
        self.ops().watch_leaks_as(Watch::of(memory));
        self.periods().send_replace(Periods::of(&next));
        Ok(())
    }
}

/// The configuration in force with what it takes over of another.
fn taken_over(now: &Config, from: &Config) -> Config {
    let mut next = now.clone();
    next.memory = crate::config::Memory {
        refuses_to_exceed: now.memory.refuses_to_exceed,
        purge_endpoint: now.memory.purge_endpoint,
        optimize_for_size: now.memory.optimize_for_size,
        check_interval: now.memory.check_interval,
        ..from.memory.clone()
    };
    next.cache.logins_bytes = from.cache.logins_bytes;
    next.cache.max_memory_bytes = from.cache.max_memory_bytes;
    next.cache.check_period = from.cache.check_period;
    next
}
