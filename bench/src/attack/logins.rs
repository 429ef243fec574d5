use super::caller::{Caller, json};
use super::front::Client;
use crate::body::Payload;
use serde_json::json;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(250);

/// Guesses passwords: each guess costs the server a hash that is made to be expensive in memory.
pub(super) async fn run(client: Client) {
    let index = client.index;
    let mut caller = Caller::new(client);
    for at in 0_u64.. {
        // Of nobody, so that no account is locked that somebody else needs.
        let body = json!({"email": format!("nobody-{index}-{at}@example.com"), "password": "correct horse 42 staple"});
        let Some(request) = json("/api/auth/login", Payload::whole(body.to_string().into())) else { return };
        caller.ask(request).await;
        tokio::time::sleep(PAUSE).await;
    }
}
