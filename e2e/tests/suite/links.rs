//! Links by mail: a forgotten password, invitations, registration.

use access::Role;
use chrono::TimeDelta;
use e2e::{PASSWORD, TestApp, id_of, mail_to, mails};
use serde_json::{Value, json};
use testkit::{Answer, Client};

const NEW: &str = "quiet orchard seven bridges";

async fn forgot(app: &TestApp, email: &str) -> Answer {
    app.anonymous().post("/api/auth/forgot-password", &json!({ "email": email })).await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "newPassword": password });
    app.anonymous().post("/api/auth/reset-password", &body).await
}

async fn accept(app: &TestApp, token: &str) -> Answer {
    let body = json!({ "token": token, "password": NEW });
    app.anonymous().post("/api/auth/accept-invitation", &body).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    app.anonymous().post("/api/auth/login", &json!({ "email": email, "password": password })).await
}

fn reason(answer: &Answer) -> String {
    answer.expect_problem(422, "link_not_valid")["detail"].as_str().expect("a detail").to_owned()
}

async fn id_by_email(app: &TestApp, email: &str) -> String {
    let found = app.admin().get(&format!("/api/users?search={email}")).await.expect_status(200).json();
    id_of(&found["data"][0])
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_the_link_of_a_mail_and_every_login_ends() {
    let app = TestApp::with(&[("mail.public_url", "https://law.example/app/")]).await;
    let email = app.add_user(Role::Clerk).await;
    let client = app.anonymous().sign_in(&email, PASSWORD).await;
    drop(forgot(&app, &email.to_uppercase()).await.expect_status(200));
    let mail = mail_to(&app, &email).await;
    assert!(mail.text.contains("https://law.example/app/reset-password#token="), "{}", mail.text);
    let token = mail.token();
    assert_eq!(token.len(), 43);

    reset(&app, &token, "too short").await.expect_problem(422, "weak_password");
    reset(&app, &token, &format!("{NEW} test")).await.expect_problem(422, "weak_password");
    drop(reset(&app, &token, NEW).await.expect_status(204));
    client.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    login(&app, &email, PASSWORD).await.expect_problem(401, "invalid_credentials");
    drop(login(&app, &email, NEW).await.expect_status(200));
    assert!(reason(&reset(&app, &token, PASSWORD).await).contains("used already"));
    app.finish().await;
}

#[tokio::test]
async fn whether_an_address_is_known_is_not_told() {
    let app = TestApp::start().await;
    let known = app.add_user(Role::Clerk).await;
    let away = app.add_user(Role::Clerk).await;
    let id = id_by_email(&app, &away).await;
    drop(app.admin().delete(&format!("/api/users/{id}")).await.expect_status(204));
    for email in [&known, &away, "nobody@first.example.com", "no address at all", ""] {
        let answer = forgot(&app, email).await.expect_status(200);
        assert_eq!(
            answer.json(),
            json!({ "message": "if the address is known, a mail with a link is on its way" })
        );
    }
    let sent: Vec<String> = mails(&app).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(sent, [known]);
    app.finish().await;
}

#[tokio::test]
async fn a_link_expires_and_a_newer_one_voids_it() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Clerk).await;
    drop(forgot(&app, &email).await.expect_status(200));
    let first = mail_to(&app, &email).await.token();
    app.advance(TimeDelta::minutes(2));
    drop(forgot(&app, &email).await.expect_status(200));
    let second = mail_to(&app, &email).await.token();
    assert_ne!(first, second);
    assert!(reason(&reset(&app, &first, NEW).await).contains("expired"));
    app.advance(TimeDelta::minutes(60));
    assert!(reason(&reset(&app, &second, NEW).await).contains("expired"));
    for wrong in ["x", "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM"] {
        assert!(reason(&reset(&app, wrong, NEW).await).contains("newest mail"));
    }
    drop(login(&app, &email, PASSWORD).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn links_do_not_outlive_a_deactivation_or_a_password_set_by_an_administrator() {
    let app = TestApp::start().await;
    let email = app.add_user(Role::Clerk).await;
    drop(forgot(&app, &email).await.expect_status(200));
    let token = mail_to(&app, &email).await.token();
    let id = id_by_email(&app, &email).await;
    drop(app.admin().post(&format!("/api/users/{id}/deactivate"), &json!({})).await.expect_status(200));
    drop(app.admin().post(&format!("/api/users/{id}/activate"), &Value::Null).await.expect_status(200));
    reason(&reset(&app, &token, NEW).await);
    app.finish().await;
}

#[tokio::test]
async fn asking_too_often_is_refused_for_known_and_unknown_addresses_alike() {
    let app = TestApp::start().await;
    let known = app.add_user(Role::Clerk).await;
    for email in [known.as_str(), "nobody@first.example.com"] {
        for _ in 0..5 {
            drop(forgot(&app, email).await.expect_status(200));
        }
        let refused = forgot(&app, email).await;
        refused.expect_problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "900");
    }
    app.advance(TimeDelta::minutes(15));
    drop(forgot(&app, &known).await.expect_status(200));
    app.finish().await;
}

async fn invite(client: &Client, email: &str, role: Role) -> Answer {
    let body = json!({ "email": email, "firstName": "Ina", "lastName": "Novak", "role": role.as_str() });
    client.post("/api/users/invitations", &body).await
}

#[tokio::test]
async fn an_invitation_makes_a_user_of_whoever_has_its_link_once() {
    let app = TestApp::start().await;
    let made = invite(app.admin(), "Ina@Example.com", Role::Paralegal).await.expect_status(201).json();
    assert_eq!((&made["status"], &made["email"]), (&json!("open"), &json!("ina@example.com")));
    let mail = mail_to(&app, "ina@example.com").await;
    assert!(mail.subject.contains("My Law Firm"), "{}", mail.subject);
    let open = app.admin().get("/api/users/invitations?open=true").await.expect_status(200).json();
    assert_eq!((&open["total"], open["data"][0]["sentAt"].is_string()), (&json!(1), true));
    invite(app.admin(), "ina@example.com", Role::Clerk).await.expect_problem(409, "invitation_open");

    let user = accept(&app, &mail.token()).await.expect_status(201).json();
    assert_eq!((&user["email"], &user["role"]), (&json!("ina@example.com"), &json!("paralegal")));
    let ina = app.anonymous().sign_in("ina@example.com", NEW).await;
    drop(ina.get("/api/cases").await.expect_status(200));
    assert!(reason(&accept(&app, &mail.token()).await).contains("used already"));
    invite(app.admin(), "ina@example.com", Role::Clerk).await.expect_problem(409, "email_taken");
    let all = app.admin().get("/api/users/invitations").await.expect_status(200).json();
    assert_eq!((&all["data"][0]["status"], &all["data"][0]["userId"]), (&json!("accepted"), &user["id"]));
    let open = app.admin().get("/api/users/invitations?open=true").await.expect_status(200).json();
    assert_eq!(open["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn an_invitation_ends_by_time_by_hand_by_a_newer_mail_and_with_its_inviter() {
    let app = TestApp::start().await;
    let invited = |n: u32| format!("ina{n}@example.com");
    let mut ids = Vec::new();
    for n in 0..2 {
        ids.push(id_of(&invite(app.admin(), &invited(n), Role::Clerk).await.expect_status(201).json()));
    }
    let resent = mail_to(&app, &invited(0)).await.token();
    app.advance(TimeDelta::days(1));
    let admin = app.anonymous().sign_in(app.admin_email(), PASSWORD).await;
    let path = format!("/api/users/invitations/{}", ids[0]);
    drop(admin.post(&format!("{path}/resend"), &Value::Null).await.expect_status(200));
    reason(&accept(&app, &resent).await);
    let newest = mail_to(&app, &invited(0)).await.token();
    reason(&accept(&app, &resent).await);
    drop(admin.delete(&path).await.expect_status(204));
    reason(&accept(&app, &newest).await);
    admin.delete(&path).await.expect_problem(404, "invitation_not_found");

    let late = mail_to(&app, &invited(1)).await.token();
    app.advance(TimeDelta::days(6));
    assert!(reason(&accept(&app, &late).await).contains("expired"));
    // An address whose time is over can be invited anew.
    let admin = app.anonymous().sign_in(app.admin_email(), PASSWORD).await;
    drop(invite(&admin, &invited(1), Role::Clerk).await.expect_status(201));

    let operator_email = app.add_operator(&admin).await;
    let operator = app.anonymous().sign_in(&operator_email, PASSWORD).await;
    drop(invite(&operator, &invited(2), Role::ItAdmin).await.expect_status(201));
    let token = mail_to(&app, &invited(2)).await.token();
    let found = admin.get(&format!("/api/users?search={operator_email}")).await.expect_status(200).json();
    let id = id_of(&found["data"][0]);
    drop(admin.post(&format!("/api/users/{id}/deactivate"), &json!({})).await.expect_status(200));
    reason(&accept(&app, &token).await);
    app.finish().await;
}

#[tokio::test]
async fn nobody_invites_to_a_role_beyond_their_own() {
    let app = TestApp::start().await;
    let operator = app.user(Role::ItAdmin).await;
    let made = invite(app.admin(), "partner@example.com", Role::Partner).await.expect_status(201).json();
    for role in [Role::SuperAdmin, Role::Partner, Role::Clerk] {
        invite(&operator, "x@example.com", role).await.expect_problem(403, "role_not_assignable");
    }
    let path = format!("/api/users/invitations/{}", id_of(&made));
    operator.delete(&path).await.expect_problem(403, "role_not_assignable");
    operator.post(&format!("{path}/resend"), &Value::Null).await.expect_problem(403, "role_not_assignable");
    app.finish().await;
}

fn registration(email: &str) -> Value {
    json!({ "email": email, "firstName": "Cleo", "lastName": "Client" })
}

#[tokio::test]
async fn registration_is_closed_unless_it_is_opened_and_then_gives_the_role_of_a_client_only() {
    let app = TestApp::start().await;
    let path = "/api/auth/register";
    app.anonymous()
        .post(path, &registration("cleo@example.com"))
        .await
        .expect_problem(403, "registration_closed");
    assert_eq!(mails(&app).await, []);
    app.finish().await;

    let app = TestApp::with(&[("auth.registration_enabled", "true")]).await;
    let mut with_role = registration("cleo@example.com");
    with_role["role"] = json!("super_admin");
    app.anonymous().post(path, &with_role).await.expect_problem(400, "validation_failed");
    let fresh = app.anonymous().post(path, &registration("cleo@example.com")).await.expect_status(200).json();
    let known = app.anonymous().post(path, &registration(app.admin_email())).await.expect_status(200).json();
    assert_eq!(fresh, known);
    let sent: Vec<String> = mails(&app).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(sent, ["cleo@example.com"]);
    // Asked again, no second mail goes out while the first is good.
    drop(app.anonymous().post(path, &registration("cleo@example.com")).await.expect_status(200));
    let mail = mail_to(&app, "cleo@example.com").await;
    assert_eq!(mails(&app).await.len(), 1);
    let user = accept(&app, &mail.token()).await.expect_status(201).json();
    assert_eq!((&user["role"], &user["permissions"]), (&json!("client"), &json!([])));
    let cleo = app.anonymous().sign_in("cleo@example.com", NEW).await;
    cleo.get("/api/cases").await.expect_problem(403, "forbidden");
    app.finish().await;
}
