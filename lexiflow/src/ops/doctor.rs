//! What is wrong with the memory, why, and what to do, in sentences. Counters are judged by what they did in the last ten
//! minutes: a burst that is over is no finding for ever.

mod pressure;

use super::Ops;
use super::leaks::{CountAnswer, SuspectAnswer};
use super::spells::CriticalSpell;
use super::trend::Window;
use headroom::{ControlStats, Headroom, Level, Shrinking, Snapshot, Tenant, Unreadable};
use ids::{FirmId, Id as _};
use std::time::Duration;

/// Said when there is no other finding.
pub(super) const NOTHING: &str = "Nothing is wrong.";

/// Growth that reaches the limit later than this is not worth a word, in microseconds.
const WORTH_SAYING_MICROS: u64 = 3_600_000_000;

/// Shares of a class among which the firm that holds most is looked for.
const SHARES: usize = 64;

/// Which firms may be named to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// All: it is somebody on this machine.
    All,
    /// The asking user's own.
    Own(FirmId),
    /// None: nobody knows who will read it.
    Nobody,
}

impl Names {
    /// The firm, if it may be named.
    pub(super) fn may_tell(self, tenant: Tenant) -> Option<FirmId> {
        let firm = FirmId::from_bytes(tenant);
        (self == Self::All || self == Self::Own(firm)).then_some(firm)
    }
}

/// All that the findings are made of.
pub(super) struct Examined<'a> {
    snapshot: &'a Snapshot,
    controls: &'a ControlStats,
    overdue: Duration,
    suspects: Vec<SuspectAnswer>,
    counts: Vec<CountAnswer>,
    /// Whether anything is done against pressure.
    acts: bool,
    /// Whether stores give back.
    shrinks: bool,
    window: Window,
    /// The firm that holds most of what is lent, and how much, in bytes.
    holder: Option<(Tenant, u64)>,
    names: Names,
    /// How the server before this one ended, where that is worth a word.
    lost: Option<&'a CriticalSpell>,
}

impl<'a> Examined<'a> {
    /// Looks at the engine's books as they are now.
    pub(super) fn of(
        ops: &'a Ops,
        (snapshot, controls): (&'a Snapshot, &'a ControlStats),
        names: Names,
    ) -> Self {
        let headroom = ops.parts.app.headroom();
        Self {
            snapshot,
            controls,
            overdue: headroom.overdue(),
            suspects: ops.leaks.suspects(headroom),
            counts: ops.leaks.counts(),
            acts: headroom.tuning().acts,
            shrinks: headroom.tuning().actions.stores != Shrinking::Never,
            window: ops.trend.window(snapshot, controls, headroom.uptime_micros()),
            holder: holders(headroom).first().copied(),
            names,
            // What is written down for later is of this server alone.
            lost: ops.spells.lost(ops.status.uptime()).filter(|_| names != Names::Nobody),
        }
    }

    /// The findings, the most urgent first; one that says so when nothing is wrong.
    pub(super) fn findings(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.watcher(&mut found);
        pressure::standstill(self, &mut found);
        pressure::level(self, &mut found);
        unreadable(self.snapshot, &mut found);
        leaks(&self.suspects, &mut found);
        counts(&self.counts, &mut found);
        self.limit(&mut found);
        self.counted(&mut found);
        self.before(&mut found);
        if found.is_empty() {
            found.push(NOTHING.to_owned());
        }
        found
    }

    fn watcher(&self, found: &mut Vec<String>) {
        if !self.overdue.is_zero() {
            found.push(format!(
                "The thread that watches the memory is overdue by {} s: what is lent keeps within its limits, but the level \
                 stays as it was. The machine has too little processor time; if this does not end, restart the server.",
                self.overdue.as_secs() + 1
            ));
        }
    }

    /// The limit, and when it is reached.
    fn limit(&self, found: &mut Vec<String>) {
        if let Some(micros) = self.controls.micros_to_limit.filter(|micros| *micros < WORTH_SAYING_MICROS)
            && self.snapshot.level > Level::Normal
        {
            let seconds = micros / 1_000_000;
            found.push(format!(
                "At its present growth the limit is reached in {seconds} s: look at `routes` for the request that grows, \
                 and at `stores` for one below its cap that fills."
            ));
        }
        let budget = &self.snapshot.budget;
        if let Some(asked) = budget.clipped_from {
            found.push(format!(
                "MEMORY_BUDGET_MB asks for {} MiB, but only {} MiB fit into the limit of {} MiB ({}): raise that limit too, \
                 or ask for less.",
                mebibytes(asked),
                mebibytes(budget.bytes),
                mebibytes(budget.limit.bytes),
                budget.limit.source.as_str()
            ));
        }
        if self.window.oom_kills > 0 {
            found.push(format!(
                "In the last ten minutes, or before the server started, the kernel has ended {} process(es) of this control \
                 group for want of memory: the limit is too small for what runs in the group beside the server, or was \
                 lowered while it ran. Raise the limit, or run the rest elsewhere.",
                self.window.oom_kills
            ));
        }
    }

    /// The server before this one, if it did not live to see its memory recover.
    fn before(&self, found: &mut Vec<String>) {
        if let Some(spell) = self.lost {
            found.push(format!(
                "The server before this one did not end in order, and its memory was {}: at {} it held {} of {} MiB, and then \
                 nothing more was written down. `{}` says what held the memory; docs/memory.md says how to find \
                 out who ended it. This notice goes after a day.",
                spell.level,
                spell.last,
                mebibytes(spell.charged_bytes),
                mebibytes(spell.limit_bytes),
                spell.file
            ));
        }
    }

    /// What was counted in the last ten minutes.
    fn counted(&self, found: &mut Vec<String>) {
        let window = &self.window;
        for (pool, refused) in
            self.snapshot.pools.iter().zip(&window.refused).filter(|(_, refused)| **refused > 0)
        {
            let limit = mebibytes(pool.limit);
            found.push(format!(
                "The part `{}` of the budget has refused {refused} request(s) in the last ten minutes: of {limit} MiB it lends \
                 {} MiB now, and lent {} MiB at most. Whoever was answered 503 may try again; what was answered 413 asks for \
                 more than the {limit} MiB by itself and never fits: send it in smaller pieces. If the 503 go on, send less at \
                 once of what it lends to, or raise the memory limit and MEMORY_BUDGET_MB together.",
                pool.name,
                mebibytes(pool.used),
                mebibytes(pool.peak)
            ));
        }
        if window.shed + window.cancelled > 0 {
            found.push(format!(
                "In the last ten minutes {} request(s) of classes that can wait were refused and {} request(s) were ended, \
                 to stay within the limit; `actions` has the latest. Look at `routes` for what takes so much, and raise \
                 the memory limit and MEMORY_BUDGET_MB together if it is the usual load.",
                window.shed, window.cancelled
            ));
        }
        if window.overdue > 0 {
            found.push(format!(
                "The thread that watches the memory came more than a second late {} time(s) in the last ten minutes: the \
                 machine has too little processor time, or was suspended. Give the server more processor time, or raise \
                 its quota.",
                window.overdue
            ));
        }
    }

    /// A firm, as whoever asks may know it.
    fn name(&self, tenant: Tenant) -> String {
        self.names
            .may_tell(tenant)
            .map_or_else(|| "another firm".to_owned(), |firm| format!("the firm `{firm}`"))
    }
}

/// The firms that hold anything, and how much over all classes, in bytes; the one that holds most first.
pub(super) fn holders(headroom: &Headroom) -> Vec<(Tenant, u64)> {
    let mut held: Vec<(Tenant, u64)> = Vec::new();
    for share in headroom.top_tenants(SHARES) {
        let Some(tenant) = share.tenant.filter(|_| share.pool.used > 0) else { continue };
        match held.iter_mut().find(|(known, _)| *known == tenant) {
            Some((_, bytes)) => *bytes += share.pool.used,
            None => held.push((tenant, share.pool.used)),
        }
    }
    held.sort_unstable_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    held
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

/// What ends a server without memory: descriptors and tasks that nobody gives back.
fn counts(counts: &[CountAnswer], found: &mut Vec<String>) {
    for count in counts {
        let Some(per_hour) = count.per_hour else { continue };
        found.push(format!(
            "There are ever more {}: {} now, and about {per_hour} more each hour at the same load. Somebody does not give them \
             back: report it with the answer of `lexiflow memory leaks`, and restart the server in time.",
            match count.name {
                "files" => "open files",
                "sockets" => "open sockets that are no client's",
                "threads" => "threads",
                "tasks" => "tasks",
                "detached" => "pieces of work that outlived what began them",
                "databaseReaders" => "connections to the database that are lent",
                _ => "temporary files",
            },
            count.now
        ));
    }
}

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

#[cfg(test)]
mod tests;
