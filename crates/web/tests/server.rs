//! Connections: bounded in number, size and time, and drained at the end.

mod support;

use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::Request;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;
use support::{Gate, Server, read_all};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;
use web::server::{Crowd, PeerAddr, ServerSettings, ServerStats, serve_apart};

/// Handed over as a whole, and more than the least buffers on the way.
const PAGE_BYTES: usize = 60 << 10;

fn routes(gate: &Gate) -> Router {
    let routes = Router::new()
        .route("/api/hello", get(async || "hello"))
        .route("/api/health", get(async || "well"))
        .route("/api/peer", get(async |Extension(peer): Extension<PeerAddr>| Json(peer.0.ip())))
        .route("/api/page", get(async || vec![b'p'; PAGE_BYTES]))
        .route("/api/flood", get(async || vec![0_u8; 64 << 20]));
    gate.before(routes)
}

fn start(bounds: impl FnOnce(&mut ServerSettings)) -> (Server, Gate, Arc<ServerStats>) {
    let gate = Gate::default();
    let stats: Arc<ServerStats> = Arc::default();
    let kept = Arc::clone(&stats);
    let server = Server::start_with(
        routes(&gate),
        |_| {},
        |settings| {
            settings.stats = kept;
            bounds(settings);
        },
    );
    (server, gate, stats)
}

const HELLO: &str = "GET /api/hello HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn http_1_and_2_without_tls_are_spoken() {
    let (server, _, stats) = start(|_| {});
    assert_eq!(server.get("/api/hello").await.text(), "hello");
    assert_eq!(server.send_h2(Request::get("/api/hello"), "").await.text(), "hello");
    assert_eq!(server.get("/api/peer").await.json(), "127.0.0.1");
    assert_eq!(stats.accepted(), 3);
    assert_eq!(stats.requests(), 0);
}

/// RFC 9112 section 6.1 leaves the choice between a refusal and `Transfer-Encoding` alone, and wants the connection closed.
/// The HTTP library takes `Content-Length` away before a request can be looked at, and so decides for the second.
#[tokio::test]
async fn of_two_lengths_the_chunks_count_and_nothing_behind_them_is_read() {
    let router =
        Router::new().route("/api/echo", post(async |body: String| body)).merge(routes(&Gate::default()));
    let server = Server::start(router);
    let lengths = [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
    ];
    for lengths in lengths {
        let body = "10\r\nsixteen letters!\r\n0\r\n\r\n";
        let answer =
            server.raw(format!("POST /api/echo HTTP/1.1\r\nhost: x\r\n{lengths}\r\n\r\n{body}{HELLO}")).await;
        assert!(answer.ends_with("\r\n\r\nsixteen letters!"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_without_one_host_is_refused_and_the_connection_closed() {
    let (server, _, _) = start(|_| {});
    for hosts in ["", "host: a\r\nhost: b\r\n", "host: a\r\nhost: a\r\n", "host: a b\r\n", "host: a/b\r\n"] {
        let answer = server.raw(format!("GET /api/hello HTTP/1.1\r\n{hosts}\r\n{HELLO}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts}: {answer}");
        assert!(answer.contains("malformed_request") && answer.contains("connection: close"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    for head in [
        "GET /api/hello HTTP/1.1\r\nhost:\r\n",
        "GET /api/hello HTTP/1.1\r\nhost: [::1]:5000\r\n",
        "GET /api/hello HTTP/1.0\r\n",
    ] {
        let answer = server.raw(format!("{head}connection: close\r\n\r\n")).await;
        assert!(answer.ends_with("hello"), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_closed() {
    let (server, _, _) = start(|bounds| bounds.header_timeout = Duration::from_millis(60));
    let answer = server.raw("GET /api/hello HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(!answer.contains("200"), "{answer}");
    assert_eq!(server.get("/api/hello").await.text(), "hello");
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let (server, _, stats) = start(|bounds| bounds.header_timeout = Duration::from_millis(60));
    let mut stream = server.connect().await;
    assert_eq!(read_all(&mut stream).await, "");
    while stats.open() > 0 {
        tokio::task::yield_now().await;
    }
}

/// A client of HTTP/2 that only pings, which the server answers each time.
#[tokio::test]
async fn pings_alone_keep_no_connection() {
    let (server, _, _) = start(|bounds| bounds.header_timeout = Duration::from_millis(100));
    let (mut reading, mut writing) = server.connect().await.into_split();
    writing.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let pinging = async {
        // Ends with the first write that the closed connection refuses.
        while writing.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), pinging).await.expect("pings hold the connection");
    let mut answers = Vec::new();
    drop(reading.read_to_end(&mut answers).await);
    assert!(answers.windows(8).any(|part| part == b"pingping"), "no ping was answered: {answers:?}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let (server, _, _) = start(|bounds| bounds.keep_alive = Duration::from_millis(60));
    let answer = server.raw(HELLO).await;
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn a_connection_may_wait_longer_for_its_next_request_than_a_head_may_take() {
    let (server, _, _) = start(|bounds| bounds.header_timeout = Duration::from_millis(40));
    let mut stream = server.connect().await;
    let mut answer = [0; 1024];
    for _ in 0..2 {
        stream.write_all(HELLO.as_bytes()).await.unwrap();
        let length = stream.read(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer[..length]).ends_with("hello"));
        let more = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut answer)).await;
        assert!(more.is_err(), "the connection was closed while it was idle: {more:?}");
    }
    // A further head has the same time as the first.
    stream.write_all(b"GET /api/hello HTTP/1.1\r\nx-slow: ").await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut answer)).await;
    assert!(matches!(ended, Ok(Ok(0))), "the head may take as long as a connection may be idle: {ended:?}");
}

#[tokio::test]
async fn an_answer_is_not_cut_while_its_reader_is_slow() {
    let (server, _, _) = start(|bounds| {
        bounds.header_timeout = Duration::from_millis(100);
        bounds.keep_alive = Duration::from_millis(100);
        bounds.socket_buffer_bytes = 4 << 10;
    });
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(b"GET /api/page HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (mut piece, mut taken) = (vec![0; 2 << 10], 0);
    while taken < PAGE_BYTES {
        let length = stream.read(&mut piece).await.unwrap();
        assert!(length > 0, "cut after {taken} bytes");
        taken += length;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_refused_at_the_buffers_size() {
    let (server, _, _) = start(|_| {});
    let many = format!("x-many: {}\r\n", "y".repeat(100)).repeat(400);
    let answer = server.raw(format!("GET /api/hello HTTP/1.1\r\nhost: x\r\n{many}\r\n")).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let one = "z".repeat(200 << 10);
    let answer = server.raw(format!("GET /api/hello HTTP/1.1\r\nhost: x\r\nx: {one}")).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(server.get("/api/hello").await.text(), "hello");
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_cut() {
    let (server, _, stats) = start(|bounds| bounds.write_stall = Duration::from_millis(80));
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/flood HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    while stats.open() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stats.requests(), 0);
}

#[tokio::test]
async fn a_full_server_answers_health_only_and_holds_the_next_back() {
    let (server, gate, stats) = start(|bounds| {
        bounds.crowd = Crowd::of(1, 8);
        bounds.reserved_connections = 1;
    });
    let mut first = server.connect().await;
    first.write_all(b"GET /api/wait HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    gate.entered.notified().await;

    let refused = server.raw(HELLO).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("connections_exhausted"), "{refused}");
    assert!(refused.contains("retry-after: 5"), "{refused}");
    assert_eq!(stats.refused(), 1);

    let mut watcher = server.connect().await;
    watcher.write_all(b"GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut start = [0; 15];
    watcher.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");

    let mut third = server.connect().await;
    third.write_all(b"GET /api/hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    while stats.held_back() == 0 {
        tokio::task::yield_now().await;
    }
    gate.open.notify_one();
    assert!(read_all(&mut first).await.ends_with("done"));
    assert!(read_all(&mut third).await.ends_with("hello"), "served once a place is free");
}

#[tokio::test]
async fn a_request_in_flight_is_finished_and_new_connections_are_refused() {
    let (server, gate, _) = start(|_| {});
    let address = server.address;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /api/wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    gate.entered.notified().await;
    let mut idle = server.connect().await;
    idle.write_all(HELLO.as_bytes()).await.unwrap();
    let mut start = [0; 15];
    idle.read_exact(&mut start).await.unwrap();

    let mut running = server.begin_stop();
    assert!(read_all(&mut idle).await.ends_with("hello"), "an idle connection is closed at once");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    gate.open.notify_one();
    assert!(read_all(&mut busy).await.ends_with("done"));
    let report = running.join_next().await.unwrap().unwrap();
    assert_eq!((report.accepted, report.draining, report.aborted), (2, 2, 0));
}

#[tokio::test]
async fn what_is_not_finished_at_the_deadline_is_cut() {
    let (server, gate, stats) = start(|bounds| bounds.drain = Duration::from_millis(50));
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /api/wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    gate.entered.notified().await;
    let report = server.stop().await;
    assert_eq!((report.draining, report.aborted), (1, 1));
    assert_eq!(read_all(&mut stuck).await, "");
    assert_eq!((stats.open(), stats.requests()), (0, 0));
}

#[tokio::test]
async fn an_http_2_request_in_flight_is_finished_too() {
    let (server, gate, _) = start(|_| {});
    let request = server.send_h2(Request::get("/api/wait"), "");
    let mut request = Box::pin(request);
    tokio::select! {
        _ = &mut request => panic!("answered before the gate was open"),
        () = gate.entered.notified() => {}
    }
    gate.open.notify_one();
    assert_eq!(request.await.text(), "done");
    assert_eq!(server.stop().await.aborted, 0);
}

#[tokio::test]
async fn a_reserved_connection_is_not_held_by_a_head_that_does_not_end() {
    let (server, gate, _) = start(|bounds| {
        bounds.crowd = Crowd::of(1, 8);
        bounds.reserved_connections = 1;
        bounds.header_timeout = Duration::from_mins(5);
    });
    let mut first = server.connect().await;
    first.write_all(b"GET /api/wait HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    gate.entered.notified().await;

    for opening in [&b""[..], b"GET /api/health HTTP/1.1\r\nhost: x\r\nx-more: "] {
        let mut slow = server.connect().await;
        slow.write_all(opening).await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(30), read_all(&mut slow)).await;
        assert!(ended.is_ok(), "{opening:?} held the place");
    }
    gate.open.notify_one();
    assert!(read_all(&mut first).await.ends_with("done"));
}

/// A server whose accept loop and reserved paths have a thread of their own, on a runtime of one thread that is kept busy.
#[tokio::test]
async fn reserved_paths_are_answered_while_every_thread_of_the_work_is_busy() {
    let settings = ServerSettings::default();
    let listener = web::server::bind("127.0.0.1:0".parse().unwrap(), &settings).unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let apart = serve_apart(listener, routes(&Gate::default()), settings, stop.clone()).unwrap();
    // This thread is the work's only one: it is not given back before the answer is there.
    let mut peer = std::net::TcpStream::connect(address).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let ask = |peer: &mut std::net::TcpStream, path: &str| {
        // At once: the rest of a head that comes in crumbs is waited for only a moment.
        peer.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"well") && !answer.ends_with(b"hello") {
            let mut piece = [0; 1024];
            let length = peer.read(&mut piece).unwrap();
            assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..length]);
        }
        String::from_utf8(answer).unwrap()
    };
    for _ in 0..2 {
        let answer = ask(&mut peer, "/api/health");
        assert!(answer.ends_with("\r\n\r\nwell"), "{answer}");
    }
    // Other paths on the same connection are the work's, body and all, and so wait for it.
    let asking =
        headroom::spawn_blocking(move || (ask(&mut peer, "/api/hello"), ask(&mut peer, "/api/health"), peer));
    let (hello, well, peer) = asking.await.unwrap();
    assert!(hello.contains("content-length: 5\r\n") && hello.ends_with("\r\n\r\nhello"), "{hello}");
    assert!(well.ends_with("well"), "{well}");
    // So is a connection that begins with them, which ends when the server does.
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    writing.write_all(HELLO.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    let length = reading.read(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer[..length]).ends_with("hello"));
    stop.cancel();
    let report = apart.ended().await.unwrap();
    assert_eq!((report.accepted, report.aborted), (2, 0));
    drop((peer, writing));
}

#[tokio::test]
async fn a_silent_connection_to_a_server_apart_is_closed() {
    let settings = ServerSettings { header_timeout: Duration::from_millis(50), ..ServerSettings::default() };
    let listener = web::server::bind("127.0.0.1:0".parse().unwrap(), &settings).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stats) = (CancellationToken::new(), Arc::clone(&settings.stats));
    let apart = serve_apart(listener, routes(&Gate::default()), settings, stop.clone()).unwrap();
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap(), 0);
    stop.cancel();
    assert_eq!(apart.ended().await.unwrap().accepted, 1);
    assert_eq!(stats.open(), 0);
}

#[tokio::test]
async fn a_full_server_apart_refuses_at_once_and_answers_health() {
    let settings = ServerSettings {
        crowd: Crowd::of(1, 8),
        reserved_connections: 1,
        header_timeout: Duration::from_secs(30),
        ..ServerSettings::default()
    };
    let listener = web::server::bind("127.0.0.1:0".parse().unwrap(), &settings).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stats) = (CancellationToken::new(), Arc::clone(&settings.stats));
    let apart = serve_apart(listener, routes(&Gate::default()), settings, stop.clone()).unwrap();
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    // A head that never ends would hold the only reserved place; the next one is served after it all the same.
    for (head, expected) in [
        ("GET /api/hello HTTP/1.1\r\nhost: x\r\nx-slow: ", "HTTP/1.1 503 "),
        ("GET /api/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "HTTP/1.1 200 "),
        (HELLO, "HTTP/1.1 503 "),
        ("GET /api/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "HTTP/1.1 200 "),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with(expected), "{head}: {answer}");
        assert_eq!(answer.contains("connections_exhausted"), expected.contains("503"), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    assert_eq!(stats.refused(), 2);
    stop.cancel();
    assert_eq!(apart.ended().await.unwrap().accepted, 5);
}
