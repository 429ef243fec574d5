//! Second factors: codes of an authenticator app, recovery codes, trusted devices.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::{Ctx, Role, SecondFactor};
use chrono::TimeDelta;
use clock::Clock;
use crypto::Secret;
use crypto::totp::{TotpSecret, step_at};
use data_encoding::BASE32_NOPAD;
use sessions::{Error, Login, Settings, Shown};
use support::{EMAIL, PASSWORD, SEALING, World};

/// Ada with a second factor in force.
struct Enrolled {
    world: World,
    login: Login,
    secret: TotpSecret,
    recovery: Vec<Secret>,
}

impl Enrolled {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let world = World::with(settings).await;
        let login = world.sign_in().await;
        let ctx = world.ctx(&login).await;
        let enrolment = sessions::enrol_second_factor(&ctx, &world.sessions, Secret::new(PASSWORD)).await;
        let secret = read(&enrolment.expect("a secret").secret);
        let code = secret.code(step_at(world.clock.now())).expect("a code");
        let recovery = sessions::confirm_second_factor(&ctx, &world.sessions, code).await.expect("in force");
        Self { world, login, secret, recovery }
    }

    /// The code that the app shows now.
    fn code(&self) -> Secret {
        self.code_at(0)
    }

    fn code_at(&self, steps: i64) -> Secret {
        self.secret.code(step_at(self.world.clock.now()) + steps).expect("a code")
    }

    async fn sign_in(&self, code: Option<Secret>, device_token: Option<Secret>) -> Result<Login, Error> {
        self.world.try_sign_in_with(EMAIL, PASSWORD, Shown { code, device_token }).await
    }

    async fn ctx(&self) -> Ctx {
        self.world.ctx(&self.login).await
    }

    /// Until the app shows the next code.
    fn next_step(&self) {
        self.world.pass(TimeDelta::seconds(30));
    }
}

fn read(text: &Secret) -> TotpSecret {
    let bytes = BASE32_NOPAD.decode(text.expose().as_bytes()).expect("base32");
    TotpSecret::from_bytes(&bytes).expect("a secret")
}

#[tokio::test]
async fn signing_in_asks_for_the_code_and_takes_each_once() {
    let enrolled = Enrolled::new().await;
    let wanted = enrolled.sign_in(None, None).await.expect_err("the password alone");
    assert_eq!(web::Failure::code(&wanted).name, "mfa_required");
    let blank = enrolled.sign_in(Some(Secret::new(" ")), None).await.expect_err("a blank is no code");
    assert!(matches!(blank, Error::SecondFactorWanted), "{blank:?}");
    let used = enrolled.sign_in(Some(enrolled.code()), None).await.expect_err("used to confirm");
    assert!(matches!(used, Error::SecondFactorRefused), "{used:?}");
    enrolled.next_step();
    let login = enrolled.sign_in(Some(enrolled.code()), None).await.expect("the right code");
    assert!(login.user.second_factor);
    let again = enrolled.sign_in(Some(enrolled.code()), None).await.expect_err("the same code");
    assert_eq!(web::Failure::code(&again).name, "mfa_code_invalid");
    let wrong_password = enrolled.world.try_sign_in_with(
        EMAIL,
        "not the password",
        Shown { code: Some(enrolled.code_at(1)), device_token: None },
    );
    assert!(matches!(wrong_password.await, Err(Error::InvalidCredentials)));
}

#[tokio::test]
async fn a_code_is_good_for_its_step_and_the_ones_beside_it() {
    let enrolled = Enrolled::new().await;
    for _ in 0..4 {
        enrolled.next_step();
    }
    for steps in [-2, 2] {
        let refused = enrolled.sign_in(Some(enrolled.code_at(steps)), None).await;
        assert!(matches!(refused, Err(Error::SecondFactorRefused)), "{steps}");
    }
    assert!(enrolled.sign_in(Some(enrolled.code_at(-1)), None).await.is_ok());
    assert!(enrolled.sign_in(Some(enrolled.code_at(1)), None).await.is_ok());
    let older = enrolled.sign_in(Some(enrolled.code()), None).await;
    assert!(matches!(older, Err(Error::SecondFactorRefused)), "a step before one that was taken");
}

#[tokio::test]
async fn of_two_with_the_same_code_at_once_one_gets_in() {
    let enrolled = Enrolled::new().await;
    enrolled.next_step();
    let (one, other) = tokio::join!(
        enrolled.sign_in(Some(enrolled.code()), None),
        enrolled.sign_in(Some(enrolled.code()), None)
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn wrong_codes_are_attempts() {
    let enrolled = Enrolled::new().await;
    for _ in 0..10 {
        let refused = enrolled.sign_in(Some(Secret::new("000000")), None).await;
        assert!(matches!(refused, Err(Error::SecondFactorRefused)), "{refused:?}");
    }
    enrolled.next_step();
    let stopped = enrolled.sign_in(Some(enrolled.code()), None).await;
    assert!(matches!(stopped, Err(Error::TooManyAttempts { .. })), "{stopped:?}");
    let ctx = enrolled.ctx().await;
    for _ in 0..10 {
        let wrong =
            sessions::step_up(&ctx, &enrolled.world.sessions, None, Some(Secret::new("000000"))).await;
        assert!(matches!(wrong, Err(Error::WrongCode)), "{wrong:?}");
    }
    let stopped = sessions::step_up(&ctx, &enrolled.world.sessions, None, Some(enrolled.code())).await;
    assert!(matches!(stopped, Err(Error::TooManyAttempts { .. })), "{stopped:?}");
}

#[tokio::test]
async fn ten_recovery_codes_stand_for_the_app_once_each() {
    let enrolled = Enrolled::new().await;
    assert_eq!(enrolled.recovery.len(), 10);
    let code = enrolled.recovery[3].clone();
    let upper = Secret::new(code.expose().to_uppercase());
    assert!(enrolled.sign_in(Some(upper), None).await.is_ok());
    let again = enrolled.sign_in(Some(code), None).await;
    assert!(matches!(again, Err(Error::SecondFactorRefused)), "{again:?}");
    enrolled.next_step();
    let (ctx, sessions) = (enrolled.ctx().await, &enrolled.world.sessions);
    let renewed = sessions::renew_recovery_codes(&ctx, sessions, Secret::new(PASSWORD), enrolled.code());
    let renewed = renewed.await.expect("new codes");
    let old = enrolled.sign_in(Some(enrolled.recovery[4].clone()), None).await;
    assert!(matches!(old, Err(Error::SecondFactorRefused)), "{old:?}");
    assert!(enrolled.sign_in(Some(renewed[0].clone()), None).await.is_ok());
}

#[tokio::test]
async fn the_factor_is_taken_off_only_by_who_shows_password_and_code() {
    let enrolled = Enrolled::new().await;
    let (ctx, world) = (enrolled.ctx().await, &enrolled.world);
    enrolled.next_step();
    let off = |password: &str, code: Secret| {
        sessions::disable_second_factor(&ctx, &world.sessions, Secret::new(password), code)
    };
    let wrong = off("not the password", enrolled.code()).await;
    assert!(matches!(wrong, Err(Error::Accounts(accounts::Error::WrongPassword))), "{wrong:?}");
    let wrong = off(PASSWORD, Secret::new("000000")).await;
    assert!(matches!(wrong, Err(Error::WrongCode)), "{wrong:?}");
    assert!(matches!(enrolled.sign_in(None, None).await, Err(Error::SecondFactorWanted)));
    off(PASSWORD, enrolled.code()).await.expect("taken off");
    assert!(enrolled.sign_in(None, None).await.is_ok());
    let gone = off(PASSWORD, enrolled.code()).await;
    assert!(matches!(gone, Err(Error::SecondFactorAbsent)), "{gone:?}");
}

#[tokio::test]
async fn a_secret_counts_from_its_confirmation_on_and_a_second_one_is_refused() {
    let world = World::new().await;
    let ctx = world.ctx(&world.sign_in().await).await;
    let enrol = || sessions::enrol_second_factor(&ctx, &world.sessions, Secret::new(PASSWORD));
    let early = sessions::confirm_second_factor(&ctx, &world.sessions, Secret::new("000000")).await;
    assert!(matches!(early, Err(Error::SecondFactorAbsent)), "{early:?}");
    let first = enrol().await.expect("a secret");
    assert!(world.try_sign_in(EMAIL, PASSWORD).await.is_ok(), "not in force yet");
    let second = enrol().await.expect("another secret in place of the first");
    assert_ne!(first.secret.expose(), second.secret.expose());
    assert!(second.uri.expose().starts_with("otpauth://totp/LexiFlow:ada%40example%2Ecom?secret="));
    let code = |secret: &Secret| read(secret).code(step_at(world.clock.now())).expect("a code");
    let old = sessions::confirm_second_factor(&ctx, &world.sessions, code(&first.secret)).await;
    assert!(matches!(old, Err(Error::WrongCode)), "{old:?}");
    sessions::confirm_second_factor(&ctx, &world.sessions, code(&second.secret)).await.expect("in force");
    let third = enrol().await;
    assert!(matches!(third, Err(Error::SecondFactorPresent)), "{third:?}");
    let wrong = sessions::enrol_second_factor(&ctx, &world.sessions, Secret::new("a guess of mine")).await;
    assert!(matches!(wrong, Err(Error::Accounts(accounts::Error::WrongPassword))), "{wrong:?}");
}

#[tokio::test]
async fn a_trusted_device_stands_for_the_code_for_thirty_days_or_until_it_is_lost() {
    let enrolled = Enrolled::new().await;
    let world = &enrolled.world;
    enrolled.next_step();
    let login = enrolled.sign_in(Some(enrolled.code()), None).await.expect("signed in");
    let token = login.device_token.clone();
    let known = enrolled.sign_in(None, token.clone()).await;
    assert!(matches!(known, Err(Error::SecondFactorWanted)), "known is not trusted");
    let ctx = world.ctx(&login).await;
    sessions::trust_device(&ctx, &world.sessions, login.session).await.expect("trusted");
    let trusted = enrolled.sign_in(None, token.clone()).await.expect("the device stands for the code");
    let principal = world.bearer(&trusted.access_token).await.expect("live");
    assert!(!principal.proof.is_fresh(world.clock.now()), "a device is no fresh proof");
    assert!(enrolled.sign_in(None, enrolled.login.device_token.clone()).await.is_err(), "another device");
    sessions::end_login(&world.ctx(&trusted).await, &world.sessions, trusted.session, None)
        .await
        .expect("ended");
    let lost = enrolled.sign_in(None, token.clone()).await;
    assert!(matches!(lost, Err(Error::SecondFactorWanted)), "a lost device is trusted no more");

    sessions::trust_device(&ctx, &world.sessions, login.session).await.expect("trusted");
    world.pass(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert!(enrolled.sign_in(None, token.clone()).await.is_ok());
    world.pass(TimeDelta::seconds(1));
    assert!(matches!(enrolled.sign_in(None, token).await, Err(Error::SecondFactorWanted)));
}

#[tokio::test]
async fn a_firm_may_trust_no_device() {
    let enrolled = Enrolled::with(Settings { trust_skips_second_factor: false, ..Settings::default() }).await;
    let world = &enrolled.world;
    sessions::trust_device(&enrolled.ctx().await, &world.sessions, enrolled.login.session)
        .await
        .expect("noted");
    let asked = enrolled.sign_in(None, enrolled.login.device_token.clone()).await;
    assert!(matches!(asked, Err(Error::SecondFactorWanted)), "{asked:?}");
}

#[tokio::test]
async fn a_new_password_and_a_reused_token_end_the_trust() {
    let enrolled = Enrolled::new().await;
    let (world, login) = (&enrolled.world, &enrolled.login);
    let trust = async || {
        enrolled.next_step();
        let login = enrolled.sign_in(Some(enrolled.code()), None).await.expect("signed in");
        sessions::trust_device(&world.ctx(&login).await, &world.sessions, login.session)
            .await
            .expect("trusted");
        login
    };
    let other = trust().await;
    world.refresh(&other.refresh_token).await.expect("the next pair");
    world.refresh(&other.refresh_token).await.expect_err("used before");
    let asked = enrolled.sign_in(None, other.device_token).await;
    assert!(matches!(asked, Err(Error::SecondFactorWanted)), "{asked:?}");
    let reused = world.events("session.reuse_detected").await;
    assert_eq!((reused.len(), &reused[0]["session"]), (1, &other.session.to_string().into()));

    let other = trust().await;
    let (old, new) = (Secret::new(PASSWORD), Secret::new("quiet orchard seven bridges"));
    sessions::change_password(&world.ctx(login).await, &world.sessions, old, new).await.expect("changed");
    let shown = Shown { code: None, device_token: other.device_token };
    let asked = world.try_sign_in_with(EMAIL, "quiet orchard seven bridges", shown).await;
    assert!(matches!(asked, Err(Error::SecondFactorWanted)), "{asked:?}");
}

#[tokio::test]
async fn a_proof_is_fresh_for_some_minutes_and_can_be_given_again() {
    let enrolled =
        Enrolled::with(Settings { access_token: TimeDelta::hours(1), ..Settings::default() }).await;
    let world = &enrolled.world;
    let is_fresh = async || {
        let principal = world.bearer(&enrolled.login.access_token).await.expect("live");
        principal.proof.is_fresh(world.clock.now())
    };
    assert!(is_fresh().await, "the confirmation was a proof");
    world.pass(TimeDelta::minutes(10));
    assert!(!is_fresh().await);
    let ctx = enrolled.ctx().await;
    let password = Some(Secret::new(PASSWORD));
    let missing = sessions::step_up(&ctx, &world.sessions, password, None).await;
    assert!(matches!(missing, Err(Error::ProofMissing { field: "mfaCode" })), "{missing:?}");
    let until = sessions::step_up(&ctx, &world.sessions, None, Some(enrolled.code())).await.expect("shown");
    assert_eq!(until, world.clock.now() + TimeDelta::minutes(10));
    assert!(is_fresh().await);
    let again = sessions::step_up(&ctx, &world.sessions, None, Some(enrolled.code())).await;
    assert!(matches!(again, Err(Error::WrongCode)), "{again:?}");
}

#[tokio::test]
async fn who_has_no_second_factor_steps_up_with_the_password() {
    let world = World::new().await;
    let ctx = world.ctx(&world.sign_in().await).await;
    let missing = sessions::step_up(&ctx, &world.sessions, None, Some(Secret::new("123456"))).await;
    assert!(matches!(missing, Err(Error::ProofMissing { field: "password" })), "{missing:?}");
    let wrong = sessions::step_up(&ctx, &world.sessions, Some(Secret::new("a guess of mine")), None).await;
    assert!(matches!(wrong, Err(Error::Accounts(accounts::Error::WrongPassword))), "{wrong:?}");
    assert!(sessions::step_up(&ctx, &world.sessions, Some(Secret::new(PASSWORD)), None).await.is_ok());
}

#[tokio::test]
async fn an_administrator_takes_a_lost_factor_off_and_the_logins_end() {
    let enrolled = Enrolled::new().await;
    let world = &enrolled.world;
    let refused = sessions::reset_second_factor(&enrolled.ctx().await, &world.sessions, world.ada.id).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    sessions::reset_second_factor(&world.root, &world.sessions, world.ada.id).await.expect("taken off");
    assert!(!world.is_live(&enrolled.login).await);
    assert!(enrolled.sign_in(None, None).await.is_ok());
    let gone = sessions::reset_second_factor(&world.root, &world.sessions, world.ada.id).await;
    assert!(matches!(gone, Err(Error::SecondFactorAbsent)), "{gone:?}");
}

#[tokio::test]
async fn who_administers_must_have_one_where_the_settings_say_so() {
    let world = World::with(Settings { privileged_second_factor: true, ..Settings::default() }).await;
    let root = world.try_sign_in("root@example.com", PASSWORD).await.expect("Root signs in");
    let principal = world.bearer(&root.access_token).await.expect("live");
    assert_eq!((principal.role, principal.proof.second_factor), (Role::SuperAdmin, SecondFactor::Owed));
    let ctx = world.ctx(&root).await;
    assert!(ctx.require(access::Action::ReadUsers).is_err(), "nothing until there is one");
    let enrolment = sessions::enrol_second_factor(&ctx, &world.sessions, Secret::new(PASSWORD)).await;
    let secret = read(&enrolment.expect("a secret").secret);
    let code = secret.code(step_at(world.clock.now())).expect("a code");
    sessions::confirm_second_factor(&ctx, &world.sessions, code).await.expect("in force");
    assert!(world.ctx(&root).await.require(access::Action::ReadUsers).is_ok());
    let ada = world.bearer(&world.sign_in().await.access_token).await.expect("live");
    assert_eq!(ada.proof.second_factor, SecondFactor::None);
}

const NEWER: &str = "k2:ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

#[tokio::test]
async fn a_new_sealing_key_takes_over_at_the_next_use_and_the_old_one_can_go_then() {
    let enrolled = Enrolled::new().await;
    let world = &enrolled.world;
    let sign_in = async |sealing: &str| {
        enrolled.next_step();
        let replica = world.replica(Settings::default(), sealing);
        let shown = Shown { code: Some(enrolled.code()), device_token: None };
        sessions::sign_in(&world.public(1), &replica, EMAIL, Secret::new(PASSWORD), shown).await
    };
    let unknown = sign_in(NEWER).await;
    assert!(matches!(unknown, Err(Error::Sealed(crypto::sealed::Error::UnknownKey(_)))), "{unknown:?}");
    assert!(sign_in(&format!("{NEWER},{SEALING}")).await.is_ok());
    assert!(sign_in(NEWER).await.is_ok(), "it was sealed with the new key");
    assert!(sign_in(SEALING).await.is_err());
}

#[tokio::test]
async fn a_secret_does_not_open_in_another_users_row() {
    let enrolled = Enrolled::new().await;
    let world = &enrolled.world;
    let dialect = world.app.db().dialect();
    let mut tx = world.app.db().writer().begin().await.expect("a transaction");
    let root = uuid::Uuid::from(world.root.user());
    for text in [
        "UPDATE second_factors SET user_id = $1, last_step = NULL",
        "UPDATE users SET second_factor = (id = $1)",
    ] {
        tx.run(db::sql(dialect, text, [root.into()])).await.expect("a row moved by hand");
    }
    tx.commit().await.expect("a commit");
    let shown = Shown { code: Some(enrolled.code()), device_token: None };
    let refused = world.try_sign_in_with("root@example.com", PASSWORD, shown).await;
    assert!(matches!(refused, Err(Error::Sealed(crypto::sealed::Error::Altered))), "{refused:?}");
}
