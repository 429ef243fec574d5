//! Users through the service, on a real database.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::{Action, Role};
use accounts::{Change, Direction, Error, Filter, NewFirm, Sort, Verdict};
use chrono::TimeDelta;
use crypto::Secret;
use support::{PASSWORD, World, person};

fn role(role: Role) -> Change {
    Change { role: Some(role), ..Change::default() }
}

fn active(active: bool) -> Change {
    Change { active: Some(active), ..Change::default() }
}

#[tokio::test]
async fn the_first_start_makes_a_firm_with_a_super_administrator() {
    let world = World::new().await;
    assert!(accounts::find_first_firm(&world.app).await.unwrap().is_none());
    let ctx = world.firm("Moreno & Kline").await;
    let firm = accounts::find_first_firm(&world.app).await.unwrap().expect("a firm");
    assert_eq!((firm.id, firm.slug.as_str()), (ctx.firm(), "moreno-kline"));
    let admin = accounts::first_administrator(&world.app, firm.id).await.unwrap().expect("an administrator");
    assert_eq!((admin.user, admin.role), (ctx.user(), Role::SuperAdmin));
    assert_eq!(audit::entries_of(ctx.reader(), firm.id, firm.id, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_weak_first_password_makes_no_firm() {
    let world = World::new().await;
    let admin = person("Root", "Keeper", "root@example.com", Role::SuperAdmin);
    let firm = NewFirm { name: "Moreno".to_owned() };
    let made =
        accounts::create_firm_with_admin(&world.app, &world.hasher, firm, admin, Secret::new("password1234"))
            .await;
    assert!(matches!(made, Err(Error::Weak { field: "password", .. })), "{made:?}");
    assert!(accounts::find_first_firm(&world.app).await.unwrap().is_none());
}

#[tokio::test]
async fn an_address_is_taken_once_on_the_server_whatever_its_case() {
    let world = World::new().await;
    let (one, other) = (world.firm("One").await, world.firm("Other").await);
    world.add(&one, "Ada", Role::Attorney).await;
    let again = person("Ada", "Again", "ADA@Example.com", Role::Clerk);
    let added = accounts::add_user(&other, &world.hasher, again, Secret::new(PASSWORD)).await;
    assert!(matches!(added, Err(Error::EmailTaken)), "{added:?}");
}

#[tokio::test]
async fn a_user_of_another_firm_does_not_exist() {
    let world = World::new().await;
    let (one, other) = (world.firm("One").await, world.firm("Other").await);
    let ada = world.add(&one, "Ada", Role::Attorney).await;
    assert!(matches!(accounts::find_user(&other, ada.id).await, Err(Error::NotFound(id)) if id == ada.id));
    let changed = accounts::change_user(&other, &world.watch, ada.id, None, &role(Role::Clerk)).await;
    assert!(matches!(changed, Err(Error::NotFound(_))), "{changed:?}");
    let set =
        accounts::set_password(&other, &world.hasher, &world.watch, ada.id, Secret::new(PASSWORD)).await;
    assert!(matches!(set, Err(Error::NotFound(_))), "{set:?}");
    let (found, total) = list(&other, &Filter::default()).await;
    assert_eq!((found, total), (vec!["Root".to_owned()], 1));
}

async fn list(ctx: &access::Ctx, filter: &Filter) -> (Vec<String>, u64) {
    let order = (Sort::FirstName, Direction::Ascending);
    let (users, total) = accounts::list_users(ctx, filter, order, (0, 100)).await.expect("a list");
    (users.into_iter().map(|user| user.first_name).collect(), total)
}

#[tokio::test]
async fn a_list_is_searched_filtered_sorted_and_cut_into_pages() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    for (name, role) in [("Cleo", Role::Clerk), ("Ada", Role::Attorney), ("Bo_b", Role::Clerk)] {
        world.add(&ctx, name, role).await;
    }
    let bob = list(&ctx, &Filter { search: Some("BO_B".to_owned()), ..Filter::default() }).await;
    assert_eq!(bob, (vec!["Bo_b".to_owned()], 1));
    let wild = list(&ctx, &Filter { search: Some("%".to_owned()), ..Filter::default() }).await;
    assert_eq!(wild.1, 0, "a wildcard was not taken literally");
    let clerks =
        list(&ctx, &Filter { role: Some(Role::Clerk), active: Some(true), ..Filter::default() }).await;
    assert_eq!(clerks, (vec!["Bo_b".to_owned(), "Cleo".to_owned()], 2));
    let order = (Sort::FirstName, Direction::Descending);
    let (second, total) = accounts::list_users(&ctx, &Filter::default(), order, (1, 2)).await.unwrap();
    let names: Vec<_> = second.iter().map(|user| user.first_name.as_str()).collect();
    assert_eq!((names, total), (vec!["Cleo", "Bo_b"], 4));
}

#[tokio::test]
async fn nobody_hands_out_or_manages_a_role_beyond_their_reach() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let target = world.add(&ctx, "Target", Role::Clerk).await;
    for (index, actor_role) in Role::ALL.into_iter().enumerate() {
        let actor = world.add(&ctx, &format!("Actor{index}"), actor_role).await;
        let actor = world.as_user(&actor);
        // What somebody has now counts as well as what they are to have.
        let may = |wanted| actor_role.may_assign(Role::Clerk) && actor_role.may_assign(wanted);
        for wanted in Role::ALL {
            let changed = accounts::change_user(&actor, &world.watch, target.id, None, &role(wanted)).await;
            match changed {
                Ok(_) => assert!(may(wanted), "{actor_role} gave {wanted}"),
                Err(Error::RoleNotAssignable { .. }) => {
                    assert!(!may(wanted), "{actor_role} did not give {wanted}");
                }
                Err(Error::Refused(_)) => assert!(!actor_role.allows(Action::ManageUsers)),
                Err(other) => panic!("{actor_role} giving {wanted}: {other}"),
            }
            accounts::change_user(&ctx, &world.watch, target.id, None, &role(Role::Clerk))
                .await
                .expect("reset");
        }
    }
}

#[tokio::test]
async fn an_it_administrator_cannot_take_over_who_sees_the_clients_affairs() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let tech = world.as_user(&world.add(&ctx, "Tech", Role::ItAdmin).await);
    for role in [Role::SuperAdmin, Role::Admin, Role::Partner, Role::Intern] {
        let other = world.add(&ctx, role.as_str(), role).await;
        let set =
            accounts::set_password(&tech, &world.hasher, &world.watch, other.id, Secret::new(PASSWORD)).await;
        assert!(matches!(set, Err(Error::RoleNotAssignable { .. })), "{role}: {set:?}");
        let off = accounts::deactivate_user(&tech, &world.watch, other.id, None).await;
        assert!(matches!(off, Err(Error::RoleNotAssignable { .. })), "{role}: {off:?}");
    }
}

#[tokio::test]
async fn everybody_changes_their_own_names_and_nobody_their_own_access() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let clerk = world.as_user(&world.add(&ctx, "Cleo", Role::Clerk).await);
    let names = Change { last_name: Some(" Novak ".to_owned()), ..Change::default() };
    let renamed = accounts::change_user(&clerk, &world.watch, clerk.user(), Some(1), &names).await.unwrap();
    assert_eq!((renamed.last_name.as_str(), renamed.version), ("Novak", 2));
    assert!(world.told().is_empty(), "a name is no standing");
    for change in [role(Role::Admin), active(false)] {
        let changed = accounts::change_user(&clerk, &world.watch, clerk.user(), None, &change).await;
        assert!(matches!(changed, Err(Error::OwnAccess)), "{changed:?}");
        let changed = accounts::change_user(&ctx, &world.watch, ctx.user(), None, &change).await;
        assert!(matches!(changed, Err(Error::OwnAccess)), "{changed:?}");
    }
    let empty = Change { first_name: Some("  ".to_owned()), ..Change::default() };
    let changed = accounts::change_user(&clerk, &world.watch, clerk.user(), None, &empty).await;
    assert!(matches!(changed, Err(Error::NameMissing { field: "firstName" })), "{changed:?}");
}

#[tokio::test]
async fn the_last_super_administrator_stays_even_when_two_remove_each_other_at_once() {
    let world = World::new().await;
    let root = world.firm("One").await;
    let second = world.add(&root, "Second", Role::SuperAdmin).await;
    let second_ctx = world.as_user(&second);
    let (first, other) = tokio::join!(
        accounts::deactivate_user(&root, &world.watch, second.id, None),
        accounts::deactivate_user(&second_ctx, &world.watch, root.user(), None),
    );
    assert!(first.is_ok() != other.is_ok(), "{first:?} {other:?}");
    let refused = first.err().or(other.err()).expect("one was refused");
    assert!(matches!(refused, Error::LastAdministrator), "{refused:?}");
    let (_, active) = list(&root, &Filter { active: Some(true), ..Filter::default() }).await;
    assert_eq!(active, 1);
}

#[tokio::test]
async fn a_change_on_an_old_version_is_refused() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let ada = world.add(&ctx, "Ada", Role::Attorney).await;
    world.clock.advance(TimeDelta::minutes(1));
    let changed =
        accounts::change_user(&ctx, &world.watch, ada.id, Some(1), &role(Role::Partner)).await.unwrap();
    assert_eq!((changed.version, changed.updated_at > ada.updated_at), (2, true));
    let late = accounts::change_user(&ctx, &world.watch, ada.id, Some(1), &role(Role::Clerk)).await;
    assert!(matches!(late, Err(Error::Stale)), "{late:?}");
    assert_eq!(world.told(), [ada.id]);
}

#[tokio::test]
async fn deactivation_keeps_the_user_and_writes_who_did_it() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let ada = world.add(&ctx, "Ada", Role::Attorney).await;
    accounts::deactivate_user(&ctx, &world.watch, ada.id, None).await.unwrap();
    let found = accounts::find_user(&ctx, ada.id).await.unwrap();
    assert!(!found.active && found.signed_out_at.is_some());
    let entries = audit::entries_of(ctx.reader(), ctx.firm(), ada.id, 10).await.unwrap();
    assert_eq!((entries[0].action.as_str(), entries[0].user), ("delete", Some(ctx.user())));
    assert_eq!(entries[0].changes, Some(serde_json::json!({ "active": [true, false] })));
}

#[tokio::test]
async fn only_the_right_password_of_an_active_user_is_accepted() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let ada = world.add(&ctx, "Ada", Role::Attorney).await;
    let check = async |email: &str, password: &str| {
        accounts::check_password(&world.app, &world.hasher, email, Secret::new(password))
            .await
            .expect("an answer")
    };
    let right = check("ADA@example.com ", PASSWORD).await;
    assert!(matches!(right, Verdict::Right(checked) if checked.user.id == ada.id));
    let wrong = check("ada@example.com", "not it").await;
    assert!(matches!(wrong, Verdict::Refused { owner: Some((_, user)) } if user == ada.id));
    assert!(matches!(check("eve@example.com", PASSWORD).await, Verdict::Refused { owner: None }));
    assert!(matches!(check("not an address", PASSWORD).await, Verdict::Refused { owner: None }));
    accounts::deactivate_user(&ctx, &world.watch, ada.id, None).await.unwrap();
    assert!(matches!(check("ada@example.com", PASSWORD).await, Verdict::Refused { owner: Some(_) }));
}

#[tokio::test]
async fn an_administrator_sets_a_new_password() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let ada = world.add(&ctx, "Ada", Role::Attorney).await;
    let weak =
        accounts::set_password(&ctx, &world.hasher, &world.watch, ada.id, Secret::new("ada ada ada1")).await;
    assert!(matches!(weak, Err(Error::Weak { .. })), "{weak:?}");
    let new = Secret::new("quiet orchard seven bridges");
    accounts::set_password(&ctx, &world.hasher, &world.watch, ada.id, new.clone()).await.unwrap();
    let verdict = accounts::check_password(&world.app, &world.hasher, "ada@example.com", new).await.unwrap();
    assert!(matches!(verdict, Verdict::Right(_)), "{verdict:?}");
    assert_eq!(world.told(), [ada.id]);
    let entries = audit::entries_of(ctx.reader(), ctx.firm(), ada.id, 10).await.unwrap();
    assert!(!format!("{entries:?}").contains("orchard") && !format!("{entries:?}").contains("argon2"));
}

#[tokio::test]
async fn a_sign_in_that_was_checked_before_the_password_was_replaced_begins_nothing() {
    let world = World::new().await;
    let ctx = world.firm("One").await;
    let ada = world.add(&ctx, "Ada", Role::Attorney).await;
    let check = accounts::check_password(&world.app, &world.hasher, "ada@example.com", Secret::new(PASSWORD));
    let Verdict::Right(checked) = check.await.unwrap() else { panic!("the password was right") };
    let now = world.app.clock().now();
    let mut tx = ctx.begin().await.unwrap();
    assert!(accounts::note_sign_in(&mut tx, &checked, now).await.unwrap());
    tx.rollback().await.unwrap();

    let new = Secret::new("quiet orchard seven bridges");
    accounts::set_password(&ctx, &world.hasher, &world.watch, ada.id, new).await.unwrap();
    let mut tx = ctx.begin().await.unwrap();
    assert!(!accounts::note_sign_in(&mut tx, &checked, now).await.unwrap());
}
