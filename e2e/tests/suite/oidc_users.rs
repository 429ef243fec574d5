//! Whom a provider signs in, and whom not.

use access::Role;
use e2e::{Browser, Person, ProviderDouble, TestApp, id_of};
use serde_json::json;

async fn refused(app: &TestApp, provider: &ProviderDouble, person: Person, status: u16, code: &str) {
    provider.sign_in_as(person);
    Browser::new(app).go(provider).await.expect_problem(status, code);
}

#[tokio::test]
async fn nobody_is_made_by_signing_in_and_an_address_must_be_verified() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    let before = app.admin().get("/api/users").await.expect_status(200).json()["total"].clone();
    for address in ["nobody@first.example.com", "no address", "", "a@b@first.example.com"] {
        refused(&app, &provider, Person::new("s-1", address), 403, "oidc_user_unknown").await;
    }
    let unverified = Person { verified: false, ..Person::new("s-1", &email) };
    refused(&app, &provider, unverified, 403, "oidc_email_unverified").await;
    let unnamed = Person { email: None, ..Person::new("s-1", "") };
    refused(&app, &provider, unnamed, 403, "oidc_email_unverified").await;
    assert_eq!(app.admin().get("/api/users").await.expect_status(200).json()["total"], before);
    // The user sees that somebody tried.
    app.advance(chrono::TimeDelta::minutes(1));
    let user = app.anonymous().sign_in(&email, e2e::PASSWORD).await;
    let history = user.get("/api/auth/login-history").await.expect_status(200).json();
    assert_eq!((&history["total"], &history["data"][1]["outcome"]), (&json!(2), &json!("refused")));
    app.finish().await;
}

#[tokio::test]
async fn who_was_deactivated_is_refused_and_the_logins_are_over() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    let person = Person::new("s-1", &email);
    provider.sign_in_as(person.clone());
    let login = Browser::new(&app).sign_in(&provider).await;
    let client = app.anonymous().with_token(login["accessToken"].as_str().unwrap());
    let mut waiting = Browser::new(&app);
    let code = waiting.code(&provider).await;

    let path = format!("/api/users/{}", id_of(&login["user"]));
    drop(app.admin().post(&format!("{path}/deactivate"), &json!({})).await.expect_status(200));
    client.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    waiting.take(&code, None).await.expect_problem(403, "oidc_user_inactive");
    refused(&app, &provider, person, 403, "oidc_user_inactive").await;
    refused(&app, &provider, Person::new("s-2", &email), 409, "oidc_link_taken").await;
    drop(app.admin().post(&format!("{path}/activate"), &json!(null)).await.expect_status(200));
    drop(waiting.take(&code, None).await.expect_status(200));

    let other = app.add_user(Role::Clerk).await;
    let found = app.admin().get(&format!("/api/users?search={other}")).await.expect_status(200).json();
    let path = format!("/api/users/{}/deactivate", id_of(&found["data"][0]));
    drop(app.admin().post(&path, &json!({})).await.expect_status(200));
    refused(&app, &provider, Person::new("s-3", &other), 403, "oidc_user_inactive").await;
    app.finish().await;
}

#[tokio::test]
async fn another_firm_s_users_are_not_those_of_this_provider() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    app.advance(chrono::TimeDelta::seconds(1));
    let second = app.second_firm().await;
    let theirs = Person::new("s-1", "admin@second.example.com");
    refused(&app, &provider, theirs, 403, "oidc_user_unknown").await;
    let history = second.get("/api/auth/login-history").await.expect_status(200).json();
    assert_eq!(history["total"], 1, "only its own sign-in");
    app.finish().await;
}

#[tokio::test]
async fn domains_and_linking_are_the_firm_s_to_choose() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[("oidc.allowed_domains", "law.example,first.example.com")]).await;
    let email = app.add_user(Role::Associate).await;
    refused(&app, &provider, Person::new("s-1", "a@evil.example"), 403, "oidc_domain_refused").await;
    provider.sign_in_as(Person::new("s-1", &email));
    drop(Browser::new(&app).sign_in(&provider).await);
    // Also who is bound, once the provider knows an address of another domain.
    refused(&app, &provider, Person::new("s-1", "a@evil.example"), 403, "oidc_domain_refused").await;
    app.finish().await;

    let provider = ProviderDouble::start().await;
    let app = provider.app(&[("oidc.link_by_email", "false")]).await;
    let email = app.add_user(Role::Associate).await;
    refused(&app, &provider, Person::new("s-1", &email), 403, "oidc_user_unknown").await;
    app.finish().await;
}

#[tokio::test]
async fn two_first_sign_ins_of_two_people_for_one_user_bind_one_of_them() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    let (mut one, mut other) = (Browser::new(&app), Browser::new(&app));
    provider.sign_in_as(Person::new("s-1", &email));
    let first = one.code(&provider).await;
    provider.sign_in_as(Person::new("s-2", &email));
    let second = other.code(&provider).await;
    drop(one.take(&first, None).await.expect_status(200));
    other.take(&second, None).await.expect_problem(409, "oidc_link_taken");
    app.finish().await;
}
