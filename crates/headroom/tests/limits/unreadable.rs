//! Files of the kernel that vanish, hold garbage or cannot be read while the server runs.

use crate::groups::{Failure, KINDS, MIB, Watched};
use crate::machine::PHYSICAL;
use headroom::{Headroom, Level, Limit, LimitSource, Settings, SystemSource, Unreadable};
use std::cell::Cell;
use std::fs;
use std::io;
use std::sync::{Arc, Once};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const TICK: u64 = 100_000;

thread_local! {
    /// The warnings of this thread that tell of a part, and its other events that do.
    static TOLD: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// Counts for the whole process, each thread for itself: a subscriber of one thread alone is not asked about a place that
/// another thread came by first.
struct Told;

impl Told {
    /// What this thread was told since the last time.
    fn take() -> (u64, u64) {
        static SET: Once = Once::new();
        SET.call_once(|| assert!(tracing::subscriber::set_global_default(Self).is_ok()));
        TOLD.take()
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.fields().field("part").is_some()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let (warnings, others) = TOLD.get();
        let is_warning = *event.metadata().level() == tracing::Level::WARN;
        TOLD.set(if is_warning { (warnings + 1, others) } else { (warnings, others + 1) });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Ten looks, and what the last found unreadable.
fn looks(watched: &Watched, second: u64) -> Unreadable {
    for tick in 0..10 {
        watched.headroom.sample_at(second * 1_000_000 + tick * TICK);
    }
    watched.headroom.controls().unreadable
}

const NONE: Unreadable = Unreadable { limit: false, limit_unknown: false, usage: false, process: false };

const LIMIT: Unreadable = Unreadable { limit: true, ..NONE };

#[test]
fn a_limit_that_cannot_be_read_stays_as_it_was_until_it_can() -> io::Result<()> {
    for (kind, failure) in KINDS.into_iter().flat_map(|kind| Failure::ALL.map(|failure| (kind, failure))) {
        let watched = Watched::start(kind, 256 * MIB)?;
        Told::take();
        assert_eq!((looks(&watched, 1), Told::take()), (NONE, (0, 0)), "{kind:?}");
        let before = watched.headroom.budget();
        failure.befall(&watched.path(kind.limit))?;
        assert_eq!((looks(&watched, 2), Told::take()), (LIMIT, (1, 0)), "{kind:?} {failure:?}");
        assert_eq!(watched.headroom.budget(), before, "{kind:?} {failure:?}");
        assert_eq!(watched.headroom.snapshot().reading.cgroup.and_then(|group| group.max), Some(256 * MIB));
        failure.end(&watched.path(kind.limit))?;
        watched.limit(128 * MIB)?;
        assert_eq!((looks(&watched, 3), Told::take()), (NONE, (0, 1)), "{kind:?} {failure:?}");
        assert_eq!(watched.headroom.budget().limit.bytes, 128 * MIB);
    }
    Ok(())
}

/// Shared memory, which only the kernel counts, keeps the level up although nobody tells of it any more.
#[test]
fn usage_that_cannot_be_read_is_not_taken_for_nothing() -> io::Result<()> {
    let cases = KINDS.into_iter().flat_map(|kind| [(kind, kind.usage), (kind, kind.parts)]);
    for ((kind, file), failure) in cases.flat_map(|case| Failure::ALL.map(|failure| (case, failure))) {
        let watched = Watched::start(kind, 256 * MIB)?;
        watched.usage(10 * MIB, 190 * MIB)?;
        assert_eq!(looks(&watched, 1), NONE);
        assert_eq!(watched.headroom.level(), Level::Warning, "200 of 256 MiB");
        failure.befall(&watched.path(file))?;
        let unreadable = looks(&watched, 2);
        assert!(unreadable.usage, "{file} {failure:?}");
        // Version 1 tells of the limits above in the same file as of the usage.
        assert!(!unreadable.limit || file == kind.parts, "{file} {failure:?}");
        for second in 3..6 {
            looks(&watched, second);
        }
        assert_eq!(watched.headroom.level(), Level::Warning, "{file} {failure:?}");
        // The heap is the process's own, which is still told: it counts, and no older figure.
        watched.machine.proc("self/status", "RssAnon:\t  51200 kB\n")?;
        looks(&watched, 6);
        assert_eq!(watched.headroom.level(), Level::Emergency, "{file} {failure:?}: 240 of 256 MiB");
        failure.end(&watched.path(file))?;
        watched.machine.proc("self/status", "RssAnon:\t  10240 kB\n")?;
        watched.usage(10 * MIB, 0)?;
        for second in 7..11 {
            assert_eq!(looks(&watched, second), NONE, "{file} {failure:?}");
        }
        assert_eq!(watched.headroom.level(), Level::Normal, "{file} {failure:?}");
    }
    Ok(())
}

#[test]
fn a_group_that_vanishes_whole_keeps_its_limit_and_what_it_held() -> io::Result<()> {
    for kind in KINDS {
        let watched = Watched::start(kind, 256 * MIB)?;
        watched.usage(10 * MIB, 190 * MIB)?;
        looks(&watched, 1);
        let before = (watched.headroom.level(), watched.headroom.budget());
        fs::remove_dir_all(&watched.machine.roots.cgroup)?;
        let unreadable = looks(&watched, 2);
        assert_eq!(unreadable, Unreadable { usage: true, ..LIMIT }, "{kind:?}");
        assert_eq!((watched.headroom.level(), watched.headroom.budget()), before, "{kind:?}");
    }
    Ok(())
}

/// Neither the machine's memory nor the process's own size is forgotten.
#[test]
fn without_the_process_file_system_the_server_goes_on_with_what_it_knows() -> io::Result<()> {
    let watched = Watched::start(KINDS[0], 2 * PHYSICAL)?;
    assert_eq!(looks(&watched, 1), NONE);
    let physical = Limit { bytes: PHYSICAL, source: LimitSource::Physical };
    assert_eq!(watched.headroom.budget().limit, physical);
    fs::remove_dir_all(&watched.machine.roots.proc)?;
    assert_eq!(looks(&watched, 2), Unreadable { process: true, ..LIMIT });
    assert_eq!(
        watched.headroom.budget().limit,
        physical,
        "and not the GiB that is assumed of an unknown machine"
    );
    let reading = watched.headroom.snapshot().reading;
    let own = reading.allocator.map_or(10 * MIB, |allocator| allocator.resident);
    assert_eq!((reading.process.rss_anon, reading.process.threads), (own, 4));
    watched.machine.proc("self/status", "VmRSS:\t  20480 kB\nRssAnon:\t  10240 kB\n")?;
    watched.machine.proc("self/limits", "Max address space         unlimited            unlimited\n")?;
    watched.machine.proc("meminfo", "MemTotal:        4194304 kB\n")?;
    assert_eq!(looks(&watched, 3), NONE);
    assert_eq!(watched.headroom.budget().limit.bytes, PHYSICAL / 2);
    Ok(())
}

#[test]
fn what_could_never_be_read_is_told_and_the_next_limit_counts() -> io::Result<()> {
    let watched = Watched::start(KINDS[0], 256 * MIB)?;
    let limit = watched.path(KINDS[0].limit);
    Failure::NotOpened.befall(&limit)?;
    let source = SystemSource::open(watched.machine.roots);
    let headroom = Headroom::new(Settings::default(), Arc::new(source));
    Told::take();
    headroom.sample_at(1);
    assert_eq!(headroom.controls().unreadable, Unreadable { limit_unknown: true, ..NONE });
    assert_eq!(Told::take(), (1, 0));
    assert_eq!(headroom.budget().limit, Limit { bytes: PHYSICAL, source: LimitSource::Physical });
    // Once it could be read it has said something, which counts when it cannot be read any more.
    Failure::NotOpened.end(&limit)?;
    fs::write(&limit, (64 * MIB).to_string())?;
    headroom.sample_at(2 * TICK);
    assert_eq!((headroom.controls().unreadable, Told::take()), (NONE, (0, 1)));
    Failure::NotOpened.befall(&limit)?;
    headroom.sample_at(3 * TICK);
    assert_eq!(headroom.controls().unreadable, LIMIT);
    assert_eq!(headroom.budget().limit.bytes, 64 * MIB);
    Ok(())
}
