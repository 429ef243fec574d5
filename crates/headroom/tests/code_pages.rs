//! The program goes on running after its code's pages were given back, and holds fewer of them. One test gives them back: what
//! another one gave back meanwhile would not be there to be given.

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
}

#[test]
fn where_the_system_tells_nothing_nothing_is_done() {
    let empty = tempfile::tempdir().unwrap();
    let roots = SystemRoots { proc: empty.path().to_owned(), cgroup: empty.path().to_owned() };
    assert_eq!(release_code_pages(&roots), 0);
}

/// A table that the loader wrote addresses into: its pages differ from the file and must stay.
static RELOCATED: [&str; 4] = ["fig", "apple", "pear", "plum"];
