use super::caller::Caller;
use super::front::Client;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

/// A new client each 10 ms.
const APART: Duration = Duration::from_millis(10);

/// Every fourth client never says a word; the others ask each 5 to 25 seconds and stay.
pub(super) async fn run(client: Client) {
    client.queue(APART).await;
    if client.index.is_multiple_of(4) { silent(client).await } else { occasional(client).await }
}

async fn silent(client: Client) {
    loop {
        if let Some(mut stream) = client.connect(None).await {
            let _held = client.tally.hold();
            let mut word = [0; 16];
            // Ends when the server ends it.
            drop(stream.read(&mut word).await);
            client.tally.ended();
        }
        client.pause().await;
    }
}

async fn occasional(client: Client) {
    let between = Duration::from_secs(u64::try_from(5 + client.index % 21).unwrap_or(5));
    let mut caller = Caller::new(client);
    loop {
        for path in ["/api/cases?limit=20", "/api/auth/me"] {
            caller.get(path).await;
            tokio::time::sleep(between).await;
        }
    }
}
