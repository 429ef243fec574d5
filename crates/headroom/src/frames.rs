//! The stack of a sampled allocation, read along the chain of frame pointers.
//!
//! The allocator's own way asks the unwinder that panics use: some 35,000 instructions for each sample, and its tables
//! come into memory. Code that is compiled with frame pointers (`.cargo/config.toml`) has at the start of each frame the
//! address of its caller's frame and, behind it, the address where the caller goes on: two reads for each.
#![expect(unsafe_code, reason = "a stack is read where no reference can reach it")]

use crate::heap_profile::maps::read_line;
use crate::mallctl::{self, BacktraceHook};
use crate::roots::SystemRoots;
use std::cell::Cell;
use std::ffi::{c_uint, c_void};
use std::hint::black_box;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// An allocation of this size is left out of the samples once in more than ten million times; none of it is touched.
const SURELY_SAMPLED: usize = 8 << 20;
/// With the allocator's own way of reading stacks, one allocation in every 512 KiB is sampled: 2 to this power.
const SELDOM: usize = 19;

/// What the walk has to know of the program. Set once, before the allocator is given the walk.
#[derive(Debug)]
struct Program {
    /// Where its code lies. A number from anywhere else is no return address of it.
    code: Range<usize>,
    /// The allocator's own way, for threads whose stack is not known.
    before: BacktraceHook,
}

static PROGRAM: OnceLock<Program> = OnceLock::new();
/// Whether the trial went well.
static WORKS: AtomicBool = AtomicBool::new(false);

/// The addresses of a thread's stack, which grows down from the end.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stack {
    start: usize,
    /// The first address behind it.
    end: usize,
}

thread_local! {
    // Plain values, without a destructor: they can be had at any moment of a thread's life, also inside the allocator.
    static STACK: Cell<Option<Stack>> = const { Cell::new(None) };
    /// How many frames the last sample of this thread had that was read along the frame pointers.
    static LAST_SAMPLE: Cell<usize> = const { Cell::new(0) };
}

/// Makes the allocator read the stacks of its samples along the frame pointers from here on, in this thread and in those
/// that call [`sample_this_thread`]. Where the program, its libraries or the allocator were compiled without them, which is
/// tried out with calls and with an allocation of this program, the allocator goes on in its own way, with fewer samples.
/// Whether it is done. Call it when the program starts.
pub fn sample_by_frame_pointers() -> bool {
    let works = try_out();
    WORKS.store(works, Ordering::Relaxed);
    if !works {
        // Four times as many samples of the dear sort would be felt.
        let _kept_as_it_was = mallctl::write_size(c"prof.reset", SELDOM);
    }
    works
}

/// Whether the allocator was made to read stacks along the frame pointers.
pub fn samples_by_frame_pointers() -> bool {
    WORKS.load(Ordering::Relaxed)
}

/// Lets the samples of the calling thread be read along the frame pointers. To be called when a thread starts.
///
/// The system locks the thread and allocates to tell where its stack lies, and does so for the standard library too: it
/// cannot be asked inside of a sample. A thread that was not asked for is sampled in the allocator's own way.
pub fn sample_this_thread() {
    STACK.set(ask_for_the_stack());
}

fn try_out() -> bool {
    sample_this_thread();
    let alone = known_calls();
    let Some(code) = code_of_this_program().filter(|_| alone > 0) else { return false };
    let Some(before) = mallctl::read_backtrace_hook() else { return false };
    let before = PROGRAM.get_or_init(|| Program { code, before }).before;
    if !mallctl::write_backtrace_hook(walk_for_the_allocator) {
        return false;
    }
    LAST_SAMPLE.set(0);
    let mut sampled = Vec::<u8>::new();
    // Under a small limit of address space there may be no room, and then there was no sample.
    let _room = sampled.try_reserve_exact(black_box(SURELY_SAMPLED));
    drop(black_box(sampled));
    // The allocator's own frames come on top of those that are seen from here.
    let works = LAST_SAMPLE.get() > alone;
    if !works {
        // One was taken just now, so the other is taken again.
        let _back = mallctl::write_backtrace_hook(before);
    }
    works
}

/// The mapping of the program's file that this function lies in.
fn code_of_this_program() -> Option<Range<usize>> {
    let here = try_out as *const () as usize;
    let maps = std::fs::read_to_string(SystemRoots::default().proc.join("self/maps")).ok()?;
    let mut mappings = Vec::new();
    for line in maps.lines() {
        read_line(line, &mut mappings)?;
    }
    let own = mappings.iter().find(|mapping| mapping.contains(here as u64))?;
    Some(usize::try_from(own.start).ok()?..usize::try_from(own.end).ok()?)
}

/// How many frames are seen from two calls further in; 0 when these two calls are not among them as they are.
fn known_calls() -> usize {
    let mut frames = [0_usize; 64];
    let seen = black_box(outer as fn(&mut [usize]) -> usize)(&mut frames);
    let is_within = |address: usize, function: usize| (function..function + 512).contains(&address);
    let known = is_within(frames[0], inner as *const () as usize)
        && is_within(frames[1], outer as *const () as usize);
    if known { seen.saturating_sub(2) } else { 0 }
}

#[inline(never)]
fn outer(frames: &mut [usize]) -> usize {
    black_box(inner as fn(&mut [usize]) -> usize)(frames) + black_box(0)
}

#[inline(never)]
fn inner(frames: &mut [usize]) -> usize {
    black_box(innermost as fn(&mut [usize]) -> usize)(frames) + black_box(0)
}

#[inline(never)]
fn innermost(frames: &mut [usize]) -> usize {
    let mut seen = 0;
    walk(frame_pointer(), frames.len(), &(1..usize::MAX), |at, address| {
        frames[at] = address;
        seen = at + 1;
    });
    black_box(seen)
}

/// What the allocator calls for each sample (`experimental.hooks.prof_backtrace`): room for `most` addresses at `frames`.
///
/// # Safety
/// `frames` has room for `most` addresses and `length` for one number, both for this call alone.
pub(crate) unsafe extern "C" fn walk_for_the_allocator(
    frames: *mut *mut c_void,
    length: *mut c_uint,
    most: c_uint,
) {
    let Some(program) = PROGRAM.get() else { return };
    if STACK.get().is_none() {
        // SAFETY: what was given to this function is handed on as it is.
        unsafe { (program.before)(frames, length, most) };
        return;
    }
    let mut seen = 0;
    walk(frame_pointer(), usize::try_from(most).unwrap_or(0), &program.code, |at, address| {
        // SAFETY: the allocator gives room for `most` addresses, and `walk` gives no more.
        unsafe { frames.add(at).write(std::ptr::with_exposed_provenance_mut(address)) };
        seen = at + 1;
    });
    LAST_SAMPLE.set(seen);
    // SAFETY: the allocator waits for the number of frames here.
    unsafe { length.write(c_uint::try_from(seen).unwrap_or(0)) };
}

/// Gives the return addresses from the frame at `frame` on, at most `most`, the innermost first. Ends where the chain
/// leaves the stack of this thread or does not lead outwards, and at an address outside of `code`: at the outermost frame,
/// and in code without frame pointers, which may have any number there, also one that somebody's data lies at.
fn walk(mut frame: usize, most: usize, code: &Range<usize>, mut each: impl FnMut(usize, usize)) {
    const WORD: usize = size_of::<usize>();
    let here = 0_u8;
    let mut least = (&raw const here).addr();
    let Some(stack) = STACK.get().filter(|stack| (stack.start..stack.end).contains(&least)) else { return };
    for at in 0..most {
        let is_inside = (least..stack.end.saturating_sub(2 * WORD - 1)).contains(&frame);
        if !is_inside || !frame.is_multiple_of(WORD) {
            return;
        }
        // SAFETY: both words lie in this thread's stack, further out than a variable of this call: in memory that is
        // mapped for as long as this call lasts.
        let (outwards, address) = unsafe { (load(frame), load(frame + WORD)) };
        if !code.contains(&address) {
            return;
        }
        each(at, address);
        least = frame + 2 * WORD;
        frame = outwards;
    }
}

/// The word at an address, whatever it is and whoever writes it: the machine's view, in which every word is a number.
///
/// # Safety
/// The word is mapped and readable.
#[inline]
unsafe fn load(address: usize) -> usize {
    let word: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: reads one word, which the caller vouches for.
    unsafe {
        std::arch::asm!("mov {}, [{}]", out(reg) word, in(reg) address, options(readonly, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: reads one word, which the caller vouches for.
    unsafe {
        std::arch::asm!("ldr {}, [{}]", out(reg) word, in(reg) address, options(readonly, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        // Never called: the walk has no frame to begin at.
        word = address;
    }
    word
}

/// Where this function's caller has its frame; anything in a program without frame pointers.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is the frame of the function it stands in that is wanted")]
fn frame_pointer() -> usize {
    let frame: usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: copies a register.
    unsafe {
        std::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: copies a register.
    unsafe {
        std::arch::asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        // No address: the walk ends before it begins.
        frame = 1;
    }
    frame
}

fn ask_for_the_stack() -> Option<Stack> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut start = std::ptr::null_mut();
    let mut length = 0;
    // SAFETY: the attributes are filled in by the first call, whose result is looked at, read by the second and given back
    // by the third; both answers have their places (pthread_getattr_np(3), pthread_attr_getstack(3)).
    let told = unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let told = libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut length);
        let _always_zero = libc::pthread_attr_destroy(attributes.as_mut_ptr());
        told
    };
    let start = start.addr();
    (told == 0).then(|| Stack { start, end: start.saturating_add(length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses of a chain that begins at the `first` of these words, which lie on this thread's stack. A number in
    /// the chain that is a place among the words is made the address of that word.
    fn chain<const WORDS: usize>(words: [usize; WORDS], first: usize) -> Vec<usize> {
        let mut memory = [0_usize; WORDS];
        let base = memory.as_ptr().addr();
        for (at, word) in words.into_iter().enumerate() {
            // Each second word is a return address.
            let place = at.is_multiple_of(2) && word < WORDS;
            memory[at] = if place { base + word * size_of::<usize>() } else { word };
        }
        let _exposed = black_box(&memory).as_ptr().expose_provenance();
        let mut found = Vec::new();
        sample_this_thread();
        walk(base + first * size_of::<usize>(), 16, &(100..200), |at, address| {
            assert_eq!(at, found.len());
            found.push(address);
        });
        found
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        assert_eq!(chain([2, 101, 4, 102, usize::MAX, 103], 0), [101, 102, 103]);
    }

    #[test]
    fn a_chain_that_turns_back_or_stands_still_ends() {
        assert_eq!(chain([2, 101, 0, 102], 0), [101, 102]);
        assert_eq!(chain([0, 101, 0, 102], 0), [101]);
    }

    #[test]
    fn a_chain_that_leaves_the_stack_ends() {
        let end = ask_for_the_stack().expect("a thread of the standard library has a stack").end;
        for outwards in [end, end - size_of::<usize>(), usize::MAX - 7, 0x1000, end + (1 << 40)] {
            assert_eq!(chain([outwards, 101, 0, 102], 0), [101], "{outwards:x}");
        }
    }

    #[test]
    fn an_odd_address_ends_the_chain() {
        let local = 0_usize;
        assert_eq!(chain([(&raw const local).addr() + 1, 101], 0), [101]);
    }

    #[test]
    fn no_more_frames_are_given_than_there_is_room_for() {
        let mut found = 0;
        sample_this_thread();
        walk(frame_pointer(), 1, &(1..usize::MAX), |_, _| found += 1);
        assert_eq!(found, 1);
    }

    #[test]
    fn what_is_no_code_ends_the_chain() {
        assert_eq!(chain([2, 101, 4, 7, usize::MAX, 103], 0), [101]);
    }

    #[test]
    fn a_thread_whose_stack_is_not_known_is_not_walked() {
        let mut found = 0;
        STACK.set(None);
        walk(frame_pointer(), 1, &(1..usize::MAX), |_, _| found += 1);
        assert_eq!(found, 0);
    }
}
