//! The import of productions: a real one, read in place, and hostile ones made here.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use access::Ctx;
use documents::load_file::{Bates, Field};
use documents::{
    CaseTarget, DocumentFields, DocumentFilter, DocumentSort, FaultSink, ImportOptions, ProductionError,
    ProductionFault, ProductionReport, TextStatus, change_document, find_version, import_production,
    list_documents, read_text_piece,
};
use md5::{Digest as _, Md5};
use std::fs;
use std::path::Path;
use support::World;
use testkit::shared_data;

#[derive(Debug, Default)]
struct Faults(Vec<ProductionFault>);

impl FaultSink for Faults {
    fn fault(&mut self, fault: ProductionFault) {
        self.0.push(fault);
    }
}

impl Faults {
    fn codes(&self) -> Vec<(u64, &'static str, bool)> {
        self.0.iter().map(|fault| (fault.row, fault.code, fault.refused)).collect()
    }
}

async fn import(world: &World, ctx: &Ctx, dir: &Path) -> (ProductionReport, Faults) {
    let options = ImportOptions { case: CaseTarget::Titled("In re Production".to_owned()), load_file: None };
    let mut faults = Faults::default();
    let report = import_production(ctx, &world.files, dir, &options, &|_| {}, &mut faults).await.unwrap();
    (report, faults)
}

async fn documents_by_bates(ctx: &Ctx) -> Vec<documents::Document> {
    list_documents(ctx, &DocumentFilter::default(), DocumentSort::Bates, false, 1000, 0).await.unwrap().0
}

/// A production with these rows: control number, first Bates number, pages, native, text, MD5 of the native.
fn write_production(dir: &Path, rows: &[[&str; 6]]) {
    let mut text = "þDOCIDþ\u{14}þBEGBATESþ\u{14}þPGCOUNTþ\u{14}þNATIVELINKþ\u{14}þTEXTLINKþ\u{14}þMD5HASHþ\u{14}þSUBJECTþ\r\n"
        .to_owned();
    for row in rows {
        let fields = row.map(|field| format!("þ{field}þ")).join("\u{14}");
        text = format!("{text}{fields}\u{14}þSubject of {}þ\r\n", row[0]);
    }
    fs::write(dir.join("load.dat"), text).unwrap();
}

fn write(dir: &Path, name: &str, content: &[u8]) -> String {
    let path = dir.join(name.replace('\\', "/"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    crypto::digest::hex(&Md5::digest(content))
}

#[tokio::test]
async fn the_real_production_is_imported_whole_and_only_once() {
    let Some(dir) = shared_data("oida-production") else { return };
    let world = World::new().await;
    let ctx = world.partner(1);
    let (report, faults) = import(&world, &ctx, &dir).await;
    assert_eq!(faults.0.iter().filter(|fault| fault.refused).count(), 0, "{:?}", faults.codes());
    assert_eq!((report.total.rows, report.total.added, report.total.refused), (60, 60, 0));
    let documents = documents_by_bates(&ctx).await;
    assert_eq!(documents.len(), 60);
    for document in &documents {
        assert_eq!(document.fields.case_id, report.case);
        assert_eq!(document.content.content_type, "application/pdf");
        assert_eq!(documents::file_name::extension(&document.content.file_name).as_deref(), Some("pdf"));
        let version = find_version(&ctx, document.id, 1).await.unwrap();
        assert_eq!(
            version.md5.map(|md5| crypto::digest::hex(&md5)).as_deref(),
            document.metadata["MD5 Hash"].as_str()
        );
        assert_eq!(document.text_status, TextStatus::Ready);
        assert!(read_text_piece(&ctx, &world.files, document.id, 0).await.unwrap().text.is_some());
        assert!(document.fields.custodian.is_some() && document.control_number.is_some());
        let pages: u64 = document.metadata["Page Count"].as_str().unwrap().parse().unwrap();
        let ends = [&document.fields.bates_begin, &document.fields.bates_end];
        let [begin, end] = ends.map(|text| text.as_deref().unwrap().parse::<Bates>().unwrap());
        assert_eq!(end.number - begin.number + 1, pages);
        let names: Vec<_> = document.metadata.keys().filter_map(|name| Field::of(name)).collect();
        assert!(names.contains(&Field::NativePath), "all that the production says is kept");
    }
    assert_eq!(world.events("document.added").await.len(), 60);
    assert_eq!(world.events("document.text_read").await.len(), 60);
    assert_eq!(world.files_on_disk().await, (60, 0));

    let (again, _) = import(&world, &ctx, &dir).await;
    assert_eq!(again.case, report.case, "the case is found by its title");
    assert_eq!((again.total.unchanged, again.total.added, again.total.changed), (60, 0, 0));
    world.work().await;
    assert_eq!((world.count("documents").await, world.count("document_versions").await), (60, 60));
    assert_eq!(world.events("document.changed").await.len(), 0);
}

#[tokio::test]
async fn a_bad_row_is_a_fault_and_the_others_go_on() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let folder = tempfile::tempdir().unwrap();
    let outside = write(folder.path(), "secret.txt", b"not of the production");
    let dir = folder.path().join("production");
    let good = write(&dir, "natives\\good.txt", b"good");
    let last = write(&dir, "natives\\Last.txt", b"last");
    let rows = [
        ["D1", "P-0001", "2", "natives\\good.txt", "", &good],
        ["D2", "P-0003", "1", "..\\..\\secret.txt", "", &outside],
        ["D3", "P-0004", "1", "natives\\gone.txt", "", ""],
        ["D4", "P-0005", "1", "natives\\last.txt", "", &last],
        ["D5", "P-0006", "1", "natives\\good.txt", "", "00000000000000000000000000000000"],
        ["D1", "P-0007", "1", "natives\\good.txt", "", &good],
        ["D7", "P-0008", "1", "natives\\good.txt", "text\\gone.txt", &good],
        ["D8", "P-0009", "1", "/etc/passwd", "", ""],
        ["", "", "1", "natives\\good.txt", "", ""],
        ["D10", "P-0010", "1", "natives\\Last.txt", "", &last.to_uppercase()],
    ];
    write_production(&dir, &rows);
    let load_file = fs::read_to_string(dir.join("load.dat")).unwrap() + "þD11þ\u{14}þtoo fewþ\r\n";
    fs::write(dir.join("load.dat"), load_file).unwrap();

    let (report, faults) = import(&world, &ctx, &dir).await;
    let refused: Vec<_> = faults.codes().into_iter().filter(|(.., refused)| *refused).collect();
    assert_eq!(
        refused,
        [
            (2, "path_escapes", true),
            (3, "file_missing", true),
            (4, "path_case_mismatch", true),
            (5, "hash_mismatch", true),
            (6, "duplicate_control_number", true),
            (8, "path_absolute", true),
            (9, "no_control_number", true),
            (11, "wrong_column_count", true),
        ]
    );
    assert!(
        faults.codes().contains(&(7, "file_missing", false)),
        "a missing text does not keep the document out"
    );
    let mismatch = faults.0.iter().find(|fault| fault.code == "hash_mismatch").unwrap();
    assert_eq!(
        (mismatch.field.as_deref(), mismatch.control_number.as_deref()),
        (Some("MD5HASH"), Some("D5"))
    );
    let total = report.total;
    assert_eq!((total.rows, total.added, total.refused, total.faults), (11, 3, 8, faults.0.len() as u64));
    world.work().await;
    assert_eq!(world.files_on_disk().await, (2, 0), "a native that was not what it should be is not kept");
    let documents = documents_by_bates(&ctx).await;
    let titles: Vec<_> = documents.iter().map(|document| document.fields.title.as_str()).collect();
    assert_eq!(titles, ["Subject of D1", "Subject of D7", "Subject of D10"]);
    assert_eq!(documents[0].fields.bates_end.as_deref(), Some("P-0002"), "counted from the pages");
}

#[tokio::test]
async fn a_newer_production_updates_and_leaves_peoples_edits() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let one = write(dir, "n\\one.txt", b"one");
    let two = write(dir, "n\\two.txt", b"two");
    write(dir, "t\\one.txt", b"text of one");
    let rows =
        [["D1", "P1", "1", "n\\one.txt", "t\\one.txt", &one], ["D2", "P2", "1", "n\\two.txt", "", &two]];
    write_production(dir, &rows);
    import(&world, &ctx, dir).await;
    let first = documents_by_bates(&ctx).await.remove(0);
    let tags = vec!["hot".to_owned()];
    let edited = DocumentFields { title: "Renamed by hand".to_owned(), tags, ..first.fields };
    change_document(&ctx, first.id, None, |_| Ok::<_, documents::Error>(edited)).await.unwrap();

    // The page count is corrected, and one native replaced.
    let newer = write(dir, "n\\two.txt", b"two, corrected");
    let rows =
        [["D1", "P1", "3", "n\\one.txt", "t\\one.txt", &one], ["D2", "P2", "1", "n\\two.txt", "", &newer]];
    write_production(dir, &rows);
    let (report, _) = import(&world, &ctx, dir).await;
    assert_eq!((report.total.changed, report.total.new_versions, report.total.unchanged), (1, 1, 0));
    let documents = documents_by_bates(&ctx).await;
    let fields = &documents[0].fields;
    assert_eq!((fields.title.as_str(), fields.tags.len()), ("Renamed by hand", 1));
    assert_eq!(fields.bates_end.as_deref(), Some("P3"));
    assert_eq!((documents[0].current_version, documents[1].current_version), (1, 2));
    assert_eq!(documents[0].text_status, TextStatus::Ready);
    world.work().await;
    let text = read_text_piece(&ctx, &world.files, documents[1].id, 0).await.unwrap();
    assert_eq!(
        text.text.as_deref(),
        Some("two, corrected"),
        "without a text of the production, the native's own"
    );
}

#[tokio::test]
async fn a_long_text_is_kept_in_pieces() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let folder = tempfile::tempdir().unwrap();
    let native = write(folder.path(), "n.pdf", b"%PDF-1.4");
    let whole = "a line of text\r\n".repeat(50_000);
    write(folder.path(), "t.txt", whole.as_bytes());
    write_production(folder.path(), &[["D1", "P1", "1", "n.pdf", "t.txt", &native]]);
    import(&world, &ctx, folder.path()).await;
    let document = documents_by_bates(&ctx).await.remove(0);
    let pieces = read_text_piece(&ctx, &world.files, document.id, 0).await.unwrap();
    assert_eq!((pieces.status, pieces.pieces), (TextStatus::Ready, 4));
    let mut size = 0;
    for piece in 0..4 {
        size += read_text_piece(&ctx, &world.files, document.id, piece).await.unwrap().text.unwrap().len();
    }
    assert_eq!(size, whole.len());
}

#[tokio::test]
async fn a_title_that_the_api_refuses_is_refused() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let folder = tempfile::tempdir().unwrap();
    write_production(folder.path(), &[]);
    for title in ["", "  ", "a\u{202e}b", &"x".repeat(5000)] {
        let options = ImportOptions { case: CaseTarget::Titled(title.to_owned()), load_file: None };
        let mut faults = Faults::default();
        let refused =
            import_production(&ctx, &world.files, folder.path(), &options, &|_| {}, &mut faults).await;
        assert!(matches!(refused, Err(ProductionError::Title(_))), "{title:?}: {refused:?}");
    }
    assert_eq!(world.count("cases").await, 0);
}

#[tokio::test]
async fn a_load_file_without_a_header_is_refused_and_nothing_imported_opens_no_case() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let folder = tempfile::tempdir().unwrap();
    let options = ImportOptions { case: CaseTarget::Titled("In re Production".to_owned()), load_file: None };
    for text in [
        "þA-1þ\u{14}þA-1þ\u{14}þn\\a.txtþ\r\n",
        "þDOCIDþ\u{14}þSUBJECTþ\r\nþA-1þ\u{14}þbþ\r\n",
        "þNATIVELINKþ\u{14}þSUBJECTþ\r\nþn\\a.txtþ\u{14}þbþ\r\n",
        "x9\u{14}\u{fffd}q,;7\n\n44|\u{1}\nzz\n",
    ] {
        fs::write(folder.path().join("load.dat"), text).unwrap();
        let mut faults = Faults::default();
        let refused =
            import_production(&ctx, &world.files, folder.path(), &options, &|_| {}, &mut faults).await;
        assert!(matches!(refused, Err(ProductionError::NoColumn(_))), "{text:?}: {refused:?}");
    }
    // A header, and rows of which none can be imported.
    write_production(folder.path(), &[["A-1", "A-1", "1", "absent.txt", "", ""]]);
    let (report, faults) = import(&world, &ctx, folder.path()).await;
    assert_eq!((report.case, report.total.refused), (None, 1), "{:?}", faults.codes());
    assert_eq!(world.count("cases").await, 0);
}

#[tokio::test]
async fn the_load_file_must_be_one_or_named() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let import = async |load_file: Option<&str>| {
        let case = CaseTarget::Titled("In re Production".to_owned());
        let options = ImportOptions { case, load_file: load_file.map(str::to_owned) };
        import_production(&ctx, &world.files, dir, &options, &|_| {}, &mut Faults::default()).await
    };
    assert!(matches!(import(None).await, Err(ProductionError::NoLoadFile)));
    fs::create_dir(dir.join("DATA")).unwrap();
    write_production(&dir.join("DATA"), &[]);
    assert_eq!(import(None).await.unwrap().load_file, Path::new("DATA/load.dat"));
    write_production(dir, &[]);
    fs::write(dir.join("other.DAT"), "").unwrap();
    assert!(matches!(import(None).await, Err(ProductionError::SeveralLoadFiles { .. })));
    assert!(import(Some("load.dat")).await.is_ok());
    assert!(matches!(import(Some("..\\load.dat")).await, Err(ProductionError::LoadFilePath(_))));
    assert!(matches!(import(Some("other.DAT")).await, Err(ProductionError::LoadFile(_))));
}
