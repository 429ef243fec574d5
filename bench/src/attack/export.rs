use super::caller::{Caller, request};
use super::front::Client;
use crate::body::Payload;
use http::{HeaderValue, Method, header};
use serde_json::Value;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(20);

/// Reads everything there is, again and again: by cursor, by compressed pages, by search.
pub(super) async fn run(client: Client) {
    let index = client.index;
    let mut caller = Caller::new(client);
    let mut cursor = None;
    for at in 0_u64.. {
        let path = match (index % 4, cursor.take()) {
            // A page of the longest texts is more than a small server can give: it says so.
            (0, None) if at % 8 == 7 => {
                format!("/api/cases/{}/docket?limit=1000", caller.client.front.long_docket)
            }
            (0 | 1, Some(cursor)) => format!("/api/cases?limit=1000&cursor={cursor}"),
            (0 | 1, None) => "/api/cases?limit=1000".to_owned(),
            (2, _) => format!("/api/cases?limit=1000&sort=title&page={}", 1 + at % 10),
            _ => format!("/api/search?query=cargo&limit=100&page={}", 1 + at % 10),
        };
        let Some(mut request) = request(Method::GET, &path, Payload::empty()) else { return };
        if index % 2 == 1 {
            request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, zstd, gzip"));
        }
        if let Some(answer) = caller.ask(request).await {
            let page = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
            cursor = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
