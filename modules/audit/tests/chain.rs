//! A whole chain is never doubted, and whatever is done to one is found: altered, removed, moved, added, cut off, forged.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use audit::{Chain, Chained, Checkpoint, Entry, Fault, Form, Link, Mark, Trust, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use clock::SeededRandom;
use crypto::ed25519::KeyPair;
use ids::{FirmId, Id as _};
use proptest::prelude::*;
use uuid::Uuid;

fn firm() -> FirmId {
    FirmId::from_uuid(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001))
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn entry(number: u128, text: &str) -> Entry {
    Entry {
        seq: 0,
        id: Uuid::from_u128(number).into(),
        firm: firm(),
        user: (!number.is_multiple_of(3)).then(|| Uuid::from_u128(number % 5).into()),
        session: None,
        key: number.is_multiple_of(5).then(|| Uuid::from_u128(6).into()),
        action: "update".to_owned(),
        entity: "case".to_owned(),
        entity_id: Uuid::from_u128(7),
        case: Some(Uuid::from_u128(8).into()),
        outcome: "done".to_owned(),
        status: number.is_multiple_of(7).then_some(403),
        reason: number.is_multiple_of(2).then(|| text.to_owned()),
        changes: None,
        address: Some("192.0.2.1".to_owned()),
        user_agent: None,
        method: Some("PATCH".to_owned()),
        route: Some("/api/cases/{id}".to_owned()),
        correlation: text.to_owned(),
        elapsed_microseconds: (!number.is_multiple_of(11)).then_some(2417),
        at: time(i64::try_from(number).unwrap()),
    }
}

fn chain(length: u128) -> Vec<Chained> {
    let mut last = Link::BEGINNING;
    let sealed = (0..length).map(|number| {
        let changes = (!number.is_multiple_of(4)).then(|| format!("{{\"title\":[\"{number}\",null]}}"));
        let next = Chained::seal(entry(number, &format!("request {number}")), changes, &last);
        last = next.link();
        next
    });
    sealed.collect()
}

fn faults(entries: &[Chained]) -> Vec<Fault> {
    let mut reading = Chain::after(firm(), Link::BEGINNING);
    for entry in entries {
        reading.entry(entry);
    }
    reading.finish().1.told().to_vec()
}

fn key() -> KeyPair {
    KeyPair::generate(&SeededRandom::new(1))
}

/// One change of one field, by its number.
fn alter(chained: &mut Chained, field: usize) {
    let entry = &mut chained.entry;
    match field {
        0 => entry.id = Uuid::from_u128(99).into(),
        1 => entry.user = if entry.user.is_some() { None } else { Some(Uuid::from_u128(1).into()) },
        2 => entry.session = Some(Uuid::from_u128(2).into()),
        3 => entry.action.push('d'),
        4 => "party".clone_into(&mut entry.entity),
        5 => entry.entity_id = Uuid::from_u128(9),
        6 => entry.case = None,
        7 => "refused".clone_into(&mut entry.outcome),
        8 => entry.reason = if entry.reason.is_some() { None } else { Some(String::new()) },
        9 => chained.changes_text = Some("{}".to_owned()),
        10 => entry.address = Some("192.0.2.2".to_owned()),
        11 => entry.user_agent = Some(String::new()),
        12 => entry.method = None,
        13 => entry.route = Some("/api/cases".to_owned()),
        14 => entry.correlation.clear(),
        15 => entry.at += TimeDelta::microseconds(1),
        16 => entry.key = if entry.key.is_some() { None } else { Some(Uuid::from_u128(1).into()) },
        17 => entry.status = Some(404),
        18 => entry.elapsed_microseconds = Some(1),
        19 => chained.form = Form::First,
        _ => chained.hash[0] ^= 1,
    }
}

const FIELDS: usize = 21;

proptest! {
    #[test]
    fn an_untouched_chain_is_whole(length in 0..40_u128) {
        prop_assert_eq!(faults(&chain(length)), vec![]);
    }

    #[test]
    fn any_changed_field_of_any_entry_is_found(at in 0..20_usize, field in 0..FIELDS) {
        let mut entries = chain(20);
        alter(&mut entries[at], field);
        let found = faults(&entries);
        let number = i64::try_from(at).unwrap() + 1;
        // A changed hash shows at the entry itself and at the one that follows it.
        let told = found.contains(&Fault::Altered { seq: number });
        prop_assert!(told, "{:?}", found);
    }

    #[test]
    fn what_is_removed_is_named(from in 0..19_usize, count in 1..6_usize) {
        let mut entries = chain(25);
        entries.drain(from..from + count);
        let first = i64::try_from(from).unwrap() + 1;
        let last = first + i64::try_from(count).unwrap() - 1;
        prop_assert_eq!(faults(&entries), vec![Fault::Missing { from: first, to: last }]);
    }

    #[test]
    fn moved_and_repeated_entries_are_found(at in 0..19_usize) {
        let mut moved = chain(20);
        moved.swap(at, at + 1);
        prop_assert!(!faults(&moved).is_empty());
        let mut repeated = chain(20);
        let copy = repeated[at].clone();
        repeated.insert(at + 1, copy);
        let seq = i64::try_from(at).unwrap() + 1;
        prop_assert_eq!(faults(&repeated), vec![Fault::OutOfOrder { seq }]);
    }

    #[test]
    fn an_old_entry_played_again_at_the_end_is_found(at in 0..19_usize) {
        let mut entries = chain(20);
        let mut replayed = entries[at].clone();
        replayed.entry.seq = 21;
        entries.push(replayed);
        let told = faults(&entries).contains(&Fault::Altered { seq: 21 });
        prop_assert!(told);
    }

    #[test]
    fn what_was_written_anew_from_some_entry_on_is_found_at_the_next_checkpoint(at in 0..20_usize) {
        let whole = chain(20);
        let signed = whole[19].link();
        let checkpoint = Checkpoint::sign(&key(), firm(), Mark::Head, signed.seq, signed.hash, time(60));
        let mut forged = chain(u128::try_from(at).unwrap());
        let mut last = forged.last().map_or(Link::BEGINNING, Chained::link);
        for number in at..20_usize {
            let number = u128::try_from(number).unwrap();
            let next = Chained::seal(entry(number, "nothing happened"), None, &last);
            last = next.link();
            forged.push(next);
        }
        let mut reading = Chain::after(firm(), Link::BEGINNING);
        for entry in &forged {
            reading.entry(entry);
        }
        reading.checkpoint(&checkpoint);
        let (_, faults) = reading.finish();
        prop_assert_eq!(faults.told(), &[Fault::Rewritten { seq: 20 }]);
    }

    #[test]
    fn a_cut_tail_is_found_through_the_checkpoint(left in 0..20_u128) {
        let mut reading = Chain::after(firm(), Link::BEGINNING);
        for entry in &chain(left) {
            reading.entry(entry);
        }
        reading.ends_before(20);
        let last = i64::try_from(left).unwrap();
        let (_, faults) = reading.finish();
        prop_assert_eq!(faults.told(), &[Fault::CutOff { last, signed: 20 }]);
    }

    #[test]
    fn fields_cannot_lend_each_other_bytes(one in "[a-z]{1,8}", other in "[a-z]{1,8}") {
        let with = |action: &str, entity: &str| {
            let entry = Entry { action: action.to_owned(), entity: entity.to_owned(), ..entry(1, "x") };
            Chained::seal(entry, None, &Link::BEGINNING).hash
        };
        prop_assert_ne!(with(&one, &other), with(&format!("{one}{other}"), ""));
        prop_assert_ne!(with(&one, &other), with("", &format!("{one}{other}")));
    }
}

/// The hashes were made by another program, from the description in `docs/audit.md`.
#[test]
fn both_forms_have_the_hash_that_is_described_and_follow_each_other() {
    const FIRST: &str = "919c7587842c5c4fb8ecea052de57991b8966255ce01162c7d36f9fd95b2663a";
    const SECOND: &str = "ee0702a568456f3b65bb7784c2bdd8f1e59867ab7bd0cde059cc8138164b9cfa";
    let of_form = |form, seq, hash| {
        let plain = Entry { seq, key: None, status: None, elapsed_microseconds: None, ..entry(4, "why") };
        let entry = match form {
            Form::First => plain,
            Form::Second => Entry {
                key: Some(Uuid::from_u128(6).into()),
                status: Some(403),
                elapsed_microseconds: Some(2417),
                ..plain
            },
        };
        let changes_text = Some("{\"title\":[\"old\",\"n\u{e9}w\"]}".to_owned());
        Chained { entry, form, changes_text, hash: crypto::digest::from_hex(hash).unwrap() }
    };
    let whole = [of_form(Form::First, 1, FIRST), of_form(Form::Second, 2, SECOND)];
    assert_eq!(faults(&whole), vec![]);
    let sealed = Chained::seal(whole[1].entry.clone(), whole[1].changes_text.clone(), &whole[0].link());
    assert_eq!(sealed, whole[1]);
    // What the first form does not cover cannot be put into an entry of it.
    let additions: [fn(&mut Entry); 3] = [
        |entry| entry.key = Some(Uuid::from_u128(6).into()),
        |entry| entry.status = Some(200),
        |entry| entry.elapsed_microseconds = Some(0),
    ];
    for add in additions {
        let mut altered = whole.clone();
        add(&mut altered[0].entry);
        assert_eq!(faults(&altered), vec![Fault::Altered { seq: 1 }]);
    }
}

#[test]
fn an_entry_of_another_firm_or_from_before_is_found() {
    let mut entries = chain(3);
    entries[1].entry.firm = FirmId::from_uuid(Uuid::from_u128(5));
    assert_eq!(faults(&entries), vec![Fault::OtherFirm { seq: 2 }, Fault::Altered { seq: 2 }]);
    let first = Chained::seal(entry(10, "x"), None, &Link::BEGINNING);
    let earlier = Chained::seal(entry(3, "x"), None, &first.link());
    assert_eq!(faults(&[first, earlier]), vec![Fault::ClockBack { seq: 2 }]);
}

#[test]
fn only_trusted_signatures_about_this_firm_count() {
    let (key, other) = (key(), KeyPair::generate(&SeededRandom::new(2)));
    let trust = Trust::new(vec![key.public()]);
    let signed = |key: &KeyPair| Checkpoint::sign(key, firm(), Mark::Head, 4, [7; 32], time(0));
    assert_eq!(trust.fault(firm(), &signed(&key)), None);
    let unknown = Fault::UnknownKey { seq: 4, key: other.public().id() };
    assert_eq!(trust.fault(firm(), &signed(&other)), Some(unknown));
    let bad = Some(Fault::BadSignature { seq: 4, key: key.public().id() });
    assert_eq!(trust.fault(FirmId::from_uuid(Uuid::from_u128(5)), &signed(&key)), bad);
    let mut other_key_named = signed(&other);
    other_key_named.key = key.public().id();
    assert_eq!(trust.fault(firm(), &other_key_named), bad);
    let changes: [fn(&mut Checkpoint); 4] = [
        |signed| signed.seq = 3,
        |signed| signed.mark = Mark::Tombstone,
        |signed| signed.hash[0] ^= 1,
        |signed| signed.at += TimeDelta::microseconds(1),
    ];
    for change in changes {
        let mut changed = signed(&key);
        change(&mut changed);
        assert!(matches!(trust.fault(firm(), &changed), Some(Fault::BadSignature { .. })), "{changed:?}");
    }
}

#[test]
fn many_faults_are_counted_and_the_first_are_told() {
    let mut entries = chain(400);
    for chained in &mut entries {
        chained.entry.correlation.clear();
    }
    let mut reading = Chain::after(firm(), Link::BEGINNING);
    for entry in &entries {
        reading.entry(entry);
    }
    let (looked, faults) = reading.finish();
    assert_eq!((looked, faults.count(), faults.told().len()), (400, 400, audit::MOST_FAULTS));
    assert_eq!(Verdict { fault_count: 1, ..Verdict::default() }.state(), audit::State::Broken);
}
