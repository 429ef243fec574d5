//! Settings that are read again while the server runs.

use super::{Running, StartError, bounds, settings};
use crate::config::Config;
use crate::ops::Watch;
use crate::workers::Periods;
use headroom::{ActionSettings, Tuning};
use std::sync::PoisonError;

impl Running {
    /// Puts those settings of `config` in force that a running server takes over (`config print` tells which); the
    /// others have no effect. When the memory bounds do not fit with them, nothing is changed.
    pub fn reload(&self, config: &Config) -> Result<(), StartError> {
        let next = taken_over(&self.parts().config, config);
        let mut last = self.last_read().lock().unwrap_or_else(PoisonError::into_inner);
        if takes_more_or_less(&last, &next) {
            bounds::fit(&next, bounds::declare(&next, bounds::limit_of(&next)))?;
        }
        let memory = &next.memory;
        let headroom = self.app().headroom();
        let before = headroom.tuning();
        headroom.tune(Tuning {
            explicit_budget_bytes: memory.budget,
            thresholds: settings::thresholds(&next),
            large_request_bytes: memory.request_warn_bytes,
            max_request_bytes: memory.request_max_bytes,
            acts: memory.monitoring_enabled,
            actions: ActionSettings {
                purges: memory.gc_after_threshold,
                stores: settings::shrinking(memory),
                ..before.actions
            },
        });
        self.parts().sessions.set_cache_bytes(settings::logins(&next).cache_bytes);
        // What was set over the API meanwhile stays, unless the settings say something new.
        if Watch::of(memory) != Watch::of(&last.memory) {
            self.ops().watch_leaks_as(Watch::of(memory));
        }
        let periods = Periods::of(&next);
        // To be told the same again would begin the waiting anew.
        self.periods().send_if_modified(|now| std::mem::replace(now, periods) != periods);
        *last = next;
        Ok(())
    }
}

/// Whether the memory bounds have to be looked at again. The system's limit may have been lowered meanwhile; that is no
/// reason to refuse other settings.
fn takes_more_or_less(last: &Config, next: &Config) -> bool {
    let of =
        |config: &Config| (config.memory.budget, config.cache.logins_bytes, config.cache.max_memory_bytes);
    of(last) != of(next)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KEYS, Loaded, Sources, load};

    /// Values of every kind, some of which each setting accepts.
    const VALUES: [&str; 16] = [
        "true", "false", "1", "3", "40", "300", "16KiB", "96KiB", "2MiB", "64MiB", "45s", "3m", "2h", "3d",
        "60%", "90%",
    ];

    fn with(path: &str, value: &str) -> Option<Loaded> {
        let overrides = vec![(path.to_owned(), value.to_owned())];
        load(&Sources { overrides, ..Sources::default() }).ok()
    }

    /// The log's level is the log's own, and the profile is no setting of a part.
    #[test]
    fn what_is_called_hot_is_taken_over_and_nothing_else_is() {
        let now = load(&Sources::default()).unwrap();
        let told = |config: &Config| format!("{config:?}");
        let mut tried = 0;
        for key in KEYS.iter().filter(|key| !["log.level", "profile"].contains(&key.path)) {
            let others = VALUES.iter().filter_map(|value| with(key.path, value));
            let Some(other) = others.into_iter().find(|other| told(&other.config) != told(&now.config))
            else {
                continue;
            };
            let taken = told(&taken_over(&now.config, &other.config)) != told(&now.config);
            assert_eq!(taken, key.is_hot, "{}", key.path);
            tried += 1;
        }
        assert!(tried > 50, "only {tried} settings could be changed");
    }

    #[test]
    fn the_bounds_are_looked_at_again_only_where_memory_is_asked_for() {
        let now = load(&Sources::default()).unwrap().config;
        for (path, value, wanted) in [
            ("memory.budget", "512MiB", true),
            ("cache.logins_size", "2MiB", true),
            ("memory.warning_threshold", "60%", false),
            ("log.level", "debug", false),
        ] {
            let next = with(path, value).unwrap().config;
            assert_eq!(takes_more_or_less(&now, &taken_over(&now, &next)), wanted, "{path}");
        }
    }
}
