//! Passkeys over HTTP, with an authenticator in software.

mod adding;
mod authenticator;
mod signing_in;
mod stepping_up;

use authenticator::{ORIGIN, SoftPasskey, Wrong};
use e2e::TestApp;
use serde_json::{Value, json};
use testkit::{Answer, Client};

const PASSKEYS: &str = "/api/auth/passkeys";

async fn start() -> TestApp {
    TestApp::with(&[("mail.public_url", ORIGIN)]).await
}

/// What the browser is asked.
async fn options(client: &Client, ceremony: &str) -> Value {
    let path = format!("{PASSKEYS}{ceremony}/options");
    client.post(&path, &json!({})).await.expect_status(200).json()
}

async fn add_with(client: &Client, passkey: &mut SoftPasskey, wrong: &Wrong) -> Answer {
    let options = options(client, "").await;
    let credential = passkey.create(&options, wrong);
    client.post(PASSKEYS, &json!({ "name": "Telephone", "credential": credential })).await
}

/// Adds a passkey, and gives its id at the server.
async fn add(client: &Client, passkey: &mut SoftPasskey) -> String {
    e2e::id_of(&add_with(client, passkey, &Wrong::default()).await.expect_status(201).json())
}

async fn sign_in_with(app: &TestApp, passkey: &mut SoftPasskey, wrong: &Wrong) -> Answer {
    let anonymous = app.anonymous();
    let options = options(&anonymous, "/sign-in").await;
    let body = json!({ "credential": passkey.get(&options, wrong) });
    anonymous.post(&format!("{PASSKEYS}/sign-in"), &body).await
}

/// Signs in with a passkey.
async fn sign_in(app: &TestApp, passkey: &mut SoftPasskey) -> Client {
    let login = sign_in_with(app, passkey, &Wrong::default()).await.expect_status(200).json();
    app.anonymous().with_token(login["accessToken"].as_str().unwrap())
}

async fn step_up_with(client: &Client, passkey: &mut SoftPasskey, wrong: &Wrong) -> Answer {
    let options = options(client, "/step-up").await;
    let body = json!({ "credential": passkey.get(&options, wrong) });
    client.post(&format!("{PASSKEYS}/step-up"), &body).await
}

/// The outcomes of the attempts to sign in, the newest first.
async fn history(client: &Client) -> Vec<String> {
    let page = client.get("/api/auth/login-history?limit=100").await.expect_status(200).json();
    let outcome = |one: &Value| one["outcome"].as_str().unwrap().to_owned();
    page["data"].as_array().unwrap().iter().map(outcome).collect()
}

/// The audit entries about a passkey: what was done, and the changes.
async fn recorded(app: &TestApp, passkey: &str) -> Vec<(String, Value)> {
    let path = format!("/api/audit-logs/entity/passkey/{passkey}");
    let page = app.admin().get(&path).await.expect_status(200).json();
    let entry = |one: &Value| (one["action"].as_str().unwrap().to_owned(), one["changes"].clone());
    page["data"].as_array().unwrap().iter().map(entry).collect()
}
