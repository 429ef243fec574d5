//! One connection at a time, kept alive: the cheapest client, so that the machine is left to the server.

use crate::body::{Digest, Payload};
use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// The largest answer that is read whole.
const ANSWER_BYTES: usize = 64 << 20;
/// Among so many addresses clients are spread that are many.
const ADDRESSES: usize = 4;

/// A connection without a word on it, from this address and with this receive buffer, if they are not to be the usual ones.
pub(crate) async fn connect(
    address: SocketAddr,
    from: Option<Ipv4Addr>,
    receive_buffer: Option<u32>,
) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = from {
        socket.bind((from, 0).into())?;
    }
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.connect(address).await
}

/// A connection to the server.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Payload>,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
    /// Moves the bytes; ends when this is dropped.
    _driver: JoinSet<()>,
}

/// A file as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its digest.
    pub digest: Digest,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, token: Option<&str>) -> anyhow::Result<Self> {
        Self::over(TcpStream::connect(address).await?, token).await
    }

    /// The same, from one of several addresses of this machine: one alone may not have all of a server's connections.
    pub(crate) async fn open_as(
        number: usize,
        address: SocketAddr,
        token: Option<&str>,
    ) -> anyhow::Result<Self> {
        let last = u8::try_from(number % ADDRESSES)? + 1;
        let stream = connect(address, Some(Ipv4Addr::new(127, 0, 0, last)), None).await?;
        Self::over(stream, token).await
    }

    /// Speaks HTTP on a connection that is there.
    pub(crate) async fn over(stream: TcpStream, token: Option<&str>) -> anyhow::Result<Self> {
        let address = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        // How the connection ended is told to the request that was under way.
        driver.spawn(async move { drop(connection.await) });
        let authorization =
            token.map(|token| HeaderValue::try_from(format!("Bearer {token}"))).transpose()?;
        Ok(Self { sender, host: HeaderValue::try_from(address.to_string())?, authorization, _driver: driver })
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let answer = self.send(Method::GET, path, None, Payload::empty()).await?;
        whole(answer).await
    }

    pub(crate) async fn post(&mut self, path: &str, json: Bytes) -> anyhow::Result<(StatusCode, Bytes)> {
        let answer = self.send(Method::POST, path, Some("application/json"), Payload::whole(json)).await?;
        whole(answer).await
    }

    /// Sends a body of the given type and reads the answer whole.
    pub(crate) async fn upload(
        &mut self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Payload,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        whole(self.send(method, path, Some(content_type), body).await?).await
    }

    /// Reads an answer to its end and keeps its digest alone.
    pub(crate) async fn download(&mut self, path: &str) -> anyhow::Result<(StatusCode, Received)> {
        let answer = self.send(Method::GET, path, None, Payload::empty()).await?;
        let status = answer.status();
        let mut body = answer.into_body();
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame?.data_ref() {
                hasher.update(data);
                bytes += u64::try_from(data.len())?;
            }
        }
        Ok((status, Received { bytes, digest: hasher.finalize().into() }))
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Payload,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.try_into()?;
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.try_into()?);
        }
        self.ask(request).await
    }

    /// Sends a request of any kind, with this connection's host and token.
    pub(crate) async fn ask(&mut self, mut request: Request<Payload>) -> anyhow::Result<Response<Incoming>> {
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        self.sender.ready().await.context("the server closed the connection")?;
        Ok(self.sender.send_request(request).await?)
    }

    /// Whether the server has ended the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// Reads an answer to its end.
pub(crate) async fn whole(answer: Response<Incoming>) -> anyhow::Result<(StatusCode, Bytes)> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
    let body = body.map_err(|fault| anyhow::anyhow!("the answer cannot be read: {fault}"))?;
    Ok((status, body.to_bytes()))
}
