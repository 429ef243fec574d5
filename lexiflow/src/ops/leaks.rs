//! Watches the heap of this process for leaks: a look at regular intervals, the verdict, and what is remembered of
//! earlier runs. Addresses only; whoever reads the verdict puts the names on.

mod answer;
mod counted;
mod history;
pub(super) mod routes;
mod watcher;

pub(super) use answer::{LeakReport, SuspectAnswer};
pub(super) use counted::CountAnswer;
pub use watcher::run;

use super::diagnostics::Diagnostics;
use super::error::Error;
use crate::config::Memory;
use chrono::TimeDelta;
use clock::Timestamp;
use counted::Counted;
use headroom::heap_profile::{HeapProfile, take_bare_heap_profile, take_heap_profile};
use headroom::leaks::{Detector, Load, STACKS, Suspect};
use headroom::{BoundedStore, Eviction, Headroom, Snapshot};
use history::History;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch::Sender;

/// The history is written at least once in so many windows.
const SAVE_EVERY: u64 = 20;
/// The least time between two profiles of leaks: as between those of emergencies.
const PROFILE_EVERY: TimeDelta = TimeDelta::minutes(30);

/// The detector of this process, and the history of this data folder.
#[derive(Debug)]
pub(super) struct Leaks {
    watch: Sender<Watch>,
    path: PathBuf,
    /// One writes at a time.
    file: Mutex<()>,
    watched: Mutex<Watched>,
}

/// Whether and how often windows are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watch {
    is_on: bool,
    /// Between two windows.
    interval: Duration,
}

impl Watch {
    /// As the settings say.
    pub(crate) fn of(memory: &Memory) -> Self {
        Self {
            is_on: memory.monitoring_enabled && memory.leak_detection_enabled,
            interval: memory.leak_check_interval,
        }
    }

    fn interval_ms(self) -> u64 {
        u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX)
    }
}

#[derive(Debug, Default)]
struct Watched {
    detector: Detector,
    history: History,
    /// Where the code of this process lies: a profile without stacks, of the first window.
    code: Option<HeapProfile>,
    last_window: Option<Timestamp>,
    /// When a profile was kept because of a leak, and whether one should be.
    profiled_at: Option<Timestamp>,
    wants_profile: bool,
    /// How long it took.
    took: Duration,
    /// The sites that were named in the log.
    told: Vec<String>,
    /// What is counted, and was named there.
    // bounded: `headroom::leaks::COUNTS`.
    told_counts: Vec<&'static str>,
}

impl Leaks {
    /// Reads the history of the folder; nothing is watched before the first window.
    pub(super) fn within(folder: &Diagnostics, watch: Watch) -> Self {
        let path = folder.leaks();
        let history = History::load(&path).unwrap_or_else(|fault| {
            tracing::warn!(path = %path.display(), %fault, "the history of leaks is begun anew");
            History::default()
        });
        let watched = Mutex::new(Watched { history, ..Watched::default() });
        Self { watch: Sender::new(watch), path, file: Mutex::default(), watched }
    }

    /// How the heap is watched at present.
    fn watch(&self) -> Watch {
        *self.watch.borrow()
    }

    /// Watches so from now on.
    pub(super) fn watch_as(&self, watch: Watch) {
        self.watch.send_replace(watch);
    }

    /// Watches differently from now on, until the server ends. What is not given stays.
    fn configure(&self, is_on: Option<bool>, interval: Option<Duration>) {
        self.watch.send_modify(|watch| {
            watch.is_on = is_on.unwrap_or(watch.is_on);
            watch.interval = interval.unwrap_or(watch.interval);
        });
    }

    /// Forgets the verdicts and the earlier runs, on disk first. What leaks still is told again.
    fn clear_history(&self) -> Result<(), Error> {
        let cleared = {
            let watched = self.watched();
            let mut history = watched.history.clone();
            // Before the first window the last run is that of an earlier process.
            history.clear(watched.code.is_some());
            history
        };
        self.write(&cleared)?;
        let mut watched = self.watched();
        let has_begun = watched.code.is_some();
        watched.history.clear(has_begun);
        watched.told.clear();
        watched.told_counts.clear();
        Ok(())
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a window: a profile, the load, the stores, and what `count` counts. Blocks for about a millisecond, longer where
    /// thousands of descriptors are open. Whether a whole profile should be kept, because something new leaks.
    fn take_window(
        &self,
        headroom: &Headroom,
        now: Timestamp,
        in_flight: u64,
        count: impl FnOnce(&Snapshot) -> Counted,
    ) -> Result<bool, Error> {
        let begun = Instant::now();
        // The files' build ids are read once: they do not change under a running process.
        let is_first = self.watched().code.is_none();
        let profile = if is_first { take_heap_profile()? } else { take_bare_heap_profile()? };
        // The snapshot asks every store for its size, this one too: nothing may be locked meanwhile.
        let snapshot = headroom.snapshot();
        let counts = count(&snapshot);
        let at_micros = u64::try_from(now.timestamp_micros()).unwrap_or(0);
        let load = Load { at_micros, requests: snapshot.requests, in_flight };
        let mut watched = self.watched();
        if watched.code.is_none() {
            let code = profile.without_stacks();
            watched.history.begin(build_id(&code), now);
            watched.code = Some(code);
        }
        watched.detector.observe(load, profile.sample_bytes, profile.stacks(), &snapshot.stores, &counts);
        let undecided = watched.detector.undecided();
        let mut watched = if undecided.is_empty() { watched } else { self.decide(watched, undecided) };
        watched.tell_counts();
        watched.last_window = Some(now);
        let is_new = watched.remember(load, now);
        let is_due_again = watched.profiled_at.is_none_or(|last| now - last >= PROFILE_EVERY);
        let keeps = watched.wants_profile && is_due_again;
        watched.took = begun.elapsed();
        let is_due = is_new || watched.detector.windows().is_multiple_of(SAVE_EVERY);
        drop(watched);
        if is_due {
            self.save();
        }
        Ok(keeps)
    }

    /// A profile of what leaks was kept.
    pub(super) fn note_profile(&self, now: Timestamp) {
        let mut watched = self.watched();
        watched.wants_profile = false;
        watched.profiled_at = Some(now);
    }

    /// Finds out which calls that many stacks share have reached the program. Its file is read without the lock.
    fn decide<'a>(
        &'a self,
        watched: MutexGuard<'a, Watched>,
        undecided: Vec<Box<[u64]>>,
    ) -> MutexGuard<'a, Watched> {
        let code = watched.code.clone().unwrap_or_default();
        drop(watched);
        let found = undecided.into_iter().filter_map(|calls| match code.reaches_program(&calls) {
            Ok(is_beyond_runtime) => Some((calls, is_beyond_runtime)),
            // It is asked again at the next window.
            Err(error) => {
                tracing::warn!(%error, "the program's symbols cannot be read: shared calls are not told apart");
                None
            }
        });
        let found: Vec<_> = found.collect();
        let mut watched = self.watched();
        for (calls, is_beyond_runtime) in found {
            watched.detector.decide(&calls, is_beyond_runtime);
        }
        watched
    }

    /// Writes the history down; a disk that is full loses no more than that.
    fn save(&self) {
        let history = self.watched().history.clone();
        if let Err(error) = self.write(&history) {
            tracing::warn!(path = %self.path.display(), %error, "the history of leaks could not be written");
        }
    }

    /// Writes without the lock on what is watched, which the memory report and the watch over the memory want: a disk may be
    /// slow.
    fn write(&self, history: &History) -> Result<(), Error> {
        let _alone = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(history.save(&self.path)?)
    }

    /// Writes the history down at the end of a run, if there was one.
    fn close(&self) {
        if self.watched().code.is_some() {
            self.save();
        }
    }

    /// The suspects of this moment, the fastest first, as they are answered.
    pub(super) fn suspects(&self, headroom: &Headroom) -> Vec<SuspectAnswer> {
        let suspects = self.watched().suspects();
        if suspects.is_empty() {
            return Vec::new();
        }
        let room = room_bytes(headroom);
        suspects.into_iter().map(|(calls, suspect)| SuspectAnswer::of(calls, &suspect, room)).collect()
    }

    /// What is counted, and which of it only gets more.
    pub(super) fn counts(&self) -> Vec<CountAnswer> {
        self.watched().counts()
    }

    /// How long the last window took.
    pub(super) fn took(&self) -> Duration {
        self.watched().took
    }

    fn report(&self, headroom: &Headroom) -> LeakReport {
        let suspects = self.suspects(headroom);
        LeakReport::of(&self.watched(), self.watch(), suspects)
    }
}

impl Watched {
    /// Each suspect with its calls as places in their files.
    fn suspects(&self) -> Vec<(Vec<String>, Suspect)> {
        let Some(code) = &self.code else { return Vec::new() };
        let written = |suspect: Suspect| {
            let calls = suspect.calls.iter().map(|call| code.place(*call).to_string()).collect();
            (calls, suspect)
        };
        self.detector.suspects().into_iter().map(written).collect()
    }

    fn counts(&self) -> Vec<CountAnswer> {
        self.detector.counts().map(CountAnswer::of).collect()
    }

    /// Tells the log of everything that is found growing, once.
    fn tell_counts(&mut self) {
        let Self { detector, told_counts, .. } = self;
        for count in detector.counts() {
            match count.growth {
                Some(growth) if !told_counts.contains(&count.name) => {
                    told_counts.push(count.name);
                    tracing::warn!(
                        event = "memory.leak_detected",
                        counted = count.name,
                        now = count.now,
                        per_hour = growth.per_hour,
                        "there are ever more of these, at the same load"
                    );
                }
                Some(_) => {}
                None => told_counts.retain(|told| *told != count.name),
            }
        }
    }

    /// Takes this window and its verdicts into the history, and tells the log of each new one. Whether there was one.
    fn remember(&mut self, load: Load, now: Timestamp) -> bool {
        self.history.note_window(load, self.detector.live_bytes(), now);
        let suspects = self.suspects();
        let mut is_new = false;
        let mut sites = Vec::with_capacity(suspects.len());
        for (calls, suspect) in suspects {
            let site = answer::site_of(&calls);
            if !self.told.contains(&site) {
                is_new = true;
                tracing::warn!(
                    event = "memory.leak_detected",
                    site,
                    bytes_per_hour = suspect.bytes_per_hour,
                    confidence_percent = suspect.confidence_percent,
                    "memory leaks: `lexiflow memory leaks` names the line"
                );
            }
            self.wants_profile |= self.history.note_verdict(&site, &calls, &suspect, now);
            sites.push(site);
        }
        self.told = sites;
        is_new
    }
}

/// What is left of the budget, in bytes.
fn room_bytes(headroom: &Headroom) -> u64 {
    let snapshot = headroom.snapshot();
    snapshot.budget.bytes.saturating_sub(snapshot.heap_used())
}

/// The program's own.
fn build_id(code: &HeapProfile) -> &str {
    code.mappings().first().map_or("", |mapping| &mapping.build_id)
}

/// The detector and the history as one bounded store.
#[derive(Debug)]
pub(super) struct LeakStore(pub(super) Arc<Leaks>);

/// The most that the watch for leaks takes, in bytes.
pub(crate) const LEAKS_BYTES: u64 = Detector::CAP_BYTES + history::CAP_BYTES;

impl BoundedStore for LeakStore {
    fn name(&self) -> &'static str {
        "memory.leaks"
    }

    fn entries(&self) -> u64 {
        self.0.watched().detector.stacks() as u64
    }

    fn bytes(&self) -> u64 {
        let watched = self.0.watched();
        watched.detector.bytes() + watched.history.bytes()
    }

    fn cap_bytes(&self) -> u64 {
        LEAKS_BYTES
    }

    fn max_entries(&self) -> Option<u64> {
        Some(STACKS as u64)
    }

    fn eviction(&self) -> Eviction {
        Eviction::Smallest
    }

    /// What it knows took hours to learn, and is small.
    fn shrink_to(&self, _bytes: u64) -> u64 {
        0
    }

    /// Otherwise others would shed for it.
    fn floor_bytes(&self) -> u64 {
        self.cap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headroom::{Cache, CacheConfig, StoreRegistry};

    /// A watch that remembers runs of some length.
    fn used_watch(folder: &std::path::Path) -> Arc<Leaks> {
        let watch = Watch { is_on: false, interval: Duration::from_secs(30) };
        let leaks = Leaks::within(&Diagnostics::within(folder), watch);
        for run in 0..8 {
            leaks.watched().history.begin(&format!("build {run}"), Timestamp::UNIX_EPOCH);
            for requests in 0..64 {
                let load = Load { at_micros: requests, requests, in_flight: 0 };
                leaks.watched().history.note_window(load, 1 << 20, Timestamp::UNIX_EPOCH);
            }
        }
        Arc::new(leaks)
    }

    #[test]
    fn no_other_store_sheds_for_what_the_watch_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let watch = LeakStore(used_watch(folder.path()));
        let cache = Arc::new(Cache::<u64, Vec<u8>>::new(CacheConfig {
            name: "test".to_owned(),
            cap_bytes: 64 << 20,
            usual_entry_bytes: 1024,
            ttl_micros: None,
            weigh: |_, value: &Vec<u8>| value.capacity() as u64,
        }));
        assert!((0..100).all(|key| cache.insert(key, vec![0; 1024], 0)));
        let (watched, cached) = (watch.bytes(), cache.bytes());
        assert!(watched > watch.cap_bytes() / 100, "{watched}: the watch is above a hundredth of its cap");
        let stores = StoreRegistry::default();
        stores.register(Arc::new(watch)).unwrap();
        stores.register(Arc::clone(&cache) as _).unwrap();
        assert_eq!(stores.shrink_all(1), 0, "the cache is below a hundredth of its own");
        assert_eq!(stores.bytes(), watched + cached);
    }
}
