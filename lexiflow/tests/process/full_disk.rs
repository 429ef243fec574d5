//! A disk that fills up: refused with 507, nothing lost, and well again when there is room.

use crate::place::Place;
use crate::skipped;
use serde_json::json;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small disk of its own, in memory.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Nothing where this process may not mount.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }

    /// Takes all the space that is left.
    fn fill(&self) -> PathBuf {
        let ballast = self.0.join("ballast");
        let mut file = File::create(&ballast).unwrap();
        for size in [64 << 10, 4096, 512] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let place = Place::embedded().await;
    // The log of the server lies beside the data folder, on a disk that is not full.
    let Some(disk) = SmallDisk::mount(&place.data(), "24m") else {
        return skipped("a full disk: mounting one takes root");
    };
    let server = place.start().await;
    let mut wire = server.sign_in().await;
    let mut kept = vec![wire.post("/api/cases", &json!({ "title": "Alder" })).await.unwrap().id()];
    let ballast = disk.fill();

    let path = "/api/documents/019cae00-1111-7222-8333-444455556666";
    let content = vec![b'a'; 1 << 20];
    let put = format!("{path}/content?fileName=a.txt");
    let refused = wire.again().await.unwrap().put_file(&put, &content).await.unwrap();
    assert_eq!(refused.status, 507, "{}", refused.text());
    let mut statuses = Vec::new();
    for _ in 0..60 {
        // The database's own log may have room for some changes yet.
        let body = json!({ "title": "Birch", "description": "word ".repeat(4000) });
        let answer = wire.post("/api/cases", &body).await.unwrap();
        match answer.status {
            201 => kept.push(answer.id()),
            _ => assert_eq!(answer.status, 507, "{}", answer.text()),
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses.last(), Some(&507), "the disk was never full: {statuses:?}");
    // A sign-in leaves a record, also a refused one: without room for it, it is refused for what it is.
    for password in [crate::place::PASSWORD, "not the password of anybody"] {
        let body = json!({ "email": crate::place::EMAIL, "password": password });
        let answer = wire.post("/api/auth/login", &body).await.unwrap();
        assert_eq!((answer.status, answer.json()["code"].as_str()), (507, Some("storage_full")));
    }
    for path in ["/api/cases", "/api/health", "/api/health/ready"] {
        assert_eq!(wire.get(path).await.unwrap().status, 200, "reading goes on: {path}");
    }

    fs::remove_file(ballast).unwrap();
    let answer = wire.again().await.unwrap().put_file(&put, &content).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    kept.push(wire.post("/api/cases", &json!({ "title": "Cedar" })).await.unwrap().id());
    server.stop().await;

    let server = place.start().await;
    let mut wire = server.sign_in().await;
    for id in &kept {
        assert_eq!(wire.get(&format!("/api/cases/{id}")).await.unwrap().status, 200);
    }
    let total = wire.get("/api/cases?limit=1").await.unwrap().json()["total"].as_u64();
    assert_eq!(total, Some(kept.len() as u64), "what was refused is not there");
    assert_eq!(wire.get(&format!("{path}/download")).await.unwrap().body, content);
    server.stop().await;
}
