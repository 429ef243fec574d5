//! Local files come in by streaming, with both digests from one pass.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use blob::{BlobStore, Error, Settings};
use clock::{SeededRandom, SystemClock};
use crypto::digest::hex;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

async fn open(root: &Path, max_file_bytes: u64) -> BlobStore {
    let settings =
        Settings { chunk_bytes: 4096, min_free_bytes: 0, fsync: false, max_file_bytes, ..Settings::at(root) };
    BlobStore::open(settings, Arc::new(SeededRandom::new(4)), Arc::new(SystemClock)).await.unwrap()
}

#[tokio::test]
async fn both_digests_are_those_of_the_standards() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 1_000_000).await;
    let source = folder.path().join("source.txt");
    std::fs::write(&source, "abc").unwrap();
    let imported = store.put_file(&source, true).await.unwrap();
    assert_eq!(imported.md5.map(|md5| hex(&md5)).as_deref(), Some("900150983cd24fb0d6963f7d28e17f72"));
    assert_eq!(
        hex(&imported.stored.sha256),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    let again = store.put_file(&source, false).await.unwrap();
    assert!(again.stored.was_known && again.md5.is_none());
    assert!(source.exists(), "the source stays");
}

#[tokio::test]
async fn a_file_of_many_buffers_comes_in_whole() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 10_000_000).await;
    let mut content = vec![0; 16_384 * 70 + 11];
    clock::Random::fill(&SeededRandom::new(8), &mut content);
    let source = folder.path().join("source.bin");
    for length in [content.len(), 16_384 * 33, 16_384, 0] {
        std::fs::write(&source, &content[..length]).unwrap();
        let imported = store.put_file(&source, false).await.unwrap();
        assert_eq!(imported.stored.size_bytes, length as u64);
        assert_eq!(imported.stored.sha256, crypto::digest::sha256(&content[..length]));
    }
}

#[tokio::test]
async fn what_is_no_file_or_too_large_is_refused_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path(), 10).await;
    assert!(matches!(store.put_file(folder.path(), false).await, Err(Error::NotAFile)));
    assert!(matches!(store.put_file(folder.path().join("absent"), false).await, Err(Error::Io { .. })));
    let source = folder.path().join("source.bin");
    std::fs::write(&source, [0; 11]).unwrap();
    assert!(matches!(store.put_file(&source, false).await, Err(Error::TooLarge { limit_bytes: 10 })));
    let usage = store.usage().await.unwrap();
    assert_eq!((usage.blobs, usage.temp_files), (0, 0));
}
