//! Huge pages are off in a process that asked for it. Alone in its file: it is the whole process that is changed.

use std::fs;

#[test]
fn the_kernel_makes_no_huge_pages_for_a_process_that_wants_none() {
    assert!(headroom::disable_huge_pages());
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("THP_enabled:"));
    assert_eq!(line, Some("THP_enabled:\t0"));
}
