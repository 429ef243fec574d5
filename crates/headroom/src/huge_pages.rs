/// Keeps the kernel from making huge pages of this process's memory, as
/// `/sys/kernel/mm/transparent_hugepage/enabled` = `always` lets it, which is Debian's default. A thread's stack or a
/// library's heap would then take 2 MiB for the few KiB that are in use, 20 MiB in all, and a small limit has no room for
/// that. The allocator's setting `thp:never` is for its own memory alone. Call it before threads are started. `false`
/// when the kernel does not know how.
pub fn disable_huge_pages() -> bool {
    const ON: libc::c_ulong = 1;
    const UNUSED: libc::c_ulong = 0;
    // SAFETY: PR_SET_THP_DISABLE takes numbers alone and changes how memory is backed, not what is in it (prctl(2)).
    #[expect(unsafe_code, reason = "prctl has no safe form in the library that this crate uses")]
    let done = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, ON, UNUSED, UNUSED, UNUSED) };
    done == 0
}
