//! What happens when a file is removed while the same file comes in: no row ever names a file that is not there.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use clock::{Clock as _, SeededRandom, SystemClock};
use documents::{Error, add_document, delete_document, orphans_schedule};
use std::sync::Arc;
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

#[tokio::test]
async fn a_file_that_no_document_came_to_name_goes_after_a_day() {
    let world = World::new().await;
    let ctx = world.partner(1);
    world.add(&ctx, "a.bin", b"\x01named").await;
    // Its upload was dropped before the row was committed.
    let dropped = world.store("b.bin", b"\x01orphan").await;
    let looks = async || {
        let schedules = vec![orphans_schedule(world.app.clone(), world.files.clone())];
        let random = Arc::new(SeededRandom::new(4));
        let scheduler = queue::Scheduler::new(world.app.db().clone(), world.clock.clone(), random, schedules);
        let ran = scheduler.run_due().await.unwrap();
        world.work().await;
        ran
    };
    // The kernel wrote down when the file was made, by its own clock.
    world.clock.advance(SystemClock.now() - world.clock.now() + chrono::TimeDelta::hours(23));
    assert_eq!(looks().await, ["documents.orphans"]);
    assert_eq!(world.files_on_disk().await, (2, 0), "an upload might still be about to name it");

    world.clock.advance(chrono::TimeDelta::hours(25));
    assert_eq!(looks().await, ["documents.orphans"]);
    assert_eq!(world.files_on_disk().await, (1, 0));
    assert_eq!(world.count("document_blobs WHERE state = 'kept'").await, 1);

    // Whoever sends it again is served, and it stays.
    let again = add_document(&ctx, &world.files, titled("b"), dropped).await;
    assert!(matches!(again, Err(Error::BeingRemoved)), "{again:?}");
    world.add(&ctx, "b.bin", b"\x01orphan").await;
    world.clock.advance(chrono::TimeDelta::hours(50));
    assert_eq!(looks().await, ["documents.orphans"]);
    assert_eq!(world.files_on_disk().await, (2, 0));
}
