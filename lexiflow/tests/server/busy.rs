//! What looks after the server answers while its database is busy.

use crate::support::Server;
use bytes::Bytes;
use db::{Dialect, Reads as _};
use http::Method;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};

/// The connections for reading of the test's server, all taken.
struct Taken {
    /// One more statement waits in line: it gives up before whoever comes after it would get a connection.
    waiting: AbortHandle,
    holders: Vec<AbortHandle>,
    // Ends them all when it goes.
    _asking: JoinSet<()>,
}

impl Taken {
    async fn all_of(server: &Server) -> Self {
        let reader = server.running.app().db().reader();
        let text = match reader.dialect() {
            Dialect::Sqlite => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            }
            Dialect::Postgres => "SELECT CAST(pg_sleep(600) AS text)",
        };
        let mut asking = JoinSet::new();
        let mut ask = |text: &'static str| {
            let reader = reader.clone();
            asking.spawn(async move { drop(reader.rows(db::sql(reader.dialect(), text, [])).await) })
        };
        let holders = (0..READERS).map(|_| ask(text)).collect();
        // Each has asked for its connection when the others of this thread have had their turn.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let waiting = ask("SELECT 1");
        tokio::task::yield_now().await;
        Self { waiting, holders, _asking: asking }
    }

    /// The line has not moved: whoever was answered meanwhile did not stand in it.
    fn still(&self) -> bool {
        !self.waiting.is_finished() && self.holders.iter().all(|holder| !holder.is_finished())
    }
}

/// As many connections as the test's server has, or more.
const READERS: usize = 8;

#[tokio::test]
async fn the_metrics_answer_while_every_connection_for_reading_is_taken() {
    let server = Server::start().await;
    let taken = Taken::all_of(&server).await;
    let page = server.client.get("/api/metrics").await.expect_status(200).text();
    assert!(taken.still(), "it was answered only when the database was");
    for figure in ["outbox_events{state=\"waiting\"} ", "job_queue{state=\"dead\"} 0\n"] {
        assert!(page.contains(figure), "{figure}: {page}");
    }
    assert!(page.contains("lexiflow_queue_count_age_seconds "), "{page}");
}

#[tokio::test]
async fn whoever_asks_from_elsewhere_hears_soon_that_nobody_can_tell_who_they_are() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let taken = Taken::all_of(&server).await;
    // As an administrator whom the server does not know yet.
    let stores = server.running.app().headroom().stores().all();
    for known in stores.iter().filter(|store| store.name() == "sessions.known") {
        known.shrink_to(0);
    }
    let proxied = [("x-forwarded-for", "192.0.2.7")];
    let refused = admin.send(Method::GET, "/api/metrics", &proxied, Bytes::new()).await;
    refused.expect_problem(503, "unavailable");
    let purge = admin.send(Method::POST, "/api/monitoring/memory/purge", &[], Bytes::new()).await;
    purge.expect_problem(503, "unavailable");
    assert!(taken.still(), "it was refused only when the database gave up");
}

/// As many transactions as there may be at once: whoever begins another one waits.
async fn all_that_write(server: &Server) -> Vec<db::Tx> {
    let mut held = Vec::new();
    let another =
        || tokio::time::timeout(Duration::from_millis(200), server.running.app().db().writer().begin());
    while let Ok(begun) = another().await {
        held.push(begun.unwrap());
    }
    assert!((1..=READERS).contains(&held.len()), "{}", held.len());
    held
}

#[tokio::test]
async fn a_purge_is_done_while_nothing_can_be_written_and_is_recorded_beside_the_database() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let before = server.running.app().headroom().snapshot().purges;
    let writing = all_that_write(&server).await;
    let answer = admin.send(Method::POST, "/api/monitoring/memory/purge", &[], Bytes::new()).await;
    drop(answer.expect_status(200));
    assert!(server.running.app().headroom().snapshot().purges > before);
    let page = server.client.get("/api/metrics").await.expect_status(200).text();
    assert!(page.contains("lexiflow_audit_spilled_total 1\n"), "{page}");
    drop(writing);
}

#[tokio::test]
async fn the_report_and_the_metrics_count_the_same_tasks() {
    let server = Server::start().await;
    let mut more = JoinSet::new();
    for _ in 0..200 {
        more.spawn(std::future::pending::<()>());
    }
    let report = server.client.get("/api/health/memory").await.expect_status(200).json();
    let alive = report["tasks"]["alive"].as_u64().unwrap();
    let page = server.client.get("/api/metrics").await.expect_status(200).text();
    let line = page.lines().find_map(|line| line.strip_prefix("lexiflow_runtime_tasks_alive ")).unwrap();
    for counted in [alive, line.parse().unwrap()] {
        assert!((200..300).contains(&counted), "200 and those of the server: {counted}");
    }
    drop(more);
}
