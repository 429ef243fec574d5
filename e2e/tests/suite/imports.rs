//! The real dockets and the real production, read in place. They name real people: nothing of them is printed.

use access::Ctx;
use clock::{Random as _, SeededRandom};
use docket::juriscraper::{Limits, ReadFault, read};
use documents::{CaseTarget, FaultSink, ImportOptions, ProductionFault};
use e2e::TestApp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

fn dockets(root: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path());
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    files: usize,
    empty: usize,
    created: usize,
    parties: u64,
    attorneys: u64,
    entries: usize,
    changed: usize,
}

async fn import_all(ctx: &Ctx, files: &[PathBuf]) -> Sum {
    let mut sum = Sum { files: files.len(), ..Sum::default() };
    for path in files {
        match read(File::open(path).unwrap(), &Limits::default()) {
            Err(ReadFault::Empty) => sum.empty += 1,
            Err(other) => panic!("a docket was not read: {}", other.code()),
            Ok(file) => {
                let imported = docket::import_docket(ctx, file).await.expect("a docket is imported");
                sum.created += usize::from(imported.outcome == cases::Imported::Created);
                sum.parties += imported.parties_added;
                sum.attorneys += imported.attorneys_added;
                sum.entries += imported.entries_added;
                sum.changed += imported.entries_changed;
            }
        }
    }
    sum
}

#[tokio::test]
async fn the_dockets_give_their_cases_once_and_again_nothing_new() {
    let Some(root) = testkit::shared_data("cm-ecf/dockets") else { return };
    let app = TestApp::start().await;
    let (files, ctx) = (dockets(&root), app.ctx().await);
    let first = import_all(&ctx, &files).await;
    let expected = Sum {
        files: 125,
        empty: 2,
        created: 122,
        parties: 520,
        attorneys: 935,
        entries: 3132,
        changed: first.changed,
    };
    assert_eq!(first, expected);
    let again = import_all(&ctx, &files).await;
    assert_eq!(again, Sum { files: 125, empty: 2, ..Sum::default() }, "nothing is doubled, nothing differs");

    let admin = app.admin();
    for (path, total) in [("cases", 122), ("parties", 520), ("docket", 3132)] {
        let list = admin.get(&format!("/api/{path}?limit=1")).await.expect_status(200).json();
        assert_eq!(list["total"], total, "{path}");
    }
    let parties = admin.get("/api/parties?limit=1000").await.expect_status(200).json();
    let counsel: usize = parties["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|party| party["attorneys"].as_array().unwrap().len())
        .sum();
    assert_eq!(counsel, 935);
    app.settle().await;
    let stats = admin.get("/api/search/stats").await.expect_status(200).json();
    let counts: BTreeMap<String, u64> = stats["entityTypes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["value"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap()))
        .collect();
    assert_eq!((counts["case"], counts["party"], counts["docket"]), (122, 520, 3132));
    let found = admin.get("/api/search?query=motion&entityType=docket").await.expect_status(200).json();
    assert!(found["total"].as_u64().unwrap() > 50);
    app.finish().await;
}

/// Keeps what an import complains about.
#[derive(Default)]
struct Faults(Vec<ProductionFault>);

impl FaultSink for Faults {
    fn fault(&mut self, fault: ProductionFault) {
        self.0.push(fault);
    }
}

/// The longest plain word of a text: short ones are everywhere.
fn longest_word(text: &str) -> Option<&str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let plain = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_alphabetic()));
    plain.filter(|word| (5..=24).contains(&word.len())).max_by_key(|word| word.len())
}

#[tokio::test]
async fn the_production_comes_whole_and_is_found_by_its_words() {
    let Some(folder) = testkit::shared_data("oida-production") else { return };
    let app = TestApp::start().await;
    let (ctx, files) = (app.ctx().await, app.running().parts().files.clone());
    let options = ImportOptions { case: CaseTarget::Titled("Production".to_owned()), load_file: None };
    let run = async || {
        let mut faults = Faults::default();
        let import = documents::import_production(&ctx, &files, &folder, &options, &|_| {}, &mut faults);
        (Box::pin(import).await.expect("the production is imported"), faults.0)
    };
    let (report, faults) = run().await;
    assert_eq!((report.total.rows, report.total.added, report.total.refused), (60, 60, 0));
    assert!(
        faults.iter().all(|fault| !fault.refused && !fault.code.contains("md5")),
        "{} faults",
        faults.len()
    );
    let (again, _) = run().await;
    assert_eq!((again.total.added, again.total.new_versions, again.total.unchanged), (0, 0, 60));

    app.settle().await;
    let admin = app.admin();
    let list = admin.get("/api/documents?limit=1000").await.expect_status(200).json();
    assert_eq!(list["total"], 60);
    let mut searched = 0;
    for document in list["data"].as_array().unwrap() {
        let id = e2e::id_of(document);
        let versions = admin.get(&format!("/api/documents/{id}/versions")).await.expect_status(200).json();
        assert!(versions["data"][0]["md5"].is_string(), "each native was verified against its published MD5");
        searched += usize::from(is_found(&app, &folder, document).await);
    }
    assert!(searched >= 50, "only {searched} texts have a word to search for");
    app.finish().await;
}

/// Whether the document has a text with a word to look for; fails when the word does not find it.
async fn is_found(app: &TestApp, folder: &Path, document: &Value) -> bool {
    let name = document["controlNumber"].as_str().expect("a control number");
    let Ok(text) = fs::read(folder.join("text").join(format!("{name}.txt"))) else { return false };
    let text = String::from_utf8_lossy(&text);
    let Some(word) = longest_word(&text) else { return false };
    for page in 1.. {
        let path = format!("/api/search/documents?query={word}&limit=100&page={page}");
        let found = app.admin().get(&path).await.expect_status(200).json();
        let hits = found["data"].as_array().unwrap();
        assert!(!hits.is_empty(), "a document is not found by its own longest word");
        if hits.iter().any(|hit| hit["id"] == document["id"]) {
            break;
        }
    }
    true
}

/// A text that does not get smaller when it is compressed, and no two alike.
fn noise(seed: u64, chars: usize) -> String {
    let random = SeededRandom::new(seed);
    let mut bytes = vec![0; 2 * chars];
    random.fill(&mut bytes);
    let letter = |pair: &[u8]| char::from_u32(0x4e00 + u32::from(pair[0]) + 64 * u32::from(pair[1] % 64));
    bytes.chunks(2).map(|pair| letter(pair).expect("a letter")).collect()
}

fn oversized_docket() -> Value {
    let charge = |number: u64| json!({ "name": noise(number, 90), "disposition": noise(number + 1, 900), "status": "x" });
    let counsel = |number: u64| {
        json!({ "name": noise(number, 900), "contact": noise(number + 7, 11_000),
            "roles": (0..60).map(|role| noise(role, 600)).collect::<Vec<_>>() })
    };
    json!({
        "court_id": "cand", "docket_number": "3:26-cv-00351", "case_name": noise(1, 5000), "cause": noise(2, 5000),
        "nature_of_suit": noise(3, 5000), "jurisdiction": noise(4, 5000), "jury_demand": noise(5, 5000),
        "demand": noise(6, 5000), "assigned_to_str": noise(7, 5000), "referred_to_str": noise(8, 5000),
        "fee_status": noise(9, 40_000), "panel": (0..20).map(|judge| noise(judge, 3000)).collect::<Vec<_>>(),
        "parties": [
            { "name": noise(10, 5000), "type": noise(11, 5000), "extra_info": noise(12, 30_000),
              "attorneys": (0..220).map(|number| if number < 2 { counsel(number) } else {
                  json!({ "name": format!("Counsel {number}") }) }).collect::<Vec<_>>(),
              "criminal_data": { "counts": (0..300).map(charge).collect::<Vec<_>>() } },
            { "name": noise(13, 6000), "type": "Defendant" }],
        "docket_entries": [{ "date_filed": "2026-03-02", "document_number": "1", "description": noise(14, 150_000) }]
    })
}

#[tokio::test]
async fn what_is_too_long_is_cut_and_can_be_changed_over_the_api() {
    let app = TestApp::start().await;
    let (ctx, admin) = (app.ctx().await, app.admin());
    let text = oversized_docket().to_string();
    let import = async || {
        let file = read(text.as_bytes(), &Limits::default()).expect("the docket is read");
        docket::import_docket(&ctx, file).await.expect("the docket is imported")
    };
    assert_eq!((import().await.entries_added, import().await.outcome), (1, cases::Imported::Unchanged));
    let again = import().await;
    assert_eq!((again.entries_unchanged, again.parties_added, again.attorneys_added), (1, 0, 0));

    let changes = [
        ("cases", json!({ "practiceArea": "Admiralty" })),
        ("parties", json!({ "terminatedOn": "2026-03-02" })),
        ("docket", json!({ "sealed": true })),
    ];
    for (collection, change) in changes {
        let list = admin.get(&format!("/api/{collection}")).await.expect_status(200).json();
        for thing in list["data"].as_array().unwrap() {
            let path = format!("/api/{collection}/{}", e2e::id_of(thing));
            drop(admin.patch(&path, &change).await.expect_status(200));
        }
    }
    let parties = admin.get("/api/parties?sort=position").await.expect_status(200).json();
    let first = &parties["data"][0];
    let chars = |value: &Value| value.as_str().unwrap().chars().count();
    assert_eq!((chars(&first["name"]), chars(&first["kind"])), (4000, 200));
    assert_eq!(chars(&first["attorneys"][0]["name"]), 500);
    assert_eq!(first["attorneys"].as_array().unwrap().len(), 200);
    assert!(first["criminal"].to_string().len() <= 64 << 10);
    let body = json!({ "name": noise(15, 4000), "kind": "Defendant" });
    let path = format!("/api/cases/{}/parties", first["caseId"].as_str().unwrap());
    drop(admin.post(&path, &body).await.expect_status(201));
    app.finish().await;
}

#[tokio::test]
async fn what_nobody_sees_goes_from_the_names_of_an_import() {
    let app = TestApp::start().await;
    let text = "{\"court_id\":\"cand\",\"docket_number\":\"\u{feff}3:26-cv-00350\",\"case_name\":\"Al\u{200b}der v. Birch\",
        \"parties\":[{\"name\":\"Al\u{202e}der\u{200e}\",\"type\":\"\u{2060}\",\"attorneys\":[{\"name\":\"\u{2066}Ann\u{2069}\"}]}]}";
    let file = read(text.as_bytes(), &Limits::default()).expect("the docket is read");
    docket::import_docket(&app.ctx().await, file).await.expect("the docket is imported");
    let party = app.admin().get("/api/parties").await.expect_status(200).json()["data"][0].clone();
    assert_eq!((&party["name"], &party["kind"]), (&json!("Alder"), &json!("Party")));
    assert_eq!(party["attorneys"][0]["name"], "Ann");
    let case = app.admin().get(&format!("/api/cases/{}", party["caseId"].as_str().unwrap())).await.json();
    assert_eq!((&case["title"], &case["docketNumber"]), (&json!("Alder v. Birch"), &json!("3:26-cv-00350")));
    app.finish().await;
}

#[tokio::test]
async fn a_number_that_is_too_long_is_told_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let ctx = app.ctx().await;
    let mut docket = oversized_docket();
    docket["docket_number"] = "9".repeat(201).into();
    let file = read(docket.to_string().as_bytes(), &Limits::default()).expect("the docket is read");
    let refused = docket::import_docket(&ctx, file).await;
    assert!(
        matches!(refused, Err(docket::Error::Case(cases::Error::NotIdentified))),
        "{:?}",
        refused.map(|report| report.case)
    );
    docket["docket_number"] = "3:26-cv-00351".into();
    docket["docket_entries"][0]["document_number"] = "9".repeat(33).into();
    let fault = read(docket.to_string().as_bytes(), &Limits::default()).expect_err("no such number");
    assert_eq!(fault.code(), "docket_text_too_long");
    assert!(fault.to_string().contains("docket_entries[0].document_number"), "{fault}");
    assert_eq!(app.admin().get("/api/cases").await.expect_status(200).json()["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn a_bad_docket_leaves_nothing_of_itself() {
    let app = TestApp::start().await;
    let whole = r#"{"court_id":"cand","docket_number":"3:26-cv-00350","case_name":"Alder v. Birch","parties":[],
        "docket_entries":[{"date_filed":"2026-03-02","document_number":"1","description":"COMPLAINT"}]}"#;
    for length in [0, 1, 40, whole.len() / 2, whole.len() - 1] {
        assert!(read(&whole.as_bytes()[..length], &Limits::default()).is_err(), "{length} bytes of it");
    }
    let ctx = app.ctx().await;
    let file = read(whole.as_bytes(), &Limits::default()).expect("the whole is read");
    docket::import_docket(&ctx, file).await.expect("and imported");
    assert_eq!(app.admin().get("/api/docket").await.expect_status(200).json()["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_production_that_climbs_out_or_lies_is_told_and_the_rest_comes() {
    let app = TestApp::start().await;
    let folder = app.folder().join("production");
    fs::create_dir_all(folder.join("natives")).unwrap();
    fs::write(app.folder().join("secret.txt"), "not of the production").unwrap();
    fs::write(folder.join("natives/good.txt"), "a good native").unwrap();
    fs::write(folder.join("natives/lie.txt"), "not what was published").unwrap();
    let digest = "d41d8cd98f00b204e9800998ecf8427e";
    let row = |cells: [&str; 3]| format!("\u{fe}{}\u{fe}\r\n", cells.join("\u{fe}\u{14}\u{fe}"));
    let load_file = [
        row(["DOCID", "NATIVEPATH", "MD5HASH"]),
        row(["A-1", "natives\\good.txt", ""]),
        row(["A-2", "..\\secret.txt", ""]),
        row(["A-3", "natives\\lie.txt", digest]),
        "\u{fe}A-4\u{fe}\r\n".to_owned(),
    ];
    fs::write(folder.join("load-file.dat"), load_file.concat()).unwrap();
    let (ctx, files) = (app.ctx().await, app.running().parts().files.clone());
    let options = ImportOptions { case: CaseTarget::Titled("Production".to_owned()), load_file: None };
    let mut faults = Faults::default();
    let import = documents::import_production(&ctx, &files, &folder, &options, &|_| {}, &mut faults);
    let report = Box::pin(import).await.expect("the import goes on");
    assert_eq!((report.total.rows, report.total.added, report.total.refused), (4, 1, 3), "{:?}", faults.0);
    let refused: Vec<u64> = faults.0.iter().filter(|fault| fault.refused).map(|fault| fault.row).collect();
    assert_eq!(refused, [2, 3, 4], "{:?}", faults.0);
    app.settle().await;
    let list = app.admin().get("/api/documents").await.expect_status(200).json();
    assert_eq!((&list["total"], &list["data"][0]["controlNumber"]), (&Value::from(1), &Value::from("A-1")));
    app.finish().await;
}
