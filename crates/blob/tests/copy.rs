//! A file is copied in pieces, whole or not at all.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use blob::{Error, stream_copy_file};
use clock::{Random as _, SeededRandom};
use proptest::prelude::*;
use std::cell::RefCell;
use std::future::Future as _;
use std::path::Path;
use std::task::{Context, Waker};
use tempfile::TempDir;

// The peak is measured by the server's allocator.
headroom::install_allocator!();

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_copy_is_what_it_was_copied_from(size in 0usize..300_000, chunk in 4096usize..70_000, seed in any::<u64>()) {
        let folder = TempDir::new().unwrap();
        let (source, target) = (folder.path().join("source"), folder.path().join("target"));
        let mut content = vec![0; size];
        SeededRandom::new(seed).fill(&mut content);
        std::fs::write(&source, &content).unwrap();
        std::fs::write(&target, "an older copy").unwrap();
        let told = RefCell::new(Vec::new());
        let random = SeededRandom::new(1);
        let copy = stream_copy_file(&source, &target, chunk, &random, |bytes| told.borrow_mut().push(bytes));
        let copied = run(copy).unwrap();
        prop_assert_eq!(std::fs::read(&target).unwrap(), content.as_slice());
        prop_assert_eq!(copied.sha256, crypto::digest::sha256(&content));
        prop_assert_eq!(copied.size_bytes, size as u64);
        prop_assert!(told.borrow().is_sorted() && told.borrow().last() == Some(&(size as u64)));
        prop_assert_eq!(names(folder.path()), ["source", "target"]);
    }
}

#[test]
fn memory_stays_at_one_chunk() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("source");
    std::fs::File::create(&source).unwrap().set_len(64 << 20).unwrap();
    let (target, random) = (folder.path().join("target"), SeededRandom::new(1));
    let meter = headroom::Meter::new();
    let copy = stream_copy_file(&source, &target, 64 << 10, &random, |_| ());
    run(headroom::measure(meter.clone(), copy)).unwrap();
    let peak_bytes = meter.totals().peak_live;
    assert!((64 << 10..256 << 10).contains(&peak_bytes), "{peak_bytes}");
}

#[test]
fn what_cannot_be_copied_is_refused_and_leaves_the_target_as_it_was() {
    let folder = TempDir::new().unwrap();
    let (source, target) = (folder.path().join("source"), folder.path().join("target"));
    std::fs::write(&source, "new").unwrap();
    std::fs::write(&target, "old").unwrap();
    let random = SeededRandom::new(1);
    let copy = |from: &Path, chunk| run(stream_copy_file(from, &target, chunk, &random, |_| ()));
    assert!(matches!(copy(&source, 4095), Err(Error::Settings)));
    assert!(matches!(copy(&source, (1 << 20) + 1), Err(Error::Settings)));
    assert!(matches!(copy(folder.path(), 4096), Err(Error::NotAFile)));
    assert!(matches!(copy(&folder.path().join("absent"), 4096), Err(Error::Io { .. })));
    assert_eq!(std::fs::read(&target).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["source", "target"]);
}

#[tokio::test]
async fn a_copy_that_is_given_up_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("source");
    std::fs::File::create(&source).unwrap().set_len(256 << 20).unwrap();
    let (target, random) = (folder.path().join("target"), SeededRandom::new(1));
    let mut copy = Box::pin(stream_copy_file(&source, &target, 4096, &random, |_| ()));
    while names(folder.path()).len() < 2 {
        assert!(copy.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        tokio::task::yield_now().await;
    }
    drop(copy);
    // The turn that runs ends by itself, and takes its file along.
    while names(folder.path()).len() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(names(folder.path()), ["source"]);
}
