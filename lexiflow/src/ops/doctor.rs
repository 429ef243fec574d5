//! What is wrong with the memory, why, and what to do, in sentences.

use super::leaks::SuspectAnswer;
use headroom::{Cause, ControlStats, Level, Snapshot, Unreadable};
use std::time::Duration;

/// Said when there is no other finding.
pub(super) const NOTHING: &str = "Nothing is wrong.";

/// Growth that reaches the limit later than this is not worth a word, in microseconds.
const WORTH_SAYING_MICROS: u64 = 3_600_000_000;

/// The findings, the most urgent first; one that says so when nothing is wrong.
pub(super) fn findings(
    snapshot: &Snapshot,
    controls: &ControlStats,
    overdue: Duration,
    suspects: &[SuspectAnswer],
) -> Vec<String> {
    let mut found = Vec::new();
    if !overdue.is_zero() {
        found.push(format!(
            "The thread that watches the memory is overdue by {} s: what is lent keeps within its limits, but the level stays \
             as it was. The machine has too little processor time; if this does not end, restart the server.",
            overdue.as_secs() + 1
        ));
    }
    level(snapshot, controls, &mut found);
    unreadable(snapshot, &mut found);
    leaks(suspects, &mut found);
    if let Some(micros) = controls.micros_to_limit.filter(|micros| *micros < WORTH_SAYING_MICROS)
        && snapshot.level > Level::Normal
    {
        let seconds = micros / 1_000_000;
        found.push(format!(
            "At its present growth the limit is reached in {seconds} s: look at `routes` for the request that grows, and \
             at `stores` for one below its cap that fills."
        ));
    }
    let budget = &snapshot.budget;
    if let Some(asked) = budget.clipped_from {
        found.push(format!(
            "MEMORY_BUDGET_MB asks for {} MiB, but only {} MiB fit into the limit of {} MiB ({}): raise that limit too, or \
             ask for less.",
            mebibytes(asked), mebibytes(budget.bytes), mebibytes(budget.limit.bytes), budget.limit.source.as_str()
        ));
    }
    if let Some(cgroup) = snapshot.reading.cgroup.filter(|cgroup| cgroup.oom_kills > 0) {
        found.push(format!(
            "The kernel has ended {} process(es) of this control group for want of memory: the limit is too small for what \
             runs in the group beside the server, or was lowered while it ran.",
            cgroup.oom_kills
        ));
    }
    for pool in snapshot.pools.iter().filter(|pool| pool.refused > 0) {
        found.push(format!(
            "The part `{}` of the budget has refused {} request(s): {} of {} MiB are lent, {} MiB at most so far.",
            pool.name, pool.refused, mebibytes(pool.used), mebibytes(pool.limit), mebibytes(pool.peak)
        ));
    }
    if controls.cancelled > 0 {
        found.push(format!(
            "{} request(s) were ended to stay within the limit; `actions` has the latest.",
            controls.cancelled
        ));
    }
    if controls.overdue > 0 {
        found.push(format!(
            "The thread that watches the memory came more than a second late {} time(s): the machine has too little \
             processor time, or was suspended.",
            controls.overdue
        ));
    }
    if found.is_empty() {
        found.push(NOTHING.to_owned());
    }
    found
}

fn unreadable(snapshot: &Snapshot, found: &mut Vec<String>) {
    let limit = snapshot.budget.limit;
    let Unreadable { limit: no_limit, limit_unknown, usage, process } = snapshot.reading.unreadable;
    if no_limit {
        found.push(format!(
            "A file that may set the memory limit cannot be read any more. The limit in force is what it said last, {} MiB ({}); give the server access \
             to its control group's files again.",
            mebibytes(limit.bytes),
            limit.source.as_str()
        ));
    }
    if limit_unknown {
        found.push(format!(
            "A file of the control group that may set the memory limit could not be read since the start, so a limit that it \
             sets is not known; the limit in force is {} MiB ({}). Let the server's user read the files of its control group, \
             or set MEMORY_BUDGET_MB to three quarters of the limit that you know.",
            mebibytes(limit.bytes),
            limit.source.as_str()
        ));
    }
    if usage || process {
        found.push(
            "The kernel does not tell any more what the server is charged with: the level is made of what it told last and \
             of what the allocator knows. Give the server access to its control group's files and to /proc again."
                .to_owned(),
        );
    }
}

fn leaks(suspects: &[SuspectAnswer], found: &mut Vec<String>) {
    let Some(fastest) = suspects.first() else { return };
    found.push(format!(
        "Memory leaks in {} place(s). The fastest, `{}`, grows by {} KiB an hour and reaches the limit in {} h ({}): run \
         `lexiflow memory leaks` for the function and the line, and restart the server in time.",
        suspects.len(),
        fastest.site,
        fastest.bytes_per_hour >> 10,
        fastest.seconds_to_limit / 3600,
        fastest.severity
    ));
}

fn level(snapshot: &Snapshot, controls: &ControlStats, found: &mut Vec<String>) {
    let share = snapshot.share_permille / 10;
    let why = match controls.cause {
        Cause::Growth => "memory grows so fast that the limit is near".to_owned(),
        Cause::Stalls => "the machine stalls for want of memory".to_owned(),
        Cause::None | Cause::Share => format!("{share} % of the limit is used"),
    };
    let what = match snapshot.level {
        Level::Normal => return,
        Level::Elevated => "Stores are kept at three quarters. Nothing needs to be done yet.",
        Level::Warning => {
            "Stores are kept at half, background jobs wait, clients are asked to close their connections. Look at \
             `routes` and `stores` for what holds most."
        }
        Level::Critical => {
            "Stores are emptied; lists, searches, uploads and downloads are refused with 503; the largest request of the \
             firm that holds most is ended. Raise the memory limit and MEMORY_BUDGET_MB together, or find what grows."
        }
        Level::Emergency => {
            "As at critical, and a heap profile was written. Raise the memory limit, or restart the server once the profile \
             is kept."
        }
    };
    found.push(format!("The level is {} because {why}. {what}", snapshot.level.as_str()));
}

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

#[cfg(test)]
mod tests {
    use super::*;
    use headroom::{AllocatorStats, Headroom, InjectedSource, Settings};
    use std::sync::Arc;

    fn found(heap_mib: u64, asked: Option<u64>) -> Vec<String> {
        let source = Arc::new(InjectedSource::with_limit(400 << 20));
        source.change(|reading| {
            reading.allocator =
                Some(AllocatorStats { allocated: heap_mib << 20, ..AllocatorStats::default() });
        });
        let settings = Settings { explicit_budget_bytes: asked, ..Settings::default() };
        let headroom = Headroom::new(settings, source as _);
        headroom.sample_at(1);
        findings(&headroom.snapshot(), &headroom.controls(), Duration::ZERO, &[])
    }

    #[test]
    fn figures_that_cannot_be_read_and_a_watcher_that_does_not_come_are_told() {
        let source = Arc::new(InjectedSource::with_limit(400 << 20));
        let headroom = Headroom::new(Settings::default(), Arc::clone(&source) as _);
        headroom.sample_at(1_000_000);
        let told = |at_micros| {
            let overdue = headroom.overdue_at(at_micros);
            findings(&headroom.snapshot(), &headroom.controls(), overdue, &[])
        };
        assert_eq!(told(2_000_000), ["Nothing is wrong."]);
        let late = told(3_500_000);
        assert!(late[0].contains("overdue by 2 s"), "{late:?}");
        let unreadable = Unreadable { limit: true, usage: true, ..Unreadable::default() };
        source.change(|reading| reading.unreadable = unreadable);
        let blind = told(2_000_000);
        assert!(blind[0].contains("said last, 400 MiB (physical)"), "{blind:?}");
        assert!(blind[1].contains("does not tell any more") && blind.len() == 2, "{blind:?}");
        let unknown = Unreadable { limit_unknown: true, ..Unreadable::default() };
        source.change(|reading| reading.unreadable = unknown);
        let unknown = told(2_000_000);
        assert!(
            unknown[0].contains("since the start") && unknown[0].contains("MEMORY_BUDGET_MB"),
            "{unknown:?}"
        );
        assert!(!unknown[0].contains("any more") && unknown.len() == 1, "{unknown:?}");
    }

    #[test]
    fn a_healthy_server_says_so_and_an_ailing_one_says_what_to_do() {
        assert_eq!(found(10, None), ["Nothing is wrong."]);
        let critical = found(260, None);
        assert!(
            critical[0].contains("critical because 86 %") && critical[0].contains("MEMORY_BUDGET_MB"),
            "{critical:?}"
        );
        let clipped = found(10, Some(900 << 20));
        assert!(clipped[0].contains("asks for 900 MiB, but only 360 MiB"), "{clipped:?}");
    }
}
