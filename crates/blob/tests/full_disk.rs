//! A full disk is refused in time, said plainly, and nothing half-written stays.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use blob::{BlobStore, Error, Settings, Space, Usage};
use clock::{SeededRandom, SystemClock};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

async fn open(root: &Path, min_free_bytes: u64) -> BlobStore {
    let settings = Settings { min_free_bytes, ..Settings::at(root) };
    BlobStore::open(settings, Arc::new(SeededRandom::new(6)), Arc::new(SystemClock)).await.unwrap()
}

#[tokio::test]
async fn nothing_is_begun_when_the_reserve_is_used_up() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), u64::MAX).await;
    match store.writer().await {
        Err(Error::DiskFull { free_bytes, min_free_bytes }) => {
            assert!(free_bytes < min_free_bytes);
            assert_eq!(min_free_bytes, u64::MAX);
        }
        other => panic!("{other:?}"),
    }
    let source = folder.path().join("source");
    std::fs::write(&source, "abc").unwrap();
    assert!(matches!(store.put_file(&source, false).await, Err(Error::DiskFull { .. })));
    assert_eq!(store.usage().await.unwrap().temp_files, 0);
}

#[tokio::test]
async fn an_announced_size_that_does_not_fit_is_refused_at_once() {
    let folder = TempDir::new().unwrap();
    let settings = Settings { min_free_bytes: 1, max_file_bytes: u64::MAX, ..Settings::at(folder.path()) };
    let store =
        BlobStore::open(settings, Arc::new(SeededRandom::new(6)), Arc::new(SystemClock)).await.unwrap();
    let Space { free_bytes, total_bytes } = store.space().await.unwrap();
    store.writer().await.unwrap().expect_size(free_bytes / 2).await.unwrap();
    let mut writer = store.writer().await.unwrap();
    assert!(matches!(writer.expect_size(total_bytes).await, Err(Error::DiskFull { min_free_bytes: 1, .. })));
    assert!(matches!(writer.write(b"anyway").await, Err(Error::Abandoned)));
    assert_eq!(store.usage().await.unwrap(), Usage::default());
}

/// A file system of four MiB; unmounted when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Needs the right to mount.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
async fn a_disk_that_fills_up_midway_is_said_to_be_full() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("SKIPPED: mounting a small tmpfs needs root; the full disk was not tried");
        return;
    };
    let store = open(disk.0.path(), 0).await;
    let mut writer = store.writer().await.unwrap();
    let piece = vec![1; 300_000];
    let mut result = Ok(());
    for _ in 0..20 {
        result = writer.write(&piece).await;
        if result.is_err() {
            break;
        }
    }
    assert!(matches!(result, Err(Error::DiskFull { min_free_bytes: 0, .. })), "{result:?}");
    assert!(matches!(writer.finish().await, Err(Error::Abandoned)));
    assert_eq!(store.usage().await.unwrap(), Usage::default());

    let mut writer = store.writer().await.unwrap();
    writer.write(&vec![2; 1_000_000]).await.unwrap();
    assert_eq!(writer.finish().await.unwrap().size_bytes, 1_000_000, "there is room again");
}
