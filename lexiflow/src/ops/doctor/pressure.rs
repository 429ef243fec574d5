//! How hard the server is pressed: which share of what is used, what was done about it, and who holds most.

use super::{Examined, mebibytes};
use headroom::{Action, ActionRecord, Cause, Level, LimitSource, Snapshot, permille};

/// That nothing runs, which no level tells.
pub(super) fn standstill(seen: &Examined<'_>, found: &mut Vec<String>) {
    if !seen.controls.is_at_standstill {
        return;
    }
    let high = seen.snapshot.reading.cgroup.and_then(|cgroup| cgroup.high);
    let remedy = match high {
        Some(bytes) => {
            format!("Raise memory.high of the control group, {} MiB, or set it to max", mebibytes(bytes))
        }
        None => "Raise the memory limit, or move to another machine what else is on it".to_owned(),
    };
    found.push(format!(
        "Nothing ran for half of the last ten seconds, because the kernel let everything wait for memory; after half a minute of it the \
         server says that it is not ready. {remedy}."
    ));
}

/// The level, if it is not the lowest.
pub(super) fn level(seen: &Examined<'_>, found: &mut Vec<String>) {
    let snapshot = seen.snapshot;
    let advice = match snapshot.level {
        Level::Normal => return,
        Level::Elevated => "Nothing needs to be done yet.",
        Level::Warning => "Find out whether what holds most should.",
        Level::Critical => "Raise the memory limit and MEMORY_BUDGET_MB together, or find what grows.",
        Level::Emergency => {
            "Raise the memory limit and MEMORY_BUDGET_MB together, or restart the server once a heap profile is kept."
        }
    };
    let why = match seen.controls.cause {
        Cause::Growth => "memory grows so fast that the limit is near".to_owned(),
        Cause::Stalls => "the machine stalls for want of memory".to_owned(),
        Cause::None | Cause::Share => share(snapshot),
    };
    found.push(format!(
        "The level is {} because {why}. {} {advice}{}",
        snapshot.level.as_str(),
        done(seen),
        holders(seen)
    ));
}

/// The share that the level is made of: the worst of three.
fn share(snapshot: &Snapshot) -> String {
    let (now, budget) = (snapshot.share_permille, &snapshot.budget);
    if now < snapshot.thresholds.enter(snapshot.level) {
        return "memory was fuller a moment ago; it falls one step at a time".to_owned();
    }
    let (heap, charged) =
        (snapshot.reading.allocator.map_or(0, |heap| heap.allocated), snapshot.gaps().charged);
    let (limit, source) = (budget.limit.bytes, budget.limit.source.as_str());
    let of_budget = match budget.source {
        LimitSource::Explicit => "the budget (MEMORY_BUDGET_MB)",
        _ => "the budget",
    };
    let told = |what: &str, used: u64, whole: &str, of: u64| {
        let percent = permille(used, of) / 10;
        format!("{what} {} MiB, {percent} % of {whole} of {} MiB", mebibytes(used), mebibytes(of))
    };
    if now == permille(heap, budget.bytes) {
        told("the program has allocated", heap, of_budget, budget.bytes)
    } else if now == permille(charged, limit) {
        told("the kernel counts, and cannot take back,", charged, &format!("the limit ({source})"), limit)
    } else {
        let resident = snapshot.reading.process.rss_anon;
        let marks = "for which 75 % is `warning` and 100 % `critical`, since a purge may lower it";
        format!("{}, {marks}", told("resident memory is", resident, of_budget, budget.bytes))
    }
}

/// What was done and what is in force, by the engine's records.
fn done(seen: &Examined<'_>) -> String {
    if !seen.acts {
        return "Nothing is done about it, because MEMORY_MONITORING_ENABLED is false: set it to true to have the server \
                keep within its limit."
            .to_owned();
    }
    let mut parts = Vec::new();
    if !seen.shrinks {
        parts.push("stores keep what they hold, because MEMORY_SHRINK_STORES is false".to_owned());
    }
    for (name, what) in [("shrink_stores", "stores were shrunk"), ("purge", "unused pages were given back")] {
        let times = seen.window.taken(name);
        if times > 0 {
            parts.push(format!("{what} {times} time(s){}", last(&seen.controls.recent, name)));
        }
    }
    if seen.window.cancelled > 0 {
        parts.push(format!("{} request(s) were ended", seen.window.cancelled));
    }
    if seen.window.taken("dump_heap") > 0 {
        parts.push("a heap profile was taken (the log has its id, or why it could not be kept)".to_owned());
    }
    let lasting = [
        ("pause_background", "resume_background", "background jobs wait"),
        ("close_connections", "keep_connections", "clients are asked to close their connections"),
        ("shorten_idle", "restore_idle", "connections without a request are closed within seconds"),
        ("small_chunks", "restore_chunks", "files that are begun move in chunks of 16 KiB"),
        ("limit_concurrency", "free_concurrency", "fewer lists, searches and files are served at once"),
        ("shed_bulk", "admit_bulk", "uploads, downloads and exports are refused with 503"),
        ("shed_standard", "admit_standard", "lists and searches are refused with 503"),
    ];
    let in_force = lasting.iter().filter(|(begun, ended, _)| times(seen, begun) > times(seen, ended));
    let in_force: Vec<&str> = in_force.map(|(_, _, what)| *what).collect();
    match (parts.is_empty(), in_force.is_empty()) {
        (true, true) => "Nothing was done about it yet.".to_owned(),
        (true, false) => format!("In force: {}.", in_force.join("; ")),
        (false, true) => format!("In the last ten minutes {}.", parts.join("; ")),
        (false, false) => {
            format!("In the last ten minutes {}. In force: {}.", parts.join("; "), in_force.join("; "))
        }
    }
}

/// How often this was done since the start. The latest records alone do not tell: many others may follow.
fn times(seen: &Examined<'_>, name: &str) -> u64 {
    let place = Action::NAMES.iter().position(|known| *known == name);
    place.map_or(0, |place| seen.controls.taken[place])
}

/// What the last action of this name changed whose effect is known, if it is still on record.
fn last(recent: &[ActionRecord], name: &str) -> String {
    let mut of_name = recent.iter().rev().filter(|record| record.action.name() == name);
    let change = of_name.find_map(|record| Some((record.before_bytes, record.after_bytes?)));
    change.map_or_else(String::new, |(before, after)| {
        format!(", last from {} to {} KiB", before >> 10, after >> 10)
    })
}

/// Where to look: the route, the store and the firm that hold most.
fn holders(seen: &Examined<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(route) = seen.snapshot.routes.first() {
        let peak = route.peak_max >> 10;
        parts.push(format!("the route `{}` (up to {peak} KiB for one request)", route.route));
    }
    let fullest = seen.snapshot.stores.iter().max_by_key(|store| store.bytes);
    if let Some(store) = fullest.filter(|store| store.bytes > 0) {
        let (used, cap) = (store.bytes >> 10, store.cap_bytes >> 10);
        parts.push(format!("the store `{}` ({used} of {cap} KiB)", store.name));
    }
    if let Some((tenant, bytes)) = seen.holder {
        parts.push(format!("{} ({} KiB lent)", seen.name(tenant), bytes >> 10));
    }
    if parts.is_empty() { String::new() } else { format!(" What takes most: {}.", parts.join(", ")) }
}
