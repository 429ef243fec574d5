use super::front::Client;
use super::slow_readers::status_of;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// A new client each 10 ms.
const APART: Duration = Duration::from_millis(10);
/// 4 KB each 160 ms: all of it comes just within ten seconds.
const BEAT: Duration = Duration::from_millis(160);
const LINE_BYTES: usize = 4096;
const CRUMB_BYTES: usize = 16;
const LINES: usize = 60;

/// Sends headers that never end, and waits: half of the clients 240 KB, the others some bytes with each beat.
pub(super) async fn run(client: Client) {
    client.queue(APART).await;
    loop {
        if let Some(stream) = client.connect(None).await {
            let _held = client.tally.hold();
            trickle(&client, stream).await;
        }
        client.pause().await;
    }
}

async fn trickle(client: &Client, mut stream: TcpStream) {
    let mut answer = [0; 1024];
    let length = if client.index.is_multiple_of(2) { LINE_BYTES } else { CRUMB_BYTES };
    let line = format!("X-{}\r\n", "a: b".repeat(length / 4 - 1));
    let (mut left, mut gone) = (LINES, 0);
    send(client, &stream, b"GET /api/cases HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    loop {
        tokio::select! {
            heard = stream.read(&mut answer) => {
                match heard.ok().and_then(|count| status_of(answer.get(..count)?)) {
                    Some((status, has_retry_after)) => client.tally.answer(status, has_retry_after),
                    None => client.tally.ended(),
                }
                return;
            }
            () = tokio::time::sleep(BEAT), if left > 0 => {
                left -= 1;
                gone += send(client, &stream, line.as_bytes());
                client.tally.head(gone);
            }
        }
    }
}

/// What the kernel takes, and how much that is. The rest of a line is left out: the next one goes on in the same header.
fn send(client: &Client, stream: &TcpStream, bytes: &[u8]) -> usize {
    match stream.try_write(bytes) {
        Ok(count) => {
            client.tally.sent(count);
            count
        }
        // It takes nothing now, or has ended: reading tells that.
        Err(_) => 0,
    }
}
