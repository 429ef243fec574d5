use std::mem::size_of;

/// How long a turn is that a prompt thread asks for, in nanoseconds: the least that Linux grants.
const TURN_NANOS: u64 = 100_000;

/// Lets the calling thread run soon after it is woken, also where every processor has more to do than it can: it asks the
/// scheduler for short turns. From Linux 6.12 on whoever asks for shorter turns has them sooner, and has no more time in all for
/// it (`sched_setattr(2)`, `sched_runtime` of `SCHED_OTHER`); an older kernel takes the wish and does nothing about it. Threads that the calling one starts
/// from then on have the same. Needs no privilege. Whether the kernel took it; a thread of another policy than the usual one is left as it is.
pub fn run_promptly() -> bool {
    const SELF: libc::pid_t = 0;
    const NO_FLAGS: libc::c_uint = 0;
    // SAFETY: all of its fields are numbers, for which zero is a value.
    #[expect(unsafe_code, reason = "the library's structure has no constructor")]
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    let size = u32::try_from(size_of::<libc::sched_attr>()).unwrap_or(0);
    // SAFETY: the kernel writes at most `size` bytes to the structure, which has them, and keeps no pointer to it.
    #[expect(unsafe_code, reason = "the library that this crate uses has no safe form of the call")]
    let got = unsafe {
        libc::syscall(libc::SYS_sched_getattr, SELF, std::ptr::from_mut(&mut attributes), size, NO_FLAGS)
    };
    if got != 0 || i64::from(attributes.sched_policy) != i64::from(libc::SCHED_OTHER) {
        return false;
    }
    // Whatever else was set, such as another niceness, stays.
    attributes.sched_runtime = TURN_NANOS;
    // SAFETY: the kernel reads `size` bytes of the structure, which the first call has filled in, and keeps no pointer to it.
    #[expect(unsafe_code, reason = "the library that this crate uses has no safe form of the call")]
    let set =
        unsafe { libc::syscall(libc::SYS_sched_setattr, SELF, std::ptr::from_ref(&attributes), NO_FLAGS) };
    set == 0
}
