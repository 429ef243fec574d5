//! A database on a disk that is full. Needs root, for a small disk of its own; skipped aloud otherwise.

use crate::databases::{Place, on};
use crate::notes::{keep, kept, with_notes};
use db::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::task::JoinSet;

struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, bytes: u32) -> Option<Self> {
        let size = format!("size={bytes}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        done.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

fn fill(file: &Path) {
    let mut bytes = 1 << 20;
    let mut ballast = std::fs::File::create(file).unwrap();
    while bytes > 0 {
        if std::io::Write::write_all(&mut ballast, &vec![1; bytes]).is_err() {
            bytes /= 2;
        }
    }
}

#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
async fn on_small_disk(test: impl AsyncFn(&Place)) {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path(), 8 << 20) else {
        eprintln!("SKIPPED: no small disk could be mounted (needs root)");
        return;
    };
    let data_dir = disk.0.clone();
    on(Place::embedded(|settings| settings.data_dir = data_dir).await, &test).await;
}

async fn sixteen_large_verbs(place: &Place, first: i64) -> Vec<Result<(), Error>> {
    let mut running = JoinSet::new();
    for id in first..first + 16 {
        let db = place.db.clone();
        running.spawn(async move { keep(&db, id, &format!("{id}{}", "x".repeat(60_000))).await });
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_every_verb_of_the_group_and_keeps_nothing() {
    on_small_disk(async |place| {
        with_notes(&place.db).await;
        keep(&place.db, 1, "one").await.unwrap();
        let ballast = place.settings.data_dir.join("ballast");
        fill(&ballast);
        for outcome in sixteen_large_verbs(place, 100).await {
            let error = outcome.expect_err("there is no room");
            assert!(matches!(error, Error::DiskFull | Error::Commit(_)), "{error:?}");
        }
        assert_eq!(kept(place.db.reader()).await, [1]);
        std::fs::remove_file(&ballast).unwrap();
        for outcome in sixteen_large_verbs(place, 100).await {
            outcome.expect("there is room again");
        }
        assert_eq!(kept(place.db.reader()).await.len(), 17);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_keeps_what_it_acknowledged_and_nothing_else() {
    on_small_disk(async |place| {
        with_notes(&place.db).await;
        let mut acknowledged = 0;
        let mut refused = 0;
        // Sixteen verbs at a time bring one megabyte: the disk is full long before the end.
        for round in 0..16 {
            for outcome in sixteen_large_verbs(place, round * 16).await {
                match outcome {
                    Ok(()) => acknowledged += 1,
                    Err(_) => refused += 1,
                }
            }
            assert_eq!(kept(place.db.reader()).await.len(), acknowledged, "in round {round}");
        }
        assert!(acknowledged > 0 && refused > 0, "{acknowledged} kept and {refused} refused");
    })
    .await;
}

#[tokio::test]
async fn a_verb_too_large_for_the_disk_cannot_go_on_after_it_was_rolled_back() {
    on_small_disk(async |place| {
        with_notes(&place.db).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        let mut failed = None;
        // More than the page cache holds, so that SQLite writes, and fails, in the middle of the verb.
        for id in 1..=400 {
            if let Err(error) = crate::notes::add(&mut tx, id, &format!("{id}{}", "x".repeat(60_000))).await {
                failed = Some((id, error));
                break;
            }
        }
        let (id, error) = failed.expect("the disk is smaller than the verb");
        assert!(matches!(error, Error::DiskFull), "{error:?}");
        // By now SQLite may be outside of any transaction: a small row would be kept at once.
        let late = crate::notes::add(&mut tx, id + 1, "late").await;
        assert!(matches!(late, Err(Error::DiskFull)), "{late:?}");
        assert!(matches!(tx.commit().await, Err(Error::DiskFull)));
        assert!(kept(place.db.reader()).await.is_empty());
        keep(&place.db, 1, "small").await.expect("the rolled back verb left its room");
        assert_eq!(kept(place.db.reader()).await, [1]);
    })
    .await;
}
