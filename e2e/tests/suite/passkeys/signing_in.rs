use super::{PASSKEYS, SoftPasskey, Wrong, add, history, options, recorded, sign_in, sign_in_with, start};
use crate::conformity::faults;
use crate::openapi::described;
use access::Role;
use chrono::TimeDelta;
use crypto::totp::{TotpSecret, step_at};
use data_encoding::BASE32_NOPAD;
use e2e::{PASSWORD, TestApp};
use serde_json::{Value, json};
use testkit::Client;

/// A problem without what differs from request to request.
fn bare(problem: &Value) -> Value {
    let mut problem = problem.clone();
    for member in ["correlationId", "timestamp", "instance", "path"] {
        problem.as_object_mut().unwrap().remove(member);
    }
    problem
}

#[tokio::test]
async fn a_passkey_of_each_kind_signs_in_alone_and_is_answered_as_a_password_is() {
    let app = start().await;
    let document = described(&app).await;
    let email = app.add_user(Role::Associate).await;
    let body = json!({ "email": email, "password": PASSWORD });
    let usual = app.anonymous().post("/api/auth/login", &body).await.expect_status(200);
    let client = app.anonymous().with_token(usual.json()["accessToken"].as_str().unwrap());
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for mut passkey in
        [SoftPasskey::synchronised(), SoftPasskey::counting(), SoftPasskey::eddsa(), SoftPasskey::rs256()]
    {
        let id = add(&client, &mut passkey).await;
        app.advance(TimeDelta::seconds(1));
        let login = sign_in_with(&app, &mut passkey, &Wrong::default()).await.expect_status(200);
        assert_eq!(members(&login.json()), members(&usual.json()));
        assert_eq!(login.json()["user"]["email"], email);
        assert!(login.header("set-cookie").starts_with("lexiflow_device="));
        assert_eq!(login.header("cache-control"), usual.header("cache-control"));
        let signed_in = app.anonymous().with_token(login.json()["accessToken"].as_str().unwrap());
        drop(signed_in.get("/api/cases").await.expect_status(200));
        assert_eq!(history(&signed_in).await[0], "signed_in");
        let refresh = json!({ "refreshToken": login.json()["refreshToken"] });
        drop(app.anonymous().post("/api/auth/refresh", &refresh).await.expect_status(200));
        let page = signed_in.get(PASSKEYS).await.expect_status(200).json();
        let own = page["data"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
        assert!(own["lastUsedAt"].is_string(), "{own}");
        assert_eq!(recorded(&app, &id).await[0].1["signedIn"], true);
    }
    let content = |path: &str| {
        document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"].clone()
    };
    for ceremony in ["", "/sign-in", "/step-up"] {
        let schema = content(&format!("{PASSKEYS}{ceremony}/options"));
        let asked = options(&client, ceremony).await;
        assert_eq!(faults(&document, &schema, &asked, ceremony), Vec::<String>::new());
        assert_eq!(asked["timeout"], 300_000);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_device_is_known_again_by_its_token() {
    let app = start().await;
    let client = app.user(Role::Clerk).await;
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    let first = sign_in_with(&app, &mut passkey, &Wrong::default()).await.expect_status(200).json();
    let asked = options(&app.anonymous(), "/sign-in").await;
    let body = json!({ "credential": passkey.get(&asked, &Wrong::default()),
        "deviceToken": first["deviceToken"] });
    let again = app.anonymous().post(&format!("{PASSKEYS}/sign-in"), &body).await.expect_status(200).json();
    // The token names the device.
    let device = |login: &Value| {
        let token = login["deviceToken"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
        let claims = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&claims).unwrap()["dev"].clone()
    };
    assert_eq!(device(&first), device(&again));
    app.finish().await;
}

#[tokio::test]
async fn whatever_is_wrong_is_answered_as_a_wrong_password() {
    let app = start().await;
    let email = app.add_user(Role::Associate).await;
    let body = json!({ "email": email, "password": "a wrong guess at it" });
    let refused = app.anonymous().post("/api/auth/login", &body).await;
    let expected = bare(&refused.expect_problem(401, "invalid_credentials"));
    let mut client = app.anonymous().sign_in(&email, PASSWORD).await;
    let mut passkey = SoftPasskey::counting();
    drop(add(&client, &mut passkey).await);
    let mut other = SoftPasskey::counting();
    drop(add(&app.user(Role::Clerk).await, &mut other).await);
    let stranger = json!("AAAAAAAAAAAAAAAAAAAAAA");
    let wrong = Wrong::default;
    for (what, wrong) in [
        ("origin", Wrong { origin: Some("https://lexiflow.example.org"), ..wrong() }),
        ("origin over http", Wrong { origin: Some("http://lexiflow.example.com"), ..wrong() }),
        ("site", Wrong { site: Some("example.com"), ..wrong() }),
        ("ceremony", Wrong { kind: Some("webauthn.create"), ..wrong() }),
        ("frame", Wrong { framed: true, ..wrong() }),
        ("presence", Wrong { absent: true, ..wrong() }),
        ("verification", Wrong { unverified: true, ..wrong() }),
        ("signature", Wrong { bit: true, ..wrong() }),
        ("no user", Wrong { handle: Some(Value::Null), ..wrong() }),
        ("another user", Wrong { handle: Some(stranger), ..wrong() }),
        ("an id that nobody has", Wrong { id: Some(vec![7; 32]), ..wrong() }),
        ("the id of another user's", Wrong { id: Some(other.id.clone()), ..wrong() }),
    ] {
        let answer = sign_in_with(&app, &mut passkey, &wrong).await;
        assert_eq!(bare(&answer.expect_problem(401, "invalid_credentials")), expected, "{what}");
        // A success forgets the attempts before it.
        client = sign_in(&app, &mut passkey).await;
    }
    let outcomes = history(&client).await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "refused").count(), 11, "{outcomes:?}");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_passkey_is_nobody_and_attempts_are_limited() {
    let app = start().await;
    let mut unknown = SoftPasskey::synchronised();
    let handle = Some(json!("AAAAAAAAAAAAAAAAAAAAAA"));
    let wrong = Wrong { handle, ..Wrong::default() };
    for _ in 0..10 {
        sign_in_with(&app, &mut unknown, &wrong).await.expect_problem(401, "invalid_credentials");
    }
    let limited = sign_in_with(&app, &mut unknown, &wrong).await;
    limited.expect_problem(429, "too_many_attempts");
    let seconds: i64 = limited.header("retry-after").parse().unwrap();
    app.advance(TimeDelta::seconds(seconds));
    sign_in_with(&app, &mut unknown, &wrong).await.expect_problem(401, "invalid_credentials");
    app.finish().await;
}

#[tokio::test]
async fn a_challenge_is_good_once_for_five_minutes_and_for_its_own_ceremony() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    let (anonymous, path) = (app.anonymous(), format!("{PASSKEYS}/sign-in"));
    let gone = "passkey_challenge_gone";

    // What was sent once is good for nothing.
    let asked = options(&anonymous, "/sign-in").await;
    let body = json!({ "credential": passkey.get(&asked, &Wrong::default()) });
    drop(anonymous.post(&path, &body).await.expect_status(200));
    anonymous.post(&path, &body).await.expect_problem(422, gone);
    // Nor is a challenge to which a wrong answer came.
    let asked = options(&anonymous, "/sign-in").await;
    let wrong = json!({ "credential": passkey.get(&asked, &Wrong { bit: true, ..Wrong::default() }) });
    anonymous.post(&path, &wrong).await.expect_problem(401, "invalid_credentials");
    let right = json!({ "credential": passkey.get(&asked, &Wrong::default()) });
    anonymous.post(&path, &right).await.expect_problem(422, gone);
    // Nor one that the server never made, or made for something else.
    let made_up = Some("A".repeat(43));
    let answer = sign_in_with(&app, &mut passkey, &Wrong { challenge: made_up, ..Wrong::default() }).await;
    answer.expect_problem(422, gone);
    for ceremony in ["", "/step-up"] {
        let asked = options(&client, ceremony).await;
        let body = json!({ "credential": passkey.get(&asked, &Wrong::default()) });
        anonymous.post(&path, &body).await.expect_problem(422, gone);
    }
    // Nor one that is too old.
    let asked = options(&anonymous, "/sign-in").await;
    app.advance(TimeDelta::minutes(5));
    let body = json!({ "credential": passkey.get(&asked, &Wrong::default()) });
    anonymous.post(&path, &body).await.expect_problem(422, gone);
    let asked = options(&anonymous, "/sign-in").await;
    app.advance(TimeDelta::seconds(299));
    let body = json!({ "credential": passkey.get(&asked, &Wrong::default()) });
    drop(anonymous.post(&path, &body).await.expect_status(200));
    app.finish().await;
}

/// How many challenges the database keeps.
async fn kept(app: &TestApp) -> i64 {
    use db::Reads as _;
    let reader = app.app().db().reader();
    let text = "SELECT count(*) FROM passkey_challenges";
    reader.rows(db::sql(reader.dialect(), text, [])).await.unwrap()[0].at(0).unwrap()
}

#[tokio::test]
async fn challenges_are_limited_and_old_ones_do_not_pile_up() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    for _ in 0..40 {
        drop(options(&client, "/step-up").await);
    }
    let more = client.post(&format!("{PASSKEYS}/step-up/options"), &json!({})).await;
    more.expect_problem(429, "too_many_attempts");
    assert_eq!(kept(&app).await, 40);
    app.advance(TimeDelta::minutes(5));
    for _ in 0..10 {
        drop(options(&app.anonymous(), "/sign-in").await);
    }
    assert_eq!(kept(&app).await, 10);
    app.finish().await;
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_told_as_a_possible_copy() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let mut passkey = SoftPasskey::counting();
    let id = add(&client, &mut passkey).await;
    passkey.counter = 40;
    drop(sign_in(&app, &mut passkey).await);
    for counter in [0, 39, 40] {
        // The next answer counts one on.
        passkey.counter = counter;
        let copied = sign_in_with(&app, &mut passkey, &Wrong::default()).await;
        copied.expect_problem(401, "invalid_credentials");
        app.advance(TimeDelta::seconds(1));
    }
    assert_eq!(history(&client).await[0], "passkey_copied");
    let (action, changes) = recorded(&app, &id).await.remove(0);
    assert_eq!((action.as_str(), &changes["possibleCopy"]), ("login_failed", &json!(true)));
    assert_eq!(changes["counter"], json!([41, 41]));
    // The one whose counter goes on is let in still: its owner decides.
    passkey.counter = 100;
    drop(sign_in(&app, &mut passkey).await);
    // Those that do not count show 0 each time.
    let mut synchronised = SoftPasskey::synchronised();
    drop(add(&client, &mut synchronised).await);
    for _ in 0..3 {
        drop(sign_in(&app, &mut synchronised).await);
    }
    app.finish().await;
}

#[tokio::test]
async fn who_is_not_active_is_kept_out_and_a_new_password_changes_nothing() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let user = e2e::id_of(&client.get("/api/auth/me").await.expect_status(200).json());
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    let path = format!("/api/users/{user}");
    drop(app.admin().post(&format!("{path}/deactivate"), &json!({})).await.expect_status(200));
    let refused = sign_in_with(&app, &mut passkey, &Wrong::default()).await;
    refused.expect_problem(401, "invalid_credentials");
    drop(app.admin().post(&format!("{path}/activate"), &json!({})).await.expect_status(200));
    app.advance(TimeDelta::seconds(1));
    let client = sign_in(&app, &mut passkey).await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "quiet orchard seven bridges" });
    drop(client.post("/api/auth/change-password", &change).await.expect_status(204));
    assert!(history(&client).await.contains(&"refused".to_owned()));
    drop(sign_in(&app, &mut passkey).await);
    app.finish().await;
}

#[tokio::test]
async fn each_firm_has_its_own() {
    let app = start().await;
    let stranger = app.second_firm().await;
    let (mut own, mut foreign) = (SoftPasskey::synchronised(), SoftPasskey::synchronised());
    let client = app.user(Role::Associate).await;
    let id = add(&client, &mut own).await;
    drop(add(&stranger, &mut foreign).await);
    let there = sign_in(&app, &mut foreign).await;
    let me = there.get("/api/auth/me").await.expect_status(200).json();
    assert_eq!(me["email"], "admin@second.example.com");
    // The own key under the other's id.
    let wrong = Wrong { id: Some(own.id.clone()), ..Wrong::default() };
    sign_in_with(&app, &mut foreign, &wrong).await.expect_problem(401, "invalid_credentials");
    for client in [&stranger, app.admin()] {
        let path = format!("{PASSKEYS}/{id}");
        client.delete(&path).await.expect_problem(404, "passkey_not_found");
        client.patch(&path, &json!({ "name": "Mine" })).await.expect_problem(404, "passkey_not_found");
    }
    assert_eq!(stranger.get(PASSKEYS).await.expect_status(200).json()["total"], 1);
    assert_eq!(app.admin().get(PASSKEYS).await.expect_status(200).json()["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn a_passkey_stands_for_both_factors_where_two_are_asked_for() {
    let settings = [("auth.mfa_required_for_privileged", "true"), ("mail.public_url", super::ORIGIN)];
    let app = TestApp::with(&settings).await;
    let admin = app.admin();
    admin.get("/api/cases").await.expect_problem(403, "mfa_enrolment_required");
    let mut passkey = SoftPasskey::synchronised();
    let id = add(admin, &mut passkey).await;
    // It was just shown.
    drop(admin.get("/api/cases").await.expect_status(200));
    let by_passkey = sign_in(&app, &mut passkey).await;
    drop(by_passkey.get("/api/cases").await.expect_status(200));
    // The password alone is less.
    let by_password = app.anonymous().sign_in(app.admin_email(), PASSWORD).await;
    by_password.get("/api/cases").await.expect_problem(403, "mfa_enrolment_required");
    drop(by_passkey.delete(&format!("{PASSKEYS}/{id}")).await.expect_status(204));
    by_passkey.get("/api/cases").await.expect_problem(403, "mfa_enrolment_required");
    admin.get("/api/cases").await.expect_problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test]
async fn who_has_an_authenticator_app_signs_in_with_the_passkey_alone() {
    let app = start().await;
    let email = app.add_user(Role::Associate).await;
    let client = app.anonymous().sign_in(&email, PASSWORD).await;
    let password = json!({ "password": PASSWORD });
    let given = client.post("/api/auth/mfa/totp", &password).await.expect_status(200).json();
    let secret = BASE32_NOPAD.decode(given["secret"].as_str().unwrap().as_bytes()).unwrap();
    let secret = TotpSecret::from_bytes(&secret).unwrap();
    let code = secret.code(step_at(app.app().clock().now())).unwrap();
    let confirm = json!({ "code": code.expose() });
    drop(client.post("/api/auth/mfa/totp/confirm", &confirm).await.expect_status(200));
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    let body = json!({ "email": email, "password": PASSWORD });
    app.anonymous().post("/api/auth/login", &body).await.expect_problem(401, "mfa_required");
    let by_passkey = sign_in(&app, &mut passkey).await;
    app.advance(TimeDelta::minutes(11));
    // Either factor is a fresh proof; the password is none.
    by_passkey.post("/api/auth/step-up", &password).await.expect_problem(400, "validation_failed");
    let code = secret.code(step_at(app.app().clock().now())).unwrap();
    let code = json!({ "mfaCode": code.expose() });
    drop(by_passkey.post("/api/auth/step-up", &code).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn any_server_takes_the_answer_to_a_challenge_of_another_once() {
    let app = start().await;
    let Some(second) = app.replica().await else {
        app.finish().await;
        return crate::skipped("an embedded database has one server");
    };
    let there = Client::new(second.address());
    let client = app.user(Role::Associate).await;
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    let path = format!("{PASSKEYS}/sign-in");
    let asked = options(&app.anonymous(), "/sign-in").await;
    let body = json!({ "credential": passkey.get(&asked, &Wrong::default()) });
    drop(there.post(&path, &body).await.expect_status(200));
    app.anonymous().post(&path, &body).await.expect_problem(422, "passkey_challenge_gone");
    assert!(second.shutdown().await.clean);
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_place() {
    let app = start().await;
    let client = app.user(Role::Associate).await;
    let mut passkey = SoftPasskey::synchronised();
    drop(add(&client, &mut passkey).await);
    let (anonymous, path) = (app.anonymous(), format!("{PASSKEYS}/sign-in"));
    let asked = options(&anonymous, "/sign-in").await;
    let good = passkey.get(&asked, &Wrong::default());
    for (member, value) in [
        ("/id", json!("")),
        ("/id", json!("A".repeat(1368))),
        ("/id", json!("not base64!")),
        ("/type", json!("password")),
        ("/response/clientDataJSON", json!("AAAAA")),
        ("/response/clientDataJSON", json!("e30=")),
        ("/response/clientDataJSON", json!("e30")),
        ("/response/clientDataJSON", json!("e31")),
        ("/response/clientDataJSON", json!("A".repeat(8196))),
        ("/response/authenticatorData", json!("A".repeat(4100))),
        ("/response/authenticatorData", json!("+/+/")),
        ("/response/signature", json!(17)),
        ("/response/signature", json!("A".repeat(4100))),
        ("/response/userHandle", json!("A".repeat(88))),
        ("/response", Value::Null),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(member).unwrap() = value.clone();
        let problem = anonymous.post(&path, &json!({ "credential": bad })).await;
        let problem = problem.expect_problem(400, "validation_failed");
        let field = format!("credential{}", member.replace('/', "."));
        assert_eq!(problem["errors"][0]["field"], field, "{value}: {problem}");
    }
    // Bytes that are none of an authenticator's are an answer, and a wrong one.
    let mut bad = good;
    bad["response"]["authenticatorData"] = json!("AAAA");
    anonymous.post(&path, &json!({ "credential": bad })).await.expect_problem(401, "invalid_credentials");
    app.finish().await;
}
