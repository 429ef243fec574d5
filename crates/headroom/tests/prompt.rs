//! A thread that asks for short turns. In a file of its own: other tests of the process are none of its business.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;

/// What the kernel says of the calling thread, such as `se.slice`.
fn said(key: &str) -> Option<String> {
    let text = fs::read_to_string("/proc/thread-self/sched").ok()?;
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key))?;
    Some(line.rsplit(':').next().unwrap_or_default().trim().to_owned())
}

fn niceness() -> String {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    let behind_the_name = stat.rsplit(')').next().unwrap();
    behind_the_name.split_whitespace().nth(16).unwrap().to_owned()
}

#[test]
fn a_prompt_thread_has_shorter_turns_and_is_as_nice_as_before() {
    let (nice, turn) = (niceness(), said("se.slice"));
    assert!(headroom::run_promptly(), "the kernel took it");
    assert_eq!(niceness(), nice);
    match (turn, said("se.slice")) {
        (Some(before), Some(after)) => {
            assert_eq!(after, "100000", "it was {before}");
        }
        #[expect(clippy::print_stderr, reason = "what was not tested is said aloud")]
        _ => eprintln!("SKIPPED: this kernel does not tell how long a thread's turns are"),
    }
    assert!(headroom::run_promptly(), "and again");
}
