use super::caller::retry_after;
use super::front::Client;
use super::stream_flood::{Flood, search};
use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use std::time::Duration;

/// A new client each 10 ms.
const APART: Duration = Duration::from_millis(10);

/// One connection of HTTP/2 that asks on as many streams as it may have, takes the heads of all answers and opens no window for
/// their bodies: a server that waits for it keeps every one of them.
pub(super) async fn run(client: Client) {
    client.queue(APART).await;
    loop {
        if let Some(flood) = Flood::begin(&client, 0).await {
            join_all((0..client.front.streams).map(|stream| ask(&client, &flood, stream))).await;
            client.tally.ended();
        }
        client.pause().await;
    }
}

/// Asks once, and waits until the server has enough of an answer that nobody takes.
async fn ask(client: &Client, flood: &Flood, stream: usize) {
    let mut sender = flood.sender();
    let Some(request) = search(client, stream) else { return };
    if sender.ready().await.is_err() {
        return;
    }
    let Ok(answer) = sender.send_request(request).await else { return client.tally.cut() };
    client.tally.answer(answer.status(), retry_after(answer.headers()).is_some());
    let _still = client.tally.stand_still();
    // No window is opened, so that nothing comes but the end.
    let _end = answer.into_body().frame().await;
}
