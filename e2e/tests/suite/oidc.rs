//! Signing in by an OpenID Connect provider: the way there and back, and what it proves.

use access::Role;
use chrono::TimeDelta;
use crypto::totp::{TotpSecret, step_at};
use data_encoding::BASE32_NOPAD;
use e2e::{Browser, PASSWORD, Person, ProviderDouble, Signing, TestApp};
use serde_json::{Value, json};
use testkit::Client;

fn of(app: &TestApp, login: &Value) -> Client {
    app.anonymous().with_token(login["accessToken"].as_str().expect("a token"))
}

/// Sets up a second factor.
async fn enrol(app: &TestApp, client: &Client) -> TotpSecret {
    let body = json!({ "password": PASSWORD });
    let given = client.post("/api/auth/mfa/totp", &body).await.expect_status(200).json();
    let bytes = BASE32_NOPAD.decode(given["secret"].as_str().unwrap().as_bytes()).unwrap();
    let secret = TotpSecret::from_bytes(&bytes).unwrap();
    let code = json!({ "code": code(app, &secret) });
    drop(client.post("/api/auth/mfa/totp/confirm", &code).await.expect_status(200));
    secret
}

fn code(app: &TestApp, secret: &TotpSecret) -> String {
    secret.code(step_at(app.app().clock().now())).unwrap().expose().to_owned()
}

#[tokio::test]
async fn who_comes_back_from_the_provider_is_signed_in_as_by_a_password() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    let shown = app.anonymous().get("/api/auth/oidc").await.expect_status(200).json();
    assert_eq!(shown, json!({ "enabled": true, "name": "Firm account" }));

    provider.sign_in_as(Person::new("s-1", &email.to_uppercase()));
    let login = Browser::new(&app).sign_in(&provider).await;
    assert_eq!(login["user"]["email"], email);
    assert!(login["deviceToken"].is_string() && login["tokenType"] == "Bearer");
    let client = of(&app, &login);
    assert_eq!(client.get("/api/auth/me").await.expect_status(200).json()["email"], email);
    let refresh = json!({ "refreshToken": login["refreshToken"] });
    drop(app.anonymous().post("/api/auth/refresh", &refresh).await.expect_status(200));

    let history = client.get("/api/auth/login-history").await.expect_status(200).json();
    assert_eq!((&history["total"], &history["data"][0]["outcome"]), (&json!(1), &json!("signed_in")));
    let path = format!("/api/audit-logs/user/{}", e2e::id_of(&login["user"]));
    let log = app.admin().get(&path).await.expect_status(200).text();
    assert!(log.contains("signInProvider") && log.contains(&provider.address().to_string()), "{log}");
    assert_eq!(client.get("/api/auth/sessions").await.expect_status(200).json()["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_user_is_found_by_issuer_and_subject_whatever_the_address_says_later() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let (email, other) = (app.add_user(Role::Associate).await, app.add_user(Role::Clerk).await);
    provider.sign_in_as(Person::new("s-1", &email));
    let client = of(&app, &Browser::new(&app).sign_in(&provider).await);
    let link = client.get("/api/auth/oidc/link").await.expect_status(200).json();
    assert_eq!((&link["linked"], &link["linkedAt"]), (&json!(true), &link["lastUsedAt"]));
    assert_eq!(link["issuer"], format!("http://{}", provider.address()));

    app.advance(TimeDelta::minutes(1));
    // The same person with somebody else's address, unverified, and then with none at all.
    provider.sign_in_as(Person { verified: false, ..Person::new("s-1", &other) });
    assert_eq!(Browser::new(&app).sign_in(&provider).await["user"]["email"], email);
    provider.sign_in_as(Person { email: None, ..Person::new("s-1", "") });
    assert_eq!(Browser::new(&app).sign_in(&provider).await["user"]["email"], email);
    let link = client.get("/api/auth/oidc/link").await.expect_status(200).json();
    assert_ne!(link["linkedAt"], link["lastUsedAt"]);

    // Another person of the provider with the user's address is somebody else.
    app.advance(TimeDelta::minutes(1));
    provider.sign_in_as(Person::new("s-2", &email));
    Browser::new(&app).go(&provider).await.expect_problem(409, "oidc_link_taken");
    let history = client.get("/api/auth/login-history").await.expect_status(200).json();
    assert_eq!(history["data"][0]["outcome"], "refused");

    drop(client.delete("/api/auth/oidc/link").await.expect_status(204));
    client.delete("/api/auth/oidc/link").await.expect_problem(404, "oidc_link_not_found");
    let link = client.get("/api/auth/oidc/link").await.expect_status(200).json();
    assert_eq!(link, json!({ "linked": false, "issuer": null, "linkedAt": null, "lastUsedAt": null }));
    assert_eq!(Browser::new(&app).sign_in(&provider).await["user"]["email"], email);
    app.finish().await;
}

#[tokio::test]
async fn a_second_factor_is_asked_for_as_after_a_password() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    let secret = enrol(&app, &app.anonymous().sign_in(&email, PASSWORD).await).await;
    app.advance(TimeDelta::minutes(1));
    // What the provider says of its own is not believed without a word in the settings.
    provider.sign_in_as(Person { methods: vec!["pwd", "mfa"], ..Person::new("s-1", &email) });
    let mut browser = Browser::new(&app);
    let given = browser.code(&provider).await;
    browser.take(&given, None).await.expect_problem(401, "mfa_required");
    browser.take(&given, Some("000000")).await.expect_problem(401, "mfa_code_invalid");
    app.anonymous().get("/api/auth/oidc/link").await.expect_problem(401, "unauthenticated");
    app.advance(TimeDelta::seconds(30));
    let login = browser.take(&given, Some(&code(&app, &secret))).await.expect_status(200).json();
    let client = of(&app, &login);
    let history = client.get("/api/auth/login-history").await.expect_status(200).json();
    let outcomes: Vec<_> = (0..2).map(|place| history["data"][place]["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["signed_in", "second_factor_refused"]);

    app.advance(TimeDelta::minutes(11));
    client.delete("/api/auth/oidc/link").await.expect_problem(403, "step_up_required");
    let proof = json!({ "mfaCode": code(&app, &secret) });
    drop(client.post("/api/auth/step-up", &proof).await.expect_status(200));
    drop(client.delete("/api/auth/oidc/link").await.expect_status(204));
    app.finish().await;
}

#[tokio::test]
async fn guessing_the_second_factor_is_counted() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    drop(enrol(&app, &app.anonymous().sign_in(&email, PASSWORD).await).await);
    provider.sign_in_as(Person::new("s-1", &email));
    let mut browser = Browser::new(&app);
    let given = browser.code(&provider).await;
    for _ in 0..10 {
        browser.take(&given, Some("000000")).await.expect_problem(401, "mfa_code_invalid");
    }
    browser.take(&given, Some("000000")).await.expect_problem(429, "too_many_attempts");
    app.finish().await;
}

#[tokio::test]
async fn a_second_factor_of_the_provider_counts_where_the_settings_say_so() {
    let provider = ProviderDouble::start().await;
    let trusting = [
        ("oidc.trust_mfa", "true"),
        ("oidc.mfa_acr_values", "urn:firm:two-factors"),
        ("auth.mfa_required_for_privileged", "true"),
    ];
    let app = provider.app(&trusting).await;
    let email = app.admin_email();
    // The role must have a second factor, and the user has none here.
    app.admin().get("/api/users").await.expect_problem(403, "mfa_enrolment_required");
    provider.sign_in_as(Person::new("s-1", email));
    let owing = of(&app, &Browser::new(&app).sign_in(&provider).await);
    owing.get("/api/users").await.expect_problem(403, "mfa_enrolment_required");
    for person in [
        Person { methods: vec!["pwd", "mfa"], ..Person::new("s-1", email) },
        Person { class: Some("urn:firm:two-factors"), ..Person::new("s-1", email) },
    ] {
        provider.sign_in_as(person);
        let client = of(&app, &Browser::new(&app).sign_in(&provider).await);
        drop(client.get("/api/users").await.expect_status(200));
    }
    // Who has one here is not asked for it, and has shown nothing here either.
    let secret = enrol(&app, app.admin()).await;
    let login = Browser::new(&app).sign_in(&provider).await;
    of(&app, &login).delete("/api/auth/oidc/link").await.expect_problem(403, "step_up_required");
    provider.sign_in_as(Person { class: Some("urn:firm:one-factor"), ..Person::new("s-1", email) });
    let mut browser = Browser::new(&app);
    let given = browser.code(&provider).await;
    browser.take(&given, None).await.expect_problem(401, "mfa_required");
    app.advance(TimeDelta::minutes(1));
    drop(browser.take(&given, Some(&code(&app, &secret))).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn every_algorithm_that_is_accepted_is_and_new_keys_are_found() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    provider.sign_in_as(Person::new("s-1", &email));
    provider.behave(|manners| manners.publishes_p256 = false);
    for signing in [Signing::Rs256, Signing::Ps256] {
        provider.behave(|manners| manners.signing = signing);
        drop(Browser::new(&app).sign_in(&provider).await);
    }
    assert_eq!(
        (provider.times_asked("/keys"), provider.times_asked("/.well-known/openid-configuration")),
        (1, 1)
    );
    // The provider changes its keys: the next token names one that is not known here.
    provider.behave(|manners| (manners.publishes_p256, manners.signing) = (true, Signing::Es256));
    drop(Browser::new(&app).sign_in(&provider).await);
    drop(Browser::new(&app).sign_in(&provider).await);
    assert_eq!(provider.times_asked("/keys"), 2);

    // A name that nobody has is looked for once a minute at most.
    provider.behave(|manners| manners.signing = Signing::UnknownKey);
    for _ in 0..2 {
        Browser::new(&app).go(&provider).await.expect_problem(401, "oidc_token_invalid");
    }
    assert_eq!(provider.times_asked("/keys"), 2);
    app.advance(TimeDelta::minutes(1));
    Browser::new(&app).go(&provider).await.expect_problem(401, "oidc_token_invalid");
    assert_eq!(provider.times_asked("/keys"), 3);

    // What is known is believed for an hour.
    provider.behave(|manners| manners.signing = Signing::Rs256);
    app.advance(TimeDelta::hours(1));
    drop(Browser::new(&app).sign_in(&provider).await);
    assert_eq!(
        (provider.times_asked("/keys"), provider.times_asked("/.well-known/openid-configuration")),
        (4, 2)
    );
    app.finish().await;
}

#[tokio::test]
async fn addresses_at_the_userinfo_endpoint_and_secrets_in_the_form_do_too() {
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let email = app.add_user(Role::Associate).await;
    provider.sign_in_as(Person::new("s-1", &email));
    provider.behave(|manners| (manners.thin_tokens, manners.secret_in_form) = (true, true));
    assert_eq!(Browser::new(&app).sign_in(&provider).await["user"]["email"], email);
    assert_eq!(provider.times_asked("/userinfo"), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_sign_in_goes_on_at_another_server_of_the_same_database() {
    let provider = ProviderDouble::start().await;
    let key = format!("shared:{}", "7b".repeat(32));
    let app = provider.app(&[("auth.sealing_keys", key.as_str())]).await;
    let Some(replica) = app.replica().await else { return app.finish().await };
    let email = app.add_user(Role::Associate).await;
    provider.sign_in_as(Person::new("s-1", &email));
    let mut browser = Browser::new(&app);
    let page = browser.leave(&provider).await;
    let back = browser.sign_in_there(&provider, &page).await;
    let mut elsewhere = Browser::at(replica.address(), browser.cookie.clone());
    drop(elsewhere.come_back(&back).await.expect_status(302));
    // The first server knows that the state was used.
    browser.come_back(&back).await.expect_problem(400, "oidc_state_invalid");
    assert!(replica.shutdown().await.clean);
    app.finish().await;
}
