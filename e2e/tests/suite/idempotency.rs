//! `Idempotency-Key`: a POST that is sent again is not done again.

use bytes::Bytes;
use chrono::TimeDelta;
use db::Reads as _;
use e2e::{Form, PASSWORD, RawConnection, TestApp, head_of};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    client.send(Method::POST, path, &headers, body.to_string().into()).await
}

async fn cases(client: &Client) -> Value {
    client.get("/api/cases").await.expect_status(200).json()["total"].clone()
}

/// The keys that the server remembers.
async fn known_keys(app: &TestApp) -> i64 {
    let reader = app.app().db().reader();
    let rows =
        reader.rows(db::sql(reader.dialect(), "SELECT count(*) FROM idempotency_keys", [])).await.unwrap();
    rows[0].at(0).unwrap()
}

#[tokio::test]
async fn the_same_request_again_gets_the_first_answer() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let body = json!({ "title": "Alder v. Birch" });
    let first = post(admin, "/api/cases", "key-1", &body).await.expect_status(201);
    let again = post(admin, "/api/cases", "key-1", &body).await.expect_status(201);
    assert_eq!(first.body, again.body);
    for header in ["location", "etag", "content-type"] {
        assert_eq!(first.header(header), again.header(header), "{header}");
    }
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(cases(admin).await, 1);
    let other = post(admin, "/api/cases", "key-2", &body).await.expect_status(201);
    assert_ne!(first.json()["id"], other.json()["id"]);
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_is_repeated_too() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let taken = json!({ "title": "Alder", "number": "A-1" });
    let first = admin.post("/api/cases", &taken).await.expect_status(201).json();
    post(admin, "/api/cases", "key", &taken).await.expect_problem(409, "case_number_taken");
    drop(admin.delete(&format!("/api/cases/{}", e2e::id_of(&first))).await.expect_status(204));
    post(admin, "/api/cases", "key", &taken).await.expect_problem(409, "case_number_taken");
    assert_eq!(cases(admin).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn the_key_with_another_body_or_path_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin();
    drop(post(admin, "/api/cases", "key", &json!({ "title": "Alder" })).await.expect_status(201));
    let other = post(admin, "/api/cases", "key", &json!({ "title": "Birch" })).await;
    other.expect_problem(422, "idempotency_key_reused");
    let elsewhere = post(admin, "/api/clients", "key", &json!({ "title": "Alder" })).await;
    elsewhere.expect_problem(422, "idempotency_key_reused");
    assert_eq!(cases(admin).await, 1);
    let colleague = app.user(access::Role::Partner).await;
    drop(post(&colleague, "/api/cases", "key", &json!({ "title": "Birch" })).await.expect_status(201));
    app.finish().await;
}

#[tokio::test]
async fn keys_are_short_and_visible() {
    let app = TestApp::start().await;
    let body = json!({ "title": "Alder" });
    for key in ["", "two words", &"k".repeat(256)] {
        post(app.admin(), "/api/cases", key, &body).await.expect_problem(400, "malformed_idempotency_key");
    }
    assert_eq!(cases(app.admin()).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_copy_that_overtakes_its_original_waits_its_turn() {
    let app = TestApp::start().await;
    let body = Form::new().file("letter.txt", "text/plain", b"words of a letter").body();
    let head = format!(
        "{}idempotency-key: key\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
        head_of("POST", "/api/documents", app.admin().token()),
        Form::content_type(),
        body.len()
    );
    let mut first = RawConnection::open(app.admin().address()).await;
    first.send(&head).await;
    while known_keys(&app).await == 0 {
        tokio::task::yield_now().await;
    }
    let copy = async || {
        let mut connection = RawConnection::open(app.admin().address()).await;
        connection.send([head.as_bytes(), &body].concat()).await;
        connection.answer().await
    };
    let (status, text) = copy().await;
    assert_eq!(status, 409, "{text}");
    assert!(
        text.contains("idempotency_in_progress") && text.to_lowercase().contains("retry-after"),
        "{text}"
    );
    first.send(&body).await;
    let (status, text) = first.answer().await;
    assert_eq!(status, 201, "{text}");
    let (status, text) = copy().await;
    assert_eq!(status, 201, "{text}");
    assert!(text.to_lowercase().contains("idempotency-replayed: true"), "{text}");
    let documents = app.admin().get("/api/documents").await.expect_status(200).json();
    assert_eq!(documents["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_fault_of_the_server_is_not_kept() {
    let app = TestApp::with(&[("storage.min_disk_space", "1TiB")]).await;
    let space = app.admin().get("/api/health/full").await.expect_status(200).json();
    if space["checks"]["storage"]["details"]["freeBytes"].as_u64().unwrap() > 1 << 40 {
        return crate::skipped("the disk has more than 1 TiB of free space");
    }
    let (kind, body) = (Form::content_type(), Form::new().file("a.txt", "text/plain", b"words").body());
    let headers = [("content-type", kind.as_str()), ("idempotency-key", "key")];
    let answer = app.admin().send(Method::POST, "/api/documents", &headers, body).await;
    answer.expect_problem(507, "storage_full");
    assert_eq!(known_keys(&app).await, 0, "the next try is a fresh one");
    app.finish().await;
}

#[tokio::test]
async fn after_a_day_the_key_is_free_again() {
    let app = TestApp::start().await;
    let body = json!({ "title": "Alder" });
    let first = post(app.admin(), "/api/cases", "key", &body).await.expect_status(201);
    app.advance(TimeDelta::hours(24) + TimeDelta::seconds(1));
    let admin = app.anonymous().sign_in(app.admin_email(), PASSWORD).await;
    let second = post(&admin, "/api/cases", "key", &body).await.expect_status(201);
    assert_ne!(first.json()["id"], second.json()["id"]);
    assert_eq!(cases(&admin).await, 2);
    app.finish().await;
}

#[tokio::test]
async fn an_answer_on_its_way_is_waited_for_and_a_lost_one_is_not() {
    let app = TestApp::start().await;
    let body = json!({ "title": "Alder" });
    drop(post(app.admin(), "/api/cases", "key", &body).await.expect_status(201));
    // As if the server stood, or died, between the commit and the answer.
    let mut tx = app.app().db().writer().begin().await.unwrap();
    let text = "UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL";
    tx.run(db::sql(tx.dialect(), text, [])).await.unwrap();
    tx.commit().await.unwrap();
    let waits = post(app.admin(), "/api/cases", "key", &body).await;
    assert_eq!(waits.header("retry-after"), "1");
    waits.expect_problem(409, "idempotency_in_progress");
    app.advance(TimeDelta::seconds(61));
    post(app.admin(), "/api/cases", "key", &body).await.expect_problem(409, "conflict");
    assert_eq!(cases(app.admin()).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn the_key_survives_a_renewed_token() {
    let app = TestApp::start().await;
    let body = json!({ "title": "Alder" });
    let first = post(app.admin(), "/api/cases", "key", &body).await.expect_status(201);
    let renewed = app.anonymous().sign_in(app.admin_email(), PASSWORD).await;
    let again = post(&renewed, "/api/cases", "key", &body).await.expect_status(201);
    assert_eq!(first.body, again.body);
    app.finish().await;
}

#[tokio::test]
async fn many_copies_at_once_do_the_work_once() {
    let app = TestApp::start().await;
    let body = json!({ "title": "Alder" });
    let copies = (0..16).map(|_| post(app.admin(), "/api/cases", "key", &body));
    let answers = futures_util::future::join_all(copies).await;
    let mut made: Vec<Bytes> =
        answers.iter().filter(|one| one.status == 201).map(|one| one.body.clone()).collect();
    assert!(answers.iter().all(|one| [201, 409].contains(&one.status.as_u16())), "{answers:?}");
    made.dedup();
    assert_eq!(made.len(), 1);
    assert_eq!(cases(app.admin()).await, 1);
    app.finish().await;
}
