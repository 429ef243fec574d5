use super::caller::{Caller, json};
use super::front::Client;
use crate::body::Payload;
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Loopback addresses of the second half: nobody else comes from there.
fn address(index: usize, at: u64) -> Ipv4Addr {
    let byte = |number: u64| u8::try_from(number % 254 + 1).unwrap_or(1);
    Ipv4Addr::new(127, byte(u64::try_from(index).unwrap_or(0)) | 128, byte(at / 254), byte(at))
}

const PAUSE: Duration = Duration::from_millis(250);

/// Guesses passwords, each time from another address, as a net of captured machines does: one address is told to wait after some
/// guesses. Each costs the server a hash that is made to be expensive in memory.
pub(super) async fn run(client: Client) {
    let index = client.index;
    let mut caller = Caller::new(client);
    for at in 0_u64.. {
        // Of nobody, so that no account is locked that somebody else needs.
        let body = json!({"email": format!("nobody-{index}-{at}@example.com"), "password": "correct horse 42 staple"});
        caller.come_from(address(index, at));
        let Some(request) = json("/api/auth/login", Payload::whole(body.to_string().into())) else { return };
        caller.ask(request).await;
        tokio::time::sleep(PAUSE).await;
    }
}
