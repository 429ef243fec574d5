use crate::about;
use crate::ops::diagnostics::{Diagnostics, KEPT, KEPT_MILLIS, remove_if_there, replace};
use crate::ops::history::MemoryHistoryRow;
use crate::ops::memory::Figures;
use crate::ops::report::written;
use clock::Timestamp;
use headroom::Level;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufWriter, Read as _};
use utoipa::ToSchema;

/// More than the longest file that is written.
const FILE_BYTES: u64 = 1 << 20;
const BEGIN: &str = "critical-";
const END: &str = ".json";

/// How a spell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::ops) enum SpellEnd {
    /// Memory was not critical any more.
    Over,
    /// The server was told to end, and did.
    Stopped,
    /// The server did not end in order: it was killed, or its machine went down. The next one has found that.
    Lost,
}

/// A spell of critical memory, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::ops) struct CriticalSpell {
    /// When memory became critical, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    pub(in crate::ops) began: String,
    /// When it was written down last.
    #[schema(example = "2026-01-31T12:00:35.000000Z")]
    pub(in crate::ops) last: String,
    /// How it ended; null while it lasts.
    #[schema(example = "over")]
    pub(in crate::ops) end: Option<SpellEnd>,
    /// The highest level.
    #[schema(example = "emergency")]
    pub(in crate::ops) level: String,
    /// The most that the kernel counted and could not take back when it was written down.
    #[schema(example = 254_803_968)]
    pub(in crate::ops) charged_bytes: u64,
    /// The limit.
    #[schema(example = 268_435_456)]
    pub(in crate::ops) limit_bytes: u64,
    /// The server's process.
    #[schema(example = 4711)]
    process: u32,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: String,
    /// What was wrong while it lasted, and what to do.
    #[schema(example = json!(["Memory is critical: 94 % of the budget is used."]))]
    pub(in crate::ops) findings: Vec<String>,
    /// The file with all of it.
    #[schema(example = "./data/diagnostics/critical-1769860800000.json")]
    pub(in crate::ops) file: String,
}

impl CriticalSpell {
    /// One that begins now.
    pub(super) fn begun(now: Timestamp) -> Self {
        Self {
            began: written(now),
            last: written(now),
            end: None,
            level: String::new(),
            charged_bytes: 0,
            limit_bytes: 0,
            process: std::process::id(),
            version: about::VERSION.to_owned(),
            findings: Vec::new(),
            file: name(now.timestamp_millis()),
        }
    }

    /// The highest level counts.
    pub(super) fn rise_to(&mut self, level: Level) {
        if self.level != Level::Emergency.as_str() {
            level.as_str().clone_into(&mut self.level);
        }
    }
}

/// All that a file says, for whoever operates the machine: it names every firm.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written<'a> {
    pub(super) spell: &'a CriticalSpell,
    pub(super) report: Figures,
    pub(super) running: Vec<Value>,
    pub(super) firms: Vec<Value>,
    pub(super) seconds: Vec<MemoryHistoryRow>,
    pub(super) minutes: Vec<MemoryHistoryRow>,
}

/// What is read back of it.
#[derive(Deserialize)]
struct Read {
    spell: CriticalSpell,
}

fn name(began_millis: i64) -> String {
    format!("{BEGIN}{began_millis:013}{END}")
}

impl Diagnostics {
    /// Writes a spell beside its place and then into it, for the server's user alone, and removes the oldest beyond the limit and
    /// what is too old.
    pub(super) fn keep_spell(&self, report: &Written<'_>, now: Timestamp) -> io::Result<()> {
        let file = report.spell.file.as_str();
        self.put(file, |out| Ok(serde_json::to_writer(out, report)?))?;
        self.forget_spells(now, Some(file));
        Ok(())
    }

    /// All that can be read, oldest first, by the names of their files in the folder.
    pub(super) fn spells(&self) -> io::Result<Vec<CriticalSpell>> {
        let read = |began: &i64| {
            let text = self.text_of(&name(*began)).ok()?;
            // Whatever it says of itself: the file is the one that was read.
            let spell = serde_json::from_slice::<Read>(&text).ok()?.spell;
            Some(CriticalSpell { file: name(*began), ..spell })
        };
        Ok(self.kept_spells()?.iter().filter_map(read).collect())
    }

    /// Those that have no end, as their server did not live to see it. They have one from now on, and the last one is told.
    pub(super) fn find_lost_spells(&self, now: Timestamp) -> io::Result<Option<CriticalSpell>> {
        self.forget_spells(now, None);
        let mut lost: Vec<_> = self.spells()?.into_iter().filter(|spell| spell.end.is_none()).collect();
        for spell in &mut lost {
            spell.end = Some(SpellEnd::Lost);
            if let Err(error) = self.write_lost(spell) {
                tracing::warn!(%error, file = spell.file, "that a server was lost will be told once more");
            }
        }
        Ok(lost.into_iter().max_by(|one, other| one.last.cmp(&other.last)))
    }

    fn write_lost(&self, spell: &CriticalSpell) -> io::Result<()> {
        let file = spell.file.as_str();
        let mut report: Value = serde_json::from_slice(&self.text_of(file)?)?;
        report["spell"]["end"] = serde_json::to_value(spell.end)?;
        self.put(file, |out| Ok(serde_json::to_writer(out, &report)?))
    }

    fn text_of(&self, file: &str) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        File::open(self.folder().join(file))?.take(FILE_BYTES).read_to_end(&mut text)?;
        Ok(text)
    }

    fn put(&self, file: &str, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
        // Of one name for all: no end of them is left by servers that are killed as they write.
        replace(&self.folder().join(file), &self.folder().join("critical.tmp"), write)
    }

    /// Removes what is too old, and the oldest beyond the limit, but not the one that was `written` just now: a clock that was set
    /// back makes that the oldest. One that cannot be removed keeps no other.
    pub(super) fn forget_spells(&self, now: Timestamp, written: Option<&str>) {
        let kept = self.kept_spells().unwrap_or_default();
        let beyond = kept.len().saturating_sub(KEPT);
        let oldest = now.timestamp_millis() - KEPT_MILLIS;
        let old = kept.iter().enumerate().filter(|(place, began)| *place < beyond || **began < oldest);
        for file in old.map(|(_, began)| name(*began)).filter(|file| written != Some(file.as_str())) {
            if let Err(error) = remove_if_there(&self.folder().join(&file)) {
                tracing::warn!(%error, file, "an old report of critical memory could not be removed");
            }
        }
    }

    /// When the spells began that there are files of, oldest first: a dozen at most, as nobody else writes to the folder.
    fn kept_spells(&self) -> io::Result<Vec<i64>> {
        let mut kept = self.named(|file| {
            let began = file.strip_prefix(BEGIN)?.strip_suffix(END)?.parse().ok()?;
            (name(began) == file).then_some(began)
        })?;
        kept.sort_unstable();
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use clock::Clock as _;
    use std::fs;

    fn keep(folder: &Diagnostics, spell: &CriticalSpell, now: Timestamp) {
        let (running, firms, seconds, minutes) = (vec![], vec![], vec![], vec![]);
        let written = Written { spell, report: Figures::default(), running, firms, seconds, minutes };
        folder.keep_spell(&written, now).unwrap();
    }

    #[test]
    fn the_latest_five_of_a_week_are_kept_for_the_servers_user_alone() {
        let data = tempfile::tempdir().unwrap();
        let folder = Diagnostics::within(data.path());
        assert_eq!(folder.spells().unwrap(), [], "no folder, no spells");
        let now = clock::SystemClock.now();
        for hour in 0..7 {
            let at = now + TimeDelta::hours(hour);
            let mut spell = CriticalSpell::begun(at);
            keep(&folder, &spell, at);
            spell.end = Some(SpellEnd::Over);
            keep(&folder, &spell, at);
        }
        let spells = folder.spells().unwrap();
        let began: Vec<_> = spells.iter().map(|spell| spell.began.clone()).collect();
        assert_eq!(began, (2..7).map(|hour| written(now + TimeDelta::hours(hour))).collect::<Vec<_>>());
        assert!(
            spells.iter().all(|spell| spell.end == Some(SpellEnd::Over)),
            "the last word counts: {spells:?}"
        );
        let file = folder.shown(&spells[0].file);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);

        let later = now + TimeDelta::days(7) + TimeDelta::hours(5);
        keep(&folder, &CriticalSpell::begun(later), later);
        assert_eq!(folder.spells().unwrap().len(), 3, "of hours 5 and 6, and the new one");
        for (name, text) in [("critical-x.json", "{}"), ("critical-1.json", "{}")] {
            fs::write(data.path().join("diagnostics").join(name), text).unwrap();
        }
        let damaged = folder.shown(&folder.spells().unwrap()[0].file);
        fs::write(damaged, "{").unwrap();
        assert_eq!(folder.spells().unwrap().len(), 2, "what is no report is passed over");
    }

    #[test]
    fn a_server_that_was_lost_is_told_once() {
        let data = tempfile::tempdir().unwrap();
        let folder = Diagnostics::within(data.path());
        let now = clock::SystemClock.now();
        assert_eq!(folder.find_lost_spells(now).unwrap(), None);
        let (mut over, open) = (CriticalSpell::begun(now), CriticalSpell::begun(now + TimeDelta::seconds(1)));
        over.end = Some(SpellEnd::Over);
        keep(&folder, &over, now);
        keep(&folder, &open, now);
        let lost = folder.find_lost_spells(now).unwrap().unwrap();
        assert_eq!((lost.file.as_str(), lost.end), (open.file.as_str(), Some(SpellEnd::Lost)));
        assert_eq!(folder.spells().unwrap(), [over, lost], "the rest of it is as it was");
        assert_eq!(folder.find_lost_spells(now).unwrap(), None);

        keep(&folder, &open, now);
        let later = now + TimeDelta::days(8);
        assert_eq!(folder.find_lost_spells(later).unwrap(), None, "that was too long ago");
        assert_eq!(folder.spells().unwrap(), []);
    }

    #[test]
    fn a_clock_that_was_set_back_costs_no_report_that_is_written() {
        let data = tempfile::tempdir().unwrap();
        let folder = Diagnostics::within(data.path());
        let now = clock::SystemClock.now();
        for hour in 1..=5 {
            keep(&folder, &CriticalSpell::begun(now + TimeDelta::hours(hour)), now);
        }
        let back = CriticalSpell::begun(now);
        keep(&folder, &back, now);
        assert!(folder.spells().unwrap().contains(&back));
    }

    #[test]
    fn what_lay_in_its_way_gives_no_report_away() {
        let data = tempfile::tempdir().unwrap();
        let folder = Diagnostics::within(data.path());
        let now = clock::SystemClock.now();
        fs::create_dir(data.path().join("diagnostics")).unwrap();
        let elsewhere = data.path().join("elsewhere");
        fs::write(&elsewhere, "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, data.path().join("diagnostics/critical.tmp")).unwrap();
        let spell = CriticalSpell::begun(now);
        keep(&folder, &spell, now);
        assert_eq!(fs::read(&elsewhere).unwrap(), [0; 0]);
        let mode = fs::metadata(folder.shown(&spell.file)).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    }
}
