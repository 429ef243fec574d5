//! Importing a docket again finds every line of it and adds none.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use chrono::NaiveDate;
use docket::identity::{ExistingEntry, Match, merge_text, merge_value, plan};
use docket::juriscraper::EntryRecord;
use proptest::prelude::*;
use std::collections::HashSet;

fn entry(seq: Option<&str>, number: Option<&str>, day: u32, text: &str) -> EntryRecord {
    EntryRecord {
        date_filed: NaiveDate::from_ymd_opt(2020, 1, day).unwrap(),
        date_entered: None,
        description: text.to_owned(),
        document_number: number.map(str::to_owned),
        pacer_doc_id: None,
        pacer_seq_no: seq.map(str::to_owned),
        page_count: None,
        file_size_bytes: None,
        attachments: Vec::new(),
    }
}

fn plan_against(known: &[EntryRecord], coming: &[EntryRecord]) -> Vec<Match> {
    let known: Vec<ExistingEntry<'_>> = known.iter().map(Into::into).collect();
    plan(&known, coming)
}

#[test]
fn the_sequence_number_decides_first() {
    let known = [entry(Some("7"), Some("101"), 1, "a"), entry(Some("8"), Some("101"), 1, "b")];
    let coming = [entry(Some("8"), Some("101"), 9, "changed"), entry(Some("9"), Some("101"), 1, "a")];
    assert_eq!(plan_against(&known, &coming), [Match::Existing(1), Match::New]);
}

#[test]
fn a_number_is_enough_where_one_side_has_no_sequence_number() {
    let known = [entry(None, Some("5"), 1, "old words"), entry(Some("3"), Some("6"), 1, "six")];
    let coming = [entry(Some("2"), Some("5"), 1, "new words"), entry(None, Some("6"), 1, "six, corrected")];
    assert_eq!(plan_against(&known, &coming), [Match::Existing(0), Match::Existing(1)]);
}

#[test]
fn text_entries_are_counted() {
    let one = entry(None, None, 1, "Receipt of fee");
    assert_eq!(plan_against(&[], &[one.clone(), one.clone()]), [Match::New, Match::New]);
    let known = [one.clone(), one.clone()];
    let coming = [one.clone(), one.clone(), one];
    assert_eq!(plan_against(&known, &coming), [Match::Existing(0), Match::Existing(1), Match::New]);
    assert_eq!(plan_against(&known, &[entry(None, None, 2, "Receipt of fee")]), [Match::New]);
}

#[test]
fn a_notice_without_number_is_the_entry_that_the_docket_numbers_later() {
    let known = [entry(None, None, 1, "ORDER granting  motion")];
    let coming = [entry(Some("4"), Some("12"), 1, "Order granting motion (Entered: 01/02/2020)")];
    assert_eq!(plan_against(&known, &coming), [Match::Existing(0)]);
    let twin = [entry(None, None, 1, "ORDER granting motion"), coming[0].clone()];
    assert_eq!(plan_against(&known, &twin), [Match::Existing(0), Match::New]);
}

#[test]
fn two_numbers_are_two_entries_whatever_their_text() {
    let known = [entry(None, Some("1"), 1, "ORDER")];
    assert_eq!(plan_against(&known, &[entry(None, Some("2"), 1, "ORDER")]), [Match::New]);
}

#[test]
fn silence_erases_nothing() {
    assert_eq!(merge_text(Some("old"), None), None);
    assert_eq!(merge_text(Some("old"), Some("  ")), None);
    assert_eq!(merge_text(Some("old"), Some("old")), None);
    assert_eq!(merge_text(Some("old text"), Some("old")), Some("old"));
    assert_eq!(merge_text(None, Some("new")), Some("new"));
    assert_eq!(merge_value(Some(&5), None), None);
    assert_eq!(merge_value(Some(&5), Some(6)), Some(6));
    assert_eq!(merge_value(Some(&5), Some(5)), None);
}

/// Few distinct marks, so that twins, shared numbers and shared texts are the rule. A sequence number is unique.
fn dockets() -> impl Strategy<Value = Vec<EntryRecord>> {
    let line = (any::<bool>(), proptest::option::of(1_u8..5), 1_u32..3, "[ab]");
    proptest::collection::vec(line, 0..24).prop_map(|lines| {
        let numbered = lines.into_iter().enumerate();
        numbered
            .map(|(at, (with_seq, number, day, text))| {
                let (seq, number) =
                    (with_seq.then(|| at.to_string()), number.map(|number| number.to_string()));
                entry(seq.as_deref(), number.as_deref(), day, &text)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn a_docket_against_itself_in_any_order_finds_each_line_once(
        (known, shuffled) in dockets().prop_flat_map(|docket| (Just(docket.clone()), Just(docket).prop_shuffle()))
    ) {
        let matches = plan_against(&known, &shuffled);
        let found: HashSet<usize> =
            matches.iter().filter_map(|found| match found { Match::Existing(at) => Some(*at), Match::New => None }).collect();
        prop_assert_eq!(found.len(), known.len());
        for (line, found) in shuffled.iter().zip(&matches) {
            if let Match::Existing(at) = found {
                prop_assert_eq!(&line.description, &known[*at].description);
                prop_assert_eq!(&line.pacer_seq_no, &known[*at].pacer_seq_no);
            }
        }
    }

    #[test]
    fn no_known_line_is_matched_twice(known in dockets(), coming in dockets()) {
        let mut taken = HashSet::new();
        for found in plan_against(&known, &coming) {
            if let Match::Existing(at) = found {
                prop_assert!(at < known.len() && taken.insert(at));
            }
        }
    }
}
