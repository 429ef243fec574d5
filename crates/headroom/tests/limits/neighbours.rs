//! Other groups below the one whose limit it is, such as the other containers of a pod.

use crate::groups::{KINDS, MIB, Watched};
use headroom::{Level, LimitSource};
use std::io;

const TICK: u64 = 100_000;

/// A group that is `/pod/app`, and the limit is that of `/pod`.
fn in_a_pod(limit: u64) -> io::Result<Watched> {
    Watched::start(KINDS[2], limit)
}

impl Watched {
    /// What the kernel charges to the pod: heap, and page cache that can be dropped.
    fn pod(&self, anon: u64, file: u64) -> io::Result<()> {
        self.machine.group("pod/memory.current", &format!("{}\n", anon + file))?;
        self.machine.group("pod/memory.stat", &format!("anon {anon}\nfile {file}\n"))
    }
}

#[test]
fn what_others_have_of_a_shared_limit_is_not_there_for_this_process() -> io::Result<()> {
    let watched = in_a_pod(400 * MIB)?;
    let headroom = &watched.headroom;
    watched.usage(130 * MIB, 0)?;
    watched.pod(130 * MIB, 0)?;
    assert_eq!(headroom.sample_at(10 * TICK), Level::Normal);
    assert_eq!(headroom.budget().limit.bytes, 400 * MIB);

    // Another container takes 250 MiB, and caches files.
    watched.pod(380 * MIB, 40 * MIB)?;
    assert_eq!(headroom.sample_at(11 * TICK), Level::Critical, "130 of the 150 MiB that they leave");
    let limit = headroom.budget().limit;
    assert_eq!((limit.bytes, limit.source), (150 * MIB, LimitSource::CgroupV2));
    let cgroup = headroom.snapshot().reading.cgroup.ok_or_else(|| io::Error::other("no group"))?;
    assert_eq!((cgroup.max, cgroup.neighbours, cgroup.anon), (Some(400 * MIB), 250 * MIB, 130 * MIB));

    watched.pod(130 * MIB, 40 * MIB)?;
    for look in 12..60 {
        headroom.sample_at(look * TICK);
    }
    assert_eq!((headroom.level(), headroom.budget().limit.bytes), (Level::Normal, 400 * MIB));
    Ok(())
}

#[test]
fn however_much_others_have_something_is_left_and_what_cannot_be_read_is_as_it_was() -> io::Result<()> {
    let watched = in_a_pod(400 * MIB)?;
    let headroom = &watched.headroom;
    watched.pod(1000 * MIB, 0)?;
    headroom.sample_at(10 * TICK);
    assert_eq!(headroom.budget().limit.bytes, 25 * MIB);
    std::fs::remove_file(watched.path("pod/memory.stat"))?;
    headroom.sample_at(11 * TICK);
    assert_eq!(headroom.budget().limit.bytes, 25 * MIB);
    Ok(())
}

#[test]
fn an_own_limit_below_what_others_leave_counts_alone() -> io::Result<()> {
    let watched = in_a_pod(400 * MIB)?;
    let headroom = &watched.headroom;
    watched.machine.group("pod/app/memory.max", &format!("{}\n", 120 * MIB))?;
    watched.pod(210 * MIB, 0)?;
    headroom.sample_at(10 * TICK);
    assert_eq!(headroom.budget().limit.bytes, 120 * MIB);
    let cgroup = headroom.snapshot().reading.cgroup.ok_or_else(|| io::Error::other("no group"))?;
    assert_eq!(cgroup.neighbours, 0, "they do not matter");
    Ok(())
}
