//! What is remembered of earlier runs: their windows in short and their verdicts, in one file of the data folder.

use crate::ops::diagnostics::replace;
use crate::ops::report::written;
use clock::Timestamp;
use headroom::leaks::{FRAMES, Load, Suspect};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use utoipa::ToSchema;

const VERSION: u32 = 1;
/// Runs that are remembered.
const RUNS: usize = 8;
/// Verdicts that are remembered, of all runs.
const VERDICTS: usize = 100;
/// Windows of a run that are remembered; when there are more, every other one goes.
const WINDOWS: usize = 64;
/// A longer place of a call is cut.
const PLACE_BYTES: usize = 64;
/// More than the longest file that is written.
const FILE_BYTES: u64 = 2 << 20;
/// What is held in memory at most.
pub(super) const CAP_BYTES: u64 = (VERDICTS * (FRAMES * (PLACE_BYTES + size_of::<String>()) + 512)
    + RUNS * (WINDOWS * size_of::<RunWindow>() + 512)) as u64;

/// The history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct History {
    version: u32,
    /// Newest last.
    pub(super) runs: Vec<Run>,
    /// The one seen most recently last.
    pub(super) verdicts: Vec<PastVerdict>,
}

/// A run of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    /// The linker's mark of the program.
    #[schema(example = "ee05ebdd2c3a")]
    build_id: String,
    /// The first window, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    started_at: String,
    /// The last window.
    #[schema(example = "2026-01-31T13:00:00.000000Z")]
    last_at: String,
    /// How many windows there were.
    #[schema(example = 121)]
    count: u64,
    /// Every so many of them are remembered.
    #[schema(example = 2)]
    every: u64,
    /// Those, oldest first.
    windows: Vec<RunWindow>,
}

/// A window in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RunWindow {
    /// Seconds since 1970.
    #[schema(example = 1_769_860_800)]
    at: u64,
    /// Live bytes, as estimated from the samples.
    #[schema(example = 9_437_184)]
    live_bytes: u64,
    /// Requests since the start.
    #[schema(example = 4213)]
    requests: u64,
    /// Requests in flight, as a mean.
    #[schema(example = 3)]
    in_flight: u64,
}

/// A leak of this run or an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastVerdict {
    /// The same site has the same name in every run of one build.
    #[schema(example = "3f9a01c27be4")]
    site: String,
    /// The build that its calls are places in.
    #[schema(example = "ee05ebdd2c3a")]
    build_id: String,
    /// The calls, innermost first.
    #[schema(example = json!(["lexiflow+0x2b3c4d", "lexiflow+0x1a2b3c"]))]
    calls: Vec<String>,
    /// How fast it grew when it was last seen.
    #[schema(example = 12_582_912)]
    bytes_per_hour: u64,
    /// When it was first told, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:08:00.000000Z")]
    first_seen_at: String,
    /// When it was last seen.
    #[schema(example = "2026-01-31T13:00:00.000000Z")]
    last_seen_at: String,
    /// In how many runs.
    #[schema(example = 1)]
    runs: u64,
    /// The beginning of the last of them.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    last_run_at: String,
}

/// Why a history cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum HistoryFault {
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("the file is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    #[error("the file is of another version or longer than any that was written")]
    Foreign,
}

impl Default for History {
    fn default() -> Self {
        Self { version: VERSION, runs: Vec::new(), verdicts: Vec::new() }
    }
}

impl History {
    /// Reads a history; without a file there is none yet.
    pub(super) fn load(path: &Path) -> Result<Self, HistoryFault> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            file => file?,
        };
        let mut text = Vec::new();
        file.take(FILE_BYTES).read_to_end(&mut text)?;
        let history: Self = serde_json::from_slice(&text)?;
        let is_sane = |call: &String| call.len() <= PLACE_BYTES;
        let fits = history.version == VERSION
            && history.runs.len() <= RUNS
            && history.runs.iter().all(|run| run.windows.len() <= WINDOWS && run.every > 0)
            && history.verdicts.len() <= VERDICTS
            && history
                .verdicts
                .iter()
                .all(|past| past.calls.len() <= FRAMES && past.calls.iter().all(is_sane));
        fits.then_some(history).ok_or(HistoryFault::Foreign)
    }

    /// Writes it beside its place and then into it, for the server's user alone.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        replace(path, &path.with_extension("json.tmp"), |out| Ok(serde_json::to_writer(out, self)?))
    }

    /// Begins the run of this process.
    pub(super) fn begin(&mut self, build_id: &str, now: Timestamp) {
        if self.runs.len() == RUNS {
            self.runs.remove(0);
        }
        self.runs.push(Run {
            build_id: build_id.to_owned(),
            started_at: written(now),
            last_at: written(now),
            count: 0,
            every: 1,
            windows: Vec::new(),
        });
    }

    /// Forgets everything but the windows of this run, if it `has_begun`.
    pub(super) fn clear(&mut self, has_begun: bool) {
        self.verdicts.clear();
        self.runs.drain(..self.runs.len().saturating_sub(usize::from(has_begun)));
    }

    /// Remembers a window of this run.
    pub(super) fn note_window(&mut self, load: Load, live_bytes: u64, now: Timestamp) {
        let Some(run) = self.runs.last_mut() else { return };
        run.last_at = written(now);
        if run.count.is_multiple_of(run.every) {
            if run.windows.len() == WINDOWS {
                let mut keep = false;
                run.windows.retain(|_| {
                    keep = !keep;
                    keep
                });
                run.every *= 2;
            }
            let at = load.at_micros / 1_000_000;
            run.windows.push(RunWindow {
                at,
                live_bytes,
                requests: load.requests,
                in_flight: load.in_flight,
            });
        }
        run.count += 1;
    }

    /// Remembers a verdict of this run. Whether it is the first of its site, in any run of this build.
    pub(super) fn note_verdict(
        &mut self,
        site: &str,
        calls: &[String],
        suspect: &Suspect,
        now: Timestamp,
    ) -> bool {
        let Some(run) = self.runs.last() else { return false };
        let (build_id, run_at) = (run.build_id.clone(), run.started_at.clone());
        let is_it = |past: &PastVerdict| past.site == site && past.build_id == build_id;
        let known = self.verdicts.iter().position(is_it);
        let mut past = match known {
            Some(place) => self.verdicts.remove(place),
            None => PastVerdict {
                site: site.to_owned(),
                calls: calls.iter().map(|call| cut(call).to_owned()).collect(),
                build_id,
                bytes_per_hour: 0,
                first_seen_at: written(now),
                last_seen_at: String::new(),
                runs: 0,
                last_run_at: String::new(),
            },
        };
        past.bytes_per_hour = suspect.bytes_per_hour;
        past.last_seen_at = written(now);
        if past.last_run_at != run_at {
            past.runs += 1;
            past.last_run_at = run_at;
        }
        if self.verdicts.len() == VERDICTS {
            self.verdicts.remove(0);
        }
        self.verdicts.push(past);
        known.is_none()
    }

    /// What is held, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let windows: usize =
            self.runs.iter().map(|run| run.windows.capacity() * size_of::<RunWindow>() + 256).sum();
        let calls = |past: &PastVerdict| {
            past.calls.iter().map(|call| call.len() + size_of::<String>()).sum::<usize>()
        };
        let verdicts: usize = self.verdicts.iter().map(|past| calls(past) + 256).sum();
        (windows + verdicts) as u64
    }
}

fn cut(place: &str) -> &str {
    &place[..place.floor_char_boundary(PLACE_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Clock as _;
    use headroom::leaks::Scale;
    use std::fs;

    fn suspect(bytes_per_hour: u64) -> Suspect {
        Suspect {
            calls: Box::default(),
            stacks: 1,
            live_bytes: 1,
            grown_bytes: 1,
            bytes_per_hour,
            bytes_per_request: None,
            samples: 1,
            windows: 6,
            span_micros: 1,
            confidence_percent: 90,
            scale: Scale::Time,
            holder: None,
            since_micros: 1,
        }
    }

    #[test]
    fn a_history_outlives_its_process_and_its_size_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("diagnostics/leaks.json");
        let now = clock::SystemClock.now();
        let longest = "n".repeat(500);
        for run in 0..12 {
            let mut history = History::load(&path).unwrap();
            history.begin("ee05", now + chrono::TimeDelta::days(run));
            for window in 0..300 {
                let load = Load { at_micros: window * 30_000_000, requests: window, in_flight: 1 };
                history.note_window(load, window, now);
            }
            for site in 0..20 {
                let calls = vec![longest.clone(); FRAMES];
                history.note_verdict(&format!("site-{run}-{site}"), &calls, &suspect(7), now);
                history.note_verdict("always", &calls, &suspect(9), now);
            }
            history.save(&path).unwrap();
            assert!(history.bytes() <= CAP_BYTES, "{} of {CAP_BYTES}", history.bytes());
        }
        let history = History::load(&path).unwrap();
        assert_eq!((history.runs.len(), history.verdicts.len()), (RUNS, VERDICTS));
        let run = history.runs.last().unwrap();
        assert!(run.windows.len() <= WINDOWS && run.every == 8 && run.count == 300, "{run:?}");
        assert!(run.windows.windows(2).all(|pair| pair[1].live_bytes - pair[0].live_bytes == 8), "{run:?}");
        let always = history.verdicts.last().unwrap();
        assert_eq!((always.site.as_str(), always.runs), ("always", 12));
        assert!(fs::metadata(&path).unwrap().len() < FILE_BYTES);
    }

    #[test]
    fn a_file_that_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaks.json");
        for text in ["", "{", "{}", r#"{"version":2,"runs":[],"verdicts":[]}"#] {
            fs::write(&path, text).unwrap();
            assert!(History::load(&path).is_err(), "{text}");
        }
        History::default().save(&path).unwrap();
        assert_eq!(History::load(&path).unwrap(), History::default());
    }

    #[test]
    fn what_is_cleared_is_all_of_earlier_runs() {
        let (mut history, now) = (History::default(), clock::SystemClock.now());
        history.begin("old", now);
        history.note_verdict("site", &[], &suspect(7), now);
        history.begin("new", now);
        for (has_begun, runs) in [(true, vec!["new"]), (false, Vec::new())] {
            history.clear(has_begun);
            let left: Vec<_> = history.runs.iter().map(|run| run.build_id.as_str()).collect();
            assert_eq!((left, history.verdicts.len()), (runs, 0));
        }
    }

    #[test]
    fn another_builds_site_of_the_same_name_is_another() {
        let (mut history, now) = (History::default(), clock::SystemClock.now());
        history.begin("old", now);
        history.note_verdict("site", &[], &suspect(7), now);
        history.begin("new", now);
        history.note_verdict("site", &[], &suspect(8), now);
        let seen: Vec<_> = history.verdicts.iter().map(|past| (past.build_id.as_str(), past.runs)).collect();
        assert_eq!(seen, [("old", 1), ("new", 1)]);
    }
}
