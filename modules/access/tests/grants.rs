//! What grants allow and deny beside the roles, as tables.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use access::grants::{
    Approval, Conditions, Decision, Effect, Grant, Hours, Moment, Network, Obligation, Policy, Reason,
    Ruling, Subject, WrittenHours,
};
use access::{Action, Principal, Role};
use clock::Timestamp;
use ids::{GrantId, Id, UserId};
use proptest::prelude::*;
use serde_json::json;

fn id<I: Id>(number: u8) -> I {
    I::from_parts(1, &[number; 10])
}

fn somebody(role: Role) -> Principal {
    Principal::of(id(1), id(9), role)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn moment() -> Moment {
    let address = Some("192.0.2.7".parse().unwrap());
    Moment { now: at("2026-03-02T12:00:00Z"), address, country: Some("DE".parse().unwrap()) }
}

fn grant(number: u8, subject: Subject, action: Action, effect: Effect) -> Grant {
    Grant {
        id: id::<GrantId>(number),
        subject,
        action,
        effect,
        conditions: Conditions::default(),
        reason: "A reason".to_owned(),
        granted_by: id(2),
        granted_at: at("2026-03-01T00:00:00Z"),
    }
}

fn hours(days: &[&str], from: &str, until: &str, zone: &str) -> Hours {
    let written = json!({ "days": days, "from": from, "until": until, "zone": zone });
    serde_json::from_value::<WrittenHours>(written).unwrap().try_into().unwrap()
}

/// A caller's role, what is granted, and whether it is allowed then.
type Line<'a> = (Role, &'a [(Subject, Effect)], bool);

#[test]
fn what_denies_comes_before_what_allows_and_what_nothing_allows_is_refused() {
    use Effect::{Allow, Deny};
    let (me, other): (UserId, UserId) = (id(1), id(3));
    let (role, user) = (Subject::Role, Subject::User);
    let table: [Line<'_>; 13] = [
        (Role::Clerk, &[], false),
        (Role::Clerk, &[(user(me), Allow)], true),
        (Role::Clerk, &[(user(other), Allow)], false),
        (Role::Clerk, &[(role(Role::Clerk), Allow)], true),
        (Role::Clerk, &[(role(Role::Staff), Allow)], false),
        (Role::Clerk, &[(user(me), Allow), (role(Role::Clerk), Deny)], false),
        (Role::Clerk, &[(role(Role::Clerk), Allow), (user(me), Deny)], false),
        (Role::Clerk, &[(user(me), Allow), (role(Role::Staff), Deny)], true),
        (Role::Partner, &[], true),
        (Role::Partner, &[(user(me), Deny)], false),
        (Role::Partner, &[(role(Role::Partner), Deny), (user(me), Allow)], false),
        (Role::Admin, &[(role(Role::Admin), Deny)], false),
        // Who sets a firm right again is never locked out.
        (
            Role::SuperAdmin,
            &[(role(Role::Admin), Deny), (role(Role::SuperAdmin), Deny), (user(me), Deny)],
            true,
        ),
    ];
    for (caller, grants, allowed) in table {
        let given = grants.iter().zip(1..);
        let given =
            given.map(|((subject, effect), number)| grant(number, *subject, Action::DeleteCases, *effect));
        let policy = Policy::new(given.collect());
        let decision = policy.decide(&somebody(caller), Action::DeleteCases, moment());
        assert_eq!(decision.allowed, allowed, "{caller} {grants:?}");
        // A grant for one action says nothing of another.
        let other = policy.decide(&somebody(caller), Action::ReadCases, moment());
        assert_eq!(other, Decision { allowed: true, reason: Reason::Role(caller), owes: None }, "{caller}");
    }
}

#[test]
fn the_row_that_decided_is_named() {
    let me = Subject::User(id(1));
    let policy = Policy::new(vec![
        grant(1, me, Action::Import, Effect::Allow),
        grant(2, me, Action::ReadCases, Effect::Deny),
    ]);
    let clerk = somebody(Role::Clerk);
    let reason = |action| policy.decide(&clerk, action, moment()).reason;
    assert_eq!(reason(Action::Import), Reason::Grant(id(1)));
    assert_eq!(reason(Action::ReadCases), Reason::Grant(id(2)));
    assert_eq!(reason(Action::ReadDocket), Reason::Role(Role::Clerk));
    assert_eq!(reason(Action::DeleteCases), Reason::Default);
}

#[test]
fn a_role_has_what_the_roles_it_implies_are_granted() {
    let policy = Policy::new(vec![grant(1, Subject::Role(Role::Admin), Action::Import, Effect::Allow)]);
    for (role, allowed) in [(Role::Admin, true), (Role::SuperAdmin, true), (Role::Clerk, false)] {
        assert_eq!(policy.decide(&somebody(role), Action::Import, moment()).allowed, allowed, "{role}");
    }
    assert_eq!(Role::SuperAdmin.implies(), [Role::Admin]);
}

#[test]
fn hours_go_by_the_clock_on_the_wall_also_over_midnight_and_when_it_is_set() {
    let office = hours(&["mon", "tue", "wed", "thu", "fri"], "08:00", "18:00", "America/Los_Angeles");
    let night = hours(&["fri"], "22:00", "02:00", "Europe/Berlin");
    let always = hours(&[], "00:00", "23:59", "UTC");
    let table = [
        // Monday, 2026-03-02: eight hours behind UTC.
        (&office, "2026-03-02T15:59:59Z", false),
        (&office, "2026-03-02T16:00:00Z", true),
        (&office, "2026-03-03T01:59:59Z", true),
        (&office, "2026-03-03T02:00:00Z", false),
        // Saturday there, Sunday in UTC.
        (&office, "2026-03-08T01:30:00Z", false),
        // From 2026-03-08 on seven hours behind: Monday, 8 o'clock.
        (&office, "2026-03-09T15:00:00Z", true),
        (&office, "2026-03-09T14:59:59Z", false),
        // Friday, 2026-03-27, 22:00 in Berlin, one hour ahead.
        (&night, "2026-03-27T20:59:59Z", false),
        (&night, "2026-03-27T21:00:00Z", true),
        (&night, "2026-03-28T00:59:59Z", true),
        (&night, "2026-03-28T01:00:00Z", false),
        // Thursday night is not Friday's, and Saturday night neither.
        (&night, "2026-03-27T00:30:00Z", false),
        (&night, "2026-03-28T21:30:00Z", false),
        // Friday, 2026-10-23, two hours ahead; the clock is set back on the Sunday after.
        (&night, "2026-10-23T20:00:00Z", true),
        (&night, "2026-10-30T20:30:00Z", false),
        (&night, "2026-10-30T21:00:00Z", true),
        (&always, "2026-03-02T23:59:30Z", false),
        (&always, "2026-03-02T00:00:00Z", true),
    ];
    for (hours, moment, holds) in table {
        assert_eq!(hours.contain(at(moment)), holds, "{hours:?} at {moment}");
    }
    // The hour that comes twice in Berlin is in the hours twice, and the one that there is not is in none.
    let sunday = hours(&["sun"], "02:00", "03:00", "Europe/Berlin");
    for (moment, holds) in [
        ("2026-10-25T00:30:00Z", true),
        ("2026-10-25T01:30:00Z", true),
        ("2026-10-25T02:30:00Z", false),
        ("2026-03-29T00:59:59Z", false),
        ("2026-03-29T01:00:00Z", false),
    ] {
        assert_eq!(sunday.contain(at(moment)), holds, "{moment}");
    }
}

#[test]
fn hours_that_cannot_be_are_refused_with_what_to_do() {
    for (written, word) in [
        (json!({ "days": ["monday"], "from": "08:00", "until": "18:00", "zone": "UTC" }), "mon, tue"),
        (json!({ "from": "8 am", "until": "18:00", "zone": "UTC" }), "08:00"),
        (json!({ "from": "24:00", "until": "18:00", "zone": "UTC" }), "08:00"),
        (json!({ "from": "08:00", "until": "18:00", "zone": "California" }), "IANA"),
        (json!({ "from": "08:00", "until": "08:00", "zone": "UTC" }), "whole day"),
    ] {
        let fault = Hours::try_from(serde_json::from_value::<WrittenHours>(written.clone()).unwrap());
        assert!(fault.unwrap_err().to_string().contains(word), "{written}");
    }
}

#[test]
fn networks_hold_their_addresses_and_no_others() {
    for (network, address, holds) in [
        ("192.0.2.0/24", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.3.0", false),
        ("192.0.2.9/32", "192.0.2.9", true),
        ("192.0.2.9/32", "192.0.2.8", false),
        ("0.0.0.0/0", "203.0.113.1", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("::/0", "2001:db9::1", true),
        // An IPv4 address as a socket of both families gives it (RFC 4291, 2.5.5.2).
        ("192.0.2.0/24", "::ffff:192.0.2.1", true),
    ] {
        let network: Network = network.parse().unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), holds, "{network} {address}");
    }
    for wrong in ["192.0.2.0", "192.0.2.0/33", "2001:db8::/129", "here/8", "192.0.2.0/", "/8"] {
        assert!(wrong.parse::<Network>().is_err(), "{wrong}");
    }
}

#[test]
fn from_where_nobody_knows_counts_against_the_caller() {
    let from = |network: &str, effect| {
        let conditions = Conditions { networks: vec![network.parse().unwrap()], ..Conditions::default() };
        Grant { conditions, ..grant(1, Subject::User(id(1)), Action::Import, effect) }
    };
    let within = |countries: &[&str], effect| {
        let countries = countries.iter().map(|code| code.parse().unwrap()).collect();
        let conditions = Conditions { countries, ..Conditions::default() };
        Grant { conditions, ..grant(1, Subject::User(id(1)), Action::Import, effect) }
    };
    let nowhere = Moment { address: None, country: None, ..moment() };
    for (effect, when, counts) in [
        (Effect::Allow, moment(), true),
        (Effect::Allow, nowhere, false),
        (Effect::Deny, moment(), true),
        (Effect::Deny, nowhere, true),
    ] {
        assert_eq!(from("192.0.2.0/24", effect).counts(when), counts, "{effect:?} {when:?}");
        assert_eq!(within(&["FR", "DE"], effect).counts(when), counts, "{effect:?} {when:?}");
        let elsewhere = effect == Effect::Deny && when == nowhere;
        assert_eq!(from("198.51.100.0/24", effect).counts(when), elsewhere);
        assert_eq!(within(&["FR"], effect).counts(when), elsewhere);
    }
    // From a network that is right and a country that is not known, and the other way round.
    let mut both = within(&["DE"], Effect::Allow);
    both.conditions.networks = vec!["192.0.2.0/24".parse().unwrap()];
    let stands = |moment: Moment| both.counts(moment);
    assert!(stands(moment()));
    assert!(!stands(Moment { country: None, ..moment() }) && !stands(Moment { address: None, ..moment() }));
    assert!(!stands(Moment { country: Some("FR".parse().unwrap()), ..moment() }));
}

#[test]
fn a_period_holds_its_beginning_and_not_its_end() {
    let mut limited = grant(1, Subject::User(id(1)), Action::Import, Effect::Allow);
    limited.conditions.from = Some(at("2026-03-01T00:00:00Z"));
    limited.conditions.until = Some(at("2026-04-01T00:00:00Z"));
    for (now, counts) in [
        ("2026-02-28T23:59:59Z", false),
        ("2026-03-01T00:00:00Z", true),
        ("2026-03-31T23:59:59Z", true),
        ("2026-04-01T00:00:00Z", false),
    ] {
        assert_eq!(limited.counts(Moment { now: at(now), ..moment() }), counts, "{now}");
    }
}

#[test]
fn a_condition_that_is_not_known_is_not_read() {
    for unknown in [
        json!({ "countries": ["USA"] }),
        json!({ "approvalBy": "judge" }),
        json!({ "mfa": true }),
        json!({ "maxRecords": 10 }),
    ] {
        assert!(serde_json::from_value::<Conditions>(unknown.clone()).is_err(), "{unknown}");
    }
}

#[test]
fn a_grant_that_asks_for_an_approval_counts_while_there_is_one_for_it() {
    let mut asking = grant(1, Subject::User(id(1)), Action::Import, Effect::Allow);
    asking.conditions.approval_by = Some(Role::Partner);
    let clerk = somebody(Role::Clerk);
    let approval = |grant: u8, approved: bool, over_at: &str| Approval {
        id: id(5),
        user: id(1),
        grant: id(grant),
        action: Action::Import,
        approver_role: Role::Partner,
        reason: "A reason".to_owned(),
        asked_at: at("2026-03-01T00:00:00Z"),
        over_at: at(over_at),
        ruling: Some(Ruling { by: id(2), at: at("2026-03-01T01:00:00Z"), approved, reason: None }),
    };
    let decide = |grants: &[Grant], approvals| {
        let policy = Policy::new(grants.to_vec()).with_approvals(approvals);
        policy.decide(&clerk, Action::Import, moment())
    };
    let asks = Decision { owes: Some(Obligation::Approval(Role::Partner)), ..Decision::REFUSED };
    let allowed = Decision { allowed: true, reason: Reason::Grant(id(1)), owes: None };
    let one = std::slice::from_ref(&asking);
    assert_eq!(decide(one, Vec::new()), asks);
    assert_eq!(decide(one, vec![approval(1, true, "2026-03-02T12:00:01Z")]), allowed);
    assert_eq!(decide(one, vec![approval(1, true, "2026-03-02T12:00:00Z")]), asks, "its time is over");
    assert_eq!(decide(one, vec![approval(1, false, "2026-03-03T00:00:00Z")]), asks, "declined");
    assert_eq!(decide(one, vec![approval(2, true, "2026-03-03T00:00:00Z")]), asks, "of another grant");
    let open = Approval { ruling: None, ..approval(1, true, "2026-03-03T00:00:00Z") };
    assert_eq!(decide(one, vec![open]), asks, "nobody has answered");
    // What the caller can do alone is named first.
    let mut proving = grant(2, Subject::User(id(1)), Action::Import, Effect::Allow);
    proving.conditions.step_up = true;
    for grants in [[asking.clone(), proving.clone()], [proving, asking.clone()]] {
        assert_eq!(decide(&grants, Vec::new()).owes, Some(Obligation::StepUp));
    }
    // One that asks for both counts with both.
    asking.conditions.step_up = true;
    let given = vec![approval(1, true, "2026-03-03T00:00:00Z")];
    assert_eq!(decide(std::slice::from_ref(&asking), given).owes, Some(Obligation::StepUp));
}

proptest! {
    /// Whatever is granted and denied, and in whatever order: one row that denies and counts is enough.
    #[test]
    fn no_order_of_rows_lets_an_allowance_past_a_denial(
        rows in proptest::collection::vec((0_u8..4, any::<bool>(), 0_usize..3), 0..12)
    ) {
        let subjects = [Subject::User(id(1)), Subject::User(id(3)), Subject::Role(Role::Clerk), Subject::Role(Role::Staff)];
        let actions = [Action::Import, Action::ReadCases, Action::DeleteCases];
        let grants: Vec<Grant> = rows.iter().map(|(subject, denies, action)| {
            let effect = if *denies { Effect::Deny } else { Effect::Allow };
            grant(1, subjects[usize::from(*subject)], actions[*action], effect)
        }).collect();
        let mine = |grant: &&Grant| matches!(grant.subject, Subject::User(user) if user == id(1))
            || grant.subject == Subject::Role(Role::Clerk);
        for action in actions {
            let of = |effect: Effect| grants.iter().filter(mine).any(|grant| grant.action == action && grant.effect == effect);
            let expected = !of(Effect::Deny) && (Role::Clerk.allows(action) || of(Effect::Allow));
            let policy = Policy::new(grants.clone());
            prop_assert_eq!(policy.decide(&somebody(Role::Clerk), action, moment()).allowed, expected);
            let mut turned = grants.clone();
            turned.reverse();
            prop_assert_eq!(Policy::new(turned).decide(&somebody(Role::Clerk), action, moment()).allowed, expected);
        }
    }
}
