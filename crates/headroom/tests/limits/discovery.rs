//! Which limit is found.

use crate::machine::{Machine, PHYSICAL, UNIFIED_MOUNT, V1_MOUNT, V2_MOUNT, put};
use headroom::{Cgroup, CgroupVersion, Limit, LimitSource, budget, budget_of, discover};
use std::fs;
use std::io;

const MIB: u64 = 1 << 20;
#[test]
fn without_control_groups_the_limit_is_the_machines_memory() -> io::Result<()> {
    let machine = Machine::new("", "")?;
    assert_eq!(machine.limit(), Limit { bytes: PHYSICAL, source: LimitSource::Physical });
    Ok(())
}

#[test]
fn a_unified_group_sets_the_limit() -> io::Result<()> {
    let machine = Machine::new("0::/app\n", V2_MOUNT)?;
    machine.group("app/memory.max", "268435456\n")?;
    assert_eq!(machine.limit(), Limit { bytes: 256 * MIB, source: LimitSource::CgroupV2 });
    Ok(())
}

#[test]
fn the_lowest_of_nested_groups_counts_wherever_it_stands() -> io::Result<()> {
    let machine = Machine::new("0::/pod/app/inner\n", V2_MOUNT)?;
    machine.group("pod/memory.max", "1073741824\n")?;
    machine.group("pod/app/memory.max", "134217728\n")?;
    machine.group("pod/app/inner/memory.max", "max\n")?;
    assert_eq!(machine.limit().bytes, 128 * MIB);

    machine.group("pod/memory.max", "67108864\n")?;
    assert_eq!(machine.limit().bytes, 64 * MIB, "an ancestor's limit binds its children");
    Ok(())
}

#[test]
fn the_throttling_mark_counts_because_nobody_gets_past_it() -> io::Result<()> {
    let machine = Machine::new("0::/app\n", V2_MOUNT)?;
    machine.group("app/memory.max", "268435456\n")?;
    machine.group("app/memory.high", "134217728\n")?;
    assert_eq!(machine.limit().bytes, 128 * MIB);
    Ok(())
}

#[test]
fn max_everywhere_is_no_limit() -> io::Result<()> {
    let machine = Machine::new("0::/app\n", V2_MOUNT)?;
    machine.group("app/memory.max", "max\n")?;
    machine.group("memory.max", "max\n")?;
    assert_eq!(machine.limit().source, LimitSource::Physical);
    Ok(())
}

#[test]
fn a_limit_above_the_machines_memory_limits_nothing() -> io::Result<()> {
    let machine = Machine::new("0::/app\n", V2_MOUNT)?;
    machine.group("app/memory.max", &(PHYSICAL * 2).to_string())?;
    assert_eq!(machine.limit(), Limit { bytes: PHYSICAL, source: LimitSource::Physical });
    Ok(())
}

#[test]
fn version_one_sets_the_limit_and_its_huge_number_means_none() -> io::Result<()> {
    let machine = Machine::new("4:memory:/job\n1:cpu:/\n", V1_MOUNT)?;
    machine.group("memory/memory.limit_in_bytes", "9223372036854771712\n")?;
    machine.group("memory/job/memory.limit_in_bytes", "9223372036854771712\n")?;
    assert_eq!(machine.limit().source, LimitSource::Physical);

    machine.group("memory/job/memory.limit_in_bytes", "100663296\n")?;
    assert_eq!(machine.limit(), Limit { bytes: 96 * MIB, source: LimitSource::CgroupV1 });
    Ok(())
}

#[test]
fn version_one_tells_an_ancestor_that_a_container_cannot_see() -> io::Result<()> {
    let mounts = V1_MOUNT.replace("0:32 / ", "0:32 /docker/abc ");
    let machine = Machine::new("4:memory:/docker/abc\n", &mounts)?;
    machine.group("memory/memory.limit_in_bytes", "9223372036854771712\n")?;
    machine.group("memory/memory.stat", "cache 1\nhierarchical_memory_limit 201326592\n")?;
    assert_eq!(machine.limit(), Limit { bytes: 192 * MIB, source: LimitSource::CgroupV1 });
    Ok(())
}

#[test]
fn a_hybrid_host_has_its_memory_controller_in_version_one() -> io::Result<()> {
    let mounts = format!("{V1_MOUNT}{UNIFIED_MOUNT}");
    let machine = Machine::new("4:memory:/job\n0::/job\n", &mounts)?;
    machine.group("unified/job/memory.pressure", "some avg10=1.25 avg60=0.00 avg300=0.00 total=7\n")?;
    machine.group("memory/job/memory.limit_in_bytes", "268435456\n")?;
    machine.group("memory/job/memory.usage_in_bytes", "1000\n")?;
    assert_eq!(machine.limit().source, LimitSource::CgroupV1);

    let groups = Cgroup::locate(&machine.roots);
    assert_eq!(
        groups.iter().map(Cgroup::version).collect::<Vec<_>>(),
        [CgroupVersion::V2, CgroupVersion::V1]
    );
    assert!(groups[0].stats().is_none(), "the unified hierarchy does not account memory here");
    assert_eq!(groups[0].pressure().map(|pressure| pressure.some_avg10_hundredths), Some(125));
    let is_own = || groups[0].pressure().map(|pressure| pressure.is_own);
    assert_eq!(is_own(), Some(false), "the root of all groups is the machine");
    machine.group("unified/job/cgroup.type", "domain\n")?;
    assert_eq!(is_own(), Some(true));
    assert_eq!(groups[1].stats().map(|stats| stats.current), Some(1000));
    Ok(())
}

#[test]
fn a_path_outside_of_the_mount_is_read_at_the_mount() -> io::Result<()> {
    let machine = Machine::new("0::/../../other\n", V2_MOUNT)?;
    machine.group("memory.max", "268435456\n")?;
    put(&machine.roots.cgroup.with_file_name("other").join("memory.max"), "1\n")?;
    assert_eq!(machine.limit().bytes, 256 * MIB);
    Ok(())
}

#[test]
fn unreadable_and_senseless_files_are_passed_over() -> io::Result<()> {
    let machine = Machine::new("0::/app\nnonsense\n", "short line\n - \n")?;
    machine.group("app/memory.max", "plenty\n")?;
    fs::create_dir_all(machine.roots.cgroup.join("app/memory.high"))?;
    machine.proc("self/limits", "Max address space")?;
    assert_eq!(machine.limit().source, LimitSource::Physical);

    fs::remove_file(machine.roots.proc.join("meminfo"))?;
    assert_eq!(machine.limit(), Limit { bytes: 1 << 30, source: LimitSource::Assumed });
    Ok(())
}

#[test]
fn a_limited_address_space_counts() -> io::Result<()> {
    let machine = Machine::new("", "")?;
    machine
        .proc("self/limits", "Max address space         536870912            unlimited            bytes\n")?;
    assert_eq!(machine.limit(), Limit { bytes: 512 * MIB, source: LimitSource::AddressSpace });
    // What is taken of it and is no memory cannot become memory.
    machine.proc("self/status", "VmSize:\t  409600 kB\nRssAnon:\t  10240 kB\n")?;
    let limit = machine.limit();
    assert_eq!(limit.source, LimitSource::AddressSpace);
    assert!((90..=122).contains(&(limit.bytes / MIB)), "{limit:?}");
    machine.proc("self/status", "VmSize:\t  524288 kB\nRssAnon:\t  1024 kB\n")?;
    assert_eq!(machine.limit().bytes, 32 * MIB, "never nothing");
    Ok(())
}

#[test]
fn the_operators_limit_counts_when_it_is_the_lowest() -> io::Result<()> {
    let machine = Machine::new("0::/app\n", V2_MOUNT)?;
    machine.group("app/memory.max", "268435456\n")?;
    let asked = discover(Some(100 * MIB), &machine.roots);
    assert_eq!(asked, Limit { bytes: 100 * MIB, source: LimitSource::Explicit });
    assert_eq!(discover(Some(300 * MIB), &machine.roots).source, LimitSource::CgroupV2);
    Ok(())
}

#[test]
fn the_budget_is_three_quarters_unless_it_is_asked_for() -> io::Result<()> {
    let machine = Machine::new("0::/app\n", V2_MOUNT)?;
    machine.group("app/memory.max", "268435456\n")?;

    let own = budget(None, &machine.roots);
    assert_eq!((own.bytes, own.source, own.clipped_from), (192 * MIB, LimitSource::CgroupV2, None));

    let asked = budget(Some(200 * MIB), &machine.roots);
    assert_eq!((asked.bytes, asked.source, asked.clipped_from), (200 * MIB, LimitSource::Explicit, None));

    let too_much = budget(Some(2048 * MIB), &machine.roots);
    assert_eq!(too_much.bytes, 268_435_456 / 100 * 90 + 268_435_456 % 100 * 90 / 100);
    assert_eq!(too_much.clipped_from, Some(2048 * MIB));
    assert_eq!(too_much.limit.bytes, 256 * MIB);
    Ok(())
}

#[test]
fn the_budget_of_the_largest_number_does_not_overflow() {
    let limit = Limit { bytes: u64::MAX, source: LimitSource::Physical };
    let own = budget_of(None, limit);
    assert!(own.bytes > u64::MAX / 2 && own.bytes < u64::MAX);
}

#[test]
fn what_the_unified_group_charges_is_told_by_parts() -> io::Result<()> {
    let machine = Machine::new("0::/app\n", V2_MOUNT)?;
    machine.group("app/memory.max", "268435456\n")?;
    machine.group("app/memory.high", "max\n")?;
    machine.group("app/memory.current", "5000\n")?;
    machine.group("app/memory.events", "low 0\nhigh 3\nmax 2\noom 1\noom_kill 4\noom_group_kill 0\n")?;
    machine.group(
        "app/memory.stat",
        "anon 1000\nfile 2000\nkernel 500\nsock 300\nshmem 70\nfile_mapped 9\nfile_dirty 40\nslab_reclaimable 200\n",
    )?;
    let groups = Cgroup::locate(&machine.roots);
    let stats = groups[0].stats().ok_or_else(|| io::Error::other("no figures"))?;
    assert_eq!((stats.current, stats.high, stats.max, stats.oom_kills), (5000, None, Some(256 * MIB), 4));
    assert_eq!((stats.anon, stats.file, stats.sock, stats.kernel), (1000, 2000, 300, 500));
    assert_eq!(stats.unreclaimable(), 1000 + 300 + 70 + 40 + (500 - 200), "clean page cache can be dropped");
    Ok(())
}
