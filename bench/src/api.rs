//! The calls that are measured, and those that check what was measured.

use crate::client::Connection;
use crate::server::{EMAIL, PASSWORD, Server};
use anyhow::Context as _;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

/// Signs in and returns the access token.
pub(crate) async fn login(server: &Server) -> anyhow::Result<String> {
    let mut connection = Connection::open(server.address(), None).await?;
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let (status, answer) = connection.post("/api/auth/login", body.into()).await?;
    let answer = checked(status, &answer, StatusCode::OK)?;
    let token = answer.get("accessToken").and_then(Value::as_str);
    Ok(token.context("the answer to the login has no accessToken")?.to_owned())
}

/// Connections of one user.
pub(crate) async fn connections(server: &Server, count: usize) -> anyhow::Result<Vec<Connection>> {
    let token = login(server).await?;
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        connections.push(Connection::open_as(number, server.address(), Some(&token)).await?);
    }
    Ok(connections)
}

/// Connections of one user that have asked once and stay open.
pub(crate) async fn waiting(server: &Server, token: &str, count: usize) -> anyhow::Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        let mut connection = Connection::open_as(number, server.address(), Some(token)).await?;
        let (status, answer) = connection.get("/api/auth/me").await?;
        checked(status, &answer, StatusCode::OK)?;
        connections.push(connection);
    }
    Ok(connections)
}

/// The body that opens the case number `at` of client `client`. Three of four cases are open.
pub(crate) fn new_case(client: usize, at: u64) -> Bytes {
    const LEADS: [&str; 5] =
        ["Meridian Freight", "Osprey Marine", "Juniper Mills", "Calder Steel", "Palisade Foods"];
    let pick = usize::try_from(at.wrapping_mul(7)).unwrap_or(0) + client;
    let lead = LEADS.get(pick % LEADS.len()).copied().unwrap_or_default();
    let other = LEADS.get((pick + 2) % LEADS.len()).copied().unwrap_or_default();
    let status = if at % 4 == 3 { "on_hold" } else { "open" };
    let case = json!({
        "title": format!("{lead} LLC v. {other} Co. ({client}-{at})"),
        "description": "Claim for the loss of a cargo in transit, and for the cost of the delay.",
        "status": status,
        "practiceArea": "Litigation",
        "court": "cand",
        "docketNumber": format!("3:26-cv-{client:02}{at:06}"),
        "filedOn": "2026-02-03",
    });
    case.to_string().into()
}

/// How many cases there are.
pub(crate) async fn count_cases(connection: &mut Connection) -> anyhow::Result<u64> {
    let (status, answer) = connection.get("/api/cases?limit=1").await?;
    let answer = checked(status, &answer, StatusCode::OK)?;
    answer.get("total").and_then(Value::as_u64).context("the list of cases has no total")
}

/// The id in an answer.
pub(crate) fn id_of(answer: &[u8]) -> anyhow::Result<String> {
    let answer: Value = serde_json::from_slice(answer)?;
    Ok(answer.get("id").and_then(Value::as_str).context("the answer has no id")?.to_owned())
}

/// The answer as JSON, when it has the status that it should.
pub(crate) fn checked(status: StatusCode, answer: &[u8], wanted: StatusCode) -> anyhow::Result<Value> {
    if status != wanted {
        let start: String = String::from_utf8_lossy(answer).chars().take(300).collect();
        anyhow::bail!("the server answered {status}, not {wanted}: {start}");
    }
    Ok(serde_json::from_slice(answer)?)
}
