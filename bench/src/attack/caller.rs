//! A client that asks, counts what it hears, and comes again when its connection ends.

use super::front::Client;
use super::tally::Held;
use crate::body::Payload;
use crate::client::{Connection, whole};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use std::net::Ipv4Addr;
use std::time::Duration;

/// A connection that is made again when it ends.
#[derive(Debug)]
pub(super) struct Caller {
    pub client: Client,
    connection: Option<(Connection, Held)>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl Caller {
    pub(super) fn new(client: Client) -> Self {
        Self { client, connection: None }
    }

    /// Asks and reads the answer. Nothing when there was none; the pause that is due then is over already.
    pub(super) async fn ask(&mut self, request: Request<Payload>) -> Option<Answer> {
        self.connect().await?;
        let (connection, _) = self.connection.as_mut()?;
        let answer = match connection.ask(request).await {
            Ok(answer) => {
                let retry_after = retry_after(answer.headers());
                self.client.tally.answer(answer.status(), retry_after.is_some());
                whole(answer).await.ok().map(|(status, body)| Answer { status, body, retry_after })
            }
            Err(_) => None,
        };
        if let Some(answer) = &answer {
            self.client.tally.received(answer.body.len());
        } else {
            self.client.tally.cut();
            self.connection = None;
            self.client.pause().await;
        }
        answer
    }

    /// Comes from this address from now on, on another connection.
    pub(super) fn come_from(&mut self, address: Ipv4Addr) {
        self.client.from = Some(address);
        self.connection = None;
    }

    pub(super) async fn get(&mut self, path: &str) -> Option<Answer> {
        self.ask(request(Method::GET, path, Payload::empty())?).await
    }

    async fn connect(&mut self) -> Option<()> {
        if self.connection.as_ref().is_some_and(|(connection, _)| connection.is_closed()) {
            self.client.tally.ended();
            self.connection = None;
        }
        if self.connection.is_none() {
            let Some(connection) = self.open().await else {
                self.client.pause().await;
                return None;
            };
            self.connection = Some((connection, self.client.tally.hold()));
        }
        Some(())
    }

    /// Nothing, and counted as such, when the server does not take it.
    async fn open(&self) -> Option<Connection> {
        let stream = self.client.connect(None).await?;
        let connection = Connection::over(stream, Some(&self.client.front.token)).await.ok();
        if connection.is_none() {
            self.client.tally.not_made();
        }
        connection
    }
}

/// A request without headers of its own. Every path here is a valid one.
pub(super) fn request(method: Method, path: &str, body: Payload) -> Option<Request<Payload>> {
    Request::builder().method(method).uri(path).body(body).ok()
}

/// A request that says its body is JSON.
pub(super) fn json(path: &str, body: Payload) -> Option<Request<Payload>> {
    Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body).ok()
}

/// When the server wants to be asked again.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
