use http::StatusCode;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 1 << 20;

/// A connection that sends what no decent client would.
#[derive(Debug)]
pub struct RawConnection(TcpStream);

/// The head of a request, without the empty line at its end, so that headers can be added.
pub fn head_of(method: &str, path: &str, token: Option<&str>) -> String {
    let credentials = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{credentials}")
}

impl RawConnection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// Sends these bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("the bytes are taken");
    }

    /// Reads the answer in between by which a server asks for the body that was announced (RFC 9110 10.1.1).
    pub async fn awaited(&mut self) {
        let mut interim = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
        let read = self.0.read_exact(&mut interim);
        tokio::time::timeout(PATIENCE, read).await.expect("an answer in time").expect("an answer in between");
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n", "{}", String::from_utf8_lossy(&interim));
    }

    /// Reads until the server closes: the status and all that came.
    pub async fn answer(mut self) -> (StatusCode, String) {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.0).take(ANSWER_BYTES);
        let read = limited.read_to_end(&mut bytes);
        let ended = tokio::time::timeout(PATIENCE, read).await.expect("an answer in time");
        // A server that refuses a body may reset the connection after its answer.
        drop(ended);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text
            .get(9..12)
            .and_then(|digits| digits.parse().ok())
            .and_then(|code| StatusCode::from_u16(code).ok());
        (status.unwrap_or_else(|| panic!("no HTTP answer: {text:?}")), text)
    }

    /// Hangs up in the middle.
    pub async fn hang_up(mut self) {
        drop(self.0.shutdown().await);
    }
}
