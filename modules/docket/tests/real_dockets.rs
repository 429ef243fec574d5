//! The real dockets, read in place. They name real people: nothing of them is copied or printed.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use cases::DocketNumber;
use docket::identity::{ExistingEntry, Match, plan};
use docket::juriscraper::{DocketFile, Limits, ReadFault, read};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

/// The files with their names, or nothing, said aloud, where the data is absent.
fn files() -> Option<Vec<PathBuf>> {
    let root = testkit::shared_data("cm-ecf/dockets")?;
    let folders = fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path());
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    Some(files)
}

fn read_file(path: &Path) -> Result<DocketFile, ReadFault> {
    read(File::open(path).unwrap(), &Limits::default())
}

#[test]
fn all_files_are_read_and_counted() {
    let Some(files) = files() else { return };
    let (mut empty, mut dockets) = (0, Vec::new());
    for path in &files {
        match read_file(path) {
            Ok(docket) => dockets.push(docket),
            Err(ReadFault::Empty) => empty += 1,
            Err(other) => panic!("{}: {other}", path.display()),
        }
    }
    assert_eq!((files.len(), dockets.len(), empty), (125, 123, 2));
    let cases: HashSet<_> =
        dockets.iter().map(|docket| (docket.court.clone(), docket.number_key())).collect();
    assert_eq!(cases.len(), 122);
    assert!(dockets.iter().all(|docket| docket.number.is_some()));
    let parties = || dockets.iter().flat_map(|docket| &docket.parties);
    assert_eq!(dockets.iter().map(|docket| docket.entries.len()).sum::<usize>(), 3132);
    assert_eq!(parties().count(), 520);
    assert_eq!(parties().map(|party| party.attorneys.len()).sum::<usize>(), 935);
    assert!(parties().filter_map(|party| party.kind.as_ref()).all(|kind| !kind.contains('\u{a0}')));
}

#[test]
fn the_parts_of_each_number_are_those_the_court_published() {
    let Some(files) = files() else { return };
    let mut compared = 0;
    for path in files {
        let json: serde_json::Value = serde_json::from_reader(File::open(&path).unwrap()).unwrap();
        let part = |name: &str| json[name].as_str().map(str::to_owned);
        let Some(mut text) = part("docket_number") else { continue };
        let (assigned, referred) =
            (part("federal_dn_judge_initials_assigned"), part("federal_dn_judge_initials_referred"));
        let defendant = part("federal_defendant_number");
        for tail in [&assigned, &referred, &defendant].into_iter().flatten() {
            text = format!("{text}-{tail}");
        }
        let number: DocketNumber = text.parse().unwrap();
        let short: DocketNumber = json["docket_number"].as_str().unwrap().parse().unwrap();
        assert_eq!(number, short);
        assert_eq!((&number.assigned, &number.referred), (&assigned, &referred), "{text}");
        assert_eq!(number.defendant.map(|number| number.to_string()), defendant, "{text}");
        if let Some(kind) = part("federal_dn_case_type") {
            assert_eq!((number.kind, number.office), (Some(kind), part("federal_dn_office_code")), "{text}");
            compared += 1;
        }
    }
    assert_eq!(compared, 44);
}

fn assert_all_known(matches: &[Match]) {
    let places: HashSet<_> = matches.iter().map(|found| format!("{found:?}")).collect();
    assert!(!matches.contains(&Match::New) && places.len() == matches.len());
}

#[test]
fn each_file_against_itself_adds_nothing() {
    let Some(files) = files() else { return };
    for docket in files.iter().filter_map(|path| read_file(path).ok()) {
        let entries: Vec<ExistingEntry<'_>> = docket.entries.iter().map(Into::into).collect();
        assert_all_known(&plan(&entries, &docket.entries));
    }
}

#[test]
fn the_case_that_comes_twice_loses_nothing() {
    let Some(files) = files() else { return };
    let mut copies: BTreeMap<_, Vec<DocketFile>> = BTreeMap::new();
    for docket in files.iter().filter_map(|path| read_file(path).ok()) {
        copies.entry((docket.court.clone(), docket.number_key())).or_default().push(docket);
    }
    let (first, second) = match copies.into_values().find(|copies| copies.len() > 1).unwrap().as_slice() {
        [first, second] => (first.clone(), second.clone()),
        _ => panic!("one case comes twice"),
    };
    let entries: Vec<ExistingEntry<'_>> = first.entries.iter().map(Into::into).collect();
    assert!(!first.entries.is_empty() && second.entries.is_empty() && second.parties.is_empty());
    assert!(plan(&entries, &second.entries).is_empty());
}

#[test]
fn twins_are_there_and_are_counted() {
    let Some(files) = files() else { return };
    let mut twins = 0;
    for docket in files.iter().filter_map(|path| read_file(path).ok()) {
        let mut seen: HashMap<_, usize> = HashMap::new();
        for entry in docket.entries.iter().filter(|entry| entry.document_number.is_none()) {
            *seen.entry((entry.date_filed, &entry.description, &entry.pacer_seq_no)).or_default() += 1;
        }
        twins += seen.values().filter(|&&count| count == 2).count();
    }
    assert_eq!(twins, 3);
}
