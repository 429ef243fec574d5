//! Passwords, tokens, links and keys stand nowhere but where they are given out. One test alone in its program: the log of
//! the whole process is caught, at its most talkative.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use access::Role;
use db::Reads as _;
use e2e::{
    Browser, CLIENT_SECRET, PASSWORD, Person, ProviderDouble, Signing, TestApp, Tokens, mail_to, make_key,
};
use http::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use testkit::Client;

headroom::install_allocator!();

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const RESET: &str = "quiet orchard seven bridges";
const CHOSEN: &str = "nine paper boats on a slow river";
const GUESS: &str = "a guess that is nobodys password";

/// Secrets that came up on the way.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn add(&mut self, secret: &Value) -> String {
        let secret = secret.as_str().expect("a secret").to_owned();
        self.0.push(secret.clone());
        secret
    }
}

async fn post(app: &TestApp, path: &str, body: Value, status: u16) -> Value {
    let answer = app.anonymous().post(path, &body).await.expect_status(status);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

async fn logins(app: &TestApp, email: &str, secrets: &mut Secrets) -> Client {
    let login = post(app, "/api/auth/login", json!({ "email": email, "password": PASSWORD }), 200).await;
    secrets.add(&login["accessToken"]);
    let refresh = secrets.add(&login["refreshToken"]);
    let next = post(app, "/api/auth/refresh", json!({ "refreshToken": refresh }), 200).await;
    secrets.add(&next["refreshToken"]);
    drop(post(app, "/api/auth/login", json!({ "email": email, "password": GUESS }), 401).await);
    app.anonymous().with_token(secrets.add(&next["accessToken"]))
}

async fn links(app: &TestApp, email: &str, secrets: &mut Secrets) {
    post(app, "/api/auth/forgot-password", json!({ "email": email }), 200).await;
    let token = secrets.add(&json!(mail_to(app, email).await.token()));
    post(app, "/api/auth/reset-password", json!({ "token": token, "newPassword": RESET }), 204).await;
    post(app, "/api/auth/reset-password", json!({ "token": token, "newPassword": RESET }), 422).await;
    // Whoever opens the link at the API itself: the part behind the # is not sent, but somebody may write a query.
    drop(app.anonymous().get(&format!("/reset-password?token={token}")).await);
    let body =
        json!({ "email": "ina@example.com", "firstName": "Ina", "lastName": "Novak", "role": "clerk" });
    drop(app.admin().post("/api/users/invitations", &body).await.expect_status(201));
    let token = secrets.add(&json!(mail_to(app, "ina@example.com").await.token()));
    post(app, "/api/auth/accept-invitation", json!({ "token": token, "password": CHOSEN }), 201).await;
}

async fn keys(app: &TestApp, user: &Client, secrets: &mut Secrets) {
    let made = make_key(user, &["cases:read"]).await;
    let key = secrets.add(&made["key"]);
    let header = [("x-api-key", key.as_str())];
    let nobody = app.anonymous();
    drop(nobody.send(Method::GET, "/api/cases", &header, Vec::new().into()).await.expect_status(200));
    let path = format!("/api/api-keys/{}", made["id"].as_str().unwrap());
    let next = user.post(&format!("{path}/rotate"), &json!({})).await.expect_status(201).json();
    secrets.add(&next["key"]);
    drop(user.delete(&path).await.expect_status(204));
    drop(nobody.send(Method::GET, "/api/cases", &header, Vec::new().into()).await.expect_status(401));
    // What is secret of a key is what stands behind its id.
    let behind = |key: &Value| key["key"].as_str().unwrap().split_at(37).1.to_owned();
    secrets.0.extend([behind(&made), behind(&next)]);
}

/// A sign-in by a provider: what the provider and the browser were given.
async fn sign_in_by_provider(app: &TestApp, provider: &ProviderDouble, email: &str, secrets: &mut Secrets) {
    provider.sign_in_as(Person::new("s-1", email));
    let mut browser = Browser::new(app);
    let page = browser.leave(provider).await;
    // State, nonce and challenge.
    let pairs = page.split('&').filter_map(|pair| pair.split_once('='));
    let kept = pairs.filter(|(name, _)| ["state", "nonce", "code_challenge"].contains(name));
    secrets.0.extend(kept.map(|(_, value)| value.to_owned()));
    let back = browser.sign_in_there(provider, &page).await;
    secrets.0.push("of%20the%20double".to_owned());
    secrets.0.push("of the double".to_owned());
    let mut refused = browser.clone();
    secrets.0.extend(browser.cookie.clone());
    let answer = browser.come_back(&back).await.expect_status(302);
    drop(refused.come_back(&back).await.expect_status(400));
    secrets.0.extend(browser.cookie.clone());
    let code = answer.header("location").split_once("#oidc-code=").expect("a code").1.to_owned();
    secrets.0.push(code.clone());
    let login = browser.take(&code, None).await.expect_status(200).json();
    secrets.add(&login["accessToken"]);
    secrets.add(&login["refreshToken"]);
    secrets.add(&login["deviceToken"]);
    secrets.0.extend(["access-token-of-the-double".to_owned(), CLIENT_SECRET.to_owned()]);
    // A provider that fails, and a code that is refused.
    provider.behave(|manners| manners.tokens = Tokens::Nonsense);
    drop(Browser::new(app).go(provider).await.expect_status(502));
    provider.behave(|manners| (manners.tokens, manners.signing) = (Tokens::Usual, Signing::Broken));
    drop(Browser::new(app).go(provider).await.expect_status(401));
}

/// Everything that the database holds: on the embedded one its files, with what was deleted and the log of writes; else
/// every row of every table.
async fn stored(app: &TestApp) -> Vec<u8> {
    let db = app.app().db();
    let mut bytes = Vec::new();
    if db.dialect() == db::Dialect::Sqlite {
        read_all(app.folder(), &mut bytes);
        return bytes;
    }
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    for row in db.reader().rows(db::sql(db.dialect(), tables, [])).await.unwrap() {
        let text = format!("SELECT t::text FROM {} t", row.at::<String>(0).unwrap());
        for row in db.reader().rows(db::sql(db.dialect(), text, [])).await.unwrap() {
            bytes.extend(row.at::<String>(0).unwrap().into_bytes());
        }
    }
    bytes
}

/// The files below the data folder but the mail, which is where a link belongs.
fn read_all(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != "mail" {
                read_all(&entry.path(), bytes);
            }
        } else {
            bytes.extend(std::fs::read(entry.path()).unwrap());
        }
    }
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level_or_stored_in_clear() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("the only log of this program");
    let provider = ProviderDouble::start().await;
    let app = provider.app(&[]).await;
    let mut secrets =
        Secrets(vec![PASSWORD.to_owned(), RESET.to_owned(), CHOSEN.to_owned(), GUESS.to_owned()]);
    let email = app.add_user(Role::Clerk).await;
    let user = logins(&app, &email, &mut secrets).await;
    keys(&app, &user, &mut secrets).await;
    links(&app, &email, &mut secrets).await;
    sign_in_by_provider(&app, &provider, &email, &mut secrets).await;
    app.settle().await;

    let bytes = stored(&app).await;
    let logged = lines.0.lock().unwrap().clone();
    assert!(holds(&logged, "a mail was written") && holds(&logged, "TRACE"), "the log was not caught");
    assert!(holds(&bytes, "passwordReset"), "the records were not read");
    assert!(secrets.0.len() >= 27, "{}", secrets.0.len());
    for (place, secret) in secrets.0.iter().enumerate() {
        assert!(!holds(&bytes, secret), "secret {place} is stored: {secret}");
        assert!(!holds(&logged, secret), "secret {place} is logged: {secret}");
    }
    assert!(!holds(&logged, &email), "an address is logged");
    app.finish().await;
}
