//! A client whose server may die at any moment: every step may fail, and only a whole answer counts.

use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection, kept alive.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    address: SocketAddr,
    token: String,
    /// What was read beyond the last answer's head.
    ahead: Vec<u8>,
    /// After how many seconds the last answer asks for another try.
    retry_after: Option<u32>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u32>,
    pub(crate) body: Vec<u8>,
}

/// The largest answer that is taken whole, in bytes.
const ANSWER_BYTES: u64 = 4 << 20;

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The id of what was made.
    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().expect("an id").to_owned()
    }
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        Ok(Self { stream, address, token: String::new(), ahead: Vec::new(), retry_after: None })
    }

    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self }
    }

    /// Another connection of the same user.
    pub(crate) async fn again(&self) -> io::Result<Self> {
        Ok(Self::open(self.address).await?.with_token(&self.token))
    }

    pub(crate) async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.begin("GET", path, "").await?;
        self.answer().await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        let body = body.to_string();
        let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        self.begin("POST", path, &headers).await?;
        self.write(body.as_bytes()).await?;
        self.answer().await
    }

    /// Puts a document's file of one kind of text.
    pub(crate) async fn put_file(&mut self, path: &str, content: &[u8]) -> io::Result<Answer> {
        // No word is waited for before the body: the server may refuse at once.
        let headers = format!("content-type: text/plain\r\ncontent-length: {}\r\n", content.len());
        self.begin("PUT", path, &headers).await?;
        self.write(content).await?;
        self.answer().await
    }

    /// Sends the head of such a request only, and returns when the server wants the body: then the request is in flight.
    pub(crate) async fn begin_file(&mut self, path: &str, size_bytes: u64) -> io::Result<()> {
        let headers =
            format!("content-type: text/plain\r\ncontent-length: {size_bytes}\r\nexpect: 100-continue\r\n");
        self.begin("PUT", path, &headers).await?;
        match self.answer_head().await? {
            (100, _) => Ok(()),
            (status, _) => Err(io::Error::other(format!("{status} instead of 100"))),
        }
    }

    /// Sends the head of a request.
    pub(crate) async fn begin(&mut self, method: &str, path: &str, headers: &str) -> io::Result<()> {
        let credentials = match self.token.as_str() {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        self.write(format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{credentials}{headers}\r\n").as_bytes())
            .await
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        let (status, length) = self.answer_head().await?;
        if length > ANSWER_BYTES {
            return Err(io::Error::other("a longer answer than was expected"));
        }
        let mut body = Vec::new();
        self.read_body(length, |piece| body.extend_from_slice(piece)).await?;
        Ok(Answer { status, retry_after: self.retry_after, body })
    }

    /// The status and the length of the body that follows.
    pub(crate) async fn answer_head(&mut self) -> io::Result<(u16, u64)> {
        let mut read = std::mem::take(&mut self.ahead);
        let end = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if self.stream.read_buf(&mut read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        self.ahead = read.split_off(end);
        let head = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).expect("a status");
        let named = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        self.retry_after = named("retry-after:").map(|digits| digits.parse().expect("seconds"));
        Ok((status, named("content-length:").map_or(0, |digits| digits.parse().expect("a length"))))
    }

    /// The body, piece by piece.
    pub(crate) async fn read_body(&mut self, length: u64, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut left = usize::try_from(length).expect("a length");
        let ahead = std::mem::take(&mut self.ahead);
        let (now, later) = ahead.split_at(left.min(ahead.len()));
        take(now);
        left -= now.len();
        self.ahead = later.to_vec();
        let mut piece = vec![0; 256 << 10];
        while left > 0 {
            let wanted = left.min(piece.len());
            let came = self.stream.read(&mut piece[..wanted]).await?;
            if came == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            take(&piece[..came]);
            left -= came;
        }
        Ok(())
    }
}
