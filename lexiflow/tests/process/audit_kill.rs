//! Killed in the middle of changes and readings: what was acknowledged is in the audit log, and the chain is whole.

use crate::place::{Place, Server, run_to_end};
use crate::skipped;
use crate::wire::{Answer, Wire};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CLIENTS: usize = 16;
/// Requests that are acknowledged before the server is killed.
const ACKNOWLEDGED: usize = 300;
const ROUNDS: usize = 3;
const DOCUMENT: &str = "/api/documents/019cae00-1111-7222-8333-444455556666";
/// How long the server may take to write into the log what waited beside it: it looks every ten seconds, and takes a look that
/// the kill cut short over after a minute.
const PATIENCE: Duration = Duration::from_mins(3);

/// Sends a request under a name of its own, by which its entry is found.
async fn send(
    wire: &mut Wire,
    name: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> io::Result<Answer> {
    let body = body.map(ToString::to_string).unwrap_or_default();
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let headers = match body.len() {
        0 => format!("x-correlation-id: {name}\r\n"),
        length => {
            format!("x-correlation-id: {name}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n")
        }
    };
    wire.begin(method, path, &headers).await?;
    wire.write(body.as_bytes()).await?;
    wire.answer().await
}

/// Opens cases, changes them and reads a document until the server is gone; the names of what was acknowledged.
async fn work(mut wire: Wire, who: String, count: Arc<AtomicUsize>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let mut case = String::new();
    for number in 0.. {
        let name = format!("{who}-{number}");
        let (method, path, body) = match number % 3 {
            0 => ("POST", "/api/cases".to_owned(), Some(json!({ "title": "Alder v. Birch" }))),
            1 => ("PATCH", format!("/api/cases/{case}"), Some(json!({ "title": name }))),
            _ => ("GET", format!("{DOCUMENT}/download"), None),
        };
        let Ok(answer) = send(&mut wire, &name, method, &path, body.as_ref()).await else { break };
        assert!([200, 201].contains(&answer.status), "{method} {path}: {}", answer.text());
        if method == "POST" {
            case = answer.id();
        }
        acknowledged.push(name);
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

/// The names of the requests that have an entry. The numbers of the entries have no gaps.
async fn recorded(wire: &mut Wire) -> BTreeSet<String> {
    let (mut names, mut last, mut cursor) = (BTreeSet::new(), 0, String::new());
    loop {
        let path = format!("/api/audit-logs?sort=seq&limit=500{cursor}");
        let answer = wire.get(&path).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        for entry in page["data"].as_array().unwrap() {
            last += 1;
            assert_eq!(entry["seq"], last, "a gap");
            names.insert(entry["correlationId"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["nextCursor"].as_str() else { return names };
        cursor = format!("&cursor={next}");
    }
}

/// `lexiflow audit verify`, with no server beside it.
async fn assert_intact(place: &Place) {
    let mut command = place.command();
    command.args(["audit", "verify"]);
    let ended = run_to_end(command).await;
    assert_eq!(ended.status.code(), Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("  intact\n"), "{}", ended.out);
}

async fn upload(wire: &mut Wire) {
    let path = format!("{DOCUMENT}/content?fileName=letter.txt");
    assert_eq!(wire.put_file(&path, b"privileged").await.unwrap().status, 201);
}

/// A caller who may read documents and nothing else.
async fn limited(wire: &mut Wire) -> Wire {
    let key = json!({ "name": "Reads documents", "scopes": ["documents:read"] });
    let made = wire.post("/api/api-keys", &key).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    wire.again().await.unwrap().with_token(made.json()["key"].as_str().unwrap())
}

async fn kill(server: Server) {
    server.signal(Signal::SIGKILL);
    assert!(!server.ended().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_it_has_an_entry_for_all_that_it_acknowledged() {
    let place = Place::new().await;
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let server = place.start().await;
        let mut admin = server.sign_in().await;
        if round == 0 {
            upload(&mut admin).await;
        }
        let count = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let wire = admin.again().await.unwrap();
            clients.spawn(work(wire, format!("kill-{round}-{client}"), Arc::clone(&count)));
        }
        while count.load(Ordering::Relaxed) < ACKNOWLEDGED {
            assert!(!clients.is_empty());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        kill(server).await;
        acknowledged.extend(clients.join_all().await.concat());
    }
    assert!(acknowledged.len() >= ROUNDS * ACKNOWLEDGED);
    assert_intact(&place).await;
    let server = place.start().await;
    let recorded = recorded(&mut server.sign_in().await).await;
    let lost: Vec<_> = acknowledged.iter().filter(|name| !recorded.contains(*name)).collect();
    assert!(lost.is_empty(), "{} of {} are not on record: {lost:?}", lost.len(), acknowledged.len());
    server.stop().await;
    assert_intact(&place).await;
}

/// Reads the document, and asks for what is refused, while the database takes no entry; the names of what was answered all
/// the same.
async fn read_unrecorded(wire: &mut Wire, limited: &mut Wire) -> Vec<String> {
    let mut names: Vec<String> = (0..4).map(|number| format!("spilled-{number}")).collect();
    for name in &names {
        let answer = send(wire, name, "GET", &format!("{DOCUMENT}/download"), None).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (200, b"privileged".as_slice()), "{}", answer.text());
    }
    let denied = send(limited, "spilled-denied", "GET", "/api/clients", None).await.unwrap();
    assert_eq!(denied.status, 403, "{}", denied.text());
    names.push("spilled-denied".to_owned());
    let refused = wire.post("/api/cases", &json!({ "title": "Birch" })).await.unwrap();
    assert_eq!(refused.status, 503, "the database takes nothing: {}", refused.text());
    names
}

/// After a new start the readings come on record, and the chain is whole.
async fn assert_they_come_on_record(place: &Place, names: &[String]) {
    let server = place.start().await;
    let mut wire = server.sign_in().await;
    let begun = Instant::now();
    loop {
        let recorded = recorded(&mut wire).await;
        if names.iter().all(|name| recorded.contains(name)) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the readings are not on record: {recorded:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.stop().await;
    assert_intact(place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_that_waited_beside_a_failing_disk_outlive_a_kill() {
    let place = Place::embedded().await;
    let server = place.start_stubborn().await;
    let mut wire = server.sign_in().await;
    upload(&mut wire).await;
    let mut key = limited(&mut wire).await;
    // The database cannot grow by a page any more; the file beside it still has room for some readings.
    if !server.limit_files("4096") {
        return skipped("a database that takes nothing: there is no prlimit");
    }
    let names = read_unrecorded(&mut wire, &mut key).await;
    kill(server).await;
    assert_they_come_on_record(&place, &names).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_that_waited_beside_a_locked_table_outlive_a_kill() {
    let place = Place::new().await.with("DB_STATEMENT_TIMEOUT", "300");
    let Some(url) = place.url() else {
        return skipped("a locked table needs a PostgreSQL database: set TEST_DATABASE_URL");
    };
    let server = place.start().await;
    let mut wire = server.sign_in().await;
    upload(&mut wire).await;
    let mut key = limited(&mut wire).await;
    let settings = db::Settings { url: Some(url), ..db::Settings::embedded(place.folder()) };
    let other = db::Db::open(&settings).await.unwrap();
    let mut tx = other.writer().begin().await.unwrap();
    let lock = "LOCK TABLE audit_chains IN ACCESS EXCLUSIVE MODE";
    tx.run(db::sql(db::Dialect::Postgres, lock, [])).await.unwrap();
    let names = read_unrecorded(&mut wire, &mut key).await;
    kill(server).await;
    tx.rollback().await.unwrap();
    other.close().await;
    assert_they_come_on_record(&place, &names).await;
}
