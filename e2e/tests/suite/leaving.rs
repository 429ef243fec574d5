//! Taking access away, handing cases over, and giving access back.

use access::Role;
use chrono::TimeDelta;
use e2e::{PASSWORD, TestApp, absent, id_of};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

/// A user with their id.
async fn user(app: &TestApp, role: Role) -> (String, Client) {
    let email = app.add_user(role).await;
    let client = app.anonymous().sign_in(&email, PASSWORD).await;
    let id = id_of(&client.get("/api/auth/me").await.expect_status(200).json());
    (id, client)
}

async fn case_of(app: &TestApp, lead: &str, title: &str) -> String {
    let body = json!({ "title": title, "leadUserId": lead });
    id_of(&app.admin().post("/api/cases", &body).await.expect_status(201).json())
}

async fn lead_of(app: &TestApp, case: &str) -> Value {
    app.admin().get(&format!("/api/cases/{case}")).await.expect_status(200).json()["leadUserId"].clone()
}

async fn deactivate(client: &Client, id: &str, to: Option<&str>) -> Answer {
    client.post(&format!("/api/users/{id}/deactivate"), &json!({ "reassignTo": to })).await
}

#[tokio::test]
async fn who_leaves_hands_their_open_cases_over_and_keeps_the_closed_ones() {
    let app = TestApp::start().await;
    let ((leaver, client), (next, _)) = (user(&app, Role::Attorney).await, user(&app, Role::Partner).await);
    let mut cases = Vec::new();
    for title in ["Open", "On hold", "Closed"] {
        cases.push(case_of(&app, &leaver, title).await);
    }
    for (case, step) in [(&cases[1], "hold"), (&cases[2], "close")] {
        drop(app.admin().post(&format!("/api/cases/{case}/{step}"), &json!({})).await.expect_status(200));
    }
    let others = case_of(&app, &next, "Another's").await;
    let done = deactivate(app.admin(), &leaver, Some(&next)).await.expect_status(200).json();
    assert_eq!((&done["casesHandedOver"], &done["casesLeft"]), (&json!(2), &json!(0)));
    assert_eq!(done["user"]["active"], false);
    client.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    let leads =
        [lead_of(&app, &cases[0]).await, lead_of(&app, &cases[1]).await, lead_of(&app, &others).await];
    assert_eq!(leads, [json!(next), json!(next), json!(next)]);
    assert_eq!(lead_of(&app, &cases[2]).await, json!(leaver));

    let ctx = app.ctx().await;
    let case: ids::CaseId = cases[0].parse().unwrap();
    let records = audit::entries_of(ctx.reader(), ctx.firm(), case, 10).await.unwrap();
    assert_eq!(records[0].changes, Some(json!({ "leadUserId": [leaver, next] })));
    app.finish().await;
}

#[tokio::test]
async fn access_is_taken_away_at_once_and_the_cases_follow_later() {
    let app = TestApp::start().await;
    let ((leaver, _), (next, _)) = (user(&app, Role::Attorney).await, user(&app, Role::Partner).await);
    let case = case_of(&app, &leaver, "Open").await;
    let done = deactivate(app.admin(), &leaver, None).await.expect_status(200).json();
    assert_eq!((&done["casesHandedOver"], &done["casesLeft"]), (&json!(0), &json!(1)));
    let done = deactivate(app.admin(), &leaver, Some(&next)).await.expect_status(200).json();
    assert_eq!((&done["casesHandedOver"], &done["casesLeft"]), (&json!(1), &json!(0)));
    assert_eq!(lead_of(&app, &case).await, json!(next));
    app.finish().await;
}

#[tokio::test]
async fn a_successor_must_be_able_to_work_on_the_cases() {
    let app = TestApp::start().await;
    let ((leaver, _), (gone, _)) = (user(&app, Role::Attorney).await, user(&app, Role::Attorney).await);
    let (client, _) = user(&app, Role::Client).await;
    drop(deactivate(app.admin(), &gone, None).await.expect_status(200));
    for unfit in [&leaver, &gone, &client, &absent()] {
        deactivate(app.admin(), &leaver, Some(unfit)).await.expect_problem(422, "successor_unfit");
    }
    let still = app.admin().get(&format!("/api/users/{leaver}")).await.expect_status(200).json();
    assert_eq!(still["active"], true, "nothing was done");
    let stale = [("content-type", "application/json"), ("if-match", "\"v9\"")];
    let path = format!("/api/users/{leaver}/deactivate");
    let refused = app.admin().send(Method::POST, &path, &stale, "{}".into()).await;
    refused.expect_problem(412, "stale_version");
    app.finish().await;
}

#[tokio::test]
async fn a_firm_keeps_an_administrator_also_when_two_deactivate_each_other_at_once() {
    let app = TestApp::start().await;
    let (second, second_client) = user(&app, Role::SuperAdmin).await;
    let first = id_of(&app.admin().get("/api/auth/me").await.expect_status(200).json());
    deactivate(app.admin(), &first, None).await.expect_problem(422, "own_access");
    let (one, other) = tokio::join!(
        deactivate(app.admin(), &second, Some(&first)),
        deactivate(&second_client, &first, Some(&second)),
    );
    let done = [&one, &other].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(done, 1, "{} {}", one.text(), other.text());
    let active = if one.status == 200 { app.admin() } else { &second_client };
    let left = active.get("/api/users?active=true&role=super_admin").await.expect_status(200).json();
    assert_eq!(left["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn access_that_is_given_back_brings_no_login_back() {
    let app = TestApp::start().await;
    let (id, client) = user(&app, Role::Clerk).await;
    drop(deactivate(app.admin(), &id, None).await.expect_status(200));
    let back = app.admin().post(&format!("/api/users/{id}/activate"), &Value::Null).await.expect_status(200);
    assert_eq!(back.json()["active"], true);
    client.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    let email = back.json()["email"].as_str().unwrap().to_owned();
    // A login of the very moment in which the access was taken away would be over.
    app.advance(TimeDelta::seconds(1));
    drop(app.anonymous().sign_in(&email, PASSWORD).await.get("/api/auth/me").await.expect_status(200));
    app.finish().await;
}
