#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! Stacks of samples that are read along the frame pointers, in a program that runs on the server's allocator. The build
//! settings of this repository compile everything with them.

use headroom::heap_profile::{HeapProfile, take_heap_profile};
use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

headroom::install_allocator!();

/// Large enough to be sampled each time.
const SIZE: usize = 12 << 20;

/// One test at a time: only one profile is taken at once.
static ALONE: Mutex<()> = Mutex::new(());

#[inline(never)]
fn outer(hold: fn() -> Vec<u8>) -> Vec<u8> {
    let held = black_box(hold)();
    black_box(held)
}

#[inline(never)]
fn inner() -> Vec<u8> {
    let held = Vec::with_capacity(black_box(SIZE));
    black_box(held)
}

/// The places of these functions in each stack that holds all of them, the innermost function first.
fn places(profile: &HeapProfile, functions: [usize; 2]) -> Vec<[usize; 2]> {
    let place = |addresses: &[u64], function: usize| {
        let code = function as u64..function as u64 + 512;
        addresses.iter().position(|address| code.contains(address))
    };
    profile
        .stacks()
        .filter_map(|stack| {
            let [first, second] = functions.map(|function| place(stack.addresses, function));
            Some([first?, second?])
        })
        .collect()
}

fn profile_with(hold: impl FnOnce() -> Vec<u8>) -> HeapProfile {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(headroom::sample_by_frame_pointers(), "this program was compiled without frame pointers");
    let held = hold();
    let profile = take_heap_profile().unwrap();
    drop(held);
    profile
}

fn functions() -> [usize; 2] {
    [inner as fn() -> Vec<u8> as usize, outer as fn(fn() -> Vec<u8>) -> Vec<u8> as usize]
}

#[test]
fn callers_follow_each_other_in_a_stack() {
    let profile = profile_with(|| outer(inner));
    let found = places(&profile, functions());
    assert!(found.iter().any(|[inner, outer]| *outer == inner + 1), "{found:?}");
}

#[test]
fn a_thread_with_a_small_stack_is_read_too() {
    let profile = profile_with(|| {
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let work = || {
            headroom::sample_this_thread();
            outer(inner)
        };
        thread.spawn(work).unwrap().join().unwrap()
    });
    assert!(!places(&profile, functions()).is_empty());
}

#[test]
fn a_thread_that_did_not_ask_for_its_stack_is_sampled_in_the_allocators_own_way() {
    let profile = profile_with(|| std::thread::spawn(|| outer(inner)).join().unwrap());
    assert!(!places(&profile, functions()).is_empty());
}

/// The C library is compiled without frame pointers: whatever it has in that register, a sample taken below it ends or
/// skips its frames, and the frames on this side of it are there.
#[test]
#[expect(unsafe_code, reason = "a function of the C library that calls back")]
fn a_call_through_code_without_frame_pointers_is_survived() {
    static HELD: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

    extern "C" fn compare(_: *const libc::c_void, _: *const libc::c_void) -> libc::c_int {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).push(outer(inner));
        0
    }

    let profile = profile_with(|| {
        let mut numbers = [3_u8, 2];
        // SAFETY: two elements of one byte each, and a comparison that keeps nothing.
        unsafe { libc::qsort(numbers.as_mut_ptr().cast(), numbers.len(), 1, Some(compare)) };
        Vec::new()
    });
    HELD.lock().unwrap_or_else(PoisonError::into_inner).clear();
    assert!(!places(&profile, functions()).is_empty());
}
