//! The real dockets beside the checkout: how many cases, parties and links they make, once and again.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use cases::{AttorneyImport, CaseImport, Imported, PartyImport, import_case};
use serde_json::Value;
use std::path::{Path, PathBuf};
use support::World;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
}

fn text(record: &Value, member: &str) -> Option<String> {
    record[member].as_str().map(str::to_owned)
}

fn list<'a>(record: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    record[member].as_array().into_iter().flatten()
}

fn record(docket: &Value) -> CaseImport {
    let attorney = |attorney: &Value| AttorneyImport {
        name: text(attorney, "name"),
        contact: text(attorney, "contact"),
        roles: list(attorney, "roles").filter_map(|role| role.as_str().map(str::to_owned)).collect(),
    };
    let party = |party: &Value| PartyImport {
        name: text(party, "name").unwrap_or_default(),
        kind: text(party, "type"),
        extra_info: text(party, "extra_info"),
        terminated_on: text(party, "date_terminated").and_then(|day| day.parse().ok()),
        criminal: None,
        attorneys: list(party, "attorneys").map(attorney).collect(),
    };
    CaseImport {
        court: text(docket, "court_id").unwrap_or_default(),
        docket_number: text(docket, "docket_number").unwrap_or_default(),
        title: text(docket, "case_name"),
        judge: text(docket, "assigned_to_str"),
        filed_on: text(docket, "date_filed").and_then(|day| day.parse().ok()),
        parties: list(docket, "parties").map(party).collect(),
        ..CaseImport::default()
    }
}

#[tokio::test]
async fn the_dockets_make_122_cases_520_parties_and_935_links_however_often() {
    let Some(folder) = testkit::shared_data("cm-ecf/dockets") else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.sort();
    let world = World::new().await;
    let ctx = world.partner(1);
    for round in 0..2 {
        for path in &paths {
            let docket: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_default();
            if docket["court_id"].is_null() {
                continue;
            }
            let mut tx = ctx.begin().await.unwrap();
            let imported = import_case(&mut tx, &ctx, record(&docket)).await.unwrap();
            tx.commit().await.unwrap();
            assert!(round == 0 || imported.outcome == Imported::Unchanged, "{}", path.display());
        }
        let rows = (world.count("cases").await, world.count("parties").await, world.count("attorneys").await);
        assert_eq!(rows, (122, 520, 935));
    }
}
