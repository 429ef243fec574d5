use crate::support::{Server, command};
use bytes::Bytes;
use headroom::heap_profile::HeapProfile;
use http::Method;
use ids::{Id as _, ProfileId};
use serde_json::json;
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
async fn what_helps_to_find_a_fault_lies_where_the_settings_say() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("not/there/yet");
    let server = Server::with(&[("storage.diagnostics_dir", folder.to_str().unwrap())]).await;
    let admin = server.admin().await;
    let kept = patiently(&admin, Method::POST, PROFILE).await.expect_status(201).json();
    let file = folder.join(format!("heap-{}.pb", kept["id"].as_str().unwrap()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!server.running.parts().config.storage.data_dir.join("diagnostics").exists());
}

#[tokio::test]
async fn where_two_servers_keep_their_files_in_one_folder_none_tells_that_the_other_was_lost() {
    let place = tempfile::tempdir().unwrap();
    let settings = [("storage.diagnostics_dir", place.path().to_str().unwrap())];
    let spell = json!({"spell": {"began": "2026-01-31T12:00:00.000000Z", "last": "2026-01-31T12:00:05.000000Z",
        "end": null, "level": "critical", "chargedBytes": 1, "limitBytes": 2, "process": 4711, "version": "0.1.0",
        "findings": [], "file": ""}});
    let began = clock::Clock::now(&clock::SystemClock).timestamp_millis();
    let file = place.path().join(format!("critical-{began:013}.json"));
    fs::write(&file, spell.to_string()).unwrap();
    let end = || {
        serde_json::from_slice::<serde_json::Value>(&fs::read(&file).unwrap()).unwrap()["spell"]["end"]
            .clone()
    };
    let first = {
        let lock = fs::File::create(place.path().join("server.lock")).unwrap();
        lock.try_lock().unwrap();
        let beside = Server::with(&settings).await;
        assert!(end().is_null(), "another server is there, which may still be writing it");
        drop(lock);
        beside
    };
    let alone = Server::with(&settings).await;
    assert_eq!(end(), "lost");
    drop((first, alone));
}

#[tokio::test]
async fn a_profile_is_kept_for_a_week() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let folder = server.running.parts().config.storage.data_dir.join("diagnostics");
    fs::create_dir_all(&folder).unwrap();
    let now = u64::try_from(server.running.app().clock().now().timestamp_millis()).unwrap();
    let file = |hours: u64| {
        let id = ProfileId::from_parts(now - hours * 60 * 60 * 1000, &[0; 10]);
        folder.join(format!("heap-{id}.pb"))
    };
    let (old, younger, foreign) = (file(7 * 24 + 1), file(7 * 24 - 1), folder.join("heap-mine.pb"));
    for path in [&old, &younger, &foreign] {
        fs::write(path, "a profile").unwrap();
    }
    assert_eq!(patiently(&admin, Method::POST, PROFILE).await.status, 201);
    assert!(!old.exists() && younger.exists() && foreign.exists());
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

/// Runs `lexiflow memory` against the server until no other test of this program takes a profile.
async fn memory(server: &Server, token: Option<&str>, words: &[&str]) -> (u8, String, String) {
    let url = format!("http://{}", server.running.address());
    let mut all = vec!["memory", "--url", &url];
    all.extend(token.into_iter().flat_map(|token| ["--token", token]));
    all.extend(words);
    let words: Vec<String> = all.into_iter().map(str::to_owned).collect();
    loop {
        let (folder, words) = (tempfile::tempdir().unwrap(), words.clone());
        let run = move || command(folder.path(), &words.iter().map(String::as_str).collect::<Vec<_>>());
        let done = headroom::spawn_blocking(run).await.unwrap();
        if !done.2.contains("another heap profile") {
            return done;
        }
    }
}

#[inline(never)]
fn hold_on() -> Vec<u8> {
    std::hint::black_box(vec![1_u8; 48 << 20])
}

#[tokio::test]
async fn the_command_line_names_who_holds_memory() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let token = admin.token();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (before, after, flame) = (path("before.pb"), path("after.pb"), path("heap.svg"));
    let (code, _, errors) = memory(&server, token, &["profile", "--out", &before]).await;
    assert_eq!((code, errors.as_str()), (0, ""));
    // What was there before is no wider afterwards.
    fs::write(&flame, "an older picture").unwrap();
    fs::set_permissions(&flame, fs::Permissions::from_mode(0o644)).unwrap();
    let held = hold_on();
    let words = ["profile", "--out", &after, "--flame", &flame, "--top", "3"];
    let (code, out, errors) = memory(&server, token, &words).await;
    assert_eq!((code, errors.as_str()), (0, ""));
    let first = out.lines().find(|line| line.contains("hold_on")).unwrap_or_default();
    assert!(first.contains("48.00 MiB"), "{out}");
    for path in [&before, &after, &flame] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
    let svg = fs::read_to_string(&flame).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>") && svg.contains("hold_on"),
        "{svg}"
    );
    let (code, out, _) = memory(&server, token, &["diff", &before, &after]).await;
    assert!(code == 0 && out.lines().any(|line| line.contains("hold_on")), "{out}");
    drop(held);
    let other = ["diff", &before, &after, "--binary", "/bin/sh"];
    let (code, _, errors) = memory(&server, token, &other).await;
    assert!(code == 0 && errors.contains("another build"), "{errors}");
    let (code, out, _) = memory(&server, token, &["profile", "--keep"]).await;
    assert!(code == 0 && out.contains("kept by the server"), "{out}");
}

#[tokio::test]
async fn the_command_line_shows_the_figures_and_says_why_it_cannot() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let views = [
        ("status", "budget"),
        ("stores", "sessions.known"),
        ("requests", "/api/auth/login"),
        ("purge", "given back"),
    ];
    for (view, word) in views {
        let (code, out, errors) = memory(&server, admin.token(), &[view]).await;
        assert!(code == 0 && out.contains(word), "{view}: {out}{errors}");
    }
    let (_, all, _) = memory(&server, admin.token(), &["requests"]).await;
    let (_, one, _) = memory(&server, admin.token(), &["requests", "--top", "1"]).await;
    let routes = |out: &str| out.lines().take_while(|line| !line.contains("background work")).count() - 2;
    assert!(routes(&all) > 1 && routes(&one) == 1, "{all}{one}");
    for base in ["", "../../x", "no-such-id"] {
        let (code, out, errors) = memory(&server, admin.token(), &["profile", "--base", base]).await;
        assert!(code != 0 && errors.contains("is not the id of a profile"), "`{base}`: {out}{errors}");
    }
    let (code, _, errors) = memory(&server, None, &["status"]).await;
    assert!(code == 1 && errors.contains("LEXIFLOW_TOKEN"), "{errors}");
    let (code, _, errors) = memory(&server, Some("forged"), &["status"]).await;
    assert!(code == 1 && errors.contains("401"), "{errors}");
    let (code, _, errors) = memory(&server, None, &["diff", "/nowhere", "/nowhere"]).await;
    assert!(code == 1 && errors.contains("/nowhere"), "{errors}");
}

#[tokio::test]
async fn a_store_is_emptied_by_its_name_and_that_is_recorded() {
    let server = Server::start().await;
    let admin = server.admin().await;
    // A login that was believed once is known.
    drop(admin.get("/api/auth/me").await.expect_status(200));
    let bytes = || {
        let stores = server.running.app().headroom().stores().snapshot();
        stores.into_iter().find(|store| store.name == "sessions.known").unwrap().bytes
    };
    assert!(bytes() > 0);
    let path = "/api/monitoring/memory/shrink";
    server
        .client
        .post(path, &json!({ "store": "sessions.known" }))
        .await
        .expect_problem(401, "unauthenticated");
    let answer = admin.post(path, &json!({ "store": "sessions.known" })).await.expect_status(200).json();
    assert!(answer["freedBytes"].as_u64().unwrap() > 0, "{answer:#}");
    assert!(answer["afterBytes"].as_u64() < answer["beforeBytes"].as_u64(), "{answer:#}");
    admin.post(path, &json!({ "store": "nobody's" })).await.expect_problem(404, "store_not_found");
    let (code, out, errors) = memory(&server, admin.token(), &["shed", "sessions.known"]).await;
    assert!(code == 0 && out.contains("thrown out of sessions.known"), "{out}{errors}");
    let (code, _, errors) = memory(&server, admin.token(), &["shed", "nobody's"]).await;
    assert!(code == 1 && errors.contains("no bounded store `nobody's`"), "{errors}");

    let app = server.running.app();
    let firm = accounts::find_first_firm(app).await.unwrap().unwrap().id;
    let records = audit::entries_of(app.db().reader(), firm, firm, 9).await.unwrap();
    let shrunk: Vec<_> = records.iter().filter(|record| record.entity == "bounded store").collect();
    assert_eq!(shrunk.len(), 2, "{records:?}");
    assert_eq!(shrunk[0].changes.as_ref().unwrap()["store"], "sessions.known");
}

#[inline(never)]
fn hold_for_some_seconds() -> Vec<u8> {
    std::hint::black_box(vec![1_u8; 1 << 20])
}

#[tokio::test]
async fn a_profile_of_some_seconds_has_only_what_was_allocated_in_them() {
    let server = Server::with(&[("server.request_timeout", "2s")]).await;
    let admin = server.admin().await;
    for query in ["seconds=0", "seconds=301", "seconds=1&base=019c2404-7d80-7a11-8c02-5e1f0a9b3c01"] {
        admin.get(&format!("{PROFILE}?{query}")).await.expect_problem(400, "malformed_query");
    }
    let before = std::hint::black_box(vec![1_u8; 96 << 20]);
    let path = format!("{PROFILE}?seconds=1");
    let grown = patiently(&admin, Method::GET, &path).await.expect_status(200);
    let grown = HeapProfile::read_pprof(&grown.body).unwrap();
    assert!(
        grown.stacks().all(|stack| stack.used.bytes < 96 << 20),
        "what was there before: {:?}",
        grown.total()
    );
    drop(before);

    // More and more is held, since nobody but the server knows when the time begins.
    let words = ["profile", "--seconds", "3", "--top", "50"];
    let (taken, mut held) = (memory(&server, admin.token(), &words), Vec::new());
    let mut taken = std::pin::pin!(taken);
    let (code, out, errors) = loop {
        match tokio::time::timeout(std::time::Duration::from_millis(100), taken.as_mut()).await {
            Ok(done) => break done,
            Err(_) => held.push(hold_for_some_seconds()),
        }
    };
    assert!(code == 0 && out.contains("grown in"), "{out}{errors}");
    assert!(out.lines().any(|line| line.contains("hold_for_some_seconds") && line.contains("MiB")), "{out}");
    drop(held);
}

#[tokio::test]
async fn the_command_line_follows_the_memory_and_lists_what_grew() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let words = ["trace", "--seconds", "1", "--every", "1"];
    let (code, out, errors) = memory(&server, admin.token(), &words).await;
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert!(out.lines().filter(|line| line.contains("s  normal")).count() >= 2, "{out}");
    assert!(out.contains("grown since the beginning"), "{out}");
    let (code, out, errors) = memory(&server, admin.token(), &["leaks", "--check"]).await;
    assert!(code == 0 && out.starts_with("no line of code leaks; 1 windows of 30 s"), "{out}{errors}");
}
