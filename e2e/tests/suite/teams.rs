//! Grants to teams, grants that ask for a second factor, and what users lend to each other.

use crate::walls::person;
use access::Role;
use audit::entries_of;
use bytes::Bytes;
use chrono::TimeDelta;
use e2e::{TestApp, absent, id_of, make_key, open_case, raise_wall};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

const WALLS: &str = "/api/ethical-walls";

async fn team(app: &TestApp, name: &str) -> String {
    let made = app.admin().post("/api/teams", &json!({ "name": name })).await;
    id_of(&made.expect_status(201).json())
}

async fn member(client: &Client, method: Method, team: &str, user: &str) -> Answer {
    client.send(method, &format!("/api/teams/{team}/members/{user}"), &[], Bytes::new()).await
}

async fn grant(client: &Client, subject: &str, permission: &str, effect: &str) -> Answer {
    let body = json!({ "permission": permission, "effect": effect, "reason": "A reason" });
    client.post(&format!("/api/{subject}/permissions"), &body).await
}

async fn lend(client: &Client, to: &str, permissions: &[&str], more: Value) -> Answer {
    // The tests' clock stands at 2026-03-02.
    let mut body = json!({ "delegateId": to, "permissions": permissions, "until": "2026-04-01T00:00:00Z",
        "reason": "On leave" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.post("/api/delegations", &body).await
}

async fn remove(client: &Client, path: &str) -> Answer {
    client.send(Method::DELETE, path, &[], Bytes::new()).await
}

#[tokio::test]
async fn what_is_granted_to_a_team_counts_for_whoever_is_in_it() {
    let app = TestApp::start().await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let stewards = team(&app, "Stewards").await;
    drop(grant(app.admin(), &format!("teams/{stewards}"), "walls:manage", "allow").await.expect_status(201));
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    // Twice is once.
    for _ in 0..2 {
        drop(member(app.admin(), Method::PUT, &stewards, &id).await.expect_status(204));
    }
    drop(clerk.get(WALLS).await.expect_status(200));
    let shown = clerk.get(&format!("/api/teams/{stewards}")).await.expect_status(200).json();
    assert_eq!((&shown["memberCount"], &shown["members"]), (&json!(1), &json!([id])), "{shown}");
    // What is denied to another team of theirs comes before it.
    let idle = team(&app, "Idle").await;
    drop(member(app.admin(), Method::PUT, &idle, &id).await.expect_status(204));
    let denial = grant(app.admin(), &format!("teams/{idle}"), "walls:manage", "deny").await;
    let denial = id_of(&denial.expect_status(201).json());
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    let path = format!("/api/permissions/explain?userId={id}&permission=walls:manage");
    let explained = app.admin().get(&path).await.expect_status(200).json();
    assert_eq!(explained["decidingGrant"], json!(denial), "{explained}");
    assert_eq!(explained["rows"][0]["grant"]["teamId"], json!(idle), "{explained}");
    drop(member(app.admin(), Method::DELETE, &idle, &id).await.expect_status(204));
    drop(clerk.get(WALLS).await.expect_status(200));
    drop(member(app.admin(), Method::DELETE, &stewards, &id).await.expect_status(204));
    clerk.get(WALLS).await.expect_problem(403, "forbidden");
    member(app.admin(), Method::DELETE, &stewards, &id).await.expect_problem(404, "team_not_found");
    let (firm, team) = (app.ctx().await.firm(), stewards.parse::<ids::TeamId>().unwrap());
    let entries = entries_of(app.app().db().reader(), firm, team, 10).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(acts, ["revoke", "grant", "create"]);
    app.finish().await;
}

#[tokio::test]
async fn a_team_is_renamed_and_goes_when_nothing_is_granted_to_it() {
    let app = TestApp::start().await;
    let one = team(&app, "Litigation").await;
    let path = format!("/api/teams/{one}");
    for taken in ["Litigation", "  LITIGATION "] {
        app.admin()
            .post("/api/teams", &json!({ "name": taken }))
            .await
            .expect_problem(409, "team_name_taken");
    }
    for wrong in
        [json!({ "name": " " }), json!({ "name": "x".repeat(101) }), json!({ "name": "A", "lead": 1 })]
    {
        app.admin().post("/api/teams", &wrong).await.expect_problem(400, "validation_failed");
    }
    let patch = [("content-type", "application/merge-patch+json"), ("if-match", "\"v1\"")];
    let change = || Bytes::from(json!({ "name": "Disputes", "description": "In court" }).to_string());
    let changed = app.admin().send(Method::PATCH, &path, &patch, change()).await.expect_status(200).json();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Disputes"), &json!("In court")));
    let again = Bytes::from(json!({ "name": "Trials" }).to_string());
    app.admin().send(Method::PATCH, &path, &patch, again).await.expect_problem(412, "stale_version");
    let given =
        grant(app.admin(), &format!("teams/{one}"), "cases:read", "deny").await.expect_status(201).json();
    assert_eq!(given["teamId"], json!(one));
    remove(app.admin(), &path).await.expect_problem(409, "team_has_grants");
    let end = Bytes::from(json!({ "revokeReason": "Over" }).to_string());
    let ended = format!("/api/permissions/{}", id_of(&given));
    let json_body = [("content-type", "application/json")];
    drop(app.admin().send(Method::DELETE, &ended, &json_body, end).await.expect_status(200));
    drop(remove(app.admin(), &path).await.expect_status(204));
    app.admin().get(&path).await.expect_problem(404, "team_not_found");
    grant(app.admin(), &format!("teams/{one}"), "cases:read", "deny")
        .await
        .expect_problem(404, "team_not_found");
    let (clerk, id) = person(&app, Role::Clerk).await;
    clerk.post("/api/teams", &json!({ "name": "Own" })).await.expect_problem(403, "forbidden");
    member(app.admin(), Method::PUT, &absent(), &id).await.expect_problem(404, "team_not_found");
    let other = team(&app, "Other").await;
    member(app.admin(), Method::PUT, &other, &absent()).await.expect_problem(404, "user_not_found");
    let teams = clerk.get("/api/teams?limit=1").await.expect_status(200).json();
    assert_eq!((&teams["total"], &teams["data"][0]["name"]), (&json!(1), &json!("Other")), "{teams}");
    app.finish().await;
}

#[tokio::test]
async fn nobody_puts_others_where_they_may_do_more_than_oneself() {
    let app = TestApp::start().await;
    let (boss, _) = person(&app, Role::SuperAdmin).await;
    let (admin, admin_id) = person(&app, Role::Admin).await;
    let (_, id) = person(&app, Role::Clerk).await;
    let importers = team(&app, "Importers").await;
    drop(grant(&boss, &format!("teams/{importers}"), "import:run", "allow").await.expect_status(201));
    drop(grant(&boss, &format!("users/{admin_id}"), "import:run", "deny").await.expect_status(201));
    member(&admin, Method::PUT, &importers, &id).await.expect_problem(403, "grant_beyond_own");
    drop(member(&boss, Method::PUT, &importers, &id).await.expect_status(204));
    // Nor do they free others, or themselves, from what a team is denied.
    let barred = team(&app, "Barred").await;
    drop(grant(&boss, &format!("teams/{barred}"), "walls:manage", "deny").await.expect_status(201));
    drop(member(&boss, Method::PUT, &barred, &admin_id).await.expect_status(204));
    member(&admin, Method::DELETE, &barred, &admin_id).await.expect_problem(403, "grant_beyond_own");
    app.finish().await;
}

#[tokio::test]
async fn what_was_lent_counts_in_its_time_and_only_while_the_lender_may() {
    let app = TestApp::start().await;
    let (partner, partner_id) = person(&app, Role::Partner).await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let docket = async |client: &Client| {
        client.post("/api/cases", &json!({ "title": "Cedar v. Dogwood" })).await.status
    };
    assert_eq!(docket(&clerk).await, 403);
    let from = json!({ "from": "2026-03-02T20:00:00Z", "until": "2026-03-03T08:00:00Z" });
    let made = lend(&partner, &id, &["cases:create", "cases:create"], from).await.expect_status(201).json();
    assert_eq!((&made["delegatorId"], &made["permissions"]), (&json!(partner_id), &json!(["cases:create"])));
    assert_eq!(docket(&clerk).await, 403, "it has not begun");
    let email = clerk.get("/api/auth/me").await.json()["email"].as_str().unwrap().to_owned();
    app.advance(TimeDelta::hours(10));
    let clerk = app.anonymous().sign_in(&email, e2e::PASSWORD).await;
    let admin = app.anonymous().sign_in(app.admin_email(), e2e::PASSWORD).await;
    assert_eq!(docket(&clerk).await, 201);
    let path = format!("/api/permissions/explain?userId={id}&permission=cases:create");
    let explained = admin.get(&path).await.expect_status(200).json();
    assert_eq!(explained["decidedBy"], "delegation", "{explained}");
    let row = explained["rows"].as_array().unwrap().last().unwrap();
    assert_eq!((&row["source"], &row["counts"]), (&json!("delegation"), &json!(true)), "{explained}");
    // What the lender is denied is not lent any more; a wall keeps from the delegate what it kept from them before.
    let denial = grant(&admin, &format!("users/{partner_id}"), "cases:create", "deny").await;
    assert_eq!(docket(&clerk).await, 403);
    let end = Bytes::from(json!({ "revokeReason": "Over" }).to_string());
    let ended = format!("/api/permissions/{}", id_of(&denial.expect_status(201).json()));
    let json_body = [("content-type", "application/json")];
    drop(admin.send(Method::DELETE, &ended, &json_body, end).await.expect_status(200));
    assert_eq!(docket(&clerk).await, 201);
    drop(raise_wall(&admin, &case, &[&id]).await);
    clerk.get(&format!("/api/cases/{case}")).await.expect_problem(404, "case_not_found");
    app.advance(TimeDelta::hours(12));
    let clerk = app.anonymous().sign_in(&email, e2e::PASSWORD).await;
    assert_eq!(docket(&clerk).await, 403, "it is over");
    let none = clerk.get("/api/delegations").await.expect_status(200).json();
    assert_eq!(none["total"], 0, "{none}");
    app.finish().await;
}

#[tokio::test]
async fn a_delegation_ends_by_hand_and_with_the_role_or_the_access_of_the_lender() {
    let app = TestApp::start().await;
    let (_, id) = person(&app, Role::Clerk).await;
    let counted = async || {
        let path = format!("/api/permissions/explain?userId={id}&permission=cases:create");
        app.admin().get(&path).await.expect_status(200).json()["allowed"].as_bool().unwrap()
    };
    for end in ["lender", "delegate", "role", "access"] {
        let (partner, partner_id) = person(&app, Role::Partner).await;
        let (stranger, _) = person(&app, Role::Partner).await;
        let made = id_of(&lend(&partner, &id, &["cases:create"], json!({})).await.expect_status(201).json());
        assert!(counted().await, "{end}");
        let path = format!("/api/delegations/{made}");
        remove(&stranger, &path).await.expect_problem(404, "delegation_not_found");
        match end {
            "lender" => drop(remove(&partner, &path).await.expect_status(204)),
            "delegate" => drop(remove(app.admin(), &path).await.expect_status(204)),
            "role" => {
                let role = format!("/api/users/{partner_id}/roles");
                drop(app.admin().post(&role, &json!({ "role": "attorney" })).await.expect_status(200));
            }
            _ => drop(remove(app.admin(), &format!("/api/users/{partner_id}")).await.expect_status(204)),
        }
        assert!(!counted().await, "{end}");
        remove(app.admin(), &path).await.expect_problem(404, "delegation_not_found");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_lent_is_refused() {
    let app = TestApp::start().await;
    let (partner, partner_id) = person(&app, Role::Partner).await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let (_, client_id) = person(&app, Role::Client).await;
    lend(&clerk, &partner_id, &["cases:create"], json!({})).await.expect_problem(403, "grant_beyond_own");
    lend(&partner, &id, &["walls:manage"], json!({})).await.expect_problem(422, "delegation_refused");
    for unfit in [&partner_id, &client_id] {
        lend(&partner, unfit, &["cases:read"], json!({})).await.expect_problem(422, "delegation_refused");
    }
    lend(&partner, &absent(), &["cases:read"], json!({})).await.expect_problem(404, "user_not_found");
    for wrong in [
        json!({ "permissions": [] }),
        json!({ "permissions": ["cases:fly"] }),
        json!({ "until": "2026-03-01T00:00:00Z" }),
        json!({ "until": "2027-04-01T00:00:00Z" }),
        json!({ "from": "2026-05-01T00:00:00Z" }),
        json!({ "reason": " " }),
        json!({ "onwards": true }),
    ] {
        let refused = lend(&partner, &id, &["cases:read"], wrong.clone()).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
    // In the place of others only who manages permissions lends.
    let for_partner = json!({ "delegatorId": partner_id });
    lend(&clerk, &id, &["cases:create"], for_partner.clone()).await.expect_problem(403, "forbidden");
    drop(lend(app.admin(), &id, &["cases:create"], for_partner).await.expect_status(201));
    // What was lent is not lent on.
    drop(clerk.post("/api/cases", &json!({ "title": "Elm v. Fir" })).await.expect_status(201));
    let (_, other) = person(&app, Role::Intern).await;
    lend(&clerk, &other, &["cases:create"], json!({})).await.expect_problem(403, "grant_beyond_own");
    let of_other = format!("/api/delegations?userId={partner_id}");
    clerk.get(&of_other).await.expect_problem(403, "forbidden");
    assert_eq!(app.admin().get(&of_other).await.expect_status(200).json()["total"], 1);
    for _ in 1..20 {
        drop(lend(&partner, &other, &["cases:read"], json!({})).await.expect_status(201));
    }
    lend(&partner, &other, &["cases:read"], json!({})).await.expect_problem(422, "delegation_refused");
    // A key manages nobody's rights.
    let key = make_key(app.admin(), &["cases:read"]).await;
    let key = app.anonymous().with_token(key["key"].as_str().unwrap());
    key.get("/api/delegations").await.expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn a_grant_can_ask_for_the_second_factor_each_time() {
    let app = TestApp::with(&[("auth.step_up_window", "2m")]).await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let body = |effect: &str| json!({ "permission": "walls:manage", "effect": effect, "reason": "A reason", "stepUp": true });
    let path = format!("/api/users/{id}/permissions");
    app.admin().post(&path, &body("deny")).await.expect_problem(400, "validation_failed");
    let given = app.admin().post(&path, &body("allow")).await.expect_status(201).json();
    assert_eq!(given["stepUp"], true);
    // Who has no second factor cannot show it.
    clerk.get(WALLS).await.expect_problem(403, "step_up_required");
    let step_up = async |code: String| clerk.post("/api/auth/step-up", &json!({ "mfaCode": code })).await;
    let secret = crate::sessions::enrol(&app, &clerk).await;
    app.advance(TimeDelta::minutes(3));
    clerk.get(WALLS).await.expect_problem(403, "step_up_required");
    drop(step_up(crate::sessions::code(&app, &secret)).await.expect_status(200));
    drop(clerk.get(WALLS).await.expect_status(200));
    app.advance(TimeDelta::minutes(3));
    clerk.get(WALLS).await.expect_problem(403, "step_up_required");
    app.finish().await;
}
