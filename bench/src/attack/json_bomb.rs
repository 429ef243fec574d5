use super::caller::{Caller, json};
use super::front::Client;
use crate::body::Payload;
use bytes::Bytes;
use http::StatusCode;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(100);
/// The server's default for JSON.
const LIMIT_BYTES: usize = 10 << 20;
/// Of a body that does not say how long it will be.
const PIECE_BYTES: usize = 16 << 10;
const PIECES: usize = 4096;

/// Bodies at the limit, just below and above it.
static BOMBS: LazyLock<Arc<Vec<Bytes>>> = LazyLock::new(|| {
    let deep = |size: usize| Bytes::from(vec![b'['; size]);
    let filled = |head: &str, piece: &str, tail: &str| {
        let times = (LIMIT_BYTES - head.len() - tail.len()) / piece.len();
        Bytes::from(format!("{head}{}{tail}", piece.repeat(times)))
    };
    let mut names = String::from("{\"title\":\"A v. B\"");
    // 14 bytes each.
    for at in 0..LIMIT_BYTES / 14 - 4 {
        names += ",\"k";
        let number = format!("{at:06x}");
        names += &number;
        names += "\":{}";
    }
    names.push('}');
    Arc::new(vec![
        deep(LIMIT_BYTES),
        filled("[", "0,", "0]"),
        Bytes::from(names),
        filled("{\"title\":\"A v. B\",\"description\":\"", "\\u0041", "\"}"),
        filled("{\"title\":", "{\"a\":[", ""),
        deep(LIMIT_BYTES + 1),
    ])
});

pub(super) fn bombs() -> Arc<Vec<Bytes>> {
    Arc::clone(&BOMBS)
}

/// Sends one after the other, and now and then one that does not say how long it will be.
pub(super) async fn run(client: Client, bombs: Arc<Vec<Bytes>>) {
    let mut caller = Caller::new(client);
    let piece = Bytes::from_static(&[b'['; PIECE_BYTES]);
    for at in caller.client.index.. {
        let (body, size) = match bombs.get(at % (bombs.len() + 1)) {
            Some(bomb) => (Payload::whole(bomb.clone()), bomb.len()),
            None => (Payload::Pieces(piece.clone(), PIECES), PIECES * PIECE_BYTES),
        };
        let Some(request) = json("/api/cases", body) else { return };
        if let Some(answer) = caller.ask(request).await {
            caller.client.tally.sent(size);
            if size > LIMIT_BYTES && !is_refusal(answer.status) {
                caller.client.tally.swallowed();
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the server looked at no more of a body than it takes: too large, too much at once, too slow.
fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::REQUEST_TIMEOUT
    )
}
