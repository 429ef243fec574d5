//! The calls into jemalloc that the safe wrapper does not offer.
#![expect(unsafe_code, reason = "jemalloc's control interface is a C function with untyped pointers")]

use std::ffi::{CStr, CString, c_uint, c_void};
use std::ptr::null_mut;
use tikv_jemalloc_ctl::raw;

/// Does what the control `name` does; it takes and gives no value. Whether it succeeded.
pub(crate) fn act(name: &CStr) -> bool {
    // SAFETY: `name` ends in a zero byte, and all value pointers are null with length zero, which jemalloc documents
    // as "neither read nor write"; controls that need a value answer with an error.
    unsafe { tikv_jemalloc_sys::mallctl(name.as_ptr(), null_mut(), null_mut(), null_mut(), 0) == 0 }
}

/// Gives a text to the control `name`, such as the path of a file to write. Whether it succeeded.
pub(crate) fn write_text(name: &CStr, text: &CStr) -> bool {
    let mut pointer = text.as_ptr();
    // SAFETY: every caller names a `const char *` control, whose size jemalloc checks; it reads one pointer from where
    // the new value lies and the text behind it, which ends in a zero byte, and keeps neither.
    unsafe {
        tikv_jemalloc_sys::mallctl(
            name.as_ptr(),
            null_mut(),
            null_mut(),
            (&raw mut pointer).cast(),
            size_of_val(&pointer),
        ) == 0
    }
}

/// Reads a control of C type `bool`.
pub(crate) fn read_flag(name: &CStr) -> Option<bool> {
    // SAFETY: as for `read_size`, with the one-byte type, read as a number: any byte is valid then.
    unsafe { raw::read::<u8>(name.to_bytes_with_nul()) }.ok().map(|flag| flag != 0)
}

/// Reads a control of C type `size_t`.
pub(crate) fn read_size(name: &CStr) -> Option<u64> {
    // SAFETY: every caller names a `size_t` control; jemalloc checks the length against its own type and refuses any
    // other, so a wrong name gives an error and not a wrong read. All bit patterns of a usize are valid.
    let value: usize = unsafe { raw::read(name.to_bytes_with_nul()) }.ok()?;
    Some(value as u64)
}

/// Reads a control of C type `unsigned`.
pub(crate) fn read_unsigned(name: &CStr) -> Option<u32> {
    // SAFETY: as for `read_size`, with the four-byte type; all bit patterns of a u32 are valid.
    unsafe { raw::read::<u32>(name.to_bytes_with_nul()) }.ok()
}

/// Reads a control of C type `uint64_t`.
pub(crate) fn read_u64(name: &CStr) -> Option<u64> {
    // SAFETY: as for `read_size`, with the eight-byte type; all bit patterns of a u64 are valid.
    unsafe { raw::read::<u64>(name.to_bytes_with_nul()) }.ok()
}

/// Gives the unused pages of an arena back to the system now. Whether it succeeded.
pub(crate) fn purge_arena(arena: u32) -> bool {
    of_arena(arena, "purge").is_some_and(|name| act(&name))
}

/// Sets how long freed pages of an arena are kept, in milliseconds; below zero until they are purged. An arena that nothing
/// was allocated from yet refuses.
pub(crate) fn set_decay_of(arena: u32, millis: isize) -> bool {
    of_arena(arena, "dirty_decay_ms").is_some_and(|name| write_signed(&name, millis))
}

fn of_arena(arena: u32, control: &str) -> Option<CString> {
    CString::new(format!("arena.{arena}.{control}")).ok()
}

/// Writes a control of C type `size_t`. Whether it was taken.
pub(crate) fn write_size(name: &CStr, value: usize) -> bool {
    // SAFETY: as for `write_signed`, with the unsigned type.
    unsafe { raw::write(name.to_bytes_with_nul(), value) }.is_ok()
}

/// Writes a control of C type `ssize_t`. Whether it was taken.
pub(crate) fn write_signed(name: &CStr, value: isize) -> bool {
    // SAFETY: every caller names a writable `ssize_t` control; jemalloc checks the length against its own type and
    // refuses any other, so a wrong name gives an error and not a wrong write.
    unsafe { raw::write(name.to_bytes_with_nul(), value) }.is_ok()
}

/// What jemalloc calls to read the stack of a sample: room for addresses, where to put how many, and how many at most
/// (`prof_backtrace_hook_t`).
pub(crate) type BacktraceHook = unsafe extern "C" fn(*mut *mut c_void, *mut c_uint, c_uint);

const BACKTRACE_HOOK: &CStr = c"experimental.hooks.prof_backtrace";

/// What reads the stacks of samples now; `None` where jemalloc has no such control or none is set.
pub(crate) fn read_backtrace_hook() -> Option<BacktraceHook> {
    // SAFETY: the control is of this function type, whose size jemalloc checks; a null pointer is read as `None`.
    unsafe { raw::read::<Option<BacktraceHook>>(BACKTRACE_HOOK.to_bytes_with_nul()) }.ok().flatten()
}

/// Lets `hook` read the stacks of samples from here on. Whether it was taken.
pub(crate) fn write_backtrace_hook(hook: BacktraceHook) -> bool {
    // SAFETY: as above; a function of this program lives as long as jemalloc may call it, and each that is given here
    // keeps to what the type asks.
    unsafe { raw::write(BACKTRACE_HOOK.to_bytes_with_nul(), hook) }.is_ok()
}

/// Where jemalloc counts what the calling thread allocated and freed. Both counters live as long as the thread.
pub(crate) fn thread_counters() -> Option<(*const u64, *const u64)> {
    // SAFETY: both controls are of C type `uint64_t *`, whose size jemalloc checks; any pointer value is valid to hold.
    let (allocated, freed) = unsafe {
        (
            raw::read::<*const u64>(c"thread.allocatedp".to_bytes_with_nul()).ok()?,
            raw::read::<*const u64>(c"thread.deallocatedp".to_bytes_with_nul()).ok()?,
        )
    };
    (!allocated.is_null() && !freed.is_null()).then_some((allocated, freed))
}
