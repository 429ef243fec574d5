//! Documents and their versions on the real database.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use access::Role;
use documents::{
    DocumentFields, DocumentFilter, DocumentSort, Error, Source, TextStatus, add_document, add_version,
    change_document, delete_document, find_document, find_version, list_documents, list_versions,
    put_content, read_text_piece, restore_version, stats,
};
use ids::{DocumentId, Id};
use support::{World, titled};
use web::Version;

#[tokio::test]
async fn a_document_is_added_with_its_first_version_its_record_and_its_event() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let added = world.add(&ctx, "a<b>.txt", b"the quick brown fox").await;
    let found = find_document(&ctx, added.id).await.unwrap();
    assert_eq!(found, added);
    assert_eq!((found.version, found.current_version, found.source), (1, 1, Source::Upload));
    assert_eq!((found.content.file_name.as_str(), found.content.size_bytes), ("a_b_.txt", 19));
    assert_eq!(found.metadata["originalFileName"], "a<b>.txt");
    let version = find_version(&ctx, added.id, 1).await.unwrap();
    assert_eq!(version.content, added.content);
    let records = audit::entries_of(ctx.reader(), ctx.firm(), added.id, 10).await.unwrap();
    assert_eq!(records[0].action, "create");
    let events = world.events("document.added").await;
    assert_eq!(events[0]["title"], "a<b>.txt");
}

#[tokio::test]
async fn text_becomes_searchable_and_other_types_say_that_they_do_not() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let text = world.add(&ctx, "note.txt", "Mietvertrag über 5 €".as_bytes()).await;
    let image = world.add(&ctx, "scan.png", b"\x89PNG\r\n\x1a\n").await;
    assert_eq!((text.text_status, image.text_status), (TextStatus::Pending, TextStatus::None));
    assert_eq!(world.work().await.done, 1);
    let piece = read_text_piece(&ctx, &world.files, text.id, 0).await.unwrap();
    assert_eq!((piece.status, piece.pieces, piece.version), (TextStatus::Ready, 1, 1));
    assert_eq!(piece.text.as_deref(), Some("Mietvertrag über 5 €"));
    assert_eq!(read_text_piece(&ctx, &world.files, image.id, 0).await.unwrap().text, None);
    let told = world.events("document.text_read").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["text"], "Mietvertrag über 5 €");
    assert_eq!(find_document(&ctx, text.id).await.unwrap().version, 1, "reading the text is no change");
}

#[tokio::test]
async fn a_long_text_comes_in_pieces_and_is_told_again_when_the_title_changes() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let whole = "a line of some length\n".repeat(30_000);
    let document = world.add(&ctx, "long.txt", whole.as_bytes()).await;
    world.work().await;
    let mut read = String::new();
    let pieces = read_text_piece(&ctx, &world.files, document.id, 0).await.unwrap().pieces;
    for piece in 0..pieces {
        read += &read_text_piece(&ctx, &world.files, document.id, piece).await.unwrap().text.unwrap();
    }
    assert_eq!((pieces, read == whole), (3, true));
    let known = find_document(&ctx, document.id).await.unwrap();
    let fields = DocumentFields { title: "Renamed".to_owned(), ..known.fields };
    change_document(&ctx, document.id, Some(Version(1)), |_| Ok::<_, Error>(fields)).await.unwrap();
    world.work().await;
    let told = world.events("document.text_read").await;
    assert_eq!(told.len(), 6);
    assert_eq!((&told[3]["piece"], &told[3]["text"]), (&told[0]["piece"], &told[0]["text"]));
}

#[tokio::test]
async fn the_text_of_an_old_version_never_stands_for_the_new_one() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let document = world.add(&ctx, "note.txt", b"old words").await;
    let newer = world.store("scan.png", b"\x89PNG\r\n\x1a\n").await;
    let (after, _) = add_version(&ctx, &world.files, document.id, None, newer, None).await.unwrap();
    assert_eq!((after.current_version, after.text_status), (2, TextStatus::None));
    // The job of the first version comes late and finds that its version is not the current one.
    assert_eq!(world.work().await.done, 1);
    let told = world.events("document.text_read").await;
    assert_eq!(told.len(), 1, "the listeners forget what they knew");
    assert_eq!((&told[0]["text"], &told[0]["version"]), (&"".into(), &2.into()));
}

#[tokio::test]
async fn versions_stay_and_one_is_restored_as_a_new_one() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let document = world.add(&ctx, "a.txt", b"one").await;
    let second = world.store("b.txt", b"two").await;
    let note = Some("second try".to_owned());
    let (after, version) =
        add_version(&ctx, &world.files, document.id, Some(Version(1)), second, note).await.unwrap();
    assert_eq!((after.version, version.number, version.note.as_deref()), (2, 2, Some("second try")));
    let (restored, third) = restore_version(&ctx, document.id, 1, Some(Version(2))).await.unwrap();
    assert_eq!((restored.current_version, third.number), (3, 3));
    assert_eq!(restored.content, document.content);
    let (versions, total) = list_versions(&ctx, document.id, 2, 0).await.unwrap();
    assert_eq!((versions.iter().map(|version| version.number).collect::<Vec<_>>(), total), (vec![3, 2], 3));
    assert_eq!(find_version(&ctx, document.id, 2).await.unwrap().content.file_name, "b.txt");
    assert!(matches!(find_version(&ctx, document.id, 9).await, Err(Error::NoVersion(_))));
    let stale = restore_version(&ctx, document.id, 1, Some(Version(2))).await;
    assert!(matches!(stale, Err(Error::Stale { current: 3 })));
}

#[tokio::test]
async fn another_firm_sees_nothing() {
    let world = World::new().await;
    let (ctx, stranger) = (world.partner(1), world.partner(2));
    let document = world.add(&ctx, "a.txt", b"secret").await;
    let id = document.id;
    assert!(matches!(find_document(&stranger, id).await, Err(Error::NotFound(_))));
    assert!(matches!(list_versions(&stranger, id, 10, 0).await, Err(Error::NotFound(_))));
    assert!(matches!(delete_document(&stranger, id, None).await, Err(Error::NotFound(_))));
    assert!(matches!(
        change_document(&stranger, id, None, |_| Ok::<_, Error>(titled("x"))).await,
        Err(Error::NotFound(_))
    ));
    let file = world.store("b.txt", b"mine").await;
    let put = put_content(&stranger, &world.files, id, None, titled("b"), file).await;
    assert!(matches!(put, Err(Error::NotFound(_))), "an id of another firm is as good as absent: {put:?}");
    let case = world.case(&ctx, "Theirs").await;
    let file = world.store("c.txt", b"mine too").await;
    let fields = DocumentFields { case_id: Some(case), ..titled("c") };
    assert!(matches!(add_document(&stranger, &world.files, fields, file).await, Err(Error::Case(_))));
    world.work().await;
    assert_eq!(world.files_on_disk().await.0, 1, "what was refused is not kept");
    let (mine, total) =
        list_documents(&stranger, &DocumentFilter::default(), DocumentSort::Title, false, 10, 0)
            .await
            .unwrap();
    assert_eq!((mine.len(), total), (0, 0));
    let intern = world.of_role(1, Role::Intern);
    assert!(matches!(delete_document(&intern, id, None).await, Err(Error::Refused(_))));
}

#[tokio::test]
async fn an_id_of_the_callers_choice_is_a_new_document_once() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let id = ctx.new_id::<DocumentId>();
    let file = world.store("a.txt", b"one").await;
    let (first, is_new) = put_content(&ctx, &world.files, id, None, titled("a"), file.clone()).await.unwrap();
    assert_eq!((first.id, is_new), (id, true));
    let (second, is_new) = put_content(&ctx, &world.files, id, None, titled("ignored"), file).await.unwrap();
    assert_eq!((second.current_version, is_new, second.fields.title.as_str()), (2, false, "a"));
    let random = DocumentId::from_uuid("7c9e6679-7425-40de-944b-e07fc1f90ae7".parse().unwrap());
    let file = world.store("b.txt", b"two").await;
    let put = put_content(&ctx, &world.files, random, None, titled("b"), file).await;
    assert!(matches!(put, Err(Error::IdNotV7)));
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_counted() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let case = world.case(&ctx, "Meridian v. Harbor").await;
    let bates =
        [("B", "ABC-000010", "ABC-000019"), ("A", "ABC-000020", "ABC-000020"), ("C_1", "XYZ1", "XYZ9")];
    for (title, begin, end) in bates {
        let fields = DocumentFields {
            case_id: (title != "C_1").then_some(case),
            kind: Some("email".to_owned()),
            custodian: Some("Doe".to_owned()),
            bates_begin: Some(begin.to_owned()),
            bates_end: Some(end.to_owned()),
            ..titled(title)
        };
        let file = world.store("x.txt", title.as_bytes()).await;
        add_document(&ctx, &world.files, fields, file).await.unwrap();
        world.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let titles = async |filter: DocumentFilter, sort, descending| {
        let (found, total) = list_documents(&ctx, &filter, sort, descending, 10, 0).await.unwrap();
        assert_eq!(found.len() as u64, total);
        found.into_iter().map(|document| document.fields.title).collect::<Vec<_>>().join(" ")
    };
    let all = DocumentFilter::default;
    assert_eq!(titles(all(), DocumentSort::Title, false).await, "A B C_1");
    assert_eq!(titles(all(), DocumentSort::CreatedAt, true).await, "C_1 A B");
    assert_eq!(titles(all(), DocumentSort::Bates, false).await, "B A C_1");
    assert_eq!(titles(DocumentFilter { case: Some(case), ..all() }, DocumentSort::Title, true).await, "B A");
    let bates = |number: &str| DocumentFilter { bates: Some(number.to_owned()), ..all() };
    assert_eq!(titles(bates("ABC-000015"), DocumentSort::Title, false).await, "B", "inside the range");
    assert_eq!(titles(bates("ABC-15"), DocumentSort::Title, false).await, "B", "however it is padded");
    assert_eq!(titles(bates("ABC-000021"), DocumentSort::Title, false).await, "");
    let text = |text: &str| DocumentFilter { text: Some(text.to_owned()), ..all() };
    assert_eq!(titles(text("c_"), DocumentSort::Title, false).await, "C_1", "no wildcard");
    assert_eq!(titles(text("X.TXT"), DocumentSort::Title, false).await, "A B C_1", "the file's name too");
    let counts = stats(&ctx).await.unwrap();
    assert_eq!((counts.documents, counts.size_bytes), (3, 5));
    assert_eq!((counts.kinds[0].value.as_deref(), counts.kinds[0].documents), (Some("email"), 3));
    let refused = cases::delete_case(&ctx, case, None).await;
    assert!(refused.is_err(), "a case with documents stays");
}

#[tokio::test]
async fn bates_numbers_must_be_a_range() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let document = world.add(&ctx, "a.txt", b"one").await;
    for (begin, end) in [("none", None), ("A5", Some("A4")), ("A5", Some("B6")), ("A5", Some("none"))] {
        let fields = DocumentFields {
            bates_begin: Some(begin.to_owned()),
            bates_end: end.map(str::to_owned),
            ..titled("a")
        };
        let changed = change_document(&ctx, document.id, None, |_| Ok::<_, Error>(fields)).await;
        assert!(matches!(changed, Err(Error::Bates(_))), "{begin} {end:?}");
    }
    assert_eq!(find_document(&ctx, document.id).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_removed_document_takes_its_rows_and_then_its_files_along() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let document = world.add(&ctx, "a.txt", b"one").await;
    let twin = world.add(&world.partner(2), "twin.txt", b"two").await;
    let second = world.store("b.txt", b"two").await;
    add_version(&ctx, &world.files, document.id, None, second, None).await.unwrap();
    world.work().await;
    assert_eq!(world.files_on_disk().await, (2, 0));

    assert!(matches!(delete_document(&ctx, document.id, Some(Version(1))).await, Err(Error::Stale { .. })));
    delete_document(&ctx, document.id, Some(Version(2))).await.unwrap();
    assert_eq!(world.files_on_disk().await, (2, 0), "files go after the commit, not before");
    world.work().await;
    assert_eq!(world.files_on_disk().await, (1, 0), "another firm's equal file stays");
    assert!(world.files.blobs.get(twin.content.sha256.0).await.is_ok());
    assert_eq!(world.count("document_versions").await, 1);
    assert_eq!(world.count("document_texts").await, 1);
    assert_eq!(world.events("document.deleted").await.len(), 1);
    // Running the work once more changes nothing.
    world.work().await;
    assert_eq!(world.files_on_disk().await, (1, 0));
}

#[tokio::test]
async fn a_text_that_cannot_be_read_is_called_failed_in_the_end() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let document = world.add(&ctx, "note.txt", b"words").await;
    // Somebody took the file away from outside.
    world.files.blobs.remove(document.content.sha256.0).await.unwrap();
    for _ in 0..20 {
        world.work().await;
        world.clock.advance(chrono::TimeDelta::hours(24));
    }
    assert_eq!(find_document(&ctx, document.id).await.unwrap().text_status, TextStatus::Failed);
}
