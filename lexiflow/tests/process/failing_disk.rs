//! A disk that refuses to write, by a limit on the size of files: said, nothing lost, and well again when it is lifted.

use crate::place::{EMAIL, PASSWORD, Place};
use crate::skipped;
use serde_json::json;

#[tokio::test]
async fn a_disk_that_fails_is_told_apart_from_a_full_one() {
    let place = Place::embedded().await;
    let server = place.start_stubborn().await;
    let mut wire = server.sign_in().await;
    let kept = wire.post("/api/cases", &json!({ "title": "Alder" })).await.unwrap().id();
    if !server.limit_files("4096") {
        return skipped("a failing disk: there is no prlimit");
    }
    let case = json!({ "title": "Birch" });
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    for (path, body) in [("/api/cases", &case), ("/api/auth/login", &sign_in), ("/api/cases", &case)] {
        let answer = wire.post(path, body).await.unwrap();
        assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("storage_failed")), "{path}");
    }
    assert_eq!(wire.get(&format!("/api/cases/{kept}")).await.unwrap().status, 200, "reading goes on");

    assert!(server.limit_files("unlimited"));
    assert_eq!(wire.post("/api/cases", &case).await.unwrap().status, 201, "well again");
    let total = wire.get("/api/cases?limit=1").await.unwrap().json()["total"].as_u64();
    assert_eq!(total, Some(2), "what was refused is not there");
    server.stop().await;
}
