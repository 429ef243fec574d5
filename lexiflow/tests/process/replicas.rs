//! Two servers on one PostgreSQL database: what one revokes, the other refuses within a second.

use crate::place::{EMAIL, PASSWORD, Place, Server};
use crate::wire::Wire;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a revocation may take to be seen by another server.
const SEEN_WITHIN: Duration = Duration::from_secs(1);
const ROUNDS: usize = 4;

async fn login(server: &Server) -> Value {
    let mut wire = Wire::open(server.address()).await.unwrap();
    let answer =
        wire.post("/api/auth/login", &json!({ "email": EMAIL, "password": PASSWORD })).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn wire(server: &Server, login: &Value) -> Wire {
    Wire::open(server.address()).await.unwrap().with_token(login["accessToken"].as_str().unwrap())
}

async fn delete(wire: &mut Wire, path: &str) {
    wire.begin("DELETE", path, "").await.unwrap();
    assert_eq!(wire.answer().await.unwrap().status, 204);
}

/// Which way a login is ended on the first server.
#[derive(Debug, Clone, Copy)]
enum Way {
    SignedOut,
    EndedFromAnother,
    TokenReused,
}

async fn end(way: Way, here: &Server, login: &Value, others: &Value) {
    match way {
        Way::SignedOut => {
            let answer = wire(here, login).await.post("/api/auth/logout", &json!({})).await.unwrap();
            assert_eq!(answer.status, 204);
        }
        Way::EndedFromAnother => delete(&mut wire(here, others).await, "/api/auth/sessions").await,
        Way::TokenReused => {
            let body = json!({ "refreshToken": login["refreshToken"] });
            let mut wire = Wire::open(here.address()).await.unwrap();
            assert_eq!(wire.post("/api/auth/refresh", &body).await.unwrap().status, 200);
            assert_eq!(wire.post("/api/auth/refresh", &body).await.unwrap().status, 401);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_revokes_another_refuses_within_a_second() {
    let place = Place::new().await;
    if !place.is_shared() {
        return crate::skipped("two servers need a PostgreSQL database: set TEST_DATABASE_URL");
    }
    let (here, there) = (place.start().await, place.start().await);
    let mut slowest = Duration::ZERO;
    for way in [Way::SignedOut, Way::EndedFromAnother, Way::TokenReused] {
        for _ in 0..ROUNDS {
            let (doomed, others) = (login(&here).await, login(&here).await);
            let mut elsewhere = wire(&there, &doomed).await;
            // Now both servers know the login.
            assert_eq!(elsewhere.get("/api/auth/me").await.unwrap().status, 200);
            end(way, &here, &doomed, &others).await;
            let ended = Instant::now();
            while elsewhere.get("/api/auth/me").await.unwrap().status != 401 {
                assert!(ended.elapsed() <= SEEN_WITHIN, "{way:?}: the login lives on");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            slowest = slowest.max(ended.elapsed());
            assert_eq!(wire(&there, &others).await.get("/api/auth/me").await.unwrap().status, 200);
        }
    }
    crate::said(&format!("the slowest revocation was seen elsewhere after {} ms", slowest.as_millis()));
    here.stop().await;
    there.stop().await;
}
