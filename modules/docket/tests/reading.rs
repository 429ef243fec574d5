//! What a docket file may hold, what is refused and with which words.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use cases::{DocketNumber, docket_key};
use docket::juriscraper::{DocketFile, Limits, ReadFault, read};
use proptest::prelude::*;

fn read_text(text: &str) -> Result<DocketFile, ReadFault> {
    read(text.as_bytes(), &Limits::default())
}

fn fault(text: &str) -> ReadFault {
    read_text(text).unwrap_err()
}

const SMALL: &str = r#"{
  "court_id": "cacd", "docket_number": "2:06-cv-00350", "case_name": " Roe  v.\u0000 Doe ", "date_filed": "2006-01-19",
  "date_terminated": null, "cause": "", "newer_member": [{"a": 1}], "federal_dn_judge_initials_assigned": "ABC",
  "parties": [{"name": "Richard Roe", "type": "Defendant\u00a0-\u00a0 Appellee", "extra_info": "line one\nline two",
    "attorneys": [{"name": "", "contact": "1 Main St\r\nSpringfield", "roles": ["LEAD ATTORNEY", " "]}],
    "criminal_data": {"counts": [{"name": "18:1 (1)", "disposition": "", "status": "Pending"}], "complaints": []}}],
  "docket_entries": [{"date_filed": "2006-01-19", "date_entered": null, "description": "COMPLAINT", "document_number": 1,
    "attachments": [{"attachment_number": 1, "description": "Exhibit A", "page_count": 3, "file_size_bytes": 12}]}]
}"#;

#[test]
fn a_docket_is_read_cleaned_and_its_silence_is_absence() {
    let docket = read_text(SMALL).unwrap();
    assert_eq!(docket.court.as_str(), "cacd");
    assert_eq!(docket.case_name.as_deref(), Some("Roe v. Doe"));
    assert_eq!((docket.cause, docket.date_terminated, docket.referred_to), (None, None, None));
    assert_eq!(docket.number.unwrap().to_string(), "2:06-cv-00350-ABC");
    let party = &docket.parties[0];
    assert_eq!(party.kind.as_deref(), Some("Defendant - Appellee"));
    assert_eq!(party.extra_info.as_deref(), Some("line one\nline two"));
    assert_eq!(party.attorneys[0].name, None);
    assert_eq!(party.attorneys[0].contact.as_deref(), Some("1 Main St\nSpringfield"));
    assert_eq!(party.attorneys[0].roles, ["LEAD ATTORNEY"]);
    assert_eq!(party.criminal.as_ref().unwrap().counts[0].status.as_deref(), Some("Pending"));
    let entry = &docket.entries[0];
    assert_eq!(entry.document_number.as_deref(), Some("1"));
    assert_eq!(entry.attachments[0].number.as_deref(), Some("1"));
    assert_eq!(entry.attachments[0].page_count, Some(3));
}

#[test]
fn a_file_without_a_docket_is_called_empty() {
    for text in ["", "  \n", "{}", "{ }\n", r#"{"something_else": 1}"#] {
        assert!(matches!(fault(text), ReadFault::Empty), "{text:?}");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(read_text(&format!("\u{feff}{SMALL}")).unwrap().court.as_str(), "cacd");
    for text in ["\u{feff}", "\u{feff} \n", "\u{feff}{}"] {
        assert!(matches!(fault(text), ReadFault::Empty), "{text:?}");
    }
    let twice = fault(&format!("\u{feff}\u{feff}{SMALL}"));
    assert!(matches!(twice, ReadFault::NotJson { line: 1, column: 1, .. }), "{twice:?}");
    // What is shorter than a mark comes through whole.
    assert!(matches!(fault("["), ReadFault::Shape { .. } | ReadFault::Truncated { .. }));
    assert!(matches!(fault("ab"), ReadFault::NotJson { .. }));
}

#[test]
fn a_missing_member_is_explained_by_what_it_is_for() {
    let docket = |member: &str| format!(r#"{{"court_id": "ca1", "docket_number": "10-1", {member}}}"#);
    for (text, path, why) in [
        (r#"{"court_id": "ca1"}"#.to_owned(), "`docket_number`", "by its court and its number"),
        (
            docket(r#""parties": [{"type": "Defendant"}]"#),
            "`parties[0].name`",
            "a party is known by its name",
        ),
        (docket(r#""docket_entries": [{}]"#), "`docket_entries[0].date_filed`", "by its date"),
    ] {
        let said = fault(&text).to_string();
        assert!(said.contains(path) && said.contains(why), "{said}");
        assert_eq!(said.contains("by its court"), path == "`docket_number`", "{said}");
    }
}

#[test]
fn what_is_not_json_is_placed_by_line_and_column() {
    assert!(matches!(fault("<html>"), ReadFault::NotJson { line: 1, column: 1, .. }));
    assert!(matches!(fault("{\n  \"court_id\": oops\n}"), ReadFault::NotJson { line: 2, .. }));
    assert!(matches!(fault(&format!("{SMALL} trailing")), ReadFault::NotJson { .. }));
    let cut = &SMALL[..SMALL.len() / 2];
    assert!(matches!(fault(cut), ReadFault::Truncated { .. }));
}

#[test]
fn a_wrong_type_is_named_by_its_path() {
    for (text, expected) in [
        (r#"{"court_id": 5}"#, "court_id"),
        (r#"{"court_id": "ca9", "docket_entries": [{"description": []}]}"#, "docket_entries[0].description"),
        (r#"{"parties": [{"attorneys": [{}, {"roles": "LEAD"}]}]}"#, "parties[0].attorneys[1].roles"),
        (r#"{"parties": [["Roe", "Defendant"]]}"#, "parties[0]"),
        (r#"{"docket_entries": [{"page_count": -1}]}"#, "docket_entries[0].page_count"),
    ] {
        match fault(text) {
            ReadFault::Shape { path, .. } => assert_eq!(path, expected),
            other => panic!("{text}: {other}"),
        }
    }
    assert!(matches!(fault("[]"), ReadFault::Shape { .. }));
    assert!(matches!(fault(r#"{"court_id": "a", "court_id": "b"}"#), ReadFault::Shape { .. }));
}

#[test]
fn a_docket_needs_its_court_its_number_and_real_dates() {
    assert!(
        matches!(fault(r#"{"docket_number": "10-1"}"#), ReadFault::Missing { path } if path == "court_id")
    );
    assert!(
        matches!(fault(r#"{"court_id": "ca1"}"#), ReadFault::Missing { path } if path == "docket_number")
    );
    for court in ["CA1", "c", "ca 1", "ca-1", "abcdefghijklmnop", "../etc"] {
        let text = format!(r#"{{"court_id": "{court}", "docket_number": "10-1"}}"#);
        assert!(matches!(fault(&text), ReadFault::Court(_)), "{court}");
    }
    for date in ["2021-02-29", "2021-13-01", "01/02/2021", "0001-01-01", "2021-1-1", "today"] {
        let text = format!(
            r#"{{"court_id": "ca1", "docket_number": "10-1", "docket_entries": [{{"date_filed": "{date}"}}]}}"#
        );
        match fault(&text) {
            ReadFault::Date { path, fault } => {
                assert_eq!((path.as_str(), fault.given.as_str()), ("docket_entries[0].date_filed", date));
            }
            other => panic!("{date}: {other}"),
        }
    }
}

#[test]
fn nothing_grows_beyond_its_limit() {
    let small = Limits {
        file_bytes: 4000,
        depth: 8,
        objects: 50,
        values: 300,
        text_bytes: 20,
        entries: 3,
        parties: 2,
    };
    let docket = |members: &str| format!(r#"{{"court_id": "ca1", "docket_number": "10-1", {members}}}"#);
    let fault = |members: &str| read(docket(members).as_bytes(), &small).unwrap_err();
    let entry = r#"{"date_filed": "2020-01-01"}"#;
    assert!(
        read(docket(&format!(r#""docket_entries": [{}]"#, [entry; 3].join(","))).as_bytes(), &small).is_ok()
    );
    let entries = format!(r#""docket_entries": [{}]"#, [entry; 4].join(","));
    assert!(matches!(fault(&entries), ReadFault::TooMany { what: "docket entries", limit: 3 }));
    let parties = format!(r#""parties": [{}]"#, [r#"{"name": "Roe"}"#; 3].join(","));
    assert!(matches!(fault(&parties), ReadFault::TooMany { what: "parties", limit: 2 }));
    assert!(matches!(fault(r#""cause": "123456789012345678901""#), ReadFault::TextTooLong { limit: 20, .. }));
    let long = fault(&format!(r#""x": "{}""#, "y".repeat(4000)));
    assert!(matches!(long, ReadFault::TooLarge { limit: 4000 }), "{long:?}");
    assert!(matches!(fault(&format!(r#""x": {}"#, "[".repeat(9))), ReadFault::TooDeep { limit: 8 }));
    let objects = format!(r#""docket_entries": [{}]"#, ["{}"; 60].join(","));
    assert!(matches!(fault(&objects), ReadFault::TooMany { what: "objects", .. }));
    let values = format!(r#""x": [{}]"#, ["1"; 400].join(","));
    assert!(matches!(fault(&values), ReadFault::TooMany { what: "values", .. }));
    let brackets_in_text = format!(r#""cause": "{}""#, "[{\\\"".repeat(4));
    assert!(read(docket(&brackets_in_text).as_bytes(), &small).is_ok());
}

#[test]
fn docket_numbers_are_read_in_all_their_spellings() {
    for (text, canonical) in [
        ("2:06-cv-00350-SJO-JWJ", "2:06-cv-00350"),
        ("2:06-cv-350", "2:06-cv-00350"),
        ("2:2006-CV-350", "2:06-cv-00350"),
        ("3:07-cr-03257-BTM-1", "3:07-cr-03257"),
        ("10-1095", "10-01095"),
        ("92-04963", "92-04963"),
        ("1-10-41176", "1:10-41176"),
        ("10-01083-8-RDD", "10-01083"),
        ("1:1968-cv-00001", "1:1968-cv-00001"),
    ] {
        assert_eq!(text.parse::<DocketNumber>().unwrap().canonical(), canonical, "{text}");
    }
    let years = |text: &str| text.parse::<DocketNumber>().unwrap().year;
    assert_eq!((years("70-1"), years("99-1"), years("00-1"), years("69-1")), (1970, 1999, 2000, 2069));
    for text in
        ["", "2:06", "misc matter 4", "2:06-cv-", "2:06-cv-12345678901", "2:6-cv-1", "2:06-cv-1-A-B-C-D"]
    {
        assert!(text.parse::<DocketNumber>().is_err(), "{text}");
    }
    assert_eq!(docket_key("  In RE  Matter 4 "), "in re matter 4");
}

proptest! {
    #[test]
    fn a_number_survives_its_own_spelling(
        office in proptest::option::of("[0-9a-z]"), year in 1970_u16..2070, kind in "(cv|cr|bk|ap|mc|mj)",
        serial in 0_u32..999_999_999, assigned in proptest::option::of("[A-Z]{2,4}"), defendant in proptest::option::of(0_u32..999),
    ) {
        let number = DocketNumber { office, year, kind: Some(kind), serial, assigned, referred: None, defendant };
        let again: DocketNumber = number.to_string().parse().unwrap();
        prop_assert_eq!(&again, &number);
        prop_assert_eq!((&again.assigned, again.defendant), (&number.assigned, number.defendant));
        prop_assert_eq!(again.canonical().parse::<DocketNumber>().unwrap().canonical(), number.canonical());
    }

    #[test]
    fn no_text_breaks_the_number(text in "\\PC{0,70}|[0-9a-z:-]{0,30}") {
        let key = docket_key(&text);
        prop_assert_eq!(docket_key(&key), key);
    }

    #[test]
    fn a_cut_file_is_a_fault_and_never_a_panic(at in 0..SMALL.len()) {
        prop_assert!(read(&SMALL.as_bytes()[..at], &Limits::default()).is_err());
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(bytes.as_slice(), &Limits::default()).is_err());
    }

    #[test]
    fn one_changed_byte_never_panics(at in 0..SMALL.len(), byte in any::<u8>()) {
        let mut bytes = SMALL.as_bytes().to_vec();
        bytes[at] = byte;
        drop(read(bytes.as_slice(), &Limits::default()));
    }
}
