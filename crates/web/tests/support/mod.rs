//! A server on a loopback port, and two clients: raw bytes, and hyper.
#![expect(dead_code, reason = "each test file uses the part that it needs")]
#![expect(clippy::unwrap_used, reason = "a test harness stops at the first surprise")]

use axum::routing::get;
use axum::{Extension, Router};
use clock::{MockClock, SeededRandom};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use web::layers::{Settings, stack};
use web::server::{Report, ServerSettings, bind, serve};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<MockClock>,
    stop: oneshot::Sender<()>,
    running: JoinSet<Report>,
}

/// Holds the answer of `/api/wait` back until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) entered: Arc<Notify>,
    pub(crate) open: Arc<Notify>,
}

impl Gate {
    /// These routes, and the one that waits.
    pub(crate) fn before(&self, routes: Router) -> Router {
        let wait = async |Extension(gate): Extension<Self>| {
            gate.entered.notify_one();
            gate.open.notified().await;
            "done"
        };
        routes.route("/api/wait", get(wait)).layer(Extension(self.clone()))
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn noon() -> clock::Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

impl Server {
    pub(crate) fn start(router: Router) -> Self {
        Self::start_with(router, |_| {}, |_| {})
    }

    pub(crate) fn start_with(
        router: Router,
        layers: impl FnOnce(&mut Settings),
        bounds: impl FnOnce(&mut ServerSettings),
    ) -> Self {
        let clock = Arc::new(MockClock::at(noon()));
        let mut settings = Settings::new(clock.clone(), Arc::new(SeededRandom::new(7)));
        layers(&mut settings);
        let mut server = ServerSettings::default();
        bounds(&mut server);
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), &server).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let mut running = JoinSet::new();
        running.spawn(serve(listener, stack(router, settings), server, async {
            stopped.await.unwrap_or_default();
        }));
        Self { address, clock, stop, running }
    }

    /// Asks the server to stop and gives what it reports once it has.
    pub(crate) async fn stop(mut self) -> Report {
        self.stop.send(()).unwrap();
        self.running.join_next().await.unwrap().unwrap()
    }

    /// Asks the server to stop and gives the rest of its run.
    pub(crate) fn begin_stop(self) -> JoinSet<Report> {
        self.stop.send(()).unwrap();
        self.running
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the server closes.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_all(&mut stream).await
    }

    pub(crate) async fn send(&self, request: http::request::Builder, body: impl Into<Vec<u8>>) -> Answer {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
        self.send_with(&client, request, body.into()).await
    }

    pub(crate) async fn send_h2(&self, request: http::request::Builder, body: impl Into<Vec<u8>>) -> Answer {
        let client =
            Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<bytes::Bytes>>();
        self.send_with(&client, request, body.into()).await
    }

    async fn send_with(
        &self,
        client: &Client<hyper_util::client::legacy::connect::HttpConnector, Full<bytes::Bytes>>,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
        let path = request.uri().to_string();
        *request.uri_mut() = format!("http://{}{path}", self.address).parse().unwrap();
        let (parts, body) = client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), "").await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Answer {
        self.send(Request::post(path).header("content-type", "application/json"), body).await
    }
}

pub(crate) async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is a way to close, too.
    stream.read_to_end(&mut bytes).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem, after checking what every problem has.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(self.status.as_u16(), status, "{body}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["type"], format!("/api/docs/errors/{code}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["statusCode"], status);
        assert_eq!(body["message"], body["detail"]);
        assert_eq!(body["correlationId"], self.header("x-correlation-id"));
        assert_eq!(body["timestamp"], "2026-01-31T12:00:00.000000Z");
        assert!(!body["title"].as_str().unwrap().is_empty());
        body
    }

    /// The faults as `field code` lines, in order.
    pub(crate) fn faults(&self) -> Vec<String> {
        let body = self.json();
        let faults = body["errors"].as_array().cloned().unwrap_or_default();
        faults
            .iter()
            .map(|fault| format!("{} {}", fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap()))
            .collect()
    }
}
