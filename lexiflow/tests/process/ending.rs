//! Told to end, or killed: what was acknowledged is there afterwards.

use crate::place::{Place, Server};
use crate::wire::Wire;
use nix::sys::signal::Signal;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Opens cases one after the other until the server is gone; the ids of those that were acknowledged.
async fn write_until_the_end(mut wire: Wire, count: Arc<AtomicUsize>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let body = json!({ "title": "Alder v. Birch" });
    while let Ok(answer) = wire.post("/api/cases", &body).await {
        match answer.status {
            201 => acknowledged.push(answer.id()),
            503 => break,
            status => panic!("{status}: {}", answer.text()),
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

/// Lets so many clients write, until they have been acknowledged so much.
async fn writers(wire: &Wire, clients: usize, acknowledged: usize) -> JoinSet<Vec<String>> {
    let count = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..clients {
        writers.spawn(write_until_the_end(wire.again().await.unwrap(), Arc::clone(&count)));
    }
    while count.load(Ordering::Relaxed) < acknowledged {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    writers
}

async fn assert_all_are_there(server: &Server, acknowledged: &[String]) {
    let mut wire = server.sign_in().await;
    for id in acknowledged {
        let answer = wire.get(&format!("/api/cases/{id}")).await.unwrap();
        assert_eq!(answer.status, 200, "an acknowledged case is gone");
    }
    let total = wire.get("/api/cases?limit=1").await.unwrap().json()["total"].as_u64().unwrap();
    assert!(total >= acknowledged.len() as u64, "{total} of {}", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_reads_the_log_any_more_it_serves_and_ends_as_ever() {
    let place = Place::new().await;
    let server = place.start_unread().await;
    let mut wire = server.sign_in().await;
    let answer = wire.post("/api/cases", &json!({ "title": "Alder v. Birch" })).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_in_the_middle_of_an_upload_and_of_changes_it_finishes_them() {
    let place = Place::new().await;
    let server = place.start().await;
    let admin = server.sign_in().await;
    let writers = writers(&admin, 8, 40).await;
    let content: Vec<u8> =
        (0..1_000_000_u32).flat_map(u32::to_le_bytes).map(|byte| b'a' + byte % 26).collect();
    let (begun, rest) = content.split_at(content.len() / 2);
    let path = "/api/documents/019cae00-1111-7222-8333-444455556666";
    let mut upload = admin.again().await.unwrap();
    upload.begin_file(&format!("{path}/content?fileName=letters.txt"), content.len() as u64).await.unwrap();
    upload.write(begun).await.unwrap();

    server.signal(Signal::SIGTERM);
    // The writers end when the server stops listening to them, which is after it was told.
    let acknowledged: Vec<String> = writers.join_all().await.concat();
    upload.write(rest).await.unwrap();
    let answer = upload.answer().await.expect("the upload is finished");
    assert_eq!(answer.status, 201, "{}", answer.text());
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");

    let server = place.start().await;
    assert_all_are_there(&server, &acknowledged).await;
    let mut wire = server.sign_in().await;
    assert_eq!(wire.get(&format!("{path}/download")).await.unwrap().body, content);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_sixteen_writers_it_has_what_it_acknowledged() {
    let place = Place::new().await;
    let mut all = Vec::new();
    for _ in 0..2 {
        let server = place.start().await;
        let admin = server.sign_in().await;
        let writers = writers(&admin, 16, 100).await;
        server.signal(Signal::SIGKILL);
        assert!(!server.ended().await.success());
        all.extend(writers.join_all().await.concat());
    }
    let server = place.start().await;
    assert_all_are_there(&server, &all).await;
    server.stop().await;
}

#[tokio::test]
async fn an_upload_that_never_ends_does_not_hold_the_end_up() {
    let place = Place::new().await.with("SHUTDOWN_TIMEOUT_MS", "200");
    let server = place.start().await;
    let mut upload = server.sign_in().await;
    upload.begin_file("/api/documents/019cae00-1111-7222-8333-444455556666/content", 1 << 20).await.unwrap();
    upload.write(b"the beginning").await.unwrap();
    server.stop().await;
    let server = place.start().await;
    let mut wire = server.sign_in().await;
    assert_eq!(wire.get("/api/documents").await.unwrap().json()["total"], 0);
    server.stop().await;
}
