//! What a sign-in by a provider must not be fooled by.

use access::Role;
use e2e::{Browser, Person, ProviderDouble, Signing, TestApp, Tokens};
use http::Method;
use serde_json::{Value, json};

/// What a provider does to its claims.
type Tamper = fn(&mut Value);

/// A provider, a server, and a user whom the provider knows.
async fn world(more: &[(&str, &str)]) -> (ProviderDouble, TestApp) {
    let provider = ProviderDouble::start().await;
    let app = provider.app(more).await;
    let email = app.add_user(Role::Associate).await;
    provider.sign_in_as(Person::new("s-1", &email));
    (provider, app)
}

#[tokio::test]
async fn without_a_provider_there_is_none_to_sign_in_by() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let shown = nobody.get("/api/auth/oidc").await.expect_status(200).json();
    assert_eq!(shown, json!({ "enabled": false, "name": null }));
    nobody.get("/api/auth/oidc/login").await.expect_problem(404, "oidc_off");
    nobody.get("/api/auth/oidc/callback?code=a&state=b").await.expect_problem(404, "oidc_off");
    nobody.post("/api/auth/oidc/token", &json!({ "code": "a" })).await.expect_problem(404, "oidc_off");
    app.finish().await;
}

#[tokio::test]
async fn a_state_is_good_once_in_the_browser_that_began_and_for_ten_minutes() {
    let (provider, app) = world(&[]).await;
    let mut browser = Browser::new(&app);
    let page = browser.leave(&provider).await;
    let back = browser.sign_in_there(&provider, &page).await;

    // Another browser: somebody was led here with an attacker's answer.
    let mut other = Browser::new(&app);
    other.come_back(&back).await.expect_problem(400, "oidc_state_invalid");
    drop(other.leave(&provider).await);
    other.come_back(&back).await.expect_problem(400, "oidc_state_invalid");
    let path = "/api/auth/oidc/callback";
    for query in
        ["", "?code=a", "?state=b", "?code=a&state=b", "?code=a&code=b", "?state=%ff", "?code=a&state="]
    {
        browser.come_back(&format!("{path}{query}")).await.expect_problem(400, "oidc_state_invalid");
    }
    for cookie in ["lexiflow_oidc=", "lexiflow_oidc=a.b", "lexiflow_oidc=first.AAAA", "x"] {
        let headers = [("cookie", cookie)];
        let answer = app.anonymous().send(Method::GET, &back, &headers, Vec::new().into()).await;
        answer.expect_problem(400, "oidc_state_invalid");
    }

    let mut again = browser.clone();
    drop(browser.come_back(&back).await.expect_status(302));
    again.come_back(&back).await.expect_problem(400, "oidc_state_invalid");

    let mut late = Browser::new(&app);
    let page = late.leave(&provider).await;
    let back = late.sign_in_there(&provider, &page).await;
    app.advance(chrono::TimeDelta::minutes(10));
    late.come_back(&back).await.expect_problem(400, "oidc_state_invalid");
    app.finish().await;
}

#[tokio::test]
async fn a_code_of_the_provider_is_good_once_and_for_its_own_sign_in() {
    let (provider, app) = world(&[]).await;
    let (mut first, mut second) = (Browser::new(&app), Browser::new(&app));
    let page = first.leave(&provider).await;
    let stolen = first.sign_in_there(&provider, &page).await;
    let code = stolen.split(['?', '&']).find(|pair| pair.starts_with("code=")).unwrap().to_owned();
    // A stolen code in one's own sign-in: it does not go with one's verifier.
    let page = second.leave(&provider).await;
    let own = second.sign_in_there(&provider, &page).await;
    let state = own.split(['?', '&']).find(|pair| pair.starts_with("state=")).unwrap();
    let mixed = format!("/api/auth/oidc/callback?{code}&{state}");
    second.come_back(&mixed).await.expect_problem(401, "oidc_code_refused");
    // A sign-in that failed is over too.
    second.come_back(&own).await.expect_problem(400, "oidc_state_invalid");
    drop(first.come_back(&stolen).await.expect_status(302));

    let page = first.leave(&provider).await;
    let back = first.sign_in_there(&provider, &page).await;
    let state = back.split(['?', '&']).find(|pair| pair.starts_with("state=")).unwrap();
    let replayed = format!("/api/auth/oidc/callback?{code}&{state}");
    first.come_back(&replayed).await.expect_problem(401, "oidc_code_refused");
    app.finish().await;
}

#[tokio::test]
async fn a_hand_over_is_good_once_in_its_browser_and_for_five_minutes() {
    let (provider, app) = world(&[]).await;
    let mut browser = Browser::new(&app);
    let code = browser.code(&provider).await;
    Browser::new(&app).take(&code, None).await.expect_problem(401, "oidc_handover_invalid");
    let mut other = Browser::new(&app);
    let others = other.code(&provider).await;
    other.take(&code, None).await.expect_problem(401, "oidc_handover_invalid");
    for wrong in ["", "x", others.as_str()] {
        browser.take(wrong, None).await.expect_problem(401, "oidc_handover_invalid");
    }
    let mut again = browser.clone();
    drop(browser.take(&code, None).await.expect_status(200));
    assert_eq!(browser.cookie, None, "the cookie has gone");
    again.take(&code, None).await.expect_problem(401, "oidc_handover_invalid");
    app.advance(chrono::TimeDelta::minutes(5));
    other.take(&others, None).await.expect_problem(401, "oidc_handover_invalid");
    // A cookie of one step is none for the other.
    drop(other.leave(&provider).await);
    other.take(&others, None).await.expect_problem(401, "oidc_handover_invalid");
    app.finish().await;
}

#[tokio::test]
async fn an_id_token_that_is_not_what_it_should_be_signs_nobody_in() {
    let (provider, app) = world(&[]).await;
    let tampers: [(Tamper, &str); 14] = [
        (|claims| claims["iss"] = json!("https://evil.example"), "another issuer"),
        (|claims| claims["aud"] = json!("another-client"), "another client"),
        (|claims| claims["aud"] = json!([]), "another client"),
        (|claims| claims["aud"] = json!(["lexiflow-test", "another-client"]), "another client"),
        (|claims| claims["azp"] = json!("another-client"), "another client"),
        (|claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 60), "expired"),
        (|claims| claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 61), "clocks"),
        (|claims| claims["nbf"] = json!(claims["iat"].as_i64().unwrap() + 61), "clocks"),
        (|claims| claims["nonce"] = json!("q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM"), "another sign-in"),
        (|claims| drop(claims.as_object_mut().unwrap().remove("nonce")), "another sign-in"),
        (|claims| claims["at_hash"] = json!("q0s3J8mE5y1cV2xZ7bN4wA"), "another access token"),
        (|claims| claims["sub"] = json!(""), "nobody"),
        (|claims| claims["sub"] = json!("s".repeat(256)), "nobody"),
        (|claims| drop(claims.as_object_mut().unwrap().remove("exp")), "cannot be read"),
    ];
    for (tamper, said) in tampers {
        provider.behave(|manners| manners.tampers = Some(tamper));
        let problem = Browser::new(&app).go(&provider).await.expect_problem(401, "oidc_token_invalid");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{said}: {problem:#}");
    }
    provider.behave(|manners| manners.tampers = None);
    for signing in [Signing::None, Signing::Hs256OfPublicKey, Signing::Broken, Signing::UnknownKey] {
        provider.behave(|manners| manners.signing = signing);
        Browser::new(&app).go(&provider).await.expect_problem(401, "oidc_token_invalid");
    }
    // Several audiences are fine where the token was given to this client, and clocks may differ by a minute.
    provider.behave(|manners| {
        manners.signing = Signing::Rs256;
        manners.tampers = Some(|claims| {
            claims["aud"] = json!(["another-client", "lexiflow-test"]);
            claims["azp"] = json!("lexiflow-test");
            claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 59);
        });
    });
    drop(Browser::new(&app).sign_in(&provider).await);
    app.finish().await;
}

#[tokio::test]
async fn a_provider_that_fails_is_told_in_clear_words() {
    let (provider, app) = world(&[("oidc.timeout", "1s")]).await;
    for (tokens, status, code) in [
        (Tokens::Status(500), 503, "oidc_unreachable"),
        (Tokens::Status(404), 502, "oidc_provider_fault"),
        (Tokens::Redirect, 502, "oidc_provider_fault"),
        (Tokens::Huge, 502, "oidc_provider_fault"),
        (Tokens::Nonsense, 502, "oidc_provider_fault"),
        (Tokens::Silent, 503, "oidc_unreachable"),
    ] {
        provider.behave(|manners| manners.tokens = tokens);
        let answer = Browser::new(&app).go(&provider).await;
        let problem = answer.expect_problem(status, code);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("sign in with address and password"), "{detail}");
        assert_eq!(answer.header("retry-after").is_empty(), status == 502, "{tokens:?}");
    }
    assert_eq!(provider.times_asked("/elsewhere"), 0, "nothing follows a redirect");
    provider.behave(|manners| manners.tokens = Tokens::Usual);
    drop(Browser::new(&app).sign_in(&provider).await);

    app.advance(chrono::TimeDelta::hours(1));
    provider.behave(|manners| manners.calls_itself = Some("https://evil.example"));
    app.anonymous().get("/api/auth/oidc/login").await.expect_problem(502, "oidc_provider_fault");
    provider.go_away().await;
    app.anonymous().get("/api/auth/oidc/login").await.expect_problem(503, "oidc_unreachable");
    app.finish().await;
}

#[tokio::test]
async fn what_the_provider_says_instead_of_a_code_is_not_repeated() {
    let (provider, app) = world(&[]).await;
    for (error, said) in [
        ("access_denied", "refused"),
        ("login_required", "could not ask"),
        ("invalid_scope", "administrator"),
        ("temporarily_unavailable", "trouble"),
        ("%3Cscript%3Ealert(1)%3C/script%3E", "no reason that is known"),
    ] {
        provider.behave(|manners| manners.refuses = Some(error));
        let answer = Browser::new(&app).go(&provider).await;
        let problem = answer.expect_problem(401, "oidc_denied");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem:#}");
        assert!(!answer.text().contains("script"), "{}", answer.text());
    }
    // An answer in another provider's name (RFC 9207).
    provider.behave(|manners| manners.refuses = None);
    let mut browser = Browser::new(&app);
    let page = browser.leave(&provider).await;
    let back = browser.sign_in_there(&provider, &page).await;
    let mixed = format!("{back}&iss=https%3A%2F%2Fevil.example");
    browser.come_back(&mixed).await.expect_problem(400, "oidc_state_invalid");
    app.finish().await;
}

#[tokio::test]
async fn nobody_is_led_to_another_server() {
    let (provider, app) = world(&[]).await;
    for place in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "%5C%5Cevil.example",
        "javascript:alert(1)",
        "cases",
        "/%0d%0aSet-Cookie:a=b",
        "/a%23oidc-code=x",
        "",
        "/%C3%A9",
    ] {
        let answer = app.anonymous().get(&format!("/api/auth/oidc/login?returnTo={place}")).await;
        if place.is_empty() {
            drop(answer.expect_status(302));
        } else {
            answer.expect_problem(400, "malformed_query");
        }
    }
    app.anonymous().get("/api/auth/oidc/login?next=/").await.expect_problem(400, "malformed_query");
    drop(provider);
    app.finish().await;
}

#[tokio::test]
async fn a_provider_inside_of_the_network_is_not_asked_without_a_word_in_the_settings() {
    // A name for everybody that leads to this machine: what the guard is for.
    let settings = [
        ("oidc.issuer", "https://localhost.localdomain"),
        ("oidc.client_id", "lexiflow-test"),
        ("mail.public_url", "https://law.example"),
        ("oidc.timeout", "2s"),
    ];
    let app = TestApp::with(&settings).await;
    app.anonymous().get("/api/auth/oidc/login").await.expect_problem(503, "oidc_unreachable");
    app.finish().await;
}

#[tokio::test]
async fn coming_back_counts_as_an_attempt_to_sign_in() {
    let (_provider, app) = world(&[("rate_limit.auth_max", "40")]).await;
    let path = "/api/auth/oidc/callback?code=a&state=b";
    let mut refused = 0;
    for _ in 0..41 {
        refused += usize::from(app.anonymous().get(path).await.status == 429);
    }
    assert!(refused > 0, "nothing was refused");
    drop(app.anonymous().get("/api/auth/oidc").await.expect_status(200));
    app.finish().await;
}
