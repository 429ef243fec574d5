use super::caller::retry_after;
use super::front::Client;
use super::stream_flood::{Flood, search};
use futures_util::future::join_all;
use std::time::Duration;

/// A new client each 10 ms.
const APART: Duration = Duration::from_millis(10);
/// Requests at once on one connection.
const STREAMS: usize = 32;

/// One connection of HTTP/2 that asks on as many streams as it may have, takes the heads of all answers and opens no window for
/// their bodies: a server that waits for it keeps every one of them.
pub(super) async fn run(client: Client) {
    client.queue(APART).await;
    loop {
        if let Some(flood) = Flood::begin(&client, 0).await {
            let answers = join_all((0..STREAMS).map(|stream| ask(&client, &flood, stream))).await;
            // Until the server ends it; what lies in the answers is never read.
            while !flood.is_ended() {
                client.pause().await;
            }
            drop(answers);
            client.tally.ended();
        }
        client.pause().await;
    }
}

async fn ask(client: &Client, flood: &Flood, stream: usize) -> Option<http::Response<hyper::body::Incoming>> {
    let mut sender = flood.sender();
    sender.ready().await.ok()?;
    let Ok(answer) = sender.send_request(search(client, stream)?).await else {
        client.tally.cut();
        return None;
    };
    client.tally.answer(answer.status(), retry_after(answer.headers()).is_some());
    Some(answer)
}
