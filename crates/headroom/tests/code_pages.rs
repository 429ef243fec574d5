//! The program goes on running after its code's pages were given back, and holds fewer of them. One test gives them back: what
//! another one gave back meanwhile would not be there to be given.

#![expect(unsafe_code, reason = "a constant is written as a debugger does it")]

use headroom::{ProcessStats, SystemRoots, release_code_pages};

#[test]
fn the_pages_are_given_back_the_program_runs_on_and_what_the_loader_wrote_stays() {
    let words: Vec<&str> = std::hint::black_box(&RELOCATED).to_vec();
    let roots = SystemRoots::default();
    let before = ProcessStats::read(&roots).unwrap();
    let released = release_code_pages(&roots);
    let after = ProcessStats::read(&roots).unwrap();
    assert!(released > 0, "this program has code");
    assert!(after.rss_file < before.rss_file, "{} bytes of {}", after.rss_file, before.rss_file);
    // Code that has not run since comes back as it was.
    let sorted = {
        let mut words = ["pear", "apple", "fig"];
        words.sort_unstable();
        words.join(" ")
    };
    assert_eq!(sorted, "apple fig pear");
    assert_eq!(std::hint::black_box(&RELOCATED).to_vec(), words);
    // As a debugger does that sets a breakpoint.
    write_into_a_constant();
    assert!(release_code_pages(&roots) < released, "its segment is left alone");
    assert_eq!(first_of_a_page(), 9);
}

/// Constants of more than a page.
static CONSTANT: [u8; 3 << 16] = [7; 3 << 16];
/// No system has larger pages than this in use for code.
const PAGE: usize = 1 << 16;

/// The first byte of a page of the constant.
fn page() -> *const u8 {
    let start = std::hint::black_box(&CONSTANT).as_ptr();
    start.wrapping_add(start.align_offset(PAGE))
}

fn first_of_a_page() -> u8 {
    // SAFETY: the byte is one of the constant's.
    unsafe { page().read_volatile() }
}

fn write_into_a_constant() {
    let (page, both) = (page().cast_mut(), libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: the page is one of the constant's, which nothing but this test looks at, and only through a volatile read.
    unsafe {
        assert_eq!(libc::mprotect(page.cast(), PAGE, both), 0);
        page.write_volatile(9);
        assert_eq!(libc::mprotect(page.cast(), PAGE, libc::PROT_READ), 0);
    }
}

#[test]
fn where_the_system_tells_nothing_nothing_is_done() {
    let empty = tempfile::tempdir().unwrap();
    let roots = SystemRoots { proc: empty.path().to_owned(), cgroup: empty.path().to_owned() };
    assert_eq!(release_code_pages(&roots), 0);
}

/// A table that the loader wrote addresses into: its pages differ from the file and must stay.
static RELOCATED: [&str; 4] = ["fig", "apple", "pear", "plum"];
