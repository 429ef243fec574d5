//! Peers of HTTP/2 that ask and open no window for the answer: what they keep, and how long.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use headroom::{Class, Headroom, InjectedSource};
use std::sync::Arc;
use std::time::Duration;
use support::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use web::server::{ServerSettings, ServerStats};
use web::{Admission, Treatment};

headroom::install_allocator!();

/// Types of frames (RFC 9113, 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
/// Flags of HEADERS and DATA.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const BODY_BYTES: usize = 40_000;

struct Scene {
    server: Server,
    stats: Arc<ServerStats>,
    headroom: Headroom,
}

fn scene(bounds: impl FnOnce(&mut ServerSettings)) -> Scene {
    let router = Router::new()
        .route("/page", get(async || vec![b'p'; 60 << 10]))
        .route("/short", get(async || "short"))
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
    Scene { server, stats, headroom }
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
    while !done() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_peer_that_opens_no_window_or_hardly_one_is_cut() {
    for (path, window) in [("/page", 0), ("/page", 1), ("/short", 0), ("/short", 1)] {
        let scene = scene(|bounds| bounds.write_stall = Duration::from_millis(80));
        let mut peer = Peer::connect(&scene.server, window).await;
        peer.send(&head(GET, path, END_STREAM, 1)).await;
        peer.next_of(HEADERS).await;
        until(|| scene.stats.open() == 0).await;
        assert_eq!(scene.stats.stalled(), 1, "{path} {window}");
        until(|| scene.headroom.root().used() == 0).await;
        assert_eq!(scene.stats.requests(), 0);
    }
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
