use std::ffi::{CStr, c_char};

/// jemalloc's settings for a server.
///
/// - `background_thread`, `dirty_decay_ms`, `muzzy_decay_ms`: freed pages go back to the system within about a second
///   even when nothing runs, and count as gone at once.
/// - `oversize_threshold`: what is larger than a MiB, such as a body or the memory of a password's hash, has an arena of
///   its own; see [`Allocator::return_large_at_once`](crate::Allocator::return_large_at_once).
/// - `narenas`: few arenas, so that little lies idle in each.
/// - `cache_oblivious`: no page more for each large allocation, to begin somewhere within it: a thousand connections with a
///   buffer each had 4 MiB of such pages, and samples of the heap, which take four pages, a quarter more.
/// - `tcache_max`, `tcache_nslots_small_max`: each thread keeps little of what is freed. With the allocator's own bounds the
///   caches of an idle server's threads held 2 MiB, and a request takes no measurable time more without.
/// - `metadata_thp`, `thp`: no huge pages; they inflate small heaps.
/// - `prof`, `lg_prof_sample`: the stack of about one allocation in every 128 KiB is kept, so that a heap profile can be
///   taken at any moment, also of what was allocated long before anybody asked.
/// - `abort_conf`: a misspelt setting stops the start instead of being ignored.
pub const MALLOC_CONF: &CStr = c"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,oversize_threshold:1048576,narenas:2,cache_oblivious:false,tcache_max:4096,tcache_nslots_small_max:16,metadata_thp:disabled,thp:never,abort_conf:true,prof:true,prof_active:true,lg_prof_sample:17";

/// A pointer to constant text, in the shape jemalloc looks for.
#[derive(Debug)]
#[repr(transparent)]
pub struct ConfPointer(*const c_char);

// SAFETY: the only value ever made points to constant text of static lifetime, which any thread may read.
#[expect(unsafe_code, reason = "a static must be Sync, and a raw pointer is not")]
unsafe impl Sync for ConfPointer {}

/// The value of the symbol `malloc_conf`; see [`install_allocator!`](crate::install_allocator).
pub const MALLOC_CONF_POINTER: ConfPointer = ConfPointer(MALLOC_CONF.as_ptr());

/// Makes jemalloc the allocator of a program, with [`MALLOC_CONF`]. Write it once, in the program's root file:
/// jemalloc reads the symbol before `main`, and the linker only keeps it there.
#[macro_export]
macro_rules! install_allocator {
    () => {
        const _: () = {
            #[global_allocator]
            static GLOBAL: $crate::Jemalloc = $crate::Jemalloc;

            #[used]
            #[unsafe(export_name = "malloc_conf")]
            static MALLOC_CONF: $crate::ConfPointer = $crate::MALLOC_CONF_POINTER;
        };
    };
}
