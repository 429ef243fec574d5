//! Grants that take somebody else's word, and grants from some countries only.

use crate::walls::person;
use access::Role;
use audit::entries_of;
use bytes::Bytes;
use chrono::TimeDelta;
use e2e::{TestApp, absent, id_of, open_case};
use http::Method;
use ids::{ApprovalId, CaseId};
use serde_json::{Value, json};
use testkit::{Answer, Client};

const APPROVALS: &str = "/api/approvals";

/// A clerk who may delete cases with a partner's word.
async fn clerk_who_asks(app: &TestApp) -> (Client, String, String) {
    let (clerk, id) = person(app, Role::Clerk).await;
    let given = give(app.admin(), &id, "allow", "partner").await.expect_status(201).json();
    assert_eq!(given["approvalBy"], "partner");
    (clerk, id, id_of(&given))
}

async fn give(client: &Client, user: &str, effect: &str, by: &str) -> Answer {
    let body =
        json!({ "permission": "cases:delete", "effect": effect, "reason": "A reason", "approvalBy": by });
    client.post(&format!("/api/users/{user}/permissions"), &body).await
}

async fn ask(client: &Client) -> Answer {
    client.post(APPROVALS, &json!({ "permission": "cases:delete", "reason": "Opened twice" })).await
}

async fn approve(client: &Client, id: &str, body: Value) -> Answer {
    client.post(&format!("{APPROVALS}/{id}/approve"), &body).await
}

async fn decline(client: &Client, id: &str) -> Answer {
    client.post(&format!("{APPROVALS}/{id}/decline"), &json!({ "reason": "Under a hold" })).await
}

async fn end(client: &Client, id: &str) -> Answer {
    client.send(Method::DELETE, &format!("{APPROVALS}/{id}"), &[], Bytes::new()).await
}

async fn delete_case(app: &TestApp, client: &Client) -> Answer {
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    delete(client, &case).await
}

async fn delete(client: &Client, case: &str) -> Answer {
    client.send(Method::DELETE, &format!("/api/cases/{case}"), &[], Bytes::new()).await
}

async fn waiting(client: &Client) -> u64 {
    let list = client.get("/api/approvals?of=waiting").await.expect_status(200).json();
    list["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_grant_counts_from_the_approval_to_its_end() {
    let app = TestApp::start().await;
    let (clerk, clerk_id, grant) = clerk_who_asks(&app).await;
    let (partner, partner_id) = person(&app, Role::Partner).await;
    let refused = delete_case(&app, &clerk).await;
    let told = refused.expect_problem(403, "approval_required");
    assert!(told.to_string().contains("POST /api/approvals"), "{told}");
    let asked = ask(&clerk).await.expect_status(201).json();
    assert_eq!(
        (&asked["state"], &asked["grantId"], &asked["userId"]),
        (&json!("open"), &json!(grant), &json!(clerk_id))
    );
    ask(&clerk).await.expect_problem(422, "approval_refused");
    delete_case(&app, &clerk).await.expect_problem(403, "approval_required");
    assert_eq!((waiting(&partner).await, waiting(&clerk).await), (1, 0));
    let id = id_of(&asked);
    let until = json!({ "until": "2026-03-02T14:00:00Z", "reason": "Checked" });
    let given = approve(&partner, &id, until).await.expect_status(200).json();
    assert_eq!((&given["state"], &given["answeredBy"]), (&json!("approved"), &json!(partner_id)));
    drop(delete_case(&app, &clerk).await.expect_status(204));
    ask(&clerk).await.expect_problem(422, "approval_refused");
    assert_eq!(waiting(&partner).await, 0);
    let mine = clerk.get(APPROVALS).await.expect_status(200).json();
    assert_eq!(mine["data"][0]["answerReason"], "Checked");
    let explain = format!("/api/permissions/explain?userId={clerk_id}&permission=cases:delete");
    let explained = app.admin().get(&explain).await.expect_status(200).json();
    assert_eq!((&explained["allowed"], &explained["decidingGrant"]), (&json!(true), &json!(grant)));
    // Its time is over.
    let email = clerk.get("/api/auth/me").await.json()["email"].as_str().unwrap().to_owned();
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    app.advance(TimeDelta::hours(3));
    let clerk = app.anonymous().sign_in(&email, e2e::PASSWORD).await;
    delete(&clerk, &case).await.expect_problem(403, "approval_required");
    assert_eq!(clerk.get(APPROVALS).await.json()["total"], 0);
    let acts =
        entries_of(app.app().db().reader(), app.ctx().await.firm(), id.parse::<ApprovalId>().unwrap(), 10)
            .await
            .unwrap();
    assert_eq!(acts.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["approve", "create"]);
    app.finish().await;
}

#[tokio::test]
async fn nobody_answers_who_may_not() {
    let app = TestApp::start().await;
    let (clerk, clerk_id, grant) = clerk_who_asks(&app).await;
    let id = id_of(&ask(&clerk).await.expect_status(201).json());
    approve(&clerk, &id, json!({})).await.expect_problem(422, "approval_refused");
    // Of the role, or over permissions, and able to do it themselves.
    let (associate, _) = person(&app, Role::Associate).await;
    approve(&associate, &id, json!({})).await.expect_problem(404, "approval_not_found");
    end(&associate, &id).await.expect_problem(404, "approval_not_found");
    let (denied, denied_id) = person(&app, Role::Partner).await;
    let denial = json!({ "permission": "cases:delete", "effect": "deny", "reason": "A reason" });
    drop(app.admin().post(&format!("/api/users/{denied_id}/permissions"), &denial).await.expect_status(201));
    approve(&denied, &id, json!({})).await.expect_problem(404, "approval_not_found");
    assert_eq!(waiting(&denied).await, 0);
    let (partner, _) = person(&app, Role::Partner).await;
    approve(&partner, &absent(), json!({})).await.expect_problem(404, "approval_not_found");
    for wrong in [
        json!({ "until": "2026-03-02T11:00:00Z" }),
        json!({ "until": "2026-05-01T00:00:00Z" }),
        json!({ "reason": " " }),
    ] {
        approve(&partner, &id, wrong).await.expect_problem(400, "validation_failed");
    }
    // Declined: it stays declined, and can be asked again.
    assert_eq!(decline(&partner, &id).await.expect_status(200).json()["state"], "declined");
    approve(&partner, &id, json!({})).await.expect_problem(422, "approval_refused");
    delete_case(&app, &clerk).await.expect_problem(403, "approval_required");
    let again = id_of(&ask(&clerk).await.expect_status(201).json());
    // An administrator answers too; ending takes it back.
    drop(approve(app.admin(), &again, json!({})).await.expect_status(200));
    drop(delete_case(&app, &clerk).await.expect_status(204));
    drop(end(&partner, &again).await.expect_status(204));
    delete_case(&app, &clerk).await.expect_problem(403, "approval_required");
    // Nothing is left to approve once the grant is ended.
    let last = id_of(&ask(&clerk).await.expect_status(201).json());
    let why = json!({ "revokeReason": "Enough" });
    let path = format!("/api/permissions/{grant}");
    drop(
        app.admin()
            .send(Method::DELETE, &path, &[("content-type", "application/json")], why.to_string().into())
            .await
            .expect_status(200),
    );
    approve(&partner, &last, json!({})).await.expect_problem(422, "approval_refused");
    ask(&clerk).await.expect_problem(422, "approval_refused");
    // What cannot be asked of anybody is not granted so.
    give(app.admin(), &clerk_id, "deny", "partner").await.expect_problem(400, "validation_failed");
    give(app.admin(), &clerk_id, "allow", "intern").await.expect_problem(400, "validation_failed");
    app.finish().await;
}

#[tokio::test]
async fn what_was_approved_ends_with_the_role_and_with_the_access() {
    let app = TestApp::start().await;
    let (partner, _) = person(&app, Role::Partner).await;
    for change in [json!({ "role": "staff" }), json!({ "active": false })] {
        let (clerk, id, _) = clerk_who_asks(&app).await;
        let approval = id_of(&ask(&clerk).await.expect_status(201).json());
        drop(approve(&partner, &approval, json!({})).await.expect_status(200));
        let path = format!("/api/users/{id}");
        let etag = app.admin().get(&path).await.expect_status(200).header("etag").to_owned();
        let headers = [("if-match", etag.as_str()), ("content-type", "application/merge-patch+json")];
        drop(
            app.admin()
                .send(Method::PATCH, &path, &headers, change.to_string().into())
                .await
                .expect_status(200),
        );
        end(&partner, &approval).await.expect_problem(404, "approval_not_found");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_trusted_proxy_tells_country_and_address() {
    let settings = [("proxies.trusted", "127.0.0.1"), ("proxies.country_header", "cf-ipcountry")];
    let app = TestApp::with(&settings).await;
    let (clerk, id) = person(&app, Role::Clerk).await;
    let from = json!({ "permission": "walls:manage", "effect": "allow", "reason": "A reason",
        "countries": ["de"], "networks": ["203.0.113.0/24"] });
    let given =
        app.admin().post(&format!("/api/users/{id}/permissions"), &from).await.expect_status(201).json();
    assert_eq!(given["countries"], json!(["DE"]));
    let look = async |country: &str, address: &str| {
        let headers = [("cf-ipcountry", country), ("x-forwarded-for", address)];
        clerk.send(Method::GET, "/api/ethical-walls", &headers, Bytes::new()).await.status.as_u16()
    };
    assert_eq!(look("DE", "203.0.113.7").await, 200);
    assert_eq!(look("FR", "203.0.113.7").await, 403);
    assert_eq!(look("XX", "203.0.113.7").await, 403);
    assert_eq!(look("DE", "198.51.100.7").await, 403);
    // The record names who asked and not the proxy.
    let body = json!({ "title": "Alder v. Birch" }).to_string();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.9")];
    let opened =
        app.admin().send(Method::POST, "/api/cases", &headers, body.into()).await.expect_status(201).json();
    let entries = entries_of(
        app.app().db().reader(),
        app.ctx().await.firm(),
        id_of(&opened).parse::<CaseId>().unwrap(),
        10,
    )
    .await
    .unwrap();
    assert_eq!(entries[0].address.as_deref(), Some("203.0.113.9"));
    app.finish().await;
}

#[tokio::test]
async fn what_was_approved_for_a_time_is_not_kept_for_good() {
    let app = TestApp::start().await;
    let (paralegal, id) = person(&app, Role::Paralegal).await;
    let (_, other) = person(&app, Role::Clerk).await;
    let (partner, _) = person(&app, Role::Partner).await;
    // With docket:delete and documents:delete for a day, they may what an associate may on a case.
    for permission in ["documents:delete", "docket:delete"] {
        let grant = json!({ "permission": permission, "effect": "allow", "reason": "A reason", "approvalBy": "partner" });
        drop(app.admin().post(&format!("/api/users/{id}/permissions"), &grant).await.expect_status(201));
        let asked =
            paralegal.post(APPROVALS, &json!({ "permission": permission, "reason": "A reason" })).await;
        drop(approve(&partner, &id_of(&asked.expect_status(201).json()), json!({})).await.expect_status(200));
    }
    let led = json!({ "title": "Alder v. Birch", "leadUserId": id });
    let case = id_of(&app.admin().post("/api/cases", &led).await.expect_status(201).json());
    let put = async |user: &str, role: &str| {
        let path = format!("/api/cases/{case}/team/{user}");
        let headers = [("content-type", "application/json")];
        paralegal.send(Method::PUT, &path, &headers, json!({ "role": role }).to_string().into()).await
    };
    put(&other, "associate").await.expect_problem(403, "case_role_beyond_own");
    put(&id, "paralegal").await.expect_problem(403, "case_team_lead_only");
    drop(put(&other, "paralegal").await.expect_status(200));
    // Nobody makes themselves the lead of somebody else's case, and its team's master with that.
    let (associate, associate_id) = person(&app, Role::Associate).await;
    let take = json!({ "leadUserId": associate_id }).to_string();
    let headers = [("content-type", "application/merge-patch+json")];
    let path = format!("/api/cases/{case}");
    let taken = associate.send(Method::PATCH, &path, &headers, take.clone().into()).await;
    taken.expect_problem(403, "case_team_lead_only");
    drop(paralegal.send(Method::PATCH, &path, &headers, take.into()).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn who_owes_a_second_factor_answers_nobody() {
    let app = TestApp::with(&[("auth.mfa_required_for_privileged", "true")]).await;
    drop(crate::sessions::enrol(&app, app.admin()).await);
    let (clerk, ..) = clerk_who_asks(&app).await;
    let id = id_of(&ask(&clerk).await.expect_status(201).json());
    let (owing, _) = person(&app, Role::Admin).await;
    approve(&owing, &id, json!({})).await.expect_problem(404, "approval_not_found");
    assert_eq!(waiting(&owing).await, 0);
    drop(approve(app.admin(), &id, json!({})).await.expect_status(200));
    app.finish().await;
}
