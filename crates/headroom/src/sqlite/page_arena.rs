//! An arena of the allocator's own for the pages of SQLite.
//!
//! A connection drops all its pages when it finds that another one has committed, and reads those that it needs again a
//! moment later. From the arenas of everybody else the dropped ones would go back to the system in between, and the memory
//! of a server at work would move by what all its connections keep. Here they stay for the next reader, and go back when
//! the server is idle and under pressure.
#![expect(unsafe_code, reason = "SQLite takes its allocator as C functions, and jemalloc gives one as such")]

use crate::mallctl;
use rusqlite::{Connection, OpenFlags, ffi};
use std::ffi::{c_int, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicIsize, Ordering};
use tikv_jemalloc_sys::{MALLOCX_ARENA, MALLOCX_TCACHE_NONE, dallocx, mallocx, nallocx, rallocx, sallocx};

/// A page with what SQLite keeps beside it is a little more than 4 KiB. Smaller allocations come and go with each statement;
/// larger ones, such as what a sort lays down, could grow in place and take of the arena what no page needs.
const LEAST: usize = (4 << 10) + 1;
const MOST: usize = 8 << 10;

/// The arena; `None` where SQLite allocates as everybody does, because somebody had begun to use it before.
static ARENA: OnceLock<Option<u32>> = OnceLock::new();

/// How long dropped pages are kept, in milliseconds, also of an arena that is still to come; below zero until they are
/// purged.
static DECAY_MILLIS: AtomicIsize = AtomicIsize::new(UNSAID);
/// As all others.
const UNSAID: isize = isize::MIN;

/// Opens a connection, whose pages lie apart if it is the first of the process or the first did the same. All connections
/// of a process are to be opened here: SQLite takes its allocator only while it is not in use.
///
/// # Errors
///
/// Those of SQLite.
pub fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Without them apart they come from where everything comes from, which is no reason not to open.
    let _apart = ARENA.get_or_init(begin);
    Connection::open_with_flags(path, flags)
}

/// Gives dropped pages back to the system now. Whether there was an arena of them.
pub fn purge_pages() -> bool {
    arena().is_some_and(mallctl::purge_arena)
}

/// The index of the arena, once there is one.
pub(crate) fn arena() -> Option<u32> {
    ARENA.get().copied().flatten()
}

/// Keeps dropped pages for so long from now on. Those that were kept for good go back at once when that is over: the
/// allocator would wait for the next one that is dropped.
pub(crate) fn set_decay(millis: isize) {
    let before = DECAY_MILLIS.swap(millis, Ordering::Relaxed);
    let _taken = arena().is_some_and(|arena| mallctl::set_decay_of(arena, millis));
    if before < 0 && millis >= 0 {
        purge_pages();
    }
}

fn begin() -> Option<u32> {
    let arena = mallctl::read_unsigned(c"arenas.create")?;
    let millis = DECAY_MILLIS.load(Ordering::Relaxed);
    if millis != UNSAID {
        let _taken = mallctl::set_decay_of(arena, millis);
    }
    // SAFETY: SQLite copies the table before it returns. Its functions are of this program and keep to what SQLite asks of
    // them. Nobody may use SQLite meanwhile: the cell runs this once and lets others wait for it, and whoever opens a connection
    // does so in `open`, which the check of the architecture sees to by letting only the database's crate name the library.
    let code = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const METHODS) };
    (code == ffi::SQLITE_OK).then_some(arena)
}

static METHODS: Methods = Methods(ffi::sqlite3_mem_methods {
    xMalloc: Some(allocate),
    xFree: Some(free),
    xRealloc: Some(resize),
    xSize: Some(size_of_block),
    xRoundup: Some(round_up),
    xInit: Some(start),
    xShutdown: Some(stop),
    pAppData: null_mut(),
});

/// The table as a constant.
#[repr(transparent)]
struct Methods(ffi::sqlite3_mem_methods);

// SAFETY: function pointers and a null pointer that nobody follows; nothing in it changes.
unsafe impl Sync for Methods {}

/// Where an allocation of this size comes from.
fn flags(bytes: usize) -> c_int {
    match arena() {
        Some(arena) if (LEAST..=MOST).contains(&bytes) => MALLOCX_ARENA(arena as usize) | MALLOCX_TCACHE_NONE,
        _ => 0,
    }
}

/// SQLite asks for more than nothing and less than two GiB; jemalloc must not be asked for nothing.
fn wanted(bytes: c_int) -> usize {
    usize::try_from(bytes).unwrap_or(0).max(1)
}

unsafe extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    let bytes = wanted(bytes);
    // SAFETY: the size is not zero, and the flags name an arena that exists for as long as the process.
    unsafe { mallocx(bytes, flags(bytes)) }
}

unsafe extern "C" fn free(block: *mut c_void) {
    if !block.is_null() {
        // SAFETY: SQLite gives back only what these functions gave it, and each once.
        unsafe { dallocx(block, 0) };
    }
}

unsafe extern "C" fn resize(block: *mut c_void, bytes: c_int) -> *mut c_void {
    let bytes = wanted(bytes);
    // SAFETY: the block is one of these functions' and in use, as SQLite promises; the rest as in `allocate`. If there is
    // no memory the block stays as it was, which is what SQLite wants.
    unsafe { rallocx(block, bytes, flags(bytes)) }
}

unsafe extern "C" fn size_of_block(block: *mut c_void) -> c_int {
    if block.is_null() {
        return 0;
    }
    // SAFETY: the block is one of these functions' and in use.
    let bytes = unsafe { sallocx(block, 0) };
    c_int::try_from(bytes).unwrap_or(c_int::MAX)
}

unsafe extern "C" fn round_up(bytes: c_int) -> c_int {
    // SAFETY: the size is not zero; nothing is allocated.
    let rounded = unsafe { nallocx(wanted(bytes), 0) };
    c_int::try_from(rounded).unwrap_or(bytes)
}

unsafe extern "C" fn start(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn stop(_: *mut c_void) {}
