//! What a role on the team of a case allows there, and that nothing of it counts elsewhere.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use access::grants::{Conditions, Effect, Grant, Moment, OnCase, Policy, Reason, Statuses, Subject};
use access::{Action, KeyGrant, Principal, Role, Scopes};
use ids::{Id, UserId};

fn id<I: Id>(number: u8) -> I {
    I::from_parts(1, &[number; 10])
}

fn client() -> Principal {
    Principal::of(id(1), id(9), Role::Client)
}

fn moment() -> Moment {
    Moment { now: clock::Timestamp::UNIX_EPOCH, address: None, country: None }
}

/// An open case on whose team the caller has this role.
fn open(role: Role) -> OnCase {
    OnCase { role: Some(role), status: Statuses::of(&["open"]).unwrap() }
}

fn denied(subject: Subject, action: Action) -> Grant {
    Grant {
        id: id(7),
        subject,
        action,
        effect: Effect::Deny,
        conditions: Conditions::default(),
        reason: "A reason".to_owned(),
        granted_by: id(2),
        granted_at: clock::Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_case_role_allows_what_is_done_to_a_case_and_no_more_than_the_role_does_in_the_firm() {
    for role in Role::ALL {
        for action in Action::ALL.into_iter().filter(|action| role.allows_on_case(*action)) {
            assert!(action.is_of_case() && !action.needs_person(), "{role}: {action:?}");
            assert!(role == Role::Client || role.allows(action), "{role}: {action:?}");
            assert!(
                role.allows_on_case(Action::ReadCases),
                "{role} sees the case that {action:?} is done to"
            );
        }
    }
    let codes = |role: Role| -> Vec<_> {
        Action::ALL.into_iter().filter(|action| role.allows_on_case(*action)).map(Action::code).collect()
    };
    assert_eq!(codes(Role::Client), ["cases:read", "docket:read"]);
    assert_eq!(
        codes(Role::Paralegal),
        [
            "cases:read",
            "cases:update",
            "docket:read",
            "docket:update",
            "documents:read",
            "documents:update",
            "time:read",
            "time:update"
        ]
    );
    assert_eq!(codes(Role::Partner).len(), 10);
    let none: Vec<_> = Role::ALL.into_iter().filter(|role| !role.is_case_role()).collect();
    assert_eq!(none, [Role::SuperAdmin, Role::Admin, Role::ItAdmin]);
}

#[test]
fn on_a_case_one_may_read_what_one_changes() {
    let pairs = [
        (Action::EditCases, Action::ReadCases),
        (Action::EditDocket, Action::ReadDocket),
        (Action::DeleteDocket, Action::ReadDocket),
        (Action::EditDocuments, Action::ReadDocuments),
        (Action::DeleteDocuments, Action::ReadDocuments),
        (Action::EditTime, Action::ReadTime),
    ];
    for role in Role::ALL {
        for (change, read) in pairs {
            assert!(!role.allows_on_case(change) || role.allows_on_case(read), "{role}: {change:?}");
        }
    }
}

#[test]
fn what_a_team_allows_is_not_allowed_in_the_firm() {
    let policy = Policy::default().on_cases(vec![Role::Partner]);
    for action in Action::ALL {
        assert!(!policy.decide(&client(), action, moment()).allowed, "{action:?}");
        assert_eq!(
            policy.allows_on_some_case(&client(), action, moment()),
            action.is_of_case(),
            "{action:?}"
        );
    }
    let decision = policy.decide_on_case(&client(), open(Role::Partner), Action::EditDocket, moment());
    assert_eq!((decision.allowed, decision.reason), (true, Reason::CaseTeam(Role::Partner)));
    // The role in the firm comes first, and no team takes it away.
    let clerk = Principal { role: Role::Clerk, ..client() };
    let decision = policy.decide_on_case(&clerk, open(Role::Client), Action::EditDocket, moment());
    assert_eq!((decision.allowed, decision.reason), (true, Reason::Role(Role::Clerk)));
    assert!(!Policy::default().allows_on_some_case(&client(), Action::ReadCases, moment()));
}

#[test]
fn a_denial_counts_on_every_case_too() {
    let me: UserId = id(1);
    for subject in [Subject::User(me), Subject::Role(Role::Client)] {
        let policy = Policy::new(vec![denied(subject, Action::ReadDocket)]).on_cases(vec![Role::Client]);
        let decision = policy.decide_on_case(&client(), open(Role::Client), Action::ReadDocket, moment());
        assert_eq!((decision.allowed, decision.reason), (false, Reason::Grant(id(7))), "{subject:?}");
        assert!(!policy.allows_on_some_case(&client(), Action::ReadDocket, moment()));
        assert!(policy.allows_on_some_case(&client(), Action::ReadCases, moment()));
    }
    // It is for a role in the firm, not for the same role on a case.
    let other = Policy::new(vec![denied(Subject::Role(Role::Paralegal), Action::ReadDocket)]);
    let other = other.on_cases(vec![Role::Paralegal]);
    assert!(other.allows_on_some_case(&client(), Action::ReadDocket, moment()));
}

#[test]
fn a_key_may_no_more_than_its_scopes_on_a_case() {
    let scopes: Scopes = [Action::ReadCases].into_iter().collect();
    let key = Principal { key: Some(KeyGrant { id: id(5), scopes }), ..client() };
    let policy = Policy::default().on_cases(vec![Role::Partner]);
    for action in Action::ALL {
        let allowed = action == Action::ReadCases;
        assert_eq!(policy.allows_on_some_case(&key, action, moment()), allowed, "{action:?}");
    }
}
