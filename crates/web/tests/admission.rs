//! When memory is scarce: who may begin, who is ended, and what clients are told.

mod support;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::stream;
use headroom::{AllocatorStats, Class, Headroom, InjectedSource};
use http::{Method, Request, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use web::{Admission, Treatment};

headroom::install_allocator!();

fn treat(method: &Method, route: &str) -> Treatment {
    let class = match route {
        "/bulk" | "/long" | "/stream" => Class::Bulk,
        _ => Class::Interactive,
    };
    Treatment { class, is_exempt: route == "/health" || method == Method::DELETE }
}

struct Scene {
    source: Arc<InjectedSource>,
    headroom: Headroom,
    server: Server,
}

fn scene(router: Router) -> Scene {
    let source = Arc::new(InjectedSource::with_limit(400 << 20));
    let headroom = Headroom::new(headroom::Settings::default(), Arc::clone(&source) as _);
    let admission = Admission { headroom: headroom.clone(), treat };
    let server = Server::start_with(router, |layers| layers.admission = Some(admission), |_| {});
    Scene { source, headroom, server }
}

impl Scene {
    fn heap(&self, mebibytes: u64, at_micros: u64) {
        self.source.change(|reading| {
            let allocated = mebibytes << 20;
            reading.allocator = Some(AllocatorStats { allocated, ..AllocatorStats::default() });
        });
        self.headroom.sample_at(at_micros);
    }
}

#[tokio::test]
async fn what_can_wait_is_refused_before_its_body_and_the_rest_goes_on() {
    let was_run = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&was_run);
    let bulk = move |_: Bytes| async move { seen.store(true, Ordering::SeqCst) };
    let router = Router::new()
        .route("/bulk", post(bulk.clone()).delete(|| async { "gone" }))
        .route("/one", get(|| async { "one" }))
        .route("/health", get(|| async { "well" }));
    let scene = scene(router);
    let send = async |method: &str, path: &str| {
        scene.server.send(Request::builder().method(method).uri(path), "x").await
    };
    assert_eq!(send("POST", "/bulk").await.status, StatusCode::OK);
    was_run.store(false, Ordering::SeqCst);
    scene.heap(260, 1);
    let refused = send("POST", "/bulk").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let seconds: u32 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    let problem: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((&problem["code"], &problem["retryable"]), (&"memory_exhausted".into(), &true.into()));
    assert_eq!(problem["correlationId"], refused.headers["x-correlation-id"].to_str().unwrap());
    assert!(!was_run.load(Ordering::SeqCst), "nothing of it ran");
    for (method, path, closes) in
        [("GET", "/one", true), ("GET", "/health", false), ("DELETE", "/bulk", false)]
    {
        let answer = send(method, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{method} {path}");
        let closed = answer.headers.get("connection").is_some_and(|value| value == "close");
        assert_eq!(closed, closes, "{method} {path}: only who looks after the server keeps a connection now");
    }
    scene.heap(10, 100_000);
    scene.heap(10, 3_000_000);
    scene.heap(10, 3_100_000);
    scene.heap(10, 3_200_000);
    assert_eq!(send("POST", "/bulk").await.status, StatusCode::OK);
    scene.server.stop().await;
}

/// A body of ten GiB that is only announced: the refusal comes before the first byte is sent.
#[tokio::test]
async fn the_refusal_of_a_large_body_does_not_wait_for_it() {
    let scene = scene(Router::new().route("/bulk", post(|_: Bytes| async {})));
    scene.heap(260, 1);
    let mut stream = scene.server.connect().await;
    let head = "POST /bulk HTTP/1.1\r\nhost: x\r\ncontent-length: 10737418240\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 503");
    scene.server.stop().await;
}

#[tokio::test]
async fn the_largest_request_is_ended_gives_everything_back_and_the_client_is_told() {
    let holding = Arc::new(Notify::new());
    let told = Arc::clone(&holding);
    let long = move || async move {
        let held = vec![1_u8; 8 << 20];
        told.notify_one();
        std::future::pending::<()>().await;
        drop(held);
    };
    let scene = scene(Router::new().route("/long", get(long)));
    let (answer, ()) = tokio::join!(scene.server.send(Request::builder().uri("/long"), ""), async {
        holding.notified().await;
        // The poll that allocated has ended when another task runs again on this one thread. The handler has let go of the
        // request meanwhile, which was read before it began to be measured.
        while scene.headroom.ledger().largest(1).first().is_none_or(|one| one.live_bytes < 7 << 20) {
            tokio::task::yield_now().await;
        }
        scene.heap(260, 1);
    });
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((24..=30).contains(&wait), "26 MiB are too much, and nothing comes back yet: {wait} s");
    while !scene.headroom.ledger().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.headroom.controls().cancelled, 1);
    scene.server.stop().await;
}

#[tokio::test]
async fn an_answer_that_has_begun_is_cut_off_and_not_ended_as_if_it_were_whole() {
    let endless = || async {
        Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![7; 512 << 10]))))
    };
    let scene = scene(Router::new().route("/stream", get(endless)));
    let mut stream = scene.server.connect().await;
    stream.write_all(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut piece = vec![0; 64 << 10];
    stream.read_exact(&mut piece).await.unwrap();
    let mut at = 1;
    while scene.headroom.controls().cancelled == 0 {
        scene.heap(260, at);
        at += 300_000;
        let _some = stream.read(&mut piece).await.unwrap();
    }
    let mut end = Vec::new();
    loop {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(read) => {
                end.extend_from_slice(&piece[..read]);
                end.drain(..end.len().saturating_sub(16));
            }
        }
    }
    assert!(!end.ends_with(b"0\r\n\r\n"), "the last chunk would say that this was all");
    scene.server.stop().await;
}
