use super::caller::{Caller, json};
use super::front::Client;
use crate::api;
use crate::body::Payload;
use http::StatusCode;
use std::sync::PoisonError;
use std::time::Duration;

/// At most 50 creations a second each: the database must stay small enough to be looked through afterwards.
const PAUSE: Duration = Duration::from_millis(20);

/// Creates cases as an honest client does: it comes again when it is told to.
pub(super) async fn run(client: Client) {
    let mut caller = Caller::new(client);
    for at in 0.. {
        // Docket numbers that nobody else has.
        let body = api::new_case(50 + caller.client.index, at);
        let Some(request) = json("/api/cases", Payload::whole(body)) else { return };
        let pause = match caller.ask(request).await {
            Some(answer) if answer.status == StatusCode::CREATED => {
                if let Ok(id) = api::id_of(&answer.body) {
                    let front = &caller.client.front;
                    front.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(id);
                }
                PAUSE
            }
            Some(answer) => answer.retry_after.unwrap_or(PAUSE).min(Duration::from_secs(5)),
            None => PAUSE,
        };
        tokio::time::sleep(pause).await;
    }
}
