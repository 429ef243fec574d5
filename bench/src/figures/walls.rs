use super::create_case;
use crate::api;
use crate::client::Connection;
use crate::load::{self, Call, Until};
use crate::quantity::Quantity;
use crate::server::{PASSWORD, Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Clients that open the cases.
const CLIENTS: usize = 50;
const USERS: usize = 500;
const WALLS: usize = 200;
/// The most that the 95th of a hundred pages may take, in microseconds.
const PAGE_MICROS: u64 = 30_000;

/// Pages of a firm with 100,000 cases, 500 users and 200 walls, as somebody sees them whom every wall screens, beside the
/// same pages as somebody sees them whom none does. Half of the walls stand round the newest cases, so that the first page
/// has to look past them.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let start = Start::on(setup, &folder.path().join("data")).with("ARGON2_MEMORY", "8MiB");
    let server = start.go().await?;
    let cases: u64 = if setup.amounts.is_quick { 5000 } else { 100_000 };
    setup.say(&format!("opening {cases} cases ..."));
    let mut connections = api::connections(&server, CLIENTS).await?;
    let each = cases / u64::try_from(CLIENTS)?;
    load::run(&mut connections, Until::Count(each), create_case).await.faultless()?;
    let admin = connections.first_mut().context("no connection")?;
    let users = add_users(admin).await?;
    let walled = raise_walls(admin, &users).await?;
    let token = sign_in(&server, &email(0)).await?;
    let mut screened = [Connection::open(server.address(), Some(&token)).await?];
    check_complete(&mut screened[0], cases, &walled).await?;

    let mut rows = vec![super::decision::measure(setup)];
    for (what, query) in [
        ("newest first", "limit=20"),
        ("open, by title", "status=open&sort=title&limit=20"),
        ("page 100", "limit=20&page=100"),
    ] {
        let path = format!("/api/cases?{query}");
        let outside = page_nanos(setup, connections.get_mut(..1).context("no connection")?, &path).await?;
        let inside = page_nanos(setup, &mut screened, &path).await?;
        let figure = format!("list 20 of {cases} cases behind {WALLS} walls, {what}, p95");
        let row = Row::at_most(&figure, Quantity::nanos(inside), Quantity::micros(PAGE_MICROS));
        rows.push(row.with_note(format!("whom no wall screens: {}; one client", Quantity::nanos(outside))));
    }
    drop((connections, screened));
    server.stop().await?;
    Ok(rows)
}

fn email(number: usize) -> String {
    format!("walled-{number}@example.com")
}

/// Their ids; the first one is screened from every walled case.
async fn add_users(admin: &mut Connection) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::with_capacity(USERS);
    for number in 0..USERS {
        let user = json!({ "email": email(number), "firstName": "Bench", "lastName": format!("User {number}"),
            "role": "partner", "password": PASSWORD });
        let (status, answer) = admin.post("/api/users", user.to_string().into()).await?;
        api::checked(status, &answer, StatusCode::CREATED)?;
        ids.push(api::id_of(&answer)?);
    }
    Ok(ids)
}

/// Walls round the newest and the oldest cases. Returns the cases.
async fn raise_walls(admin: &mut Connection, users: &[String]) -> anyhow::Result<HashSet<String>> {
    let mut walled = HashSet::new();
    for sort in ["openedAt", "-openedAt"] {
        let (status, answer) = admin.get(&format!("/api/cases?limit={}&sort={sort}", WALLS / 2)).await?;
        walled.extend(ids(&api::checked(status, &answer, StatusCode::OK)?)?);
    }
    for (at, case) in walled.iter().enumerate() {
        // The first user, and ten others who differ from wall to wall.
        let screened = users.iter().take(1).chain(users.iter().cycle().skip(1 + at * 7).take(10));
        let screened: HashSet<&String> = screened.collect();
        let wall =
            json!({ "caseId": case, "reason": "Former client of the other side", "screened": screened });
        let (status, answer) = admin.post("/api/ethical-walls", wall.to_string().into()).await?;
        api::checked(status, &answer, StatusCode::CREATED)?;
    }
    anyhow::ensure!(walled.len() == WALLS, "{} walls were raised", walled.len());
    Ok(walled)
}

fn ids(answer: &Value) -> anyhow::Result<Vec<String>> {
    let data = answer.get("data").and_then(Value::as_array).context("the list has no data")?;
    let ids: Option<Vec<String>> = data.iter().map(|one| Some(one.get("id")?.as_str()?.to_owned())).collect();
    ids.context("an item has no id")
}

async fn sign_in(server: &Server, email: &str) -> anyhow::Result<String> {
    let mut connection = Connection::open(server.address(), None).await?;
    let body = json!({ "email": email, "password": PASSWORD }).to_string();
    let (status, answer) = connection.post("/api/auth/login", body.into()).await?;
    let answer = api::checked(status, &answer, StatusCode::OK)?;
    Ok(answer.get("accessToken").and_then(Value::as_str).context("no accessToken")?.to_owned())
}

/// The whole list, page by page, has every case but the walled ones, each once, and its total says so.
async fn check_complete(
    connection: &mut Connection,
    cases: u64,
    walled: &HashSet<String>,
) -> anyhow::Result<()> {
    let expected = usize::try_from(cases)? - walled.len();
    let (mut seen, mut next) = (HashSet::new(), String::new());
    loop {
        let (status, answer) = connection.get(&format!("/api/cases?limit=1000{next}")).await?;
        let page = api::checked(status, &answer, StatusCode::OK)?;
        let total = page.get("total").and_then(Value::as_u64);
        anyhow::ensure!(total == Some(u64::try_from(expected)?), "the total is {total:?}, not {expected}");
        seen.extend(ids(&page)?);
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    anyhow::ensure!(seen.len() == expected, "the pages have {} cases, not {expected}", seen.len());
    anyhow::ensure!(seen.is_disjoint(walled), "a walled case is in the list");
    Ok(())
}

/// The 95th percentile of one client's pages, in nanoseconds.
async fn page_nanos(setup: &Setup, one: &mut [Connection], path: &str) -> anyhow::Result<u64> {
    let pages = if setup.amounts.is_quick { 100 } else { 400 };
    let call = |_, _| Call { path: path.to_owned(), body: None };
    load::run(one, Until::Count(pages / 10), call).await.faultless()?;
    Ok(load::run(one, Until::Count(pages), call).await.faultless()?.percentile(95))
}
