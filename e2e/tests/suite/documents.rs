//! Documents: downloads in every form, versions, and what becomes of the files.

use bytes::Bytes;
use e2e::{Form, TestApp, id_of, open_case, upload_text};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

fn sha256(bytes: &[u8]) -> String {
    crypto::digest::hex(&crypto::digest::sha256(bytes))
}

async fn upload(app: &TestApp, name: &str, kind: &str, content: &[u8]) -> Value {
    Form::new().file(name, kind, content).post(app.admin(), "/api/documents").await.expect_status(201).json()
}

async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.send(Method::GET, path, headers, Bytes::new()).await
}

/// Text whose every stretch is unlike the others.
fn numbers() -> Vec<u8> {
    (0..2000).flat_map(|number: u32| format!("{number:06}\n").into_bytes()).collect()
}

#[tokio::test]
async fn a_download_is_the_upload_byte_for_byte() {
    let app = TestApp::start().await;
    let content = numbers();
    let document = upload(&app, "numbers.txt", "text/plain", &content).await;
    assert_eq!(document["sha256"], sha256(&content));
    assert_eq!(
        (&document["sizeBytes"], &document["fileName"]),
        (&json!(content.len()), &json!("numbers.txt"))
    );
    let path = format!("/api/documents/{}/download", id_of(&document));
    let whole = get(app.admin(), &path, &[]).await.expect_status(200);
    assert_eq!(sha256(&whole.body), sha256(&content));
    assert_eq!(whole.header("etag"), format!("\"{}\"", sha256(&content)));
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert!(whole.header("content-disposition").starts_with("attachment"));
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    let packed = get(app.admin(), &path, &[("accept-encoding", "gzip, br, zstd")]).await.expect_status(200);
    assert_eq!((packed.header("content-encoding"), &packed.body), ("", &whole.body));

    let head = app.admin().send(Method::HEAD, &path, &[], Bytes::new()).await.expect_status(200);
    assert!(head.body.is_empty());
    for header in ["content-length", "etag", "content-type", "accept-ranges", "last-modified"] {
        assert_eq!(head.header(header), whole.header(header), "{header}");
    }
    app.finish().await;
}

#[tokio::test]
async fn ranges_are_exact() {
    let app = TestApp::start().await;
    let content = numbers();
    let size = content.len();
    let path =
        format!("/api/documents/{}/download", id_of(&upload(&app, "n.txt", "text/plain", &content).await));
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=7-13", 7, 14),
        ("bytes=13990-", 13990, size),
        ("bytes=-10", size - 10, size),
        ("bytes=-999999", 0, size),
        ("bytes=100-999999", 100, size),
    ] {
        let part = get(app.admin(), &path, &[("range", range)]).await.expect_status(206);
        assert_eq!(part.body, content[from..to], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{size}", to - 1), "{range}");
        assert_eq!(part.header("content-length"), (to - from).to_string(), "{range}");
    }
    for range in ["bytes=14000-", "bytes=-0", "bytes=999999-1000000"] {
        let none = get(app.admin(), &path, &[("range", range)]).await;
        none.expect_problem(416, "range_not_satisfiable");
        assert_eq!(none.header("content-range"), format!("bytes */{size}"), "{range}");
    }
    for range in ["bytes=9-3", "lines=1-2", "bytes=", "bytes=a-b", "nonsense"] {
        let whole = get(app.admin(), &path, &[("range", range)]).await.expect_status(200);
        assert_eq!(whole.body.len(), size, "{range} means nothing");
    }
    app.finish().await;
}

#[tokio::test]
async fn several_ranges_come_as_parts() {
    let app = TestApp::start().await;
    let content = numbers();
    let size = content.len();
    let path =
        format!("/api/documents/{}/download", id_of(&upload(&app, "n.txt", "text/plain", &content).await));
    let answer = get(app.admin(), &path, &[("range", "bytes=0-6, 70-76, -7")]).await.expect_status(206);
    let kind = answer.header("content-type").to_owned();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    let text = answer.text();
    let parts: Vec<&str> =
        text.split(&format!("\r\n--{boundary}")).filter(|part| part.starts_with("\r\n")).collect();
    let expected = [(0, 7), (70, 77), (size - 7, size)];
    assert_eq!(parts.len(), expected.len() + usize::from(parts.len() > expected.len()), "{text}");
    for (part, (from, to)) in parts.iter().zip(expected) {
        let (head, body) = part.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(&format!("bytes {from}-{}/{size}", to - 1)), "{head}");
        assert_eq!(body.as_bytes(), &content[from..to]);
    }
    assert!(text.ends_with(&format!("--{boundary}--\r\n")));
    app.finish().await;
}

#[tokio::test]
async fn conditions_on_a_download_are_honoured() {
    let app = TestApp::start().await;
    let content = numbers();
    let path =
        format!("/api/documents/{}/download", id_of(&upload(&app, "n.txt", "text/plain", &content).await));
    let tag = format!("\"{}\"", sha256(&content));
    let other = "\"something else\"";
    let modified = get(app.admin(), &path, &[]).await.header("last-modified").to_owned();
    let fresh = get(app.admin(), &path, &[("if-none-match", &tag)]).await.expect_status(304);
    assert!(fresh.body.is_empty());
    assert_eq!(fresh.header("etag"), tag);
    drop(get(app.admin(), &path, &[("if-none-match", other)]).await.expect_status(200));
    drop(get(app.admin(), &path, &[("if-modified-since", &modified)]).await.expect_status(304));
    drop(get(app.admin(), &path, &[("if-match", other)]).await.expect_problem(412, "stale_version"));
    for (condition, status) in [(tag.as_str(), 206), (other, 200), (modified.as_str(), 206)] {
        let answer = get(app.admin(), &path, &[("range", "bytes=0-6"), ("if-range", condition)]).await;
        assert_eq!(answer.status, status, "{condition}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let app = TestApp::start().await;
    let document = upload(&app, "empty.txt", "text/plain", b"").await;
    assert_eq!(document["sizeBytes"], 0);
    let path = format!("/api/documents/{}/download", id_of(&document));
    assert!(get(app.admin(), &path, &[]).await.expect_status(200).body.is_empty());
    get(app.admin(), &path, &[("range", "bytes=0-0")]).await.expect_problem(416, "range_not_satisfiable");
    app.finish().await;
}

#[tokio::test]
async fn versions_pile_up_and_an_earlier_one_can_be_restored() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let id = id_of(&upload(&app, "lease.txt", "text/plain", b"first draft").await);
    let path = format!("/api/documents/{id}");
    let second =
        Form::new().text("note", "after the call").file("lease-2.txt", "text/plain", b"second draft");
    let second = second.post(admin, &format!("{path}/versions")).await.expect_status(201);
    assert_eq!((&second.json()["number"], &second.json()["note"]), (&json!(2), &json!("after the call")));
    drop(get(admin, second.header("location"), &[]).await.expect_status(200));
    let current = admin.get(&path).await.expect_status(200);
    assert_eq!((&current.json()["currentVersion"], current.header("etag")), (&json!(2), "\"v2\""));

    let restored = admin.post(&format!("{path}/versions/1/restore"), &json!({})).await;
    assert!(restored.status.is_success(), "{}", restored.text());
    let download = get(admin, &format!("{path}/download"), &[]).await.expect_status(200);
    assert_eq!(download.body, "first draft");
    let download = get(admin, &format!("{path}/versions/2/download"), &[]).await.expect_status(200);
    assert_eq!(download.body, "second draft");
    let versions = admin.get(&format!("{path}/versions")).await.expect_status(200).json();
    let numbers: Vec<&Value> =
        versions["data"].as_array().unwrap().iter().map(|one| &one["number"]).collect();
    assert_eq!((numbers, &versions["total"]), (vec![&json!(3), &json!(2), &json!(1)], &json!(3)));
    for missing in ["versions/4/download", "versions/0/download", "versions/4"] {
        get(admin, &format!("{path}/{missing}"), &[]).await.expect_problem(404, "document_version_not_found");
    }
    app.settle().await;
    let found = admin.get("/api/search/documents?query=first").await.expect_status(200).json();
    assert_eq!(found["total"], 1, "the restored text is the one that is found");
    let found = admin.get("/api/search/documents?query=second").await.expect_status(200).json();
    assert_eq!(found["total"], 0, "{found}");
    app.finish().await;
}

#[tokio::test]
async fn a_stale_tag_adds_no_version() {
    let app = TestApp::start().await;
    let id = id_of(&upload(&app, "lease.txt", "text/plain", b"first").await);
    drop(
        app.admin()
            .patch(&format!("/api/documents/{id}"), &json!({ "title": "Lease" }))
            .await
            .expect_status(200),
    );
    let headers = [("content-type", "text/plain"), ("if-match", "\"v1\"")];
    let path = format!("/api/documents/{id}/content?fileName=lease.txt");
    let stale = app.admin().send(Method::PUT, &path, &headers, "second".into()).await;
    stale.expect_problem(412, "stale_version");
    app.settle().await;
    assert_eq!(app.stored_files().len(), 1, "the refused file is gone");
    app.finish().await;
}

#[tokio::test]
async fn the_same_content_is_stored_once_and_goes_with_its_last_document() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let one = id_of(&upload(&app, "a.txt", "text/plain", b"the same words").await);
    let two = id_of(&upload(&app, "b.txt", "text/plain", b"the same words").await);
    assert_eq!(app.stored_files().len(), 1);
    drop(admin.delete(&format!("/api/documents/{one}")).await.expect_status(204));
    app.settle().await;
    assert_eq!(app.stored_files().len(), 1);
    drop(admin.get(&format!("/api/documents/{two}/download")).await.expect_status(200));
    drop(admin.delete(&format!("/api/documents/{two}")).await.expect_status(204));
    app.settle().await;
    assert_eq!(app.stored_files(), Vec::<String>::new());
    let back = id_of(&upload(&app, "c.txt", "text/plain", b"the same words").await);
    assert_eq!(admin.get(&format!("/api/documents/{back}/download")).await.body, "the same words");
    app.finish().await;
}

#[tokio::test]
async fn a_case_lists_its_documents_and_stays_while_it_has_some() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let case = id_of(&open_case(admin, "Alder v. Birch").await);
    let document = id_of(&upload_text(admin, &case, "letter.txt", "words").await);
    drop(upload(&app, "loose.txt", "text/plain", b"no case").await);
    let list = admin.get(&format!("/api/cases/{case}/documents")).await.expect_status(200).json();
    assert_eq!((&list["total"], &list["data"][0]["id"]), (&json!(1), &json!(document)));
    admin.delete(&format!("/api/cases/{case}")).await.expect_problem(409, "case_in_use");
    drop(admin.delete(&format!("/api/documents/{document}")).await.expect_status(204));
    drop(admin.delete(&format!("/api/cases/{case}")).await.expect_status(204));
    app.finish().await;
}

#[tokio::test]
async fn a_page_of_the_web_is_never_shown_inline() {
    let app = TestApp::start().await;
    let page = b"<!doctype html><html><body><script>alert(1)</script></body></html>";
    let id = id_of(&upload(&app, "page.html", "text/html", page).await);
    let shown = app.admin().get(&format!("/api/documents/{id}/preview")).await.expect_status(200);
    assert!(shown.header("content-disposition").starts_with("attachment"), "{:?}", shown.headers);
    app.finish().await;
}

#[tokio::test]
async fn a_name_with_quotes_and_umlauts_comes_back() {
    let app = TestApp::start().await;
    let name = "Vertr\u{e4}ge 2026; draft.txt";
    let document = upload(&app, name, "text/plain", b"words").await;
    assert_eq!(document["fileName"], name);
    let answer =
        app.admin().get(&format!("/api/documents/{}/download", id_of(&document))).await.expect_status(200);
    assert!(
        answer.header("content-disposition").contains("filename*=UTF-8''Vertr%C3%A4ge%202026"),
        "{:?}",
        answer.headers
    );
    let climbing = upload(&app, "../../etc/passwd.txt", "text/plain", b"words").await;
    assert!(!climbing["fileName"].as_str().unwrap().contains(['/', '\\']), "{climbing}");
    app.finish().await;
}

#[tokio::test]
async fn a_new_version_without_a_name_keeps_the_documents_own() {
    let app = TestApp::start().await;
    let id = id_of(&upload(&app, "letter.txt", "text/plain", b"the first words").await);
    let path = format!("/api/documents/{id}/content");
    let headers = [("content-type", "text/plain")];
    let put = app.admin().send(Method::PUT, &path, &headers, "the second words".into()).await;
    let document = put.expect_status(200).json();
    assert_eq!(document["fileName"], "letter.txt", "{document:#}");
    app.finish().await;
}
