//! What goes in comes out, once, whole or not at all.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use blob::{BlobStore, Error, Settings, Verification};
use bytes::Bytes;
use clock::{Clock as _, MockClock, SeededRandom, SystemClock};
use crypto::digest::{from_hex, hex};
use futures_util::{FutureExt as _, Stream, TryStreamExt as _, stream};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

fn settings(root: &Path) -> Settings {
    Settings { chunk_bytes: 4096, min_free_bytes: 0, fsync: false, ..Settings::at(root) }
}

async fn open(settings: Settings) -> BlobStore {
    BlobStore::open(settings, Arc::new(SeededRandom::new(3)), Arc::new(SystemClock)).await.unwrap()
}

async fn empty() -> (TempDir, BlobStore) {
    let folder = TempDir::new().unwrap();
    let store = open(settings(folder.path())).await;
    (folder, store)
}

async fn put(store: &BlobStore, content: &[u8]) -> blob::Stored {
    let mut writer = store.writer().await.unwrap();
    writer.write(content).await.unwrap();
    writer.finish().await.unwrap()
}

async fn gather(chunks: impl Stream<Item = Result<Bytes, Error>>) -> Vec<u8> {
    chunks.map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap()
}

/// Whether nobody may write to the folder now. Root may write to any, so for root it is mounted for reading alone.
fn seal(folder: &Path) -> bool {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    let mount = |arguments: &[&str]| {
        let done = std::process::Command::new("mount").args(arguments).arg(folder).output();
        done.is_ok_and(|output| output.status.success())
    };
    std::fs::write(folder.join("probe"), "").is_err()
        || (mount(&["--bind", folder.to_str().unwrap()]) && mount(&["-o", "remount,bind,ro"]))
}

fn unseal(folder: &Path) {
    drop(std::process::Command::new("umount").arg(folder).output());
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
async fn folders_that_cannot_be_written_to_are_refused_when_the_store_is_opened() {
    for name in ["sha256", "tmp"] {
        let (folder, store) = empty().await;
        store.check_writable().await.unwrap();
        let sealed = folder.path().join(name);
        if !seal(&sealed) {
            unseal(&sealed);
            eprintln!("SKIPPED: root may write to every folder, and nothing could be mounted");
            continue;
        }
        let again =
            BlobStore::open(settings(folder.path()), Arc::new(SeededRandom::new(3)), Arc::new(SystemClock))
                .await;
        let asked = store.check_writable().await;
        unseal(&sealed);
        assert!(matches!(again, Err(Error::Io { .. })), "{name}: {again:?}");
        assert!(matches!(asked, Err(Error::Io { .. })), "{name}: {asked:?}");
    }
}

/// Every file below `folder`, with its path from there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn a_blob_lies_under_its_digest_for_the_server_only() {
    let (folder, store) = empty().await;
    let stored = put(&store, b"abc").await;
    assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(b"abc")));
    assert_eq!((stored.size_bytes, stored.was_known), (3, false));
    let name = hex(&stored.sha256);
    let path = PathBuf::from(format!("sha256/{}/{}/{name}", &name[..2], &name[2..4]));
    assert_eq!(files_below(folder.path()), std::slice::from_ref(&path));
    let mode =
        |path: &Path| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    for inner in path.ancestors().skip(1).filter(|part| !part.as_os_str().is_empty()) {
        assert_eq!(mode(inner), 0o700, "{}", inner.display());
    }
    assert_eq!(mode(Path::new("tmp")), 0o700);
}

#[tokio::test]
async fn an_empty_blob_is_a_blob() {
    let (_folder, store) = empty().await;
    let stored = store.writer().await.unwrap().finish().await.unwrap();
    let reader = store.get(stored.sha256).await.unwrap();
    assert_eq!(reader.size_bytes(), 0);
    assert_eq!(gather(reader.read_all().unwrap()).await, b"");
}

#[tokio::test]
async fn with_fsync_the_result_is_the_same() {
    let folder = TempDir::new().unwrap();
    let store = open(Settings { fsync: true, ..settings(folder.path()) }).await;
    let content = vec![7; 100_000];
    let stored = put(&store, &content).await;
    assert!(put(&store, &content).await.was_known);
    assert_eq!(gather(store.get(stored.sha256).await.unwrap().read_all().unwrap()).await, content);
    assert!(store.remove(stored.sha256).await.unwrap());
    assert!(!store.remove(stored.sha256).await.unwrap());
}

#[tokio::test]
async fn equal_content_is_kept_once_also_when_written_at_the_same_time() {
    let (folder, store) = empty().await;
    let content = vec![42; 50_000];
    let first = put(&store, &content).await;
    let second = put(&store, &content).await;
    assert_eq!((first.was_known, second.was_known), (false, true));
    assert_eq!(first.sha256, second.sha256);
    let other = vec![43; 50_000];
    let (left, right) = tokio::join!(put(&store, &other), put(&store, &other));
    assert_eq!(left.sha256, right.sha256);
    assert_eq!(files_below(folder.path()).len(), 2);
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let (folder, store) = empty().await;
    let mut writer = store.writer().await.unwrap();
    writer.write(&vec![1; 70_000]).await.unwrap();
    assert_eq!(files_below(folder.path()).len(), 1, "the temporary file is there meanwhile");
    drop(writer);
    assert_eq!(files_below(folder.path()), Vec::<PathBuf>::new());

    let broken = stream::iter([Ok(Bytes::from(vec![1; 70_000])), Err("connection reset")]);
    assert!(matches!(store.put(broken, u64::MAX).await, Err(Error::Source(_))));
    assert_eq!(files_below(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_write_that_is_cancelled_abandons_the_upload() {
    // One blocking thread, held while the write is asked for and dropped: the write cannot have ended before.
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (folder, store) = empty().await;
        let mut writer = store.writer().await.unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let holder = headroom::spawn_blocking(move || held.recv().is_err());
        let piece = vec![1; 70_000];
        assert!(writer.write(&piece).now_or_never().is_none(), "the blocking thread is held");
        drop(release);
        assert!(holder.await.unwrap());
        assert!(matches!(writer.write(b"more").await, Err(Error::Abandoned)));
        assert!(matches!(writer.finish().await, Err(Error::Abandoned)));
        // The abandoned work takes the file with it, before any later work gets the thread.
        store.usage().await.unwrap();
        assert_eq!(files_below(folder.path()), Vec::<PathBuf>::new());
    });
}

#[tokio::test]
async fn too_much_is_refused_as_soon_as_it_is_known() {
    let (folder, store) = empty().await;
    let mut writer = store.writer().await.unwrap().with_limit(1000);
    assert!(matches!(writer.expect_size(1001).await, Err(Error::TooLarge { limit_bytes: 1000 })));

    let mut writer = store.writer().await.unwrap().with_limit(1000);
    writer.expect_size(1000).await.unwrap();
    writer.write(&[0; 1000]).await.unwrap();
    assert!(matches!(writer.write(&[0]).await, Err(Error::TooLarge { limit_bytes: 1000 })));
    assert!(matches!(writer.finish().await, Err(Error::Abandoned)));

    let stream = stream::iter(vec![Ok::<_, &str>(Bytes::from_static(&[0; 600])); 2]);
    assert!(matches!(store.put(stream, 1000).await, Err(Error::TooLarge { limit_bytes: 1000 })));
    assert_eq!(files_below(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn no_upload_raises_the_stores_own_limit() {
    let folder = TempDir::new().unwrap();
    let store = open(Settings { max_file_bytes: 10, ..settings(folder.path()) }).await;
    let mut writer = store.writer().await.unwrap().with_limit(u64::MAX);
    assert!(matches!(writer.write(&[0; 11]).await, Err(Error::TooLarge { limit_bytes: 10 })));
}

#[tokio::test]
async fn ranges_are_read_in_any_order_and_at_the_same_time() {
    let (_folder, store) = empty().await;
    let content: Vec<u8> = (0..30_000_u32).flat_map(u32::to_le_bytes).collect();
    let reader = store.get(put(&store, &content).await.sha256).await.unwrap();
    let late = reader.read_range(100_000..120_000).unwrap();
    let early = reader.read_range(1..9_000).unwrap();
    let (late, early) = tokio::join!(gather(late), gather(early));
    assert_eq!(late, content[100_000..]);
    assert_eq!(early, content[1..9_000]);
    assert_eq!(gather(reader.read_range(5..5).unwrap()).await, b"");
    for (start, end) in [(0, 120_001), (120_001, 120_001), (7, 6), (u64::MAX, u64::MAX)] {
        assert!(matches!(reader.read_range(start..end), Err(Error::Range { .. })), "{start}..{end}");
    }
}

#[tokio::test]
async fn chunks_are_never_larger_than_set() {
    let (_folder, store) = empty().await;
    let reader = store.get(put(&store, &[9; 10_000]).await.sha256).await.unwrap();
    let sizes: Vec<usize> =
        reader.read_all().unwrap().map_ok(|chunk| chunk.len()).try_collect().await.unwrap();
    assert_eq!(sizes, [4096, 4096, 1808]);
}

#[tokio::test]
async fn a_missing_blob_is_said_to_be_missing() {
    let (_folder, store) = empty().await;
    assert!(matches!(store.get([0; 32]).await, Err(Error::Missing)));
    assert!(matches!(store.verify([0; 32]).await, Err(Error::Missing)));
    assert!(!store.remove([0; 32]).await.unwrap());
}

#[tokio::test]
async fn a_reader_outlives_the_removal() {
    let (_folder, store) = empty().await;
    let stored = put(&store, &vec![5; 20_000]).await;
    let reader = store.get(stored.sha256).await.unwrap();
    assert!(store.remove(stored.sha256).await.unwrap());
    assert_eq!(gather(reader.read_all().unwrap()).await, vec![5; 20_000]);
    assert!(matches!(store.get(stored.sha256).await, Err(Error::Missing)));
}

#[tokio::test]
async fn damage_is_found_and_a_cut_blob_is_replaced_by_the_next_upload() {
    let (folder, store) = empty().await;
    let content = vec![5; 20_000];
    let stored = put(&store, &content).await;
    assert_eq!(store.verify(stored.sha256).await.unwrap(), Verification::Verified { size_bytes: 20_000 });

    let reader = store.get(stored.sha256).await.unwrap();
    let path = folder.path().join(&files_below(folder.path())[0]);
    std::fs::write(&path, b"abc").unwrap();
    let abc = from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").unwrap();
    assert_eq!(store.verify(stored.sha256).await.unwrap(), Verification::Corrupt { actual: abc });
    let read: Result<Vec<Bytes>, Error> = reader.read_all().unwrap().try_collect().await;
    assert!(matches!(read, Err(Error::Shortened)));

    assert!(!put(&store, &content).await.was_known);
    assert_eq!(store.verify(stored.sha256).await.unwrap(), Verification::Verified { size_bytes: 20_000 });
}

#[tokio::test]
async fn the_time_of_storing_is_known() {
    let (_folder, store) = empty().await;
    let before = SystemClock.now();
    let stored = put(&store, b"abc").await;
    let modified = store.get(stored.sha256).await.unwrap().modified();
    // The file system's clock ticks coarsely: a few milliseconds.
    assert!((modified - before).num_milliseconds().abs() < 60_000, "{modified} against {before}");
    assert_eq!(modified.timestamp_subsec_nanos() % 1000, 0);
}

#[tokio::test]
async fn only_stale_temporary_files_of_ours_are_swept() {
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(MockClock::at(SystemClock.now()));
    let open = || BlobStore::open(settings(folder.path()), Arc::new(SeededRandom::new(3)), clock.clone());
    let store = open().await.unwrap();
    assert_eq!(store.swept_at_open().files, 0);
    put(&store, b"a blob is not swept").await;
    std::fs::write(folder.path().join("tmp/00112233445566778899aabbccddeeff"), [0; 500]).unwrap();
    std::fs::write(folder.path().join("tmp/README"), "not ours").unwrap();

    clock.advance((SystemClock.now() - clock.now()) + std_hours(23));
    assert_eq!(open().await.unwrap().swept_at_open().files, 0);
    assert_eq!(
        store.sweep_temp(Duration::from_hours(22)).await.unwrap(),
        blob::Swept { files: 1, size_bytes: 500 }
    );
    std::fs::write(folder.path().join("tmp/ffeeddccbbaa99887766554433221100"), [0; 70]).unwrap();
    clock.advance(std_hours(2));
    assert_eq!(open().await.unwrap().swept_at_open(), blob::Swept { files: 1, size_bytes: 70 });
    assert!(folder.path().join("tmp/README").exists());
    assert_eq!(store.usage().await.unwrap().blobs, 1);
}

/// As the difference of two moments, so that the test needs no calendar library.
fn std_hours(hours: i64) -> <clock::Timestamp as std::ops::Sub>::Output {
    let at = |micros| clock::Timestamp::from_timestamp_micros(micros).unwrap();
    at(hours * 3_600_000_000) - at(0)
}

#[tokio::test]
async fn usage_counts_blobs_and_running_uploads() {
    let (_folder, store) = empty().await;
    put(&store, &[1; 1000]).await;
    put(&store, &[2; 500]).await;
    let mut writer = store.writer().await.unwrap();
    writer.write(&[3; 4096 * 4]).await.unwrap();
    let usage = store.usage().await.unwrap();
    assert_eq!((usage.blobs, usage.blob_bytes), (2, 1500));
    assert_eq!((usage.temp_files, usage.temp_bytes), (1, 4096 * 4));
    let space = store.space().await.unwrap();
    assert!(space.free_bytes <= space.total_bytes && space.total_bytes > 0);
}

#[tokio::test]
async fn settings_out_of_bounds_are_refused() {
    let folder = TempDir::new().unwrap();
    for chunk_bytes in [0, 4095, 1024 * 1024 + 1] {
        let settings = Settings { chunk_bytes, ..settings(folder.path()) };
        let opened = BlobStore::open(settings, Arc::new(SeededRandom::new(3)), Arc::new(SystemClock)).await;
        assert!(matches!(opened, Err(Error::Settings)), "{chunk_bytes}");
    }
}

/// Cuts `content` at the given places.
fn cut<'a>(content: &'a [u8], at: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = at.iter().map(|index| index.index(content.len() + 1)).collect();
    places.extend([0, content.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &content[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_content_in_any_pieces_comes_out_as_it_went_in(
        seed in any::<u64>(),
        length in 0_usize..120_000,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
        range in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let mut content = vec![0; length];
        clock::Random::fill(&SeededRandom::new(seed), &mut content);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = empty().await;
            let mut writer = store.writer().await.unwrap();
            for piece in cut(&content, &cuts) {
                writer.write(piece).await.unwrap();
            }
            let stored = writer.finish().await.unwrap();
            prop_assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
            prop_assert_eq!(stored.size_bytes, length as u64);
            let reader = store.get(stored.sha256).await.unwrap();
            prop_assert_eq!(gather(reader.read_all().unwrap()).await, &content[..]);
            let (a, b) = (range.0.index(length + 1), range.1.index(length + 1));
            let (start, end) = (a.min(b), a.max(b));
            let part = gather(reader.read_range(start as u64..end as u64).unwrap()).await;
            prop_assert_eq!(part, &content[start..end]);
            Ok(())
        })?;
    }
}
