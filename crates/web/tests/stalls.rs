//! Peers of HTTP/2 that ask and open no window for the answer: what they keep, and how long.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::{StreamExt as _, stream};
use headroom::{Class, Headroom, InjectedSource};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use support::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use web::server::{ServerSettings, ServerStats};
use web::{Admission, Treatment};

headroom::install_allocator!();

/// Types of frames (RFC 9113, 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;
/// Flags of HEADERS and DATA.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const BODY_BYTES: usize = 40_000;

struct Scene {
    server: Server,
    stats: Arc<ServerStats>,
    headroom: Headroom,
    /// Short answers that were made.
    served: Arc<AtomicU64>,
    /// Lets a slow answer send its next part.
    go_on: Arc<Notify>,
}

fn scene(bounds: impl FnOnce(&mut ServerSettings)) -> Scene {
    let (served, go_on): (Arc<AtomicU64>, Arc<Notify>) = Default::default();
    let (count, next) = (Arc::clone(&served), Arc::clone(&go_on));
    let slow = move || async move {
        let parts = stream::iter(["one", "two"]).then(move |part| {
            let next = Arc::clone(&next);
            async move {
                if part == "two" {
                    next.notified().await;
                }
                Ok::<_, Infallible>(part)
            }
        });
        Body::from_stream(parts)
    };
    let router = Router::new()
        .route("/page", get(async || vec![b'p'; 60 << 10]))
        .route("/slow", get(slow))
        .route(
            "/short",
            get(move || async move {
                count.fetch_add(1, Ordering::Relaxed);
                "short"
            }),
        )
        .route("/take", post(async |body: Bytes| body.len().to_string()));
    let stats: Arc<ServerStats> = Arc::default();
    let source = Arc::new(InjectedSource::with_limit(400 << 20));
    let headroom = Headroom::new(headroom::Settings::default(), source as _);
    let treat = |_: &http::Method, _: &str| Treatment { class: Class::Interactive, is_exempt: false };
    let admission = Admission { headroom: headroom.clone(), treat };
    let server = Server::start_with(
        router,
        |layers| layers.admission = Some(admission),
        |settings| {
            settings.stats = Arc::clone(&stats);
            bounds(settings);
        },
    );
    Scene { server, stats, headroom, served, go_on }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A request's head, by the static table and literals that are not kept (RFC 7541, 6.2.2 and appendix A).
fn head(method: u8, path: &str, flags: u8, stream: u32) -> Vec<u8> {
    let mut block = vec![method, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend(b"\x01\x01x");
    frame(HEADERS, END_HEADERS | flags, stream, &block)
}

const GET: u8 = 0x82;
const POST: u8 = 0x83;

struct Peer(TcpStream);

impl Peer {
    /// A connection on which each answer may send `window` bytes at first.
    async fn connect(server: &Server, window: u32) -> Self {
        let mut stream = server.connect().await;
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let mut initial = vec![0, 4];
        initial.extend(window.to_be_bytes());
        hello.extend(frame(SETTINGS, 0, 0, &initial));
        stream.write_all(&hello).await.unwrap();
        Self(stream)
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next frame's kind, flags and payload.
    async fn next(&mut self) -> (u8, u8, Vec<u8>) {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.unwrap();
        let mut payload =
            vec![0; usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])];
        self.0.read_exact(&mut payload).await.unwrap();
        (head[3], head[4], payload)
    }

    async fn next_of(&mut self, kind: u8) -> (u8, Vec<u8>) {
        loop {
            let (found, flags, payload) = self.next().await;
            if found == kind {
                return (flags, payload);
            }
        }
    }
}

async fn until(mut done: impl FnMut() -> bool) {
    let waiting = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    // A server that never does it fails the test instead of holding it up.
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

const STALL: Duration = Duration::from_millis(80);

#[tokio::test]
async fn an_answer_that_nothing_is_taken_of_is_ended_and_the_other_streams_go_on() {
    for (path, window) in [("/page", 0), ("/page", 1), ("/short", 0)] {
        let scene = scene(|bounds| bounds.write_stall = STALL);
        let mut peer = Peer::connect(&scene.server, window).await;
        peer.send(&head(GET, path, END_STREAM, 1)).await;
        // RST_STREAM with CANCEL (RFC 9113, 6.4 and 7).
        assert_eq!(peer.next_of(RST_STREAM).await.1, 8_u32.to_be_bytes(), "{path} {window}");
        assert_eq!((scene.stats.stalled(), scene.stats.open()), (1, 1), "{path} {window}");
        until(|| scene.headroom.root().used() == 0 && scene.stats.requests() == 0).await;
        peer.send(&head(GET, "/short", END_STREAM, 3)).await;
        peer.next_of(HEADERS).await;
        peer.send(&frame(WINDOW_UPDATE, 0, 3, &100_u32.to_be_bytes())).await;
        let mut body = Vec::new();
        while body.len() < 5 {
            body.extend(peer.next_of(DATA).await.1);
        }
        assert_eq!(body, b"short");
    }
}

#[tokio::test]
async fn what_the_library_keeps_of_an_answer_ends_with_the_connection() {
    // One byte of five is sent, and the library is done with the stream's task but for the rest.
    let scene = scene(|bounds| bounds.write_stall = STALL);
    let mut peer = Peer::connect(&scene.server, 1).await;
    peer.send(&head(GET, "/short", END_STREAM, 1)).await;
    assert_eq!(peer.next_of(DATA).await.1, b"s");
    until(|| scene.stats.open() == 0).await;
    assert!(scene.stats.stalled() > 0);
    until(|| scene.headroom.root().used() == 0).await;
}

#[tokio::test]
async fn an_answer_in_the_making_may_take_its_time() {
    let scene = scene(|bounds| bounds.write_stall = STALL);
    let mut peer = Peer::connect(&scene.server, 1 << 10).await;
    peer.send(&head(GET, "/slow", END_STREAM, 1)).await;
    for part in ["one", "two"] {
        assert_eq!(peer.next_of(DATA).await.1, part.as_bytes());
        // Longer than a peer may take nothing. It is the server that sends nothing here.
        tokio::time::sleep(STALL * 2).await;
        assert_eq!((scene.stats.stalled(), scene.stats.open()), (0, 1));
        scene.go_on.notify_one();
    }
    assert_eq!(peer.next_of(DATA).await.0, END_STREAM);
}

/// Nothing of the answers is read, and the next request is begun as soon as one is written. `Expect` makes the library think that it
/// is done with a request whose body nobody has read.
#[tokio::test]
async fn heads_of_answers_do_not_pile_up_behind_those_that_nobody_reads() {
    let scene = scene(|bounds| bounds.socket_buffer_bytes = 4 << 10);
    let mut stream = scene.server.connect().await;
    let ask =
        b"HEAD /short HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nexpect: 100-continue\r\n\r\nx".repeat(200);
    let mut asked = 0;
    // Until the server reads no more, because it waits for its answers to be taken.
    let flood = async {
        loop {
            stream.write_all(&ask).await.unwrap();
            asked += 200;
            assert!(asked < 1_000_000, "{} answers are kept", scene.served.load(Ordering::Relaxed));
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(3), flood).await.is_err());
    let served = scene.served.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(scene.served.load(Ordering::Relaxed), served, "the next one is begun when something was read");
    assert!(served < 1_500, "{served} answers were made that nobody reads");
}

#[tokio::test]
async fn an_answer_that_waits_for_its_window_keeps_what_it_takes_and_not_what_the_work_took() {
    let scene = scene(|_| {});
    let mut peer = Peer::connect(&scene.server, 0).await;
    for stream in [1, 3] {
        peer.send(&head(POST, "/take", 0, stream)).await;
        for _ in 0..3 {
            peer.send(&frame(DATA, 0, stream, &[b'x'; BODY_BYTES / 4])).await;
        }
        peer.send(&frame(DATA, END_STREAM, stream, &[b'x'; BODY_BYTES / 4])).await;
        peer.next_of(HEADERS).await;
    }
    let used = scene.headroom.root().used();
    assert!((1..=20 << 10).contains(&used), "{used} bytes for two answers of five bytes each");
    // One byte of five: the rest of the answer lies here still, and what it takes stays lent.
    peer.send(&frame(WINDOW_UPDATE, 0, 1, &1_u32.to_be_bytes())).await;
    assert_eq!(peer.next_of(DATA).await, (0, b"4".to_vec()));
    assert_eq!(scene.headroom.root().used(), used);
    assert_eq!(scene.headroom.ledger().len(), 2);
    peer.send(&frame(WINDOW_UPDATE, 0, 1, &4_u32.to_be_bytes())).await;
    assert_eq!(peer.next_of(DATA).await, (END_STREAM, b"0000".to_vec()));
    until(|| scene.headroom.root().used() == used / 2 && scene.headroom.ledger().len() == 1).await;
    drop(peer);
    until(|| scene.headroom.root().used() == 0 && scene.headroom.ledger().is_empty()).await;
    assert_eq!(scene.stats.stalled(), 0);
}
