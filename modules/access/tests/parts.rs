//! Grants about a part: cases of some statuses, fields, so many records.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use access::grants::{
    Conditions, Decision, Delegation, Effect, Grant, Lent, Moment, OnCase, Policy, Reach, Reason, Statuses,
    Subject,
};
use access::{Action, Principal, Role};
use ids::{Id, UserId};
use proptest::prelude::*;

fn id<I: Id>(number: u8) -> I {
    I::from_parts(1, &[number; 10])
}

fn somebody(role: Role) -> Principal {
    Principal::of(id(1), id(9), role)
}

fn moment() -> Moment {
    Moment { now: clock::Timestamp::UNIX_EPOCH, address: None, country: None }
}

fn statuses(names: &[&str]) -> Statuses {
    Statuses::of(names).unwrap()
}

fn grant(number: u8, effect: Effect, action: Action, conditions: Conditions) -> Grant {
    Grant {
        id: id(number),
        subject: Subject::User(id::<UserId>(1)),
        action,
        effect,
        conditions,
        reason: "A reason".to_owned(),
        granted_by: id(2),
        granted_at: clock::Timestamp::UNIX_EPOCH,
    }
}

fn on(names: &[&str]) -> Conditions {
    Conditions { case_statuses: statuses(names), ..Conditions::default() }
}

fn without(fields: &[&str]) -> Conditions {
    Conditions { fields: fields.iter().map(ToString::to_string).collect(), ..Conditions::default() }
}

fn most(records: u32) -> Conditions {
    Conditions { most_records: Some(records), ..Conditions::default() }
}

#[test]
fn statuses_are_kept_by_their_names() {
    let kept = serde_json::to_value(on(&["closed", "open"])).unwrap();
    assert_eq!(kept, serde_json::json!({ "caseStatuses": ["open", "closed"] }));
    assert_eq!(serde_json::from_value::<Conditions>(kept).unwrap(), on(&["open", "closed"]));
    assert_eq!(serde_json::to_value(Conditions::default()).unwrap(), serde_json::json!({}));
    let unknown = serde_json::from_value::<Conditions>(serde_json::json!({ "caseStatuses": ["lost"] }));
    assert!(unknown.unwrap_err().to_string().contains("open, on_hold, closed, archived"));
    assert_eq!(!statuses(&["open"]), statuses(&["on_hold", "closed", "archived"]));
    assert_eq!(!Statuses::ALL, Statuses::NONE);
}

#[test]
fn what_is_denied_on_closed_cases_is_allowed_on_the_others() {
    let policy = Policy::new(vec![grant(1, Effect::Deny, Action::EditCases, on(&["closed", "archived"]))]);
    let associate = somebody(Role::Associate);
    let reach = policy.reach(&associate, Action::EditCases, moment());
    assert_eq!(reach, Reach { barred: statuses(&["closed", "archived"]), ..Reach::WHOLE });
    let at = |status: &str| OnCase { role: None, status: statuses(&[status]) };
    let decide = |status| policy.decide_on_case(&associate, at(status), Action::EditCases, moment());
    assert_eq!(decide("open"), Decision { allowed: true, reason: Reason::Role(Role::Associate), owes: None });
    assert_eq!(decide("closed"), Decision { allowed: false, reason: Reason::Grant(id(1)), owes: None });
    assert_eq!(policy.reach(&associate, Action::ReadCases, moment()), Reach::WHOLE);
    // Who may do it in part neither hands it on nor lifts what denies it; a super administrator is never denied.
    assert!(!policy.allows_for_good(&associate, Action::EditCases, moment()));
    assert!(policy.denies(&associate, Action::EditCases, moment()));
    let first = somebody(Role::SuperAdmin);
    assert_eq!(policy.reach(&first, Action::EditCases, moment()), Reach::WHOLE);
}

#[test]
fn what_is_allowed_on_open_cases_is_allowed_nowhere_else() {
    let policy = Policy::new(vec![grant(1, Effect::Allow, Action::ReadCases, on(&["open"]))]);
    let client = somebody(Role::Client);
    assert!(!policy.decide(&client, Action::ReadCases, moment()).allowed);
    assert!(!policy.allows_for_good(&client, Action::ReadCases, moment()));
    assert!(policy.allows_on_some_case(&client, Action::ReadCases, moment()));
    let reach = policy.reach(&client, Action::ReadCases, moment());
    assert_eq!(reach, Reach { statuses: statuses(&["open"]), ..Reach::NOWHERE });
    // Nothing is left where the same is denied whole.
    let denial = grant(2, Effect::Deny, Action::ReadCases, Conditions::default());
    let policy = Policy::new(vec![policy.grants()[0].clone(), denial]).on_cases(vec![Role::Partner]);
    assert!(policy.reach(&client, Action::ReadCases, moment()).is_nowhere());
}

#[test]
fn nobody_lends_on_cases_on_which_it_is_denied_to_themselves() {
    let lender = Policy::new(vec![Grant {
        subject: Subject::User(id(5)),
        ..grant(1, Effect::Deny, Action::EditDocket, on(&["closed"]))
    }]);
    let delegation = Delegation {
        id: id(6),
        lender: id(5),
        lender_role: Role::Partner,
        delegate: id(1),
        actions: vec![Action::EditDocket],
        from: clock::Timestamp::UNIX_EPOCH,
        until: clock::Timestamp::MAX_UTC,
        reason: "Away".to_owned(),
        made_by: id(5),
        made_at: clock::Timestamp::UNIX_EPOCH,
    };
    let policy = Policy::default().with_lent(vec![Lent { delegation, powers: lender }]);
    let intern = somebody(Role::Intern);
    let reach = policy.reach(&intern, Action::EditDocket, moment());
    assert_eq!(reach, Reach { statuses: statuses(&["open", "on_hold", "archived"]), ..Reach::NOWHERE });
    let decide = |status: &str| {
        let case = OnCase { role: None, status: statuses(&[status]) };
        policy.decide_on_case(&intern, case, Action::EditDocket, moment())
    };
    assert_eq!(decide("open").reason, Reason::Delegation(id(6)));
    assert!(!decide("closed").allowed);
}

#[test]
fn nothing_is_lent_of_which_fields_or_records_are_denied_to_the_lender() {
    for part in [without(&["description"]), most(5)] {
        let lender = Policy::new(vec![grant(1, Effect::Deny, Action::ReadTime, part)]);
        let partner = somebody(Role::Partner);
        assert!(lender.decide(&partner, Action::ReadTime, moment()).allowed);
        assert!(lender.lends(&partner, Action::ReadTime, moment()).is_nowhere());
        assert_eq!(lender.lends(&partner, Action::ReadCases, moment()), Reach::WHOLE);
    }
}

#[test]
fn what_may_not_be_seen_by_its_status_may_not_be_changed_either() {
    let policy = Policy::new(vec![grant(1, Effect::Deny, Action::ReadDocuments, on(&["closed"]))]);
    let associate = somebody(Role::Partner);
    for action in [Action::ReadDocuments, Action::EditDocuments, Action::DeleteDocuments] {
        assert_eq!(policy.reach(&associate, action, moment()).barred, statuses(&["closed"]), "{action:?}");
        let case = OnCase { role: None, status: statuses(&["closed"]) };
        assert!(!policy.decide_on_case(&associate, case, action, moment()).allowed, "{action:?}");
    }
    assert_eq!(policy.reach(&associate, Action::EditDocket, moment()), Reach::WHOLE);
}

#[test]
fn fields_and_records_are_denied_beside_what_is_allowed() {
    let policy = Policy::new(vec![
        grant(1, Effect::Deny, Action::ReadClients, without(&["email", "notes"])),
        grant(2, Effect::Deny, Action::ReadClients, without(&["phone", "email"])),
        grant(3, Effect::Deny, Action::ReadClients, most(50)),
        grant(4, Effect::Deny, Action::ReadClients, most(20)),
    ]);
    let clerk = somebody(Role::Clerk);
    assert!(policy.decide(&clerk, Action::ReadClients, moment()).allowed);
    assert_eq!(policy.masked(&clerk, Action::ReadClients, moment()), ["email", "phone", "notes"]);
    assert_eq!(policy.most_records(&clerk, Action::ReadClients, moment()), Some(20));
    assert!(!policy.allows_for_good(&clerk, Action::ReadClients, moment()));
    assert!(policy.masked(&clerk, Action::ReadTime, moment()).is_empty());
    assert_eq!(policy.most_records(&clerk, Action::ReadCases, moment()), None);
}

#[test]
fn a_part_that_an_action_does_not_have_is_refused() {
    let fault =
        |conditions: Conditions, effect, action| conditions.check_part(effect, action).unwrap_err().field;
    let (allow, deny) = (Effect::Allow, Effect::Deny);
    assert_eq!(fault(on(&["open"]), deny, Action::ReadClients), "caseStatuses");
    assert_eq!(fault(on(&["open"]), allow, Action::DeleteCases), "caseStatuses");
    assert_eq!(fault(without(&["email"]), allow, Action::ReadClients), "fields");
    assert_eq!(fault(without(&["name"]), deny, Action::ReadClients), "fields");
    assert_eq!(fault(without(&["email"]), deny, Action::ReadCases), "fields");
    assert_eq!(fault(most(5), allow, Action::ReadCases), "mostRecords");
    assert_eq!(fault(most(5), deny, Action::EditCases), "mostRecords");
    let both = Conditions { most_records: Some(1), ..on(&["open"]) };
    assert_eq!(fault(both, deny, Action::ReadCases), "mostRecords");
    for (conditions, effect, action) in [
        (on(&["open"]), allow, Action::ReadCases),
        (on(&["open"]), deny, Action::DeleteCases),
        (without(&["email"]), deny, Action::ReadClients),
        (most(5), deny, Action::Search),
        (Conditions::default(), allow, Action::Import),
    ] {
        assert_eq!(conditions.check_part(effect, action), Ok(()));
    }
}

fn any_statuses() -> impl Strategy<Value = Statuses> {
    proptest::sample::subsequence(Statuses::NAMES.to_vec(), 0..=4).prop_map(|names| statuses(&names))
}

proptest! {
    /// What is seen of a case is what is decided on it: the statement and the decision say the same.
    #[test]
    fn the_reach_and_the_decision_on_each_case_agree(
        rows in proptest::collection::vec((any::<bool>(), any_statuses()), 0..6),
        role in proptest::sample::select(vec![Role::Client, Role::Clerk]),
        on_team in any::<bool>(),
    ) {
        let grants = rows.iter().map(|(denies, statuses)| {
            let effect = if *denies { Effect::Deny } else { Effect::Allow };
            grant(1, effect, Action::ReadDocket, Conditions { case_statuses: *statuses, ..Conditions::default() })
        }).collect();
        let team = on_team.then_some(Role::Paralegal);
        let policy = Policy::new(grants).on_cases(team.into_iter().collect());
        let caller = somebody(role);
        let reach = policy.reach(&caller, Action::ReadDocket, moment());
        for name in Statuses::NAMES {
            let case = OnCase { role: team, status: statuses(&[name]) };
            let allowed = policy.decide_on_case(&caller, case, Action::ReadDocket, moment()).allowed;
            let reached = (reach.everywhere || reach.on_teams || reach.statuses.contains(case.status))
                && !reach.barred.contains(case.status);
            prop_assert_eq!(allowed, reached, "{}: {:?}", name, reach);
        }
    }
}
