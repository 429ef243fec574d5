#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! Profiles of this test program, which runs on jemalloc with the server's settings.

use headroom::heap_profile::{
    Elf, HeapProfile, HeapUse, ProfileError, take_charged_heap_profile, take_heap_profile,
};
use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

headroom::install_allocator!();

/// One test at a time: only one profile is taken at once.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Samples one allocation in every 16 KiB from now on, so that chance does not decide a test.
#[expect(unsafe_code, reason = "the control interface is untyped")]
fn sample_often() {
    // SAFETY: `prof.reset` takes a `size_t`, whose size jemalloc checks.
    unsafe { tikv_jemalloc_ctl::raw::write(b"prof.reset\0", 14_usize) }.unwrap();
}

const LEAKED: usize = 20 << 20;

#[inline(never)]
fn leak() {
    for size in [4 << 10, 20 << 10, 40 << 10].into_iter().cycle().take(LEAKED / (64 << 10) * 3) {
        std::mem::forget(black_box(vec![1_u8; black_box(size)]));
    }
    black_box(());
}

/// What was allocated below `leak`, by the address of its code.
fn in_leak(profile: &HeapProfile) -> HeapUse {
    let begin = (leak as fn()) as usize as u64;
    let code = begin..begin + 1024;
    let below = profile.stacks().filter(|stack| stack.addresses.iter().any(|call| code.contains(call)));
    below.fold(HeapUse::default(), |sum, stack| HeapUse {
        objects: sum.objects + stack.used.objects,
        bytes: sum.bytes + stack.used.bytes,
    })
}

#[test]
fn a_leak_shows_as_growth_of_its_stack() {
    let _alone = alone();
    sample_often();
    let before = take_heap_profile().unwrap();
    leak();
    let after = take_heap_profile().unwrap();
    let growth = in_leak(&after.since(&before).unwrap());
    let leaked = i64::try_from(LEAKED).unwrap();
    assert!((growth.bytes - leaked).abs() * 100 < leaked * 15, "{growth:?} instead of {leaked} bytes");
    let objects = leaked / (64 << 10) * 3;
    assert!((growth.objects - objects).abs() * 100 < objects * 40, "{growth:?} instead of {objects} objects");
    assert_eq!(after.since(&after).unwrap().stacks().count(), 0);
}

#[test]
fn the_text_of_the_allocator_is_charged_before_it_is_read() {
    let _alone = alone();
    let mut charged = Vec::new();
    let profile = take_charged_heap_profile(|bytes| charged.push(bytes)).unwrap();
    // At least the mappings of the program and its libraries, a line each.
    let least = profile.mappings().iter().map(|mapping| mapping.path.len() as u64).sum::<u64>();
    assert!(charged.len() == 1 && charged[0] > least && charged[0] < 64 << 20, "{charged:?}");
}

#[test]
fn the_program_comes_first_with_its_build_id_and_its_code_is_found_in_the_file() {
    let _alone = alone();
    let profile = take_heap_profile().unwrap();
    assert_eq!(profile.sample_bytes.count_ones(), 1);
    let program = &profile.mappings()[0];
    assert_eq!(program.path, std::env::current_exe().unwrap().to_string_lossy());
    assert_eq!(program.build_id.len(), 40, "{program:?}");
    let elf = Elf::open(&program.path).unwrap();
    assert_eq!(elf.build_id, program.build_id);
    let code = (leak as fn()) as usize as u64;
    assert!(program.contains(code));
    assert!(elf.address_of(program.file_offset(code)).is_some());
    assert!(profile.place(code).to_string().starts_with("heap_profile-"), "{}", profile.place(code));
    assert!(Elf::open("/proc/self/status").is_err());
}

#[test]
fn who_comes_second_is_told_so() {
    let _alone = alone();
    let results: Vec<_> = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..50).map(|_| take_heap_profile()).collect::<Vec<_>>()))
            .collect();
        takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect()
    });
    assert!(results.iter().any(Result::is_ok));
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(ProfileError::Busy))));
}

#[inline(never)]
fn leak_in_c() {
    for _ in 0..4 {
        headroom::probe::leak_in_c(8 << 20);
    }
    black_box(());
}

#[test]
fn what_c_asks_for_is_in_the_profile_too() {
    let _alone = alone();
    let before = take_heap_profile().unwrap();
    leak_in_c();
    let growth = take_heap_profile().unwrap().since(&before).unwrap();
    let begin = (leak_in_c as fn()) as usize as u64;
    let code = begin..begin + 1024;
    let below = growth.stacks().find(|stack| stack.addresses.iter().any(|call| code.contains(call)));
    assert_eq!(below.unwrap().used, HeapUse { objects: 4, bytes: 32 << 20 });
}
