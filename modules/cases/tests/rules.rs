//! The rules that need no database: status, numbers, other names, docket numbers.

use cases::{AliasKind, Case, CaseFields, CaseStatus, NumberTemplate, TemplateFault, aliases, docket_key};
use chrono::TimeDelta;
use clock::Timestamp;
use ids::{CaseId, Id};
use proptest::prelude::*;

fn any_status() -> impl Strategy<Value = CaseStatus> {
    proptest::sample::select(CaseStatus::ALL.to_vec())
}

fn new_case() -> Case {
    let fields = CaseFields { title: "In re Harbor".to_owned(), ..CaseFields::default() };
    Case::open(CaseId::from_parts(1, &[1; 10]), fields, Timestamp::UNIX_EPOCH)
}

proptest! {
    /// Whatever steps are tried: only listed ones succeed, each raises the version by one, and a case has a day of
    /// closing exactly while it is closed or archived.
    #[test]
    fn a_case_only_takes_allowed_steps(steps in prop::collection::vec(any_status(), 0..30)) {
        let mut case = new_case();
        for (hours, to) in (1..).zip(steps) {
            let now = Timestamp::UNIX_EPOCH + TimeDelta::hours(hours);
            let allowed = case.fields.status.next().contains(&to);
            match case.moved(to, now) {
                Ok(after) => {
                    prop_assert!(allowed);
                    prop_assert_eq!(after.fields.status, to);
                    prop_assert_eq!(after.version, case.version + 1);
                    prop_assert_eq!(after.closed_at.is_some(), to.is_over());
                    if case.fields.status == CaseStatus::Closed && to == CaseStatus::Archived {
                        prop_assert_eq!(after.closed_at, case.closed_at);
                    }
                    case = after;
                }
                Err(refusal) => {
                    prop_assert!(!allowed);
                    prop_assert_eq!((refusal.from, refusal.to), (case.fields.status, to));
                }
            }
        }
    }

    /// A change of fields obeys the same rule, and staying is never refused.
    #[test]
    fn fields_change_the_status_by_the_same_steps(from in any_status(), to in any_status()) {
        let mut case = new_case();
        case.fields.status = from;
        case.closed_at = from.is_over().then_some(Timestamp::UNIX_EPOCH);
        let fields = CaseFields { status: to, description: Some("more".to_owned()), ..case.fields.clone() };
        let changed = case.with(fields, Timestamp::UNIX_EPOCH);
        prop_assert_eq!(changed.is_ok(), from == to || from.next().contains(&to));
        if let Ok(Some(after)) = changed {
            prop_assert_eq!(after.closed_at.is_some(), to.is_over());
        }
    }

    /// Two running numbers never give one case number, whatever the template.
    #[test]
    fn numbers_stay_apart(
        template in r"[A-Z]{0,3}(\{YYYY\}-)?(\{practice\})?-\{seq(:[1-9])?\}",
        a in 1..i64::MAX, b in 1..i64::MAX, practice in "[a-zé ]{0,9}",
    ) {
        let template: NumberTemplate = template.parse().unwrap();
        let (a_number, b_number) = (template.number(2026, Some(&practice), a), template.number(2026, Some(&practice), b));
        prop_assert_eq!(a == b, a_number == b_number);
    }

    #[test]
    fn nothing_makes_the_readers_of_names_panic(name in any::<String>(), lines in any::<String>()) {
        let found = aliases(&name, Some(&lines));
        prop_assert!(found.len() <= 50 && found.iter().all(|alias| !alias.name.is_empty()));
        let _key = docket_key(&name);
        let _template = lines.parse::<NumberTemplate>();
    }
}

#[test]
fn the_template_gives_the_firms_numbers() {
    let number = |template: &str| {
        template.parse::<NumberTemplate>().map(|template| template.number(2026, Some("Real estate"), 42))
    };
    assert_eq!(number(NumberTemplate::DEFAULT).unwrap(), "2026-00042");
    assert_eq!(number("{YYYY}-{practice}-{seq:3}").unwrap(), "2026-REAL-042");
    assert_eq!(number("M{seq}").unwrap(), "M42");
    assert_eq!(number("{YYYY}"), Err(TemplateFault::Sequence));
    assert_eq!(number("{seq}/{seq}"), Err(TemplateFault::Sequence));
    assert_eq!(number("{month}-{seq}"), Err(TemplateFault::Field("month".to_owned())));
    assert_eq!(number("{seq"), Err(TemplateFault::Field("seq".to_owned())));
    assert_eq!(number("{seq:99}"), Err(TemplateFault::Field("seq:99".to_owned())));
    assert_eq!(number(&format!("{{seq}}{}", "x".repeat(60))), Err(TemplateFault::Text));
}

#[test]
fn other_names_are_read_from_a_listing() {
    let read = |name: &str, lines: Option<&str>| {
        aliases(name, lines).into_iter().map(|alias| (alias.kind, alias.name)).collect::<Vec<_>>()
    };
    let known = |kind, name: &str| vec![(kind, name.to_owned())];
    assert_eq!(
        read("Copperline LLC,  (f/k/a Harbor Motors LLC)", None),
        known(AliasKind::FormerlyKnownAs, "Harbor Motors LLC")
    );
    assert_eq!(
        read("State Loan Agency d/b/a Keystone Education Services", None),
        known(AliasKind::DoingBusinessAs, "Keystone Education Services")
    );
    assert_eq!(
        read("The Creditors of Copperline LLC f/k/a Harbor Motors LLC, et al.", None),
        known(AliasKind::FormerlyKnownAs, "Harbor Motors LLC")
    );
    assert_eq!(
        read("Epsilon", Some("a/k/a The Garden Group, Inc.\n1985 Lake Avenue")),
        known(AliasKind::AlsoKnownAs, "The Garden Group, Inc.")
    );
    assert_eq!(
        read("HARBOR CAPITAL DBA HOMELINE S/H/A HOMELINE CORP.", None),
        known(AliasKind::DoingBusinessAs, "HOMELINE")
    );
    assert_eq!(
        read("Jan Novak aka Johnny Novak aka J. Novak (USA) n/k/a Jan Nova", None),
        vec![
            (AliasKind::AlsoKnownAs, "Johnny Novak".to_owned()),
            (AliasKind::AlsoKnownAs, "J. Novak (USA)".to_owned()),
            (AliasKind::NowKnownAs, "Jan Nova".to_owned()),
        ]
    );
    assert_eq!(read("Aka Holdings v. Takadba Ltd", Some("c/o Kaka/k/abc")), vec![]);
}

#[test]
fn docket_numbers_of_one_case_have_one_key() {
    assert_eq!(docket_key("2:06-cv-00350-SJO-JWJ"), docket_key("2:06-CV-350"));
    assert_ne!(docket_key("2:06-cv-00350"), docket_key("1:06-cv-00350"));
    assert_eq!(docket_key("  Misc.  12 "), "misc. 12");
}

#[test]
fn grants_know_every_status_of_a_case_by_its_name() {
    assert_eq!(access::grants::Statuses::NAMES, cases::CaseStatus::ALL.map(cases::CaseStatus::as_str));
}
