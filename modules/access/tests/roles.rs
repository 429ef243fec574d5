//! Who may do what: what is not granted is refused, and nobody hands out more than they have.

use access::{Action, Role};
use std::collections::BTreeSet;

#[test]
fn a_client_may_do_nothing_until_something_is_shared() {
    assert_eq!(Role::Client.permissions().count(), 0);
}

#[test]
fn whoever_runs_the_system_sees_no_clients_affairs() {
    let seen: Vec<&str> = Role::ItAdmin.permissions().collect();
    assert_eq!(seen, ["users:read", "users:manage", "operations:read"]);
}

#[test]
fn only_administrators_and_the_system_manage_users() {
    let managers: Vec<Role> = Role::ALL.into_iter().filter(|role| role.allows(Action::ManageUsers)).collect();
    assert_eq!(managers, [Role::SuperAdmin, Role::Admin, Role::ItAdmin]);
}

#[test]
fn nobody_below_partner_removes_cases_or_clients() {
    for role in Role::ALL {
        let may = role.allows(Action::DeleteCases) || role.allows(Action::DeleteClients);
        assert_eq!(may, matches!(role, Role::SuperAdmin | Role::Admin | Role::Partner), "{role}");
    }
}

#[test]
fn whoever_changes_a_thing_may_also_read_it() {
    let pairs = [
        (Action::EditClients, Action::ReadClients),
        (Action::OpenCases, Action::ReadCases),
        (Action::EditCases, Action::ReadCases),
        (Action::EditDocket, Action::ReadDocket),
        (Action::EditDocuments, Action::ReadDocuments),
        (Action::EditTime, Action::ReadTime),
        (Action::ManageUsers, Action::ReadUsers),
    ];
    for role in Role::ALL {
        for (change, read) in pairs {
            assert!(!role.allows(change) || role.allows(read), "{role}: {change:?}");
        }
    }
}

#[test]
fn nobody_assigns_a_role_above_their_own() {
    let above = |role: Role| match role {
        Role::SuperAdmin => 3,
        Role::Admin => 2,
        Role::ItAdmin => 1,
        _ => 0,
    };
    for giver in Role::ALL {
        for given in Role::ALL {
            if giver.may_assign(given) {
                assert!(above(giver) >= above(given), "{giver} gives {given}");
                assert!(giver.allows(Action::ManageUsers), "{giver}");
                let more =
                    Action::ALL.into_iter().find(|action| given.allows(*action) && !giver.allows(*action));
                assert_eq!(more, None, "{giver} gives {given}");
            }
        }
    }
    let of_operators: Vec<_> = Role::ALL.into_iter().filter(|role| Role::ItAdmin.may_assign(*role)).collect();
    assert_eq!(of_operators, [Role::ItAdmin, Role::Client]);
}

#[test]
fn names_and_codes_are_unique_and_read_back() {
    let codes: BTreeSet<&str> = Action::ALL.into_iter().map(Action::code).collect();
    assert_eq!(codes.len(), Action::ALL.len());
    for role in Role::ALL {
        assert_eq!(role.as_str().parse::<Role>().ok(), Some(role));
    }
    let unknown = "developer".parse::<Role>().unwrap_err().to_string();
    assert!(
        unknown.contains("super_admin") && unknown.contains("client"),
        "the message lists the roles: {unknown}"
    );
}
