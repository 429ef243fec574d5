//! A thread that is about to wait gives back what the allocator keeps for it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use headroom::give_back_thread_cache;
use tikv_jemalloc_ctl::{epoch, raw};

headroom::install_allocator!();

/// What all threads' caches hold, in bytes (jemalloc(3), `stats.arenas.<i>.tcache_bytes`; 4096 stands for all arenas).
#[expect(unsafe_code, reason = "the safe wrapper has no such figure")]
fn cached_bytes() -> usize {
    epoch::advance().unwrap();
    // SAFETY: the control is of C type `size_t`, of which any value is a usize.
    unsafe { raw::read(b"stats.arenas.4096.tcache_bytes\0") }.unwrap()
}

#[test]
fn what_a_thread_has_freed_is_given_to_the_others_once_in_a_while() {
    let many: Vec<Vec<u8>> = (0..640).map(|at| Vec::with_capacity(100 * (1 + at % 30))).collect();
    drop(many);
    let before = cached_bytes();
    assert!(before > 8 << 10, "{before} bytes are cached");
    assert!(give_back_thread_cache());
    assert!(cached_bytes() < before / 2, "{} bytes of {before}", cached_bytes());
    assert!(!give_back_thread_cache(), "that was just now");
}
