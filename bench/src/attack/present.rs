//! Whether everything that was acknowledged is there.

use crate::api;
use crate::client::Connection;
use http::StatusCode;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;

/// A server that is still busy is asked again, so often.
const TRIES: usize = 20;

/// How many of the ids a walk through all cases does not meet, and how many cases there are.
pub(super) async fn missing(connection: &mut Connection, ids: &[String]) -> anyhow::Result<(u64, u64)> {
    let mut met = HashSet::new();
    let mut cursor = String::new();
    loop {
        let page = page(connection, &format!("/api/cases?limit=1000{cursor}")).await?;
        let cases = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        met.extend(cases.iter().filter_map(|case| case.get("id")?.as_str().map(str::to_owned)));
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let missing = ids.iter().filter(|id| !met.contains(*id)).count();
    Ok((u64::try_from(missing)?, u64::try_from(met.len())?))
}

async fn page(connection: &mut Connection, path: &str) -> anyhow::Result<Value> {
    for _ in 0..TRIES {
        let (status, answer) = connection.get(path).await?;
        if status != StatusCode::SERVICE_UNAVAILABLE {
            return api::checked(status, &answer, StatusCode::OK);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    anyhow::bail!("the list of cases is refused for want of memory although nobody attacks any more")
}
