use super::{PASSKEYS, SoftPasskey, Wrong, add, history, options, recorded, sign_in, start, step_up_with};
use access::Role;
use chrono::TimeDelta;
use e2e::PASSWORD;
use serde_json::{Value, json};

#[tokio::test]
async fn a_passkey_is_a_fresh_proof() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let mut passkey = SoftPasskey::counting();
    let id = add(&client, &mut passkey).await;
    app.advance(TimeDelta::minutes(11));
    let ask = format!("{PASSKEYS}/options");
    client.post(&ask, &json!({})).await.expect_problem(403, "step_up_required");
    let asked = options(&client, "/step-up").await;
    assert_eq!(asked["allowCredentials"][0]["id"], passkey.id_text());
    assert_eq!(asked["userVerification"], "required");
    // Authenticators leave the user out when they are told which passkey is meant.
    let wrong = Wrong { handle: Some(Value::Null), ..Wrong::default() };
    let stepped = step_up_with(&client, &mut passkey, &wrong).await.expect_status(200).json();
    assert!(stepped["freshUntil"].as_str().unwrap().ends_with('Z'), "{stepped}");
    drop(client.post(&ask, &json!({})).await.expect_status(200));
    let page = client.get(PASSKEYS).await.expect_status(200).json();
    assert_eq!(page["data"][0]["id"], id);
    assert!(page["data"][0]["lastUsedAt"].is_string());
    app.finish().await;
}

#[tokio::test]
async fn a_password_is_less_than_the_passkey_that_a_login_began_with() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    let by_passkey = sign_in(&app, &mut passkey).await;
    app.advance(TimeDelta::minutes(11));
    let password = json!({ "password": PASSWORD });
    by_passkey.post("/api/auth/step-up", &password).await.expect_problem(422, "passkey_wanted");
    drop(step_up_with(&by_passkey, &mut passkey, &Wrong::default()).await.expect_status(200));
    drop(by_passkey.post(&format!("{PASSKEYS}/options"), &json!({})).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn only_ones_own_passkey_and_a_fresh_challenge_will_do() {
    let app = start().await;
    let (client, other) = (app.user(Role::Associate).await, app.user(Role::Clerk).await);
    let (mut own, mut foreign) = (SoftPasskey::counting(), SoftPasskey::counting());
    let id = add(&client, &mut own).await;
    drop(add(&other, &mut foreign).await);
    let wrong = Wrong::default;
    step_up_with(&client, &mut foreign, &wrong()).await.expect_problem(422, "passkey_refused");
    for wrong in [
        Wrong { origin: Some("https://example.org"), ..wrong() },
        Wrong { unverified: true, ..wrong() },
        Wrong { bit: true, ..wrong() },
        Wrong { id: Some(vec![9; 20]), ..wrong() },
    ] {
        step_up_with(&client, &mut own, &wrong).await.expect_problem(422, "passkey_refused");
    }
    let path = format!("{PASSKEYS}/step-up");
    let asked = options(&client, "/step-up").await;
    let body = json!({ "credential": own.get(&asked, &wrong()) });
    other.post(&path, &body).await.expect_problem(422, "passkey_challenge_gone");
    drop(client.post(&path, &body).await.expect_status(200));
    client.post(&path, &body).await.expect_problem(422, "passkey_challenge_gone");
    let asked = options(&client, "/step-up").await;
    app.advance(TimeDelta::minutes(5));
    let body = json!({ "credential": own.get(&asked, &wrong()) });
    client.post(&path, &body).await.expect_problem(422, "passkey_challenge_gone");

    own.counter = 0;
    let copied = step_up_with(&client, &mut own, &wrong()).await.expect_problem(422, "passkey_refused");
    assert!(copied["detail"].as_str().unwrap().contains("copy"), "{copied}");
    assert_eq!(history(&client).await[0], "passkey_copied");
    assert_eq!(recorded(&app, &id).await[0].1["possibleCopy"], true);
    app.finish().await;
}
