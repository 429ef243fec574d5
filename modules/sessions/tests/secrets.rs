//! Passwords and tokens appear nowhere but where they are given out.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::Ctx;
use chrono::TimeDelta;
use clock::Clock as _;
use crypto::Secret;
use crypto::totp::{TotpSecret, step_at};
use data_encoding::BASE32_NOPAD;
use sessions::Shown;
use std::io::Write;
use std::sync::{Arc, Mutex};
use support::{EMAIL, PASSWORD, World};

const NEW_PASSWORD: &str = "quiet orchard seven bridges";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics while it holds this").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that a login goes through, and every secret that came up on the way.
async fn a_day_of_secrets(world: &World) -> (Vec<String>, TotpSecret) {
    let login = world.sign_in().await;
    let ctx = world.ctx(&login).await;
    let (mut secrets, app) = second_factor(world, &ctx).await;
    let second = world.refresh(&login.refresh_token).await.expect("a fresh token");
    world.try_sign_in(EMAIL, "a wrong guess at it").await.expect_err("a wrong password");
    let (old, new) = (Secret::new(PASSWORD), Secret::new(NEW_PASSWORD));
    sessions::change_password(&ctx, &world.sessions, old, new).await.expect("a new password");
    world.pass(TimeDelta::minutes(2));
    assert!(world.is_live(&second).await);
    let reused = world.refresh(&login.refresh_token).await;
    assert!(reused.is_err());
    let tokens = [&login, &second].into_iter().flat_map(|login| [&login.access_token, &login.refresh_token]);
    secrets.extend(tokens.chain(&login.device_token).map(|token| token.expose().to_owned()));
    secrets.extend([PASSWORD, NEW_PASSWORD, "a wrong guess at it"].map(str::to_owned));
    (secrets, app)
}

/// Sets a second factor up, uses it in every way, and takes it off again; its secrets and codes.
async fn second_factor(world: &World, ctx: &Ctx) -> (Vec<String>, TotpSecret) {
    let enrolment = sessions::enrol_second_factor(ctx, &world.sessions, Secret::new(PASSWORD)).await;
    let enrolment = enrolment.expect("a secret");
    let bytes = BASE32_NOPAD.decode(enrolment.secret.expose().as_bytes()).expect("base32");
    let secret = TotpSecret::from_bytes(&bytes).expect("a secret");
    let mut codes = Vec::new();
    let mut next = || {
        world.pass(TimeDelta::seconds(30));
        let code = secret.code(step_at(world.clock.now())).expect("a code");
        codes.push(code.expose().to_owned());
        code
    };
    let recovery = sessions::confirm_second_factor(ctx, &world.sessions, next()).await.expect("in force");
    let wrong = Shown { code: Some(Secret::new("8w0c3yezp4gn6bjk")), device_token: None };
    world.try_sign_in_with(EMAIL, PASSWORD, wrong).await.expect_err("a wrong code");
    for code in [next(), recovery[0].clone()] {
        let shown = Shown { code: Some(code), device_token: None };
        let login = world.try_sign_in_with(EMAIL, PASSWORD, shown).await.expect("signed in");
        sessions::trust_device(ctx, &world.sessions, login.session).await.expect("trusted");
    }
    sessions::step_up(ctx, &world.sessions, None, Some(next())).await.expect("shown again");
    let (password, code) = (Secret::new(PASSWORD), next());
    sessions::disable_second_factor(ctx, &world.sessions, password, code).await.expect("taken off");
    let shown = [&enrolment.secret, &enrolment.uri].into_iter().chain(&recovery);
    let mut secrets: Vec<String> = shown.map(|secret| secret.expose().to_owned()).collect();
    secrets.extend(recovery.iter().map(|code| code.expose().replace('-', "")));
    secrets.push("8w0c3yezp4gn6bjk".to_owned());
    // Six digits may stand anywhere in a database's file by chance: they are looked for in the log alone.
    secrets.extend(codes.into_iter().map(|code| format!("\"{code}\"")));
    (secrets, secret)
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// One test alone in its program: another one at the same time could switch the caught log's lines off.
#[tokio::test]
async fn no_secret_is_stored_in_clear_or_logged_at_any_level() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let (mut secrets, app) = a_day_of_secrets(&world).await;
    let stored = everything_stored(&world).await;
    for secret in &secrets {
        assert!(!holds(&stored, secret), "a secret was stored: {secret}");
    }
    assert!(!stored.windows(20).any(|bytes| bytes == app.as_bytes()), "the secret of the app is not sealed");
    let logged = lines.0.lock().expect("no test panics while it holds this").clone();
    assert!(holds(&logged, "used twice"), "the log was not caught");
    secrets.extend([EMAIL, "Tester", "$argon2"].map(str::to_owned));
    for secret in &secrets {
        assert!(!holds(&logged, secret), "logged: {secret}");
    }
}

/// The audit records and, on the embedded database, its files: every table at once.
async fn everything_stored(world: &World) -> Vec<u8> {
    let (reader, firm) = (world.root.reader(), world.ada.firm);
    let mut records = audit::entries_of(reader, firm, world.ada.id, 100).await.expect("records");
    let session = world.try_sign_in(EMAIL, NEW_PASSWORD).await.expect("Ada signs in").session;
    records.extend(audit::entries_of(reader, firm, session, 100).await.expect("records"));
    assert!(records.len() >= 4, "{records:?}");
    let mut stored = format!("{records:?}").into_bytes();
    for file in std::fs::read_dir(world.database.folder()).expect("the test's folder") {
        stored.extend(std::fs::read(file.expect("a file").path()).expect("its bytes"));
    }
    stored
}
