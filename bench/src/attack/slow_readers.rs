use super::front::Client;
use http::StatusCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest, Ready};
use tokio::net::TcpStream;

/// A new client each 10 ms.
const APART: Duration = Duration::from_millis(10);
/// The least window that the kernel grants.
const WINDOW_BYTES: u32 = 4096;
const BEAT: Duration = Duration::from_secs(1);

/// Asks for a large file, or for a long list, and reads next to nothing: half of the clients stop altogether, the others
/// take some bytes each second, which looks like progress.
pub(super) async fn run(client: Client) {
    client.queue(APART).await;
    let front = &client.front;
    let path = match client.index % 4 {
        0 | 1 => format!("/api/documents/{}/download", front.document),
        2 => "/api/cases?limit=1000".to_owned(),
        _ => "/api/cases?limit=1000&sort=title".to_owned(),
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        front.address, front.token
    );
    loop {
        if let Some(stream) = client.connect(Some(WINDOW_BYTES)).await {
            let _held = client.tally.hold();
            stall(&client, stream, request.as_bytes()).await;
        }
        client.pause().await;
    }
}

async fn stall(client: &Client, mut stream: TcpStream, request: &[u8]) {
    let mut bytes = [0; 1024];
    if stream.write_all(request).await.is_err() {
        return client.tally.ended();
    }
    client.tally.sent(request.len());
    let Ok(count) = stream.read(&mut bytes).await else { return client.tally.cut() };
    client.tally.received(count);
    match bytes.get(..count).and_then(status_of) {
        Some((status, has_retry_after)) => client.tally.answer(status, has_retry_after),
        None => return client.tally.cut(),
    }
    let reads_on = client.index.is_multiple_of(2);
    loop {
        tokio::time::sleep(BEAT).await;
        if reads_on {
            match stream.read(&mut bytes).await {
                Ok(count) if count > 0 => client.tally.received(count),
                _ => return client.tally.ended(),
            }
        } else if stream.ready(Interest::READABLE).await.is_ok_and(Ready::is_read_closed) {
            return client.tally.ended();
        }
    }
}

/// The status of an answer, and whether its beginning says when to come again.
pub(super) fn status_of(bytes: &[u8]) -> Option<(StatusCode, bool)> {
    let status = StatusCode::from_bytes(bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?;
    let head = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    Some((status, head.contains("\r\nretry-after:")))
}
