//! What a finished request tells about its memory: what it held at once, however much went through it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post, put};
use futures_util::{Stream, StreamExt as _, stream};
use headroom::RequestMemory;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use support::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use web::layers::{Finished, Observer};
use web::{Problem, RawBody, ValidJson};

headroom::install_allocator!();

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const STREAMED: u64 = 64 * MIB;
/// By how much requests differ in what they free of the connection's, in bytes: the buffer that a head was read into is 8 KiB.
const HEADS: i64 = 12 << 10;
static STILL: [u8; 256 << 10] = [b'.'; 256 << 10];

#[derive(Debug, serde::Deserialize, garde::Validate)]
#[garde(allow_unvalidated)]
struct Note {
    a: String,
}

/// The figures of finished requests, by route, in the order in which they ended.
#[derive(Default)]
struct Figures(Mutex<BTreeMap<String, Vec<RequestMemory>>>);

impl Observer for Figures {
    fn finished(&self, request: &Finished<'_>) {
        self.0.lock().unwrap().entry(request.route.to_owned()).or_default().push(request.memory);
    }
}

impl Figures {
    /// The figures of a route's requests once there are `count`.
    async fn of(&self, route: &str, count: usize) -> Vec<RequestMemory> {
        loop {
            let found = self.0.lock().unwrap().get(route).cloned().unwrap_or_default();
            if found.len() >= count {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn one(&self, route: &str) -> RequestMemory {
        let all = self.of(route, 1).await;
        assert_eq!(all.len(), 1, "{route}");
        all[0]
    }
}

/// Pieces of their own memory, made as they are asked for.
fn pieces(piece_bytes: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let count = usize::try_from(STREAMED).unwrap() / piece_bytes;
    stream::iter(0..count).map(move |_| Ok(Bytes::from(vec![b'x'; piece_bytes])))
}

/// As [`pieces`], with `held` alive until the last.
fn holding(held: Vec<u8>) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    pieces(16 << 10).inspect(move |_| assert_eq!(held[0], 1))
}

async fn count(mut body: RawBody) -> Result<String, Problem> {
    let mut size = 0;
    while let Some(chunk) = body.next().await {
        size += chunk?.len();
    }
    Ok(size.to_string())
}

/// Keeps what comes first, 8 MiB of it.
async fn keep(mut body: RawBody) -> Result<String, Problem> {
    let (mut kept, mut size) = (Vec::new(), 0);
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        size += chunk.len() as u64;
        if size <= 8 * MIB {
            kept.push(chunk);
        }
    }
    drop(kept);
    Ok(size.to_string())
}

fn start() -> (Server, Arc<Figures>) {
    let figures = Arc::new(Figures::default());
    let routes = Router::new()
        .route("/api/nothing", get(async || ()))
        .route("/api/small", get(async || Body::from_stream(pieces(16 << 10))))
        .route("/api/large", get(async || Body::from_stream(pieces(256 << 10))))
        .route("/api/holding", get(async || Body::from_stream(holding(vec![1; 8 << 20]))))
        .route("/api/still", get(async || &STILL[..]))
        .route("/api/whole", get(async || "w".repeat(15_000)))
        .route("/api/list", get(async || "l".repeat(1 << 20)))
        .route("/api/raw", put(count))
        .route("/api/kept", put(keep))
        .route("/api/json", post(async |ValidJson(note): ValidJson<Note>| note.a));
    let observer = Arc::clone(&figures);
    let server = Server::start_with(routes, |layers| layers.observer = Some(observer), |_| {});
    (server, figures)
}

/// Reads an answer to its end without keeping it.
async fn read(server: &Server, path: &str, version: Version) -> u64 {
    let is_http2 = version == Version::HTTP_2;
    let client = Client::builder(TokioExecutor::new()).http2_only(is_http2).build_http::<Empty<Bytes>>();
    let request = Request::get(format!("http://{}{path}", server.address)).body(Empty::new()).unwrap();
    let mut body = client.request(request).await.unwrap().into_body();
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        size += frame.unwrap().into_data().map_or(0, |data| data.len() as u64);
    }
    size
}

/// Sends a body that is made on the way.
async fn upload(server: &Server, path: &str, version: Version) -> String {
    let body = StreamBody::new(pieces(64 << 10).map(|piece| piece.map(http_body::Frame::data)));
    let is_http2 = version == Version::HTTP_2;
    let client = Client::builder(TokioExecutor::new()).http2_only(is_http2).build_http();
    let request = Request::put(format!("http://{}{path}", server.address)).body(Box::pin(body)).unwrap();
    let answer = client.request(request).await.unwrap().into_body().collect().await.unwrap();
    String::from_utf8(answer.to_bytes().to_vec()).unwrap()
}

/// What a request with nothing to say retains: its head came with memory of the connection and went with the request.
async fn retained_of_nothing(server: &Server, figures: &Figures, version: Version) -> i64 {
    read(server, "/api/nothing", version).await;
    figures.of("/api/nothing", 1).await[0].retained
}

#[track_caller]
fn assert_nothing_kept(memory: RequestMemory, of_nothing: i64) {
    assert!((memory.retained - of_nothing).abs() <= HEADS, "{memory:?} and {of_nothing}");
}

#[tokio::test]
async fn an_answer_that_streams_holds_what_is_on_its_way_and_nothing_at_its_end() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (server, figures) = start();
        let nothing = retained_of_nothing(&server, &figures, version).await;
        for path in ["/api/small", "/api/large"] {
            assert_eq!(read(&server, path, version).await, STREAMED);
            let memory = figures.one(path).await;
            assert!(memory.allocated >= STREAMED, "{version:?} {memory:?}");
            assert!(memory.peak_live < MIB, "{version:?} {memory:?}");
            assert_nothing_kept(memory, nothing);
        }
        assert_eq!(read(&server, "/api/holding", version).await, STREAMED);
        let memory = figures.one("/api/holding").await;
        assert!((8 * MIB..9 * MIB).contains(&memory.peak_live), "{version:?} {memory:?}");
        assert_nothing_kept(memory, nothing);
    }
}

#[tokio::test]
async fn an_upload_that_streams_holds_what_was_not_read_yet_and_what_is_kept_of_it() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (server, figures) = start();
        let nothing = retained_of_nothing(&server, &figures, version).await;
        assert_eq!(upload(&server, "/api/raw", version).await, STREAMED.to_string());
        let memory = figures.one("/api/raw").await;
        assert!(memory.allocated >= STREAMED, "{version:?} {memory:?}");
        assert!((KIB..MIB).contains(&memory.peak_live), "{version:?} {memory:?}");
        assert_nothing_kept(memory, nothing);
        assert_eq!(upload(&server, "/api/kept", version).await, STREAMED.to_string());
        let memory = figures.one("/api/kept").await;
        assert!((7 * MIB..9 * MIB).contains(&memory.peak_live), "{version:?} {memory:?}");
        assert_nothing_kept(memory, nothing);
    }
}

#[tokio::test]
async fn an_answer_given_on_whole_is_not_kept_either() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (server, figures) = start();
        let nothing = retained_of_nothing(&server, &figures, version).await;
        for (path, size) in [("/api/whole", 15_000), ("/api/list", MIB), ("/api/still", 256 * KIB)] {
            for number in 1..=4 {
                assert_eq!(read(&server, path, version).await, size);
                let all = figures.of(path, number).await;
                for memory in all {
                    assert_nothing_kept(memory, nothing);
                }
            }
        }
        let still = figures.of("/api/still", 1).await[0];
        assert!(still.peak_live < 128 * KIB, "what is always there is nobody's: {still:?}");
        let list = figures.of("/api/list", 1).await[0];
        assert!(list.peak_live >= MIB, "{list:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_read_whole_is_the_requests_while_it_is_there() {
    let (server, figures) = start();
    let nothing = retained_of_nothing(&server, &figures, Version::HTTP_11).await;
    let body = format!("{{\"a\":\"{}\"}}", "b".repeat(2 << 20));
    for number in 1..=3 {
        server.post_json("/api/json", &body).await;
        let memory = figures.of("/api/json", number).await[number - 1];
        assert!(memory.peak_live >= 2 * MIB, "{memory:?}");
        assert_nothing_kept(memory, nothing);
    }
}

#[tokio::test]
async fn of_an_answer_dropped_midway_nothing_is_kept() {
    let (server, figures) = start();
    let nothing = retained_of_nothing(&server, &figures, Version::HTTP_11).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut begin = vec![0; 1 << 20];
    stream.read_exact(&mut begin).await.unwrap();
    drop(stream);
    let memory = figures.one("/api/large").await;
    assert!(memory.allocated < STREAMED && memory.peak_live < MIB, "{memory:?}");
    assert_nothing_kept(memory, nothing);
}
