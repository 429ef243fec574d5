use crate::support::{EMAIL, PASSWORD, Written, command, config, start_with};
use lexiflow::commands::{Console, run};
use lexiflow::config::Environment;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::Path;
use testkit::Client;

const NEW: &str = "quiet orchard seven bridges";

/// As [`command`], with something to read.
fn told(folder: &Path, words: &[&str], input: &'static str) -> (u8, String, String) {
    let (out, err) = (Written::default(), Written::default());
    let environment: Environment = [
        ("LEXIFLOW_DATA_DIR", folder.display().to_string()),
        ("LEXIFLOW_ADMIN_EMAIL", EMAIL.to_owned()),
        ("LEXIFLOW_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ("MIN_DISK_SPACE", "0".to_owned()),
    ]
    .into_iter()
    .collect();
    let arguments = std::iter::once("lexiflow").chain(words.iter().copied()).map(OsString::from);
    let mut console = Console::to(out.clone(), err.clone()).reading(input.as_bytes());
    (run(arguments, environment, None, &mut console), out.text(), err.text())
}

fn done(folder: &Path, words: &[&str]) -> String {
    let (code, out, errors) = command(folder, words);
    assert_eq!(code, 0, "{words:?}: {errors}");
    out
}

fn json_of(folder: &Path, words: &[&str]) -> Value {
    let out = done(folder, words);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

const ADD: [&str; 10] = [
    "user",
    "add",
    "--email",
    "Cleo@firm.example",
    "--first-name",
    "Cleo",
    "--last-name",
    "Novak",
    "--role",
    "clerk",
];

#[test]
fn a_user_is_added_shown_listed_disabled_and_enabled() {
    let folder = tempfile::tempdir().unwrap();
    let out = done(folder.path(), &ADD);
    assert!(
        out.contains("Added cleo@firm.example as clerk") && out.contains("shown only this once"),
        "{out}"
    );
    let shown = done(folder.path(), &["user", "show", "--email", "cleo@firm.example"]);
    assert!(shown.contains("Cleo Novak") && shown.contains("my-law-firm"), "{shown}");
    let listed = json_of(folder.path(), &["user", "list", "--json"]);
    let emails: Vec<_> =
        listed.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    assert_eq!(emails, [EMAIL, "cleo@firm.example"]);

    let gone = json_of(folder.path(), &["user", "disable", "--email", "cleo@firm.example", "--json"]);
    assert_eq!((&gone["user"]["active"], &gone["casesLeft"]), (&json!(false), &json!(0)));
    let disabled = done(folder.path(), &["user", "list", "--disabled"]);
    assert!(disabled.contains("cleo@firm.example") && !disabled.contains(EMAIL), "{disabled}");
    let back = json_of(folder.path(), &["user", "enable", "--email", "cleo@firm.example", "--json"]);
    assert_eq!(back["active"], true);
}

#[test]
fn a_password_comes_from_the_input_and_never_from_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let mut words = ADD.to_vec();
    words.push("--password-stdin");
    let (code, out, errors) = told(folder.path(), &words, "quiet orchard seven bridges\nmore\n");
    assert_eq!(code, 0, "{errors}");
    assert!(!out.contains(NEW) && !out.contains("shown only this once"), "{out}");
    let reset = ["user", "reset-password", "--email", "cleo@firm.example", "--password-stdin"];
    let (code, _, errors) = told(folder.path(), &reset, "short\n");
    assert_eq!(code, 1);
    assert!(errors.contains("too short"), "{errors}");
    let (code, _, errors) = command(folder.path(), &["user", "reset-password", "--password", NEW]);
    assert_eq!(code, 2, "{errors}");
}

#[test]
fn what_cannot_be_done_is_told_and_ends_with_1_or_2() {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &ADD);
    for (words, code, said) in [
        (ADD.as_slice(), 1, "another user has this e-mail address"),
        (&["user", "show", "--email", "nobody@firm.example"], 1, "nobody@firm.example"),
        (&["user", "show", "--email", "nobody"], 1, "is not an e-mail address"),
        (&["user", "list", "--firm", "no-such-firm"], 1, "lexiflow firm list"),
        (&["user", "disable", "--email", EMAIL], 1, "yourself"),
        (
            &["user", "disable", "--email", "cleo@firm.example", "--reassign-to", "cleo@firm.example"],
            1,
            "take the cases over",
        ),
        (&["user", "list", "--role", "emperor"], 2, "super_admin"),
        (&["firm", "show", "--firm", "no-such-firm"], 1, "no-such-firm"),
    ] {
        let (ended, _, errors) = command(folder.path(), words);
        assert!(ended == code && errors.contains(said), "{words:?}: {ended} {errors}");
    }
}

#[test]
fn the_first_administrator_is_disabled_in_the_name_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut second = ADD.to_vec();
    second[9] = "super_admin";
    done(folder.path(), &second);
    done(folder.path(), &["user", "disable", "--email", EMAIL]);
    let shown = json_of(folder.path(), &["user", "show", "--email", EMAIL, "--json"]);
    assert_eq!(shown["active"], false);
    let (code, _, errors) = command(folder.path(), &["user", "disable", "--email", "cleo@firm.example"]);
    assert_eq!(code, 1, "the last one stays: {errors}");
}

#[test]
fn firms_are_set_up_listed_shown_and_renamed() {
    let folder = tempfile::tempdir().unwrap();
    // The very first command tells of the first administrator before its own answer.
    done(folder.path(), &["firm", "list"]);
    let add = ["firm", "add", "--name", "Alder & Birch", "--admin-email", "root@alder.example", "--json"];
    let made = json_of(folder.path(), &add);
    assert_eq!(
        (&made["firm"]["slug"], &made["adminEmail"]),
        (&json!("alder-birch"), &json!("root@alder.example"))
    );
    assert!(made["password"].as_str().unwrap().len() >= 20);
    let (code, _, errors) = command(folder.path(), &add);
    assert_eq!(code, 1, "{errors}");
    let listed = json_of(folder.path(), &["firm", "list", "--json"]);
    let slugs: Vec<_> =
        listed.as_array().unwrap().iter().map(|firm| firm["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["alder-birch", "my-law-firm"]);
    done(folder.path(), &["firm", "rename", "--firm", "alder-birch", "--name", "Alder, Birch & Cedar"]);
    let shown = done(folder.path(), &["firm", "show", "--firm", "alder-birch"]);
    assert!(shown.contains("Alder, Birch & Cedar"), "{shown}");
    let mut user = ADD.to_vec();
    user.extend(["--firm", "alder-birch"]);
    done(folder.path(), &user);
    let users = json_of(folder.path(), &["user", "list", "--firm", "alder-birch", "--json"]);
    assert_eq!(users.as_array().unwrap().len(), 2);
    let others = json_of(folder.path(), &["user", "list", "--json"]);
    assert_eq!(others.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_looked_after_beside_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let running = start_with(config(folder.path(), &[]), &Written::default()).await.unwrap();
    let (address, data) = (running.address(), folder.path().to_owned());
    let added = std::thread::spawn(move || {
        let mut words = ADD.to_vec();
        words.push("--json");
        json_of(&data, &words)
    });
    let password = added.join().unwrap()["password"].as_str().unwrap().to_owned();
    let cleo = Client::new(address).sign_in("cleo@firm.example", &password).await;
    drop(cleo.get("/api/cases").await.expect_status(200));
    running.shutdown().await;
}
