use crate::mallctl;
use crate::meter::Meter;
use std::ffi::CString;
use std::time::Instant;
use tikv_jemalloc_ctl::{epoch, epoch_mib, stats};

/// jemalloc's index for "all arenas together" (`MALLCTL_ARENAS_ALL`).
const ALL_ARENAS: u32 = 4096;

/// The allocator's own figures, in bytes (jemalloc(3), `stats.*`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AllocatorStats {
    /// Handed out to the program.
    pub allocated: u64,
    /// Pages that hold at least one allocation.
    pub active: u64,
    /// Pages the allocator keeps in memory: an upper bound, the kernel may have taken some.
    pub resident: u64,
    /// Address space mapped for allocations.
    pub mapped: u64,
    /// Address space kept for later; not memory.
    pub retained: u64,
    /// The allocator's own book-keeping.
    pub metadata: u64,
}

impl AllocatorStats {
    /// Pages that hold no allocation and have not gone back to the system.
    pub fn unused(&self) -> u64 {
        self.resident.saturating_sub(self.active).saturating_sub(self.metadata)
    }
}

/// What a purge did, in bytes and microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeReport {
    /// The allocator's resident pages before.
    pub before_resident: u64,
    /// The same after.
    pub after_resident: u64,
    /// The difference.
    pub freed: u64,
    /// How long it took.
    pub duration_micros: u64,
}

/// Where the live bytes lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeapSpaces {
    /// Bytes in allocations up to 14 KiB, which share pages.
    pub small: u64,
    /// Bytes in larger allocations, which have pages of their own.
    pub large: u64,
    /// The allocator's own book-keeping.
    pub metadata: u64,
    /// The size classes that hold the most bytes, largest first.
    pub top: Vec<SizeClassStats>,
}

/// One size class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeClassStats {
    /// The size of each allocation, in bytes.
    pub size: u64,
    /// Live allocations.
    pub count: u64,
    /// Both multiplied.
    pub bytes: u64,
}

/// The way to jemalloc's figures, with the names resolved once.
#[derive(Clone, Copy)]
pub struct Allocator {
    epoch: epoch_mib,
    allocated: stats::allocated_mib,
    active: stats::active_mib,
    resident: stats::resident_mib,
    mapped: stats::mapped_mib,
    retained: stats::retained_mib,
    metadata: stats::metadata_mib,
}

impl std::fmt::Debug for Allocator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Allocator(jemalloc)")
    }
}

impl Allocator {
    /// `None` where jemalloc was built without statistics.
    pub fn open() -> Option<Self> {
        Some(Self {
            epoch: epoch::mib().ok()?,
            allocated: stats::allocated::mib().ok()?,
            active: stats::active::mib().ok()?,
            resident: stats::resident::mib().ok()?,
            mapped: stats::mapped::mib().ok()?,
            retained: stats::retained::mib().ok()?,
            metadata: stats::metadata::mib().ok()?,
        })
    }

    /// Whether the program's allocations really go through jemalloc.
    pub fn is_in_use() -> bool {
        let meter = Meter::new();
        meter.around(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(64))));
        meter.totals().allocated > 0
    }

    /// The figures of this moment: jemalloc collects them anew when its epoch is advanced.
    pub fn stats(&self) -> Option<AllocatorStats> {
        self.epoch.advance().ok()?;
        Some(AllocatorStats {
            allocated: self.allocated.read().ok()? as u64,
            active: self.active.read().ok()? as u64,
            resident: self.resident.read().ok()? as u64,
            mapped: self.mapped.read().ok()? as u64,
            retained: self.retained.read().ok()? as u64,
            metadata: self.metadata.read().ok()? as u64,
        })
    }

    /// Gives every unused page of every arena back to the system now. With hundreds of megabytes to give back it takes
    /// tens of milliseconds: not for a thread that serves requests.
    pub fn purge(&self) -> Option<PurgeReport> {
        self.purging(|| mallctl::purge_arena(ALL_ARENAS))
    }

    /// The same, but for the dropped pages of the database, which a server at work wants again the next moment.
    pub fn purge_at_rest(&self) -> Option<PurgeReport> {
        self.purging(|| {
            let arenas = mallctl::read_unsigned(c"arenas.narenas").unwrap_or(0);
            let apart = pages_apart();
            let purged = (0..arenas).filter(|arena| apart != Some(*arena) && mallctl::purge_arena(*arena));
            purged.count() > 0
        })
    }

    fn purging(&self, purge: impl FnOnce() -> bool) -> Option<PurgeReport> {
        let before = self.stats()?;
        let started = Instant::now();
        if !purge() {
            return None;
        }
        let duration_micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let after = self.stats()?;
        Some(PurgeReport {
            before_resident: before.resident,
            after_resident: after.resident,
            freed: before.resident.saturating_sub(after.resident),
            duration_micros,
        })
    }

    /// Lets large buffers go back to the system the moment they are freed: those that have an arena of their own, see
    /// [`MALLOC_CONF`](crate::MALLOC_CONF). Under attack such buffers come and go all the time; kept for a second, the
    /// freed ones would take as much as those in use. With background threads jemalloc does not do so by itself. Whether
    /// it was done.
    pub fn return_large_at_once(&self) -> bool {
        let Some(auto) = mallctl::read_unsigned(c"opt.narenas") else { return false };
        let Some(threshold) = mallctl::read_size(c"opt.oversize_threshold") else { return false };
        // The arena comes into being, behind those that are chosen automatically, with its first buffer.
        let first = usize::try_from(threshold).map(Vec::<u8>::with_capacity);
        drop(std::hint::black_box(first));
        mallctl::set_decay_of(auto, 0)
    }

    /// Sets how long freed pages are kept before they go back to the system, for the arenas that are there and for
    /// those to come. The arena of large buffers, which gives back at once, is left alone, and that of the database's pages
    /// keeps them longer at rest. Whether any of them took it.
    pub fn set_decay(&self, millis: u32) -> bool {
        let millis = isize::try_from(millis).unwrap_or(isize::MAX);
        keep_pages_for(millis);
        let apart = [pages_apart(), mallctl::read_unsigned(c"opt.narenas")];
        let arenas = mallctl::read_unsigned(c"arenas.narenas").unwrap_or(0);
        let mut taken = mallctl::write_signed(c"arenas.dirty_decay_ms", millis);
        for arena in 0..arenas {
            // One that refuses takes the general setting when it begins.
            if !apart.contains(&Some(arena)) {
                taken |= mallctl::set_decay_of(arena, millis);
            }
        }
        taken
    }

    /// Small, large and book-keeping bytes, and the `top` size classes. Costs some hundred control calls: for a report,
    /// not for a loop.
    pub fn spaces(&self, top: usize) -> Option<HeapSpaces> {
        let metadata = self.stats()?.metadata;
        let small = read(&format!("stats.arenas.{ALL_ARENAS}.small.allocated"))?;
        let large = read(&format!("stats.arenas.{ALL_ARENAS}.large.allocated"))?;
        let mut classes = classes("arenas.nbins", "arenas.bin", "bins", "curregs");
        classes.extend(self::classes("arenas.nlextents", "arenas.lextent", "lextents", "curlextents"));
        classes.retain(|class| class.bytes > 0);
        classes.sort_unstable_by_key(|class| std::cmp::Reverse(class.bytes));
        classes.truncate(top);
        Some(HeapSpaces { small, large, metadata, top: classes })
    }
}

/// The arena of the database's pages, if there is one.
pub(crate) fn pages_apart() -> Option<u32> {
    #[cfg(feature = "sqlite")]
    {
        crate::sqlite::arena()
    }
    #[cfg(not(feature = "sqlite"))]
    {
        None
    }
}

/// Dropped pages of the database, which are kept at rest, in bytes. Of the moment of the last [`Allocator::stats`].
pub(crate) fn kept_pages() -> u64 {
    let dirty = |arena: u32| {
        let name = CString::new(format!("stats.arenas.{arena}.pdirty")).ok()?;
        Some(mallctl::read_size(&name)? * mallctl::read_size(c"arenas.page")?)
    };
    pages_apart().and_then(dirty).unwrap_or(0)
}

/// Sets how long dropped pages of the database are kept while other freed pages are kept for `millis`.
fn keep_pages_for(millis: isize) {
    let kept = crate::plan::kept_pages_millis(millis);
    #[cfg(feature = "sqlite")]
    crate::sqlite::set_decay(kept);
    #[cfg(not(feature = "sqlite"))]
    let _no_database = kept;
}

/// The classes of one table: how many there are, where their size is told, where their live count.
fn classes(total: &str, sizes: &str, table: &str, live: &str) -> Vec<SizeClassStats> {
    let total = CString::new(total).ok().and_then(|name| mallctl::read_unsigned(&name)).unwrap_or(0);
    (0..total)
        .filter_map(|index| {
            let size = read(&format!("{sizes}.{index}.size"))?;
            let count = read(&format!("stats.arenas.{ALL_ARENAS}.{table}.{index}.{live}"))?;
            Some(SizeClassStats { size, count, bytes: size.saturating_mul(count) })
        })
        .collect()
}

fn read(name: &str) -> Option<u64> {
    mallctl::read_size(&CString::new(name).ok()?)
}
