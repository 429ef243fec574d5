use super::median;
use crate::api;
use crate::body::Payload;
use crate::client::{Connection, whole};
use crate::quantity::Quantity;
use crate::server::{PASSWORD, Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each change is made.
const TIMES: usize = 20;
/// The longest that a change may take to count on the other server, in milliseconds.
const LIMIT_MILLIS: u64 = 1000;
/// What does not count by then never will.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks, so that the other server is asked and not besieged.
const EACH: Duration = Duration::from_millis(2);
/// The secrets that servers on one database share. They are worth nothing: the database goes with the measurement.
const SECRETS: [(&str, &str); 3] = [
    ("JWT_SECRET", "bench bench bench bench bench bench"),
    ("SEALING_KEYS", "bench:6265616e636873206f6e6c7920666f722074686520666967757265732e2e2e2e"),
    ("AUDIT_SIGNING_KEY", "6265616e636873206f6e6c7920666f722074686520666967757265732e2e2e2e"),
];

/// What is decided on one server and must count on another one over the same PostgreSQL: a login that is ended, a refresh
/// token that comes twice, a wall, a denial. From the answer of the change to the first refusal, with the other server
/// having just said yes.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let database = match Database::create(&setup.postgres) {
        Ok(database) => database,
        Err(reason) => return Ok(vec![Row::skipped("two servers on one database", &format!("{reason:#}"))]),
    };
    let folder = setup.folder()?;
    let one = server(setup, &database, &folder.path().join("one")).await?;
    let two = server(setup, &database, &folder.path().join("two")).await?;
    let pair = Pair::of(&one, &two).await?;
    let mut rows = Vec::new();
    for change in [Change::EndLogin, Change::ReuseRefreshToken, Change::RaiseWall, Change::Deny] {
        let mut taken = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            taken.push(pair.measure(change).await?);
        }
        let most = taken.iter().copied().max().unwrap_or_default();
        let row = Row::at_most(change.figure(), Quantity::nanos(most), Quantity::millis(LIMIT_MILLIS));
        rows.push(
            row.with_note(format!("the longest of {TIMES}; median {}", Quantity::nanos(median(taken)))),
        );
    }
    drop(pair);
    one.stop().await?;
    two.stop().await?;
    Ok(rows)
}

async fn server(setup: &Setup, database: &Database, folder: &Path) -> anyhow::Result<Server> {
    let start = Start::on(setup, folder).with("DATABASE_URL", &database.url).with("ARGON2_MEMORY", "8MiB");
    SECRETS.into_iter().fold(start, |start, (name, value)| start.with(name, value)).go().await
}

#[derive(Debug, Clone, Copy)]
enum Change {
    EndLogin,
    ReuseRefreshToken,
    RaiseWall,
    Deny,
}

impl Change {
    fn figure(self) -> &'static str {
        match self {
            Self::EndLogin => "a login ended on one server, refused on the other",
            Self::ReuseRefreshToken => {
                "a refresh token used again on one server, its login refused on the other"
            }
            Self::RaiseWall => "a wall raised on one server, its case gone on the other",
            Self::Deny => "a permission denied on one server, refused on the other",
        }
    }
}

/// Two servers, an administrator who changes things on the first, and a user who asks the second.
#[derive(Debug)]
struct Pair<'a> {
    one: &'a Server,
    two: &'a Server,
    token: String,
    user: String,
}

const EMAIL: &str = "elsewhere@example.com";

impl<'a> Pair<'a> {
    async fn of(one: &'a Server, two: &'a Server) -> anyhow::Result<Self> {
        let token = api::login(one).await?;
        let mut admin = Connection::open(one.address(), Some(&token)).await?;
        let user = json!({ "email": EMAIL, "firstName": "Bench", "lastName": "Elsewhere", "role": "partner",
            "password": PASSWORD });
        let (status, answer) = admin.post("/api/users", user.to_string().into()).await?;
        api::checked(status, &answer, StatusCode::CREATED)?;
        Ok(Self { one, two, token, user: api::id_of(&answer)? })
    }

    /// Makes a change on the first server and asks the second until it counts; how long that was, in nanoseconds.
    async fn measure(&self, change: Change) -> anyhow::Result<u64> {
        let mut admin = Connection::open(self.one.address(), Some(&self.token)).await?;
        let login =
            tokens(self.one, "/api/auth/login", &json!({ "email": EMAIL, "password": PASSWORD })).await?;
        let case = json!({ "title": "Alder v. Birch" }).to_string();
        let (status, answer) = admin.post("/api/cases", case.into()).await?;
        api::checked(status, &answer, StatusCode::CREATED)?;
        let case = api::id_of(&answer)?;
        let path_of_case = format!("/api/cases/{case}");
        let current = match change {
            Change::ReuseRefreshToken => {
                tokens(self.one, "/api/auth/refresh", &json!({ "refreshToken": login.refresh })).await?.access
            }
            _ => login.access.clone(),
        };
        let mut elsewhere = Connection::open(self.two.address(), Some(&current)).await?;
        let (status, answer) = elsewhere.get(&path_of_case).await?;
        api::checked(status, &answer, StatusCode::OK)?;
        let (wanted, undo) = self.make(change, &mut admin, &login, &case).await?;
        let begun = Instant::now();
        loop {
            let (status, _) = elsewhere.get(&path_of_case).await?;
            if status == wanted {
                break;
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{}: still {status}", change.figure());
            tokio::time::sleep(EACH).await;
        }
        let taken = u64::try_from(begun.elapsed().as_nanos())?;
        if let Some((path, body)) = undo {
            send(&mut admin, Method::DELETE, &path, body, StatusCode::OK).await?;
            // The other server believes what it knows for a moment, and the next round begins there.
            while elsewhere.get(&path_of_case).await?.0 != StatusCode::OK {
                anyhow::ensure!(begun.elapsed() < PATIENCE, "{}: not undone", change.figure());
                tokio::time::sleep(EACH).await;
            }
        }
        Ok(taken)
    }

    /// The status that tells that it counts, and how it is undone where it would stand in the way of the next.
    async fn make(
        &self,
        change: Change,
        admin: &mut Connection,
        login: &Tokens,
        case: &str,
    ) -> anyhow::Result<(StatusCode, Option<(String, Value)>)> {
        match change {
            Change::EndLogin => {
                let path = format!("/api/users/{}/sessions", self.user);
                send(admin, Method::DELETE, &path, Value::Null, StatusCode::NO_CONTENT).await?;
                Ok((StatusCode::UNAUTHORIZED, None))
            }
            Change::ReuseRefreshToken => {
                let mut thief = Connection::open(self.one.address(), None).await?;
                let body = json!({ "refreshToken": login.refresh });
                send(&mut thief, Method::POST, "/api/auth/refresh", body, StatusCode::UNAUTHORIZED).await?;
                Ok((StatusCode::UNAUTHORIZED, None))
            }
            Change::RaiseWall => {
                let wall = json!({ "caseId": case, "reason": "Former client", "screened": [self.user] });
                send(admin, Method::POST, "/api/ethical-walls", wall, StatusCode::CREATED).await?;
                Ok((StatusCode::NOT_FOUND, None))
            }
            Change::Deny => {
                let denial = json!({ "permission": "cases:read", "effect": "deny", "reason": "Measured" });
                let path = format!("/api/users/{}/permissions", self.user);
                let given = send(admin, Method::POST, &path, denial, StatusCode::CREATED).await?;
                let end = format!("/api/permissions/{}", api::id_of(&given)?);
                Ok((StatusCode::FORBIDDEN, Some((end, json!({ "revokeReason": "Measured" })))))
            }
        }
    }
}

/// What signing in gives.
#[derive(Debug)]
struct Tokens {
    access: String,
    refresh: String,
}

async fn tokens(server: &Server, path: &str, body: &Value) -> anyhow::Result<Tokens> {
    let mut connection = Connection::open(server.address(), None).await?;
    let (status, answer) = connection.post(path, body.to_string().into()).await?;
    let answer = api::checked(status, &answer, StatusCode::OK)?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let (access, refresh) = (text("accessToken"), text("refreshToken"));
    Ok(Tokens { access: access.context("no accessToken")?, refresh: refresh.context("no refreshToken")? })
}

async fn send(
    connection: &mut Connection,
    method: Method,
    path: &str,
    body: Value,
    wanted: StatusCode,
) -> anyhow::Result<Bytes> {
    let body = if body.is_null() { Payload::empty() } else { Payload::whole(body.to_string().into()) };
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let (status, answer) = whole(connection.ask(request.body(body)?).await?).await?;
    anyhow::ensure!(status == wanted, "{path}: {status}: {}", String::from_utf8_lossy(&answer));
    Ok(answer)
}

/// A database of its own on a PostgreSQL server, made and removed by `psql`.
#[derive(Debug)]
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn create(server: &str) -> anyhow::Result<Self> {
        let name = format!("lexiflow_bench_{}", std::process::id());
        let (host, _) = server.rsplit_once('/').context("--postgres names no database")?;
        let url = format!("{host}/{name}");
        psql(server, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { server: server.to_owned(), name, url })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(reason) = psql(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            // Where nobody reads it, nobody is told.
            drop(writeln!(std::io::stderr(), "the database {} is left behind: {reason:#}", self.name));
        }
    }
}

fn psql(server: &str, statement: &str) -> anyhow::Result<()> {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--quiet", "--dbname", server, "--command", statement]).stdin(Stdio::null());
    let output = command.output().context("psql cannot be started")?;
    anyhow::ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
