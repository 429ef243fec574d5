use crate::support::Server;
use bytes::Bytes;
use headroom::heap_profile::HeapProfile;
use http::Method;
use ids::ProfileId;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use testkit::{Answer, Client};

const PROFILE: &str = "/api/monitoring/memory/profile";

/// Only one profile is taken at once in a process, which all tests of this program share.
async fn patiently(client: &Client, method: Method, path: &str) -> Answer {
    for _ in 0..200 {
        let answer = client.send(method.clone(), path, &[], Bytes::new()).await;
        if answer.status != 409 || answer.json()["code"] != "profile_in_progress" {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{path}: another profile is always being taken");
}

#[tokio::test]
async fn a_profile_is_streamed_in_every_form() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let held = std::hint::black_box(vec![1_u8; 32 << 20]);
    let answer = patiently(&admin, Method::GET, PROFILE).await.expect_status(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    let profile = HeapProfile::read_pprof(&answer.body).unwrap();
    assert!(profile.total().bytes >= 32 << 20 && profile.taken_nanos > 0);
    assert!(!profile.mappings()[0].build_id.is_empty());
    let path = format!("{PROFILE}?format=collapsed");
    let text = patiently(&admin, Method::GET, &path).await.expect_status(200).text();
    assert!(text.lines().any(|line| line.contains(';') && line.contains("+0x")), "{text}");
    let path = format!("{PROFILE}?format=inventory");
    let json = patiently(&admin, Method::GET, &path).await.expect_status(200).json();
    assert!(json["stacks"][0]["bytes"].as_i64().unwrap() >= 32 << 20, "{:#}", json["stacks"][0]);
    assert_eq!(json["mappings"][0]["buildId"], profile.mappings()[0].build_id);
    drop(held);
    for query in ["format=svg", "base=yesterday", "colour=red"] {
        admin.get(&format!("{PROFILE}?{query}")).await.expect_problem(400, "malformed_query");
    }
    server.client.get(PROFILE).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn five_profiles_are_kept_and_later_ones_compared_with_them() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut kept = Vec::new();
    for _ in 0..7 {
        let answer = patiently(&admin, Method::POST, PROFILE).await.expect_status(201).json();
        kept.push(answer["id"].as_str().unwrap().to_owned());
    }
    let folder = server.running.parts().config.storage.data_dir.join("diagnostics");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let newest: Vec<_> = kept[2..].iter().map(|id| format!("heap-{id}.pb")).collect();
    assert_eq!(names, newest);
    let file = folder.join(&newest[4]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let held = std::hint::black_box(vec![1_u8; 64 << 20]);
    let growth =
        patiently(&admin, Method::GET, &format!("{PROFILE}?base={}", kept[6])).await.expect_status(200);
    let growth = HeapProfile::read_pprof(&growth.body).unwrap();
    assert!(growth.stacks().next().unwrap().used.bytes >= 64 << 20, "{:?}", growth.total());
    drop(held);
    let gone = patiently(&admin, Method::GET, &format!("{PROFILE}?base={}", kept[0])).await;
    gone.expect_problem(404, "profile_not_found");
    fs::write(&file, "damaged").unwrap();
    let damaged = patiently(&admin, Method::GET, &format!("{PROFILE}?base={}", kept[6])).await;
    damaged.expect_problem(409, "profile_not_comparable");

    let id: ProfileId = kept[6].parse().unwrap();
    let app = server.running.app();
    let firm = accounts::find_first_firm(app).await.unwrap().unwrap().id;
    let records = audit::entries_of(app.db().reader(), firm, id, 9).await.unwrap();
    assert_eq!((records.len(), records[0].action.as_str()), (1, "create"));
    assert_eq!(records[0].entity, "heap profile");
}

#[tokio::test]
async fn memory_is_given_back_by_both_names_and_recorded() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["purge", "gc"] {
        let path = format!("/api/monitoring/memory/{name}");
        let answer = admin.send(Method::POST, &path, &[], Bytes::new()).await.expect_status(200).json();
        assert_eq!(answer["success"], true);
        assert!(answer["freedMB"].is_number() && answer["durationMs"].is_number(), "{answer:#}");
        for stats in ["beforeStats", "afterStats"] {
            assert!(answer[stats]["resident"].as_u64().unwrap() > 0, "{answer:#}");
        }
    }
    let app = server.running.app();
    let firm = accounts::find_first_firm(app).await.unwrap().unwrap().id;
    let records = audit::entries_of(app.db().reader(), firm, firm, 9).await.unwrap();
    assert_eq!(records.iter().filter(|record| record.entity == "allocator").count(), 2);
}

#[tokio::test]
async fn the_figures_are_for_operators_alone() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let parts = [
        ("stats", "/allocator/allocated"),
        ("stores", "/stores/0/maxBytes"),
        ("requests", "/routes/0/peak"),
        ("allocator", "/sizeClasses/0/count"),
        ("process-info", "/virtualBytes"),
    ];
    for (name, member) in parts {
        let path = format!("/api/monitoring/memory/{name}");
        server.client.get(&path).await.expect_problem(401, "unauthenticated");
        let answer = admin.get(&path).await.expect_status(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.json().pointer(member).is_some_and(serde_json::Value::is_u64), "{}", answer.text());
    }
}
