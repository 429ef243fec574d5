//! The stack of a sampled allocation, read along the chain of frame pointers.
//!
//! The allocator's own way asks the unwinder that panics use: some 35,000 instructions for each sample, and its tables
//! come into memory. Code that is compiled with frame pointers (`.cargo/config.toml`) has at the start of each frame the
//! address of its caller's frame and, behind it, the address where the caller goes on: two reads for each.
#![expect(unsafe_code, reason = "a stack is read where no reference can reach it")]

use crate::mallctl;
use std::cell::Cell;
use std::ffi::{c_uint, c_void};
use std::hint::black_box;

/// An allocation of this size is sampled but once in ten million times; none of it is touched.
const SURELY_SAMPLED: usize = 8 << 20;

/// The addresses of a thread's stack, which grows down from the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stack {
    NotAskedYet,
    Known {
        start: usize,
        /// The first address behind it.
        end: usize,
    },
    /// The system does not tell.
    Untold,
}

thread_local! {
    // Plain values, without a destructor: they can be had at any moment of a thread's life, also inside the allocator.
    static STACK: Cell<Stack> = const { Cell::new(Stack::NotAskedYet) };
    /// How many frames the last sample of this thread had.
    static LAST_SAMPLE: Cell<usize> = const { Cell::new(0) };
}

/// Makes the allocator read the stacks of its samples along the frame pointers from here on. `false`, and everything
/// stays as it was, where the program, its libraries or the allocator were compiled without them: it is tried out with
/// calls and with an allocation of this program. Call it when the program starts.
pub fn sample_by_frame_pointers() -> bool {
    let alone = known_calls();
    if alone == 0 {
        return false;
    }
    let before = mallctl::read_backtrace_hook();
    let Some(before) = before.filter(|_| mallctl::write_backtrace_hook(walk_for_the_allocator)) else {
        return false;
    };
    LAST_SAMPLE.set(0);
    let mut sampled = Vec::<u8>::new();
    // Under a small limit of address space there may be no room, and then there was no sample.
    let _room = sampled.try_reserve_exact(black_box(SURELY_SAMPLED));
    drop(black_box(sampled));
    // The allocator's own frames come on top of those that are seen from here.
    let works = LAST_SAMPLE.get() > alone;
    if !works {
        // It was taken once, so it is taken again.
        let _back = mallctl::write_backtrace_hook(before);
    }
    works
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
    walk(frame_pointer(), frames.len(), |at, address| {
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
    let mut seen = 0;
    walk(frame_pointer(), usize::try_from(most).unwrap_or(0), |at, address| {
        // SAFETY: the allocator gives room for `most` addresses, and `walk` gives fewer.
        unsafe { frames.add(at).write(std::ptr::with_exposed_provenance_mut(address)) };
        seen = at + 1;
    });
    LAST_SAMPLE.set(seen);
    // SAFETY: the allocator waits for the number of frames here.
    unsafe { length.write(c_uint::try_from(seen).unwrap_or(0)) };
}

/// Gives the return addresses from the frame at `frame` on, at most `most`, the innermost first. Ends where the chain
/// leaves the stack of this thread or does not lead outwards: at the outermost frame, and in code without frame pointers.
fn walk(mut frame: usize, most: usize, mut each: impl FnMut(usize, usize)) {
    const WORD: usize = size_of::<usize>();
    let here = 0_u8;
    let mut least = (&raw const here).addr();
    let Some(end) = stack_end(least) else { return };
    for at in 0..most {
        let is_inside = (least..end.saturating_sub(2 * WORD - 1)).contains(&frame);
        if !is_inside || !frame.is_multiple_of(WORD) {
            return;
        }
        // SAFETY: both words lie in this thread's stack, further out than a variable of this call: in memory that is
        // mapped for as long as this call lasts, and that no other thread writes. Any bits are a number.
        let [outwards, address] =
            unsafe { std::ptr::with_exposed_provenance::<[usize; 2]>(frame).read_volatile() };
        if address == 0 {
            return;
        }
        each(at, address);
        least = frame + 2 * WORD;
        frame = outwards;
    }
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

/// The end of this thread's stack, if `here` lies in it. Asked for once. The system may allocate for the answer, which the
/// allocator allows here: it takes no sample inside of a sample.
fn stack_end(here: usize) -> Option<usize> {
    if STACK.get() == Stack::NotAskedYet {
        STACK.set(ask_for_the_stack().unwrap_or(Stack::Untold));
    }
    match STACK.get() {
        Stack::Known { start, end } => (start..end).contains(&here).then_some(end),
        Stack::NotAskedYet | Stack::Untold => None,
    }
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
    (told == 0).then(|| Stack::Known { start, end: start.saturating_add(length) })
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
        walk(base + first * size_of::<usize>(), 16, |at, address| {
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
        let local = 0_u8;
        let end = stack_end((&raw const local).addr()).expect("a thread of the standard library has a stack");
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
        walk(frame_pointer(), 1, |_, _| found += 1);
        assert_eq!(found, 1);
    }
}
