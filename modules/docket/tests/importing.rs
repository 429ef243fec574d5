//! A docket is imported whole or not at all, again without doubling, and never loses what a newer copy leaves out.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use access::{Action, Role};
use cases::Imported;
use docket::juriscraper::{DocketFile, Limits, read};
use docket::{EntryFilter, EntrySort, Error};
use serde_json::{Value, json};
use support::Firm;

fn file(json: &Value) -> DocketFile {
    read(json.to_string().as_bytes(), &Limits::default()).unwrap()
}

fn sample() -> Value {
    json!({
        "court_id": "cand", "docket_number": "3:26-cv-00042", "case_name": "Alder v. Birch Company",
        "date_filed": "2026-01-05", "assigned_to_str": "Rowan Quill",
        "parties": [
            { "name": "Ann Alder", "type": "Plaintiff", "attorneys": [
                { "name": "Imogen Vale", "contact": "1 Main St", "roles": ["LEAD ATTORNEY"] }] },
            { "name": "Birch Company", "type": "Defendant", "attorneys": [] }],
        "docket_entries": [
            { "date_filed": "2026-01-05", "description": "COMPLAINT", "document_number": "1", "pacer_doc_id": "035001",
              "attachments": [{ "attachment_number": 1, "description": "Exhibit A", "pacer_doc_id": "035002" }] },
            { "date_filed": "2026-01-09", "description": "Text order", "document_number": null },
            { "date_filed": "2026-01-09", "description": "Text order", "document_number": null }]
    })
}

async fn entries(ctx: &access::Ctx) -> Vec<docket::Entry> {
    docket::list_entries(ctx, &EntryFilter::default(), EntrySort::FiledOn, false, 1000, 0).await.unwrap().0
}

#[tokio::test]
async fn importing_again_changes_nothing() {
    let firm = Firm::create().await;
    let ann = firm.user(1, Role::Partner);
    let first = docket::import_docket(&ann, file(&sample())).await.unwrap();
    assert_eq!((first.outcome, first.entries_added), (Imported::Created, 3));
    assert_eq!((first.parties_added, first.attorneys_added), (2, 1));
    let before = entries(&ann).await;
    assert_eq!(before[0].links.len(), 2, "the main document and its attachment");

    let again = docket::import_docket(&ann, file(&sample())).await.unwrap();
    assert_eq!((again.case, again.outcome), (first.case, Imported::Unchanged));
    assert_eq!((again.entries_added, again.entries_changed, again.entries_unchanged), (0, 0, 3));
    assert_eq!(entries(&ann).await, before);
}

#[tokio::test]
async fn a_newer_copy_updates_and_adds_and_its_silence_erases_nothing() {
    let firm = Firm::create().await;
    let ann = firm.user(1, Role::Partner);
    docket::import_docket(&ann, file(&sample())).await.unwrap();

    let newer = json!({
        "court_id": "cand", "docket_number": "3:26-cv-42", "case_name": "Alder v. Birch Comp",
        "parties": [],
        "docket_entries": [
            { "date_filed": "2026-01-05", "description": "COMPLAINT against Birch", "document_number": "1",
              "pacer_seq_no": "7", "attachments": [{ "attachment_number": 2, "description": "Exhibit B" }] },
            { "date_filed": "2026-02-01", "description": "ANSWER", "document_number": "2" }]
    });
    let report = docket::import_docket(&ann, file(&newer)).await.unwrap();
    assert_eq!((report.entries_added, report.entries_changed, report.entries_unchanged), (1, 1, 2));

    let entries = entries(&ann).await;
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0].draft.text, "COMPLAINT against Birch");
    assert_eq!(entries[0].draft.seq_no.as_deref(), Some("7"));
    assert_eq!(entries[0].draft.pacer_doc_id.as_deref(), Some("035001"), "what the copy leaves out stays");
    assert_eq!(entries[0].links.iter().map(|link| link.draft.number).collect::<Vec<_>>(), [0, 1, 2]);
    let case = cases::find_case(&ann, report.case).await.unwrap();
    assert_eq!(case.fields.title, "Alder v. Birch Company", "a title that is cut off replaces nothing");
}

#[tokio::test]
async fn a_copy_without_entries_and_parties_changes_nothing() {
    let firm = Firm::create().await;
    let ann = firm.user(1, Role::Partner);
    docket::import_docket(&ann, file(&sample())).await.unwrap();
    let bare =
        json!({ "court_id": "cand", "docket_number": "3:26-cv-00042", "parties": [], "docket_entries": [] });
    let report = docket::import_docket(&ann, file(&bare)).await.unwrap();
    assert_eq!((report.outcome, report.entries_unchanged), (Imported::Unchanged, 3));
    assert_eq!(entries(&ann).await.len(), 3);
}

#[tokio::test]
async fn another_firm_imports_the_same_docket_for_itself() {
    let firm = Firm::create().await;
    let (ann, eve) = (firm.user(1, Role::Partner), firm.user(2, Role::Partner));
    let ours = docket::import_docket(&ann, file(&sample())).await.unwrap();
    let theirs = docket::import_docket(&eve, file(&sample())).await.unwrap();
    assert_ne!(ours.case, theirs.case);
    assert_eq!(theirs.entries_added, 3);
    let entry = entries(&ann).await.remove(0);
    assert!(matches!(docket::find_entry(&eve, entry.id).await, Err(Error::NotFound(_))));
    assert!(matches!(docket::delete_entry(&eve, entry.id, None).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_role_without_the_permission_imports_nothing() {
    let firm = Firm::create().await;
    let clerk = firm.user(1, Role::Clerk);
    assert!(!Role::Clerk.allows(Action::Import));
    assert!(matches!(docket::import_docket(&clerk, file(&sample())).await, Err(Error::Refused(_))));
    assert!(entries(&firm.user(1, Role::Partner)).await.is_empty());
}

#[tokio::test]
async fn the_real_dockets_give_their_known_counts_however_often_they_come() {
    let Some(root) = testkit::shared_data("cm-ecf/dockets") else { return };
    let firm = Firm::create().await;
    let ann = firm.user(1, Role::Admin);
    let mut files: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .flat_map(|folder| {
            std::fs::read_dir(folder.unwrap().path()).unwrap().map(|file| file.unwrap().path())
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    for round in 0..2 {
        let (mut faults, mut added, mut parties, mut attorneys) = (0, 0, 0, 0);
        for path in &files {
            match read(std::fs::File::open(path).unwrap(), &Limits::default()) {
                Ok(docket) => {
                    let report = docket::import_docket(&ann, docket).await.unwrap();
                    added += report.entries_added;
                    parties += report.parties_added;
                    attorneys += report.attorneys_added;
                }
                Err(_) => faults += 1,
            }
        }
        assert_eq!(faults, 2);
        let expected = if round == 0 { (3132, 520, 935) } else { (0, 0, 0) };
        assert_eq!((added, parties, attorneys), expected, "round {round}");
        let total = docket::list_entries(&ann, &EntryFilter::default(), EntrySort::FiledOn, true, 1, 0)
            .await
            .unwrap()
            .1;
        assert_eq!(total, 3132);
    }
    let sort = web::Sort::descending(cases::CaseSort::OpenedAt);
    let (_, total) = cases::list_cases(&ann, &cases::CaseFilter::default(), sort, web::Page::default(), None)
        .await
        .unwrap();
    assert_eq!(total, 122);
}
