use super::{PASSKEYS, SoftPasskey, Wrong, add, add_with, options, recorded, sign_in, sign_in_with, start};
use access::Role;
use chrono::TimeDelta;
use e2e::PASSWORD;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_passkey_is_added_named_and_removed() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let asked = options(&client, "").await;
    assert_eq!(asked["rp"], json!({ "id": "lexiflow.example.com", "name": "LexiFlow" }));
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(asked["attestation"], "none");
    let kinds: Vec<&Value> =
        asked["pubKeyCredParams"].as_array().unwrap().iter().map(|kind| &kind["alg"]).collect();
    assert_eq!(kinds, [-7, -8, -257]);
    let mut passkey = SoftPasskey::synchronised();
    let added = add_with(&client, &mut passkey, &Wrong::default()).await.expect_status(201).json();
    assert_eq!(
        (&added["name"], &added["isBackedUp"], &added["lastUsedAt"]),
        (&json!("Telephone"), &json!(true), &Value::Null)
    );
    assert_eq!(added["transports"], json!(["hybrid", "internal"]));
    let path = format!("{PASSKEYS}/{}", e2e::id_of(&added));

    // A second one on the same authenticator is not made: it is told what it has.
    let asked = options(&client, "").await;
    assert_eq!(asked["excludeCredentials"][0]["id"], passkey.id_text());

    let renamed = client.patch(&path, &json!({ "name": "Old telephone" })).await.expect_status(200).json();
    assert_eq!(renamed["name"], "Old telephone");
    let same = client.patch(&path, &json!({})).await.expect_status(200).json();
    assert_eq!(same["name"], "Old telephone");
    for name in [json!(""), json!("a".repeat(101)), json!("a\u{202e}b"), Value::Null, json!(7)] {
        client.patch(&path, &json!({ "name": name })).await.expect_problem(400, "validation_failed");
    }
    let page = client.get(PASSKEYS).await.expect_status(200).json();
    assert_eq!((&page["total"], &page["data"][0]["name"]), (&json!(1), &json!("Old telephone")));
    drop(client.delete(&path).await.expect_status(204));
    // What was shown in this login was that passkey, which counts no more.
    client.delete(&path).await.expect_problem(403, "step_up_required");
    drop(client.post("/api/auth/step-up", &json!({ "password": PASSWORD })).await.expect_status(200));
    client.delete(&path).await.expect_problem(404, "passkey_not_found");
    assert_eq!(client.get(PASSKEYS).await.expect_status(200).json()["total"], 0);
    let refused = sign_in_with(&app, &mut passkey, &Wrong::default()).await;
    refused.expect_problem(401, "invalid_credentials");
    let acts: Vec<String> =
        recorded(&app, &e2e::id_of(&added)).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(acts, ["delete", "update", "create"]);
    app.finish().await;
}

#[tokio::test]
async fn adding_and_removing_ask_for_a_fresh_proof_also_of_who_has_no_second_factor() {
    let app = start().await;
    let email = app.add_user(Role::Associate).await;
    let client = app.anonymous().sign_in(&email, PASSWORD).await;
    let mut passkey = SoftPasskey::synchronised();
    let asked = options(&client, "").await;
    app.advance(TimeDelta::minutes(10));
    let ask = format!("{PASSKEYS}/options");
    client.post(&ask, &json!({})).await.expect_problem(403, "step_up_required");
    let body = json!({ "name": "Telephone", "credential": passkey.create(&asked, &Wrong::default()) });
    client.post(PASSKEYS, &body).await.expect_problem(403, "step_up_required");
    drop(client.post("/api/auth/step-up", &json!({ "password": PASSWORD })).await.expect_status(200));
    let id = add(&client, &mut passkey).await;
    let client = app.anonymous().sign_in(&email, PASSWORD).await;
    app.advance(TimeDelta::minutes(10));
    client.delete(&format!("{PASSKEYS}/{id}")).await.expect_problem(403, "step_up_required");
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_what_was_asked_for_is_refused_with_the_reason() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let mut passkey = SoftPasskey::synchronised();
    let wrong = Wrong::default;
    for (wrong, reason) in [
        (Wrong { origin: Some("https://example.org"), ..wrong() }, "origin"),
        (Wrong { site: Some("example.com"), ..wrong() }, "another site"),
        (Wrong { kind: Some("webauthn.get"), ..wrong() }, "another question"),
        (Wrong { framed: true, ..wrong() }, "within a page"),
        (Wrong { absent: true, ..wrong() }, "nobody was there"),
        (Wrong { unverified: true, ..wrong() }, "did not verify"),
        (Wrong { id: Some(vec![1; 16]), ..wrong() }, "id is not the one"),
        (Wrong { algorithm: Some(-36), ..wrong() }, "ES256, EdDSA and RS256"),
        (Wrong { algorithm: Some(-8), ..wrong() }, "ES256, EdDSA and RS256"),
    ] {
        let problem = add_with(&client, &mut passkey, &wrong).await.expect_problem(422, "passkey_refused");
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");
        app.advance(TimeDelta::seconds(31));
    }
    let made_up = Wrong { challenge: Some("A".repeat(43)), ..wrong() };
    add_with(&client, &mut passkey, &made_up).await.expect_problem(422, "passkey_challenge_gone");
    assert_eq!(client.get(PASSKEYS).await.expect_status(200).json()["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn a_challenge_adds_one_passkey_of_whom_it_was_given_to() {
    let app = start().await;
    let (client, other) = (app.user(Role::Associate).await, app.user(Role::Clerk).await);
    let mut passkey = SoftPasskey::synchronised();
    let asked = options(&client, "").await;
    let body = json!({ "name": "One", "credential": passkey.create(&asked, &Wrong::default()) });
    other.post(PASSKEYS, &body).await.expect_problem(422, "passkey_challenge_gone");
    drop(client.post(PASSKEYS, &body).await.expect_status(201));
    client.post(PASSKEYS, &body).await.expect_problem(422, "passkey_challenge_gone");
    let asked = options(&app.anonymous(), "/sign-in").await;
    let body = json!({ "name": "One", "credential": passkey.create(&asked, &Wrong::default()) });
    client.post(PASSKEYS, &body).await.expect_problem(422, "passkey_challenge_gone");
    let asked = options(&client, "").await;
    app.advance(TimeDelta::minutes(5));
    let body = json!({ "name": "Two", "credential": SoftPasskey::eddsa().create(&asked, &Wrong::default()) });
    client.post(PASSKEYS, &body).await.expect_problem(422, "passkey_challenge_gone");
    app.finish().await;
}

#[tokio::test]
async fn a_passkey_is_added_once_whoever_tries() {
    let app = start().await;
    let (client, stranger) = (app.user(Role::Associate).await, app.second_firm().await);
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    for who in [&client, &stranger] {
        let again = add_with(who, &mut passkey, &Wrong::default()).await;
        again.expect_problem(409, "passkey_known");
    }
    assert_eq!(stranger.get(PASSKEYS).await.expect_status(200).json()["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn nobody_has_more_than_twenty() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let (mut ids, mut last) = (Vec::new(), SoftPasskey::synchronised());
    for number in 0..20 {
        if number == 19 {
            // Asked for before the twentieth, and answered after it.
            let asked = options(&client, "").await;
            ids.push(add(&client, &mut SoftPasskey::synchronised()).await);
            let body = json!({ "name": "21", "credential": last.create(&asked, &Wrong::default()) });
            client.post(PASSKEYS, &body).await.expect_problem(409, "passkey_limit");
        } else {
            ids.push(add(&client, &mut SoftPasskey::synchronised()).await);
        }
    }
    let ask = client.post(&format!("{PASSKEYS}/options"), &json!({})).await;
    ask.expect_problem(409, "passkey_limit");
    let page = client.get(&format!("{PASSKEYS}?limit=15&page=2")).await.expect_status(200).json();
    assert_eq!((&page["total"], page["data"].as_array().unwrap().len()), (&json!(20), 5));
    drop(client.delete(&format!("{PASSKEYS}/{}", ids[0])).await.expect_status(204));
    drop(add(&client, &mut last).await);
    app.finish().await;
}

#[tokio::test]
async fn what_is_too_long_or_malformed_is_refused_with_its_place() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let asked = options(&client, "").await;
    let good = json!({ "name": "One",
        "credential": SoftPasskey::synchronised().create(&asked, &Wrong::default()) });
    for (member, value) in [
        ("/name", json!("")),
        ("/name", json!("a".repeat(101))),
        ("/name", json!("two\nlines")),
        ("/credential", json!([])),
        ("/credential/id", json!("A".repeat(1368))),
        ("/credential/rawId", json!("==")),
        ("/credential/type", json!("password")),
        ("/credential/response/clientDataJSON", json!("A".repeat(8196))),
        ("/credential/response/clientDataJSON", json!("e30")),
        ("/credential/response/attestationObject", json!("A".repeat(32772))),
        ("/credential/response/attestationObject", json!("A+==")),
        ("/credential/response/transports", json!("usb")),
        ("/credential/response/transports", json!(vec!["a"; 33])),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(member).unwrap() = value.clone();
        let problem = client.post(PASSKEYS, &bad).await.expect_problem(400, "validation_failed");
        let field = member[1..].replace('/', ".");
        assert_eq!(problem["errors"][0]["field"], field, "{value}: {problem}");
    }
    let mut bad = good.clone();
    bad["credential"]["response"]["transports"] = json!(["usb", "USB\u{0}"]);
    drop(client.post(PASSKEYS, &bad).await.expect_status(400));
    // CBOR that is none, is cut off, or has something behind it.
    let whole = good["credential"]["response"]["attestationObject"].as_str().unwrap().to_owned();
    for object in
        ["AAAA".to_owned(), "oA".to_owned(), whole[..whole.len() / 4 * 2].to_owned(), "gYGB".repeat(4000)]
    {
        let asked = options(&client, "").await;
        let mut bad = good.clone();
        bad["credential"] = SoftPasskey::synchronised().create(&asked, &Wrong::default());
        bad["credential"]["response"]["attestationObject"] = json!(object);
        client.post(PASSKEYS, &bad).await.expect_problem(422, "passkey_refused");
    }
    // What later browsers add is passed over.
    let asked = options(&client, "").await;
    let mut later = good;
    later["credential"] = SoftPasskey::synchronised().create(&asked, &Wrong::default());
    later["credential"]["response"]["colour"] = json!("blue");
    later["credential"]["colour"] = json!("blue");
    later["credential"]["response"]["transports"] = json!(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
    let added = client.post(PASSKEYS, &later).await.expect_status(201).json();
    assert_eq!(added["transports"].as_array().unwrap().len(), 8);
    app.finish().await;
}

#[tokio::test]
async fn removing_a_passkey_ends_the_logins_in_which_it_was_shown() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let (mut lost, mut kept) = (SoftPasskey::synchronised(), SoftPasskey::synchronised());
    // The second is the one that was shown last in this login.
    let id = add(&client, &mut lost).await;
    drop(add(&client, &mut kept).await);
    let (by_lost, by_kept) = (sign_in(&app, &mut lost).await, sign_in(&app, &mut kept).await);
    drop(client.delete(&format!("{PASSKEYS}/{id}")).await.expect_status(204));
    by_lost.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    drop(by_kept.get("/api/auth/me").await.expect_status(200));
    drop(client.get("/api/auth/me").await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn an_administrator_takes_all_passkeys_of_a_user_off() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let me = client.get("/api/auth/me").await.expect_status(200).json();
    let path = format!("/api/users/{}/mfa", e2e::id_of(&me));
    app.admin().delete(&path).await.expect_problem(409, "mfa_not_enabled");
    let mut passkeys = [SoftPasskey::synchronised(), SoftPasskey::rs256()];
    for passkey in &mut passkeys {
        drop(add(&client, passkey).await);
    }
    let by_passkey = sign_in(&app, &mut passkeys[0]).await;
    app.user(Role::Partner).await.delete(&path).await.expect_problem(403, "forbidden");
    drop(app.admin().send(Method::DELETE, &path, &[], "".into()).await.expect_status(204));
    for client in [&client, &by_passkey] {
        client.get("/api/auth/me").await.expect_problem(401, "unauthenticated");
    }
    for passkey in &mut passkeys {
        let refused = sign_in_with(&app, passkey, &Wrong::default()).await;
        refused.expect_problem(401, "invalid_credentials");
    }
    let email = me["email"].as_str().unwrap();
    let again = app.anonymous().sign_in(email, PASSWORD).await;
    assert_eq!(again.get(PASSKEYS).await.expect_status(200).json()["total"], 0);
    app.finish().await;
}
