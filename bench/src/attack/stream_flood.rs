use super::caller::retry_after;
use super::front::Client;
use super::tally::Held;
use crate::body::Payload;
use crate::client::whole;
use futures_util::future::join_all;
use http::{Request, header};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::time::Duration;
use tokio::task::JoinSet;

/// A new client each 10 ms.
const APART: Duration = Duration::from_millis(10);

/// What a client accepts of an answer before it has read it, in bytes: enough for one, and little for many.
const WINDOW_BYTES: u32 = 64 << 10;

/// One connection of HTTP/2 with as many streams as a server takes, each asking for the dearest page there is: a search
/// that finds thousands of cases and has to order them.
pub(super) async fn run(client: Client) {
    client.queue(APART).await;
    loop {
        if let Some(flood) = Flood::begin(&client, WINDOW_BYTES).await {
            join_all((0..client.front.streams).map(|stream| flood.ask(&client, stream))).await;
            client.tally.ended();
        }
        client.pause().await;
    }
}

pub(super) struct Flood {
    sender: SendRequest<Payload>,
    /// Moves the bytes; ends when this is dropped.
    _driver: JoinSet<()>,
    _held: Held,
}

impl Flood {
    /// A connection on which each answer may send so many bytes at first.
    pub(super) async fn begin(client: &Client, window_bytes: u32) -> Option<Self> {
        let stream = client.connect(None).await?;
        let mut builder = Builder::new(TokioExecutor::new());
        builder.initial_max_send_streams(client.front.streams);
        builder.initial_stream_window_size(window_bytes).initial_connection_window_size(WINDOW_BYTES);
        let Ok((sender, connection)) = builder.handshake(TokioIo::new(stream)).await else {
            client.tally.not_made();
            return None;
        };
        let mut driver = JoinSet::new();
        // How the connection ended is told to the requests that were under way.
        driver.spawn(async move { drop(connection.await) });
        Some(Self { sender, _driver: driver, _held: client.tally.hold() })
    }

    pub(super) fn sender(&self) -> SendRequest<Payload> {
        self.sender.clone()
    }

    /// Asks on one stream, again and again, until the connection ends.
    async fn ask(&self, client: &Client, stream: usize) {
        let mut sender = self.sender.clone();
        for at in stream.. {
            let Some(request) = search(client, at) else { return };
            if sender.ready().await.is_err() {
                return;
            }
            let is_served = if let Ok(answer) = sender.send_request(request).await {
                let (status, headers) = (answer.status(), answer.headers());
                client.tally.answer(status, retry_after(headers).is_some());
                let body = whole(answer).await.map(|(_, body)| client.tally.received(body.len()));
                status.is_success() && body.is_ok()
            } else {
                client.tally.cut();
                false
            };
            if sender.is_closed() {
                return;
            }
            if !is_served {
                client.pause().await;
            }
        }
    }
}

/// The dearest page there is.
pub(super) fn search(client: &Client, at: usize) -> Option<Request<Payload>> {
    let front = &client.front;
    let uri = format!("http://{}/api/search?query=cargo&limit=100&page={}", front.address, 1 + at % 10);
    let request = Request::get(uri).header(header::AUTHORIZATION, format!("Bearer {}", front.token));
    request.body(Payload::empty()).ok()
}
