//! A POST that is sent twice is done once.

mod support;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use flate2::{Compression, GzBuilder};
use futures_util::future::{BoxFuture, FutureExt as _};
use http::{Request, StatusCode};
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use support::{Answer, Server};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;
use web::Problem;
use web::idempotency::{
    Begin, Fingerprint, IdempotencyKey, IdempotencySettings, IdempotencyStore, MAX_BODY_BYTES, StoredAnswer,
};

/// Remembers in memory: enough for a test.
#[derive(Default)]
struct Memory(Mutex<HashMap<(String, String), Entry>>);

type Entry = (Fingerprint, Option<StoredAnswer>);

impl Memory {
    fn known(&self) -> MutexGuard<'_, HashMap<(String, String), Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdempotencyStore for Memory {
    fn begin<'a>(
        &'a self,
        scope: &'a str,
        key: &'a IdempotencyKey,
        print: Fingerprint,
    ) -> BoxFuture<'a, Result<Begin, Problem>> {
        let mut known = self.known();
        let begin = match known.get(&(scope.to_owned(), key.as_str().to_owned())) {
            Some((first, _)) if *first != print => Begin::Mismatch,
            Some((_, Some(answer))) => Begin::Replay(answer.clone()),
            Some((_, None)) => Begin::InProgress,
            None => {
                known.insert((scope.to_owned(), key.as_str().to_owned()), (print, None));
                Begin::Fresh
            }
        };
        async { Ok(begin) }.boxed()
    }

    fn finish<'a>(
        &'a self,
        scope: &'a str,
        key: &'a IdempotencyKey,
        answer: StoredAnswer,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        let mut known = self.known();
        if let Some(entry) = known.get_mut(&(scope.to_owned(), key.as_str().to_owned())) {
            entry.1 = Some(answer);
        }
        async { Ok(()) }.boxed()
    }

    fn abandon<'a>(&'a self, scope: &'a str, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<(), Problem>> {
        self.known().remove(&(scope.to_owned(), key.as_str().to_owned()));
        async { Ok(()) }.boxed()
    }
}

#[derive(Clone, Default)]
struct Shop {
    orders: Arc<AtomicU64>,
    begun: Arc<Notify>,
    finish: Arc<Notify>,
}

impl Shop {
    fn order(&self) -> u64 {
        self.orders.fetch_add(1, Ordering::SeqCst) + 1
    }
}

async fn order(
    State(shop): State<Shop>,
    body: Bytes,
) -> (StatusCode, [(&'static str, String); 2], Json<u64>) {
    let number = shop.order();
    let headers = [("location", format!("/api/orders/{number}")), ("x-own", format!("{}", body.len()))];
    (StatusCode::CREATED, headers, Json(number))
}

async fn fail(State(shop): State<Shop>) -> Problem {
    Problem::new(web::codes::UNAVAILABLE).with_detail(format!("attempt {}", shop.order()))
}

async fn refuse(State(shop): State<Shop>) -> Problem {
    Problem::new(web::codes::RULE_REFUSED).with_detail(format!("attempt {}", shop.order()))
}

async fn wait(State(shop): State<Shop>) -> Json<u64> {
    shop.begun.notify_one();
    shop.finish.notified().await;
    Json(shop.order())
}

async fn long(State(shop): State<Shop>) -> String {
    shop.order().to_string().repeat(usize::try_from(MAX_BODY_BYTES).unwrap_or(0) + 1)
}

fn start() -> (Server, Shop) {
    let shop = Shop::default();
    let routes = Router::new()
        .route("/api/orders", post(order).put(order))
        .route("/api/auth/login", post(order))
        .route("/api/fail", post(fail))
        .route("/api/refuse", post(refuse))
        .route("/api/wait", post(wait))
        .route("/api/long", post(long))
        .with_state(shop.clone());
    let settings = IdempotencySettings::by_credential(Arc::new(Memory::default()));
    let server = Server::start_with(routes, |layers| layers.idempotency = Some(settings), |_| {});
    (server, shop)
}

fn keyed(path: &str, key: &str) -> http::request::Builder {
    Request::post(path)
        .header("idempotency-key", key)
        .header("authorization", "Bearer ann")
        .header("content-type", "application/json")
}

#[tokio::test]
async fn the_same_request_gets_the_first_answer() {
    let (server, shop) = start();
    let first = server.send(keyed("/api/orders", "k1"), "{}").await;
    let again = server.send(keyed("/api/orders", "k1"), "{}").await;
    for answer in [&first, &again] {
        assert_eq!(answer.status, 201);
        assert_eq!((answer.text().as_str(), answer.header("location")), ("1", "/api/orders/1"));
    }
    assert_eq!((first.header("x-own"), again.header("x-own")), ("2", ""));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(server.send(keyed("/api/orders", "k2"), "{}").await.text(), "2");
    assert_eq!(shop.orders.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_same_key_with_another_body_or_path_is_refused() {
    let (server, _) = start();
    server.send(keyed("/api/orders", "k"), "{}").await;
    server.send(keyed("/api/orders", "k"), "{ }").await.problem(422, "idempotency_key_reused");
    server.send(keyed("/api/refuse", "k"), "{}").await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn what_is_packed_anew_for_another_try_is_the_same_request() {
    let (server, shop) = start();
    let packed = |packed_at: u32| {
        let mut packer = GzBuilder::new().mtime(packed_at).write(Vec::new(), Compression::fast());
        packer.write_all(b"{}").and_then(|()| packer.finish()).expect("a buffer takes it")
    };
    let request = || keyed("/api/orders", "k").header("content-encoding", "gzip");
    let first = server.send(request(), packed(1)).await;
    assert_eq!((first.text().as_str(), first.header("x-own")), ("1", "2"), "the route reads it unpacked");
    let again = server.send(request(), packed(2)).await;
    assert_eq!((again.text().as_str(), again.header("idempotency-replayed")), ("1", "true"));
    let plain = server.send(keyed("/api/orders", "k"), "{}").await;
    assert_eq!(plain.header("idempotency-replayed"), "true");
    assert_eq!(shop.orders.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn keys_belong_to_their_callers_and_to_posts() {
    let (server, _) = start();
    let count = async |request: http::request::Builder| server.send(request, "{}").await.text();
    assert_eq!(count(keyed("/api/orders", "k")).await, "1");
    let other = Request::post("/api/orders").header("idempotency-key", "k").header("x-api-key", "bob");
    assert_eq!(count(other).await, "2");
    let nobody = || Request::post("/api/orders").header("idempotency-key", "k");
    assert_eq!((count(nobody()).await, count(nobody()).await), ("3".to_owned(), "4".to_owned()));
    let put =
        Request::put("/api/orders").header("idempotency-key", "k").header("authorization", "Bearer ann");
    assert_eq!(count(put).await, "5");
    let login = || keyed("/api/auth/login", "k");
    assert_eq!((count(login()).await, count(login()).await), ("6".to_owned(), "7".to_owned()));
}

#[tokio::test]
async fn a_fault_of_the_server_is_tried_again_and_a_refusal_is_remembered() {
    let (server, _) = start();
    let detail = |answer: Answer| answer.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail(server.send(keyed("/api/fail", "a"), "").await), "attempt 1");
    assert_eq!(detail(server.send(keyed("/api/fail", "a"), "").await), "attempt 2");
    assert_eq!(detail(server.send(keyed("/api/refuse", "b"), "").await), "attempt 3");
    let again = server.send(keyed("/api/refuse", "b"), "").await;
    assert_eq!((again.status.as_u16(), detail(again).as_str()), (422, "attempt 3"));
}

#[tokio::test]
async fn a_long_answer_is_given_but_not_kept() {
    let (server, _) = start();
    assert!(server.send(keyed("/api/long", "k"), "").await.text().starts_with("11"));
    assert!(server.send(keyed("/api/long", "k"), "").await.text().starts_with("22"));
}

#[tokio::test]
async fn a_request_that_still_runs_is_not_started_again() {
    let (server, shop) = start();
    let first = server.send(keyed("/api/wait", "k"), "");
    let second = async {
        shop.begun.notified().await;
        let answer = server.send(keyed("/api/wait", "k"), "").await;
        shop.finish.notify_one();
        answer
    };
    let (first, second) = futures_util::future::join(first, second).await;
    second.problem(409, "idempotency_in_progress");
    assert_eq!(second.header("retry-after"), "1");
    assert_eq!((first.status.as_u16(), first.text().as_str()), (200, "1"));
}

#[tokio::test]
async fn whoever_leaves_midway_may_come_again_at_once() {
    let (server, shop) = start();
    let mut leaving = server.connect().await;
    let head = "POST /api/wait HTTP/1.1\r\nhost: a\r\nidempotency-key: k\r\nauthorization: Bearer ann\r\n\
                content-type: application/json\r\ncontent-length: 0\r\n\r\n";
    leaving.write_all(head.as_bytes()).await.unwrap();
    shop.begun.notified().await;
    let detached = headroom::detached_work().total;
    drop(leaving);
    let again = async {
        loop {
            let answer = server.send(keyed("/api/wait", "k"), "").await;
            if answer.status != 409 {
                return answer;
            }
        }
    };
    let finish = async {
        shop.begun.notified().await;
        shop.finish.notify_one();
    };
    let both = futures_util::future::join(again, finish);
    let (again, ()) = tokio::time::timeout(Duration::from_secs(10), both).await.unwrap();
    assert_eq!((again.status.as_u16(), again.text().as_str()), (200, "1"));
    assert_eq!(again.header("idempotency-replayed"), "");
    assert!(headroom::detached_work().total > detached, "the key was given back after the request");
}

#[tokio::test]
async fn a_key_is_one_to_255_visible_characters() {
    let (server, _) = start();
    for wrong in ["", "a b", &"k".repeat(256)] {
        server.send(keyed("/api/orders", wrong), "").await.problem(400, "malformed_idempotency_key");
    }
    assert_eq!(server.send(keyed("/api/orders", &"k".repeat(255)), "").await.status, 201);
}

#[test]
fn a_streamed_request_is_known_by_its_head_without_the_boundary() {
    let print = |kind: &str, length: &str| {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        headers.insert("content-length", length.parse().unwrap());
        Fingerprint::of_stream(&http::Method::POST, "/api/documents", &headers)
    };
    assert_eq!(
        print("multipart/form-data; boundary=a", "10"),
        print("multipart/form-data; boundary=b", "10")
    );
    assert_ne!(
        print("multipart/form-data; boundary=a", "10"),
        print("multipart/form-data; boundary=a", "11")
    );
    assert_ne!(
        Fingerprint::of_body(&http::Method::POST, "/a", b"bc"),
        Fingerprint::of_body(&http::Method::POST, "/ab", b"c")
    );
}
