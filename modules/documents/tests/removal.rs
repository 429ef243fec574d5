//! What happens when a file is removed while the same file comes in: no row ever names a file that is not there.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use documents::{Error, add_document, delete_document};
use support::{World, titled};

#[tokio::test]
async fn an_upload_that_finds_its_file_being_removed_is_told_to_come_again() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let document = world.add(&ctx, "a.bin", b"\x01same").await;
    // The upload stores the same bytes: the store knows them and keeps the one file.
    let file = world.store("b.bin", b"\x01same").await;
    // Before its commit the only document with the file goes, and the file with it.
    delete_document(&ctx, document.id, None).await.unwrap();
    world.work().await;
    assert_eq!(world.files_on_disk().await, (0, 0));

    let added = add_document(&ctx, &world.files, titled("b"), file).await;
    assert!(matches!(added, Err(Error::BeingRemoved)), "{added:?}");
    assert_eq!(world.count("documents").await, 0);

    // Coming again works, and the file stays when the work of the failed upload is done.
    world.add(&ctx, "b.bin", b"\x01same").await;
    world.work().await;
    assert_eq!(world.files_on_disk().await, (1, 0));
    assert_eq!(world.count("document_blobs WHERE state = 'kept'").await, 1);
}

#[tokio::test]
async fn an_upload_that_commits_before_the_removal_keeps_its_file() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let document = world.add(&ctx, "a.bin", b"\x01same").await;
    delete_document(&ctx, document.id, None).await.unwrap();
    world.add(&ctx, "b.bin", b"\x01same").await;
    world.work().await;
    assert_eq!(world.files_on_disk().await, (1, 0));
}

#[tokio::test]
async fn removed_files_are_forgotten_after_a_day() {
    let world = World::new().await;
    let ctx = world.partner(1);
    for content in [b"\x01one", b"\x01two"] {
        let document = world.add(&ctx, "a.bin", content).await;
        delete_document(&ctx, document.id, None).await.unwrap();
        world.work().await;
        world.clock.advance(chrono::TimeDelta::hours(25));
    }
    assert_eq!(world.count("document_blobs").await, 1, "the first one is forgotten");
}
