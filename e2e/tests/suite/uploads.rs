//! Uploads: in every order, and cut off, too large, of the wrong type or on a full disk.

use bytes::Bytes;
use e2e::{Form, RawConnection, TestApp, head_of, id_of, open_case, read_metrics, upload_text};
use http::Method;
use serde_json::json;

/// Nothing is left of an upload that failed: no row, no file, no temporary file.
async fn assert_nothing_is_left(app: &TestApp) {
    app.quiet().await;
    app.settle().await;
    while app.stored_files().iter().any(|file| file.contains("/files/tmp/")) {
        // A thread that writes for nobody any more removes the file when it is done; a test that waits for ever fails.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let documents = app.admin().get("/api/documents").await.expect_status(200).json();
    assert_eq!(documents["total"], 0, "{documents}");
    assert_eq!(app.stored_files(), Vec::<String>::new());
}

#[tokio::test]
async fn the_fields_may_stand_before_and_after_the_file() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let file = |form: Form| form.file("letter.txt", "text/plain", b"words of a letter");
    let case_id = |form: Form| form.text("caseId", &case);
    let title = |form: Form| form.text("title", "Letter").text("tags", "draft, letter");
    for form in [
        title(case_id(file(Form::new()))),
        file(title(case_id(Form::new()))),
        title(file(case_id(Form::new()))),
    ] {
        let document = form.post(app.admin(), "/api/documents").await.expect_status(201).json();
        assert_eq!((&document["caseId"], &document["title"]), (&json!(case), &json!("Letter")));
        assert_eq!(document["tags"], json!(["draft", "letter"]));
    }
    let older = file(Form::new()).post(app.admin(), "/api/documents/upload").await.expect_status(201).json();
    assert_eq!(older["title"], "letter.txt", "without a title the file's name is it");
    app.finish().await;
}

#[tokio::test]
async fn a_file_may_be_put_as_the_body_under_an_id_of_ones_own() {
    let app = TestApp::start().await;
    let id = "019cae00-1111-7222-8333-444455556666";
    let path = format!("/api/documents/{id}/content?fileName=notes.txt&title=Notes");
    let put = async |text: &'static str| {
        app.admin().send(Method::PUT, &path, &[("content-type", "text/plain")], text.into()).await
    };
    let created = put("first").await.expect_status(201);
    assert_eq!((&created.json()["id"], &created.json()["title"]), (&json!(id), &json!("Notes")));
    assert!(created.header("location").ends_with(id), "{:?}", created.headers);
    let replaced = put("second").await.expect_status(200).json();
    assert_eq!(replaced["currentVersion"], 2);
    let download = app.admin().get(&format!("/api/documents/{id}/download")).await.expect_status(200);
    assert_eq!(download.body, "second");
    let old = app
        .admin()
        .send(
            Method::PUT,
            "/api/documents/7f2c1d3a-1111-4222-8333-444455556666/content",
            &[("content-type", "text/plain")],
            "words".into(),
        )
        .await;
    old.expect_problem(400, "document_id_not_v7");
    app.finish().await;
}

#[tokio::test]
async fn a_body_above_the_threshold_is_counted_as_streamed() {
    let app = TestApp::start().await;
    for (number, size) in [10 << 20, (10 << 20) + 1].into_iter().enumerate() {
        let path =
            format!("/api/documents/019cae00-1111-7222-8333-44445555666{number}/content?fileName=notes.txt");
        let text = Bytes::from(vec![b'a'; size]);
        let sent = app.admin().send(Method::PUT, &path, &[("content-type", "text/plain")], text).await;
        assert_eq!(sent.status, 201, "{}", sent.text());
    }
    app.quiet().await;
    let text = app.admin().get("/api/metrics").await.expect_status(200).text();
    let counted: Vec<_> = read_metrics(&text)
        .into_iter()
        .filter(|sample| sample.name == "http_requests_streamed_total")
        .collect();
    let found: Vec<_> =
        counted.iter().map(|sample| (sample.labels["route"].as_str(), sample.value.as_str())).collect();
    assert_eq!(found, [("/api/documents/{id}/content", "1")]);
    app.finish().await;
}

#[tokio::test]
async fn a_digest_that_was_announced_must_be_right() {
    let app = TestApp::start().await;
    let body = Bytes::from_static(b"words of a letter");
    let right = crypto::digest::hex(&crypto::digest::sha256(&body));
    let wrong = crypto::digest::hex(&crypto::digest::sha256(b"other words"));
    let kind = Form::content_type();
    let post = async |digest: &str| {
        let form = Form::new().file("letter.txt", "text/plain", &body).body();
        let headers = [("content-type", kind.as_str()), ("x-content-sha256", digest)];
        app.admin().send(Method::POST, "/api/documents", &headers, form).await
    };
    post(&wrong).await.expect_problem(422, "checksum_mismatch");
    post("nonsense").await.expect_problem(400, "validation_failed");
    assert_nothing_is_left(&app).await;
    drop(post(&right).await.expect_status(201));
    app.finish().await;
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let app = TestApp::start().await;
    let body = Form::new().file("big.txt", "text/plain", &vec![b'a'; 1 << 20]).body();
    let declared = format!(
        "{}content-type: {}\r\ncontent-length: {}\r\n\r\n",
        head_of("POST", "/api/documents", app.admin().token()),
        Form::content_type(),
        body.len()
    );
    let raw = format!(
        "{}content-type: text/plain\r\ncontent-length: {}\r\n\r\n",
        head_of("PUT", "/api/documents/019cae00-1111-7222-8333-444455556666/content", app.admin().token()),
        body.len()
    );
    let chunked = format!(
        "{}content-type: {}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n",
        head_of("POST", "/api/documents", app.admin().token()),
        Form::content_type(),
        body.len()
    );
    for head in [declared, raw, chunked] {
        for sent in [0, 1, 200, 100_000, body.len() - 40] {
            let mut connection = RawConnection::open(app.admin().address()).await;
            connection.send([head.as_bytes(), &body[..sent]].concat()).await;
            connection.hang_up().await;
        }
    }
    assert_nothing_is_left(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_form_is_of_another_kind_and_a_form_without_a_boundary_is_not_valid() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let document = id_of(&upload_text(app.admin(), &case, "letter.txt", "The letter.").await);
    let versions = format!("/api/documents/{document}/versions");
    let send = async |path: &str, headers: &[(&str, &str)]| {
        app.admin().send(Method::POST, path, headers, "words".into()).await
    };
    for path in ["/api/documents", "/api/documents/upload"] {
        for kind in ["application/json", "application/octet-stream", "multipart/mixed; boundary=a"] {
            let answer = send(path, &[("content-type", kind)]).await;
            answer.expect_problem(415, "unsupported_media_type");
        }
        send(path, &[]).await.expect_problem(415, "unsupported_media_type");
    }
    // A version may be the file itself, but half a form is no file.
    for path in ["/api/documents", "/api/documents/upload", versions.as_str()] {
        let answer = send(path, &[("content-type", "multipart/form-data")]).await;
        answer.expect_problem(400, "upload_form_invalid");
    }
    app.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn a_form_that_ends_too_early_is_told_so() {
    let app = TestApp::start().await;
    let whole = Form::new().text("title", "A").file("a.txt", "text/plain", b"words").body();
    let kind = Form::content_type();
    for length in [0, 10, whole.len() / 2, whole.len() - 10] {
        let headers = [("content-type", kind.as_str())];
        let answer = app.admin().send(Method::POST, "/api/documents", &headers, whole.slice(..length)).await;
        answer.expect_problem(400, "upload_form_invalid");
    }
    let no_file = Form::new().text("title", "A").post(app.admin(), "/api/documents").await;
    assert_eq!(no_file.expect_problem(400, "upload_form_invalid")["errors"][0]["field"], "file");
    let twice = Form::new().file("a.txt", "text/plain", b"a").file("b.txt", "text/plain", b"b");
    twice.post(app.admin(), "/api/documents").await.expect_problem(400, "upload_form_invalid");
    let unknown = Form::new().text("colour", "red").text("caseId", "17").file("a.txt", "text/plain", b"a");
    let problem = unknown.post(app.admin(), "/api/documents").await.expect_problem(400, "validation_failed");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    let json = app.admin().post("/api/documents", &json!({})).await;
    assert!([400, 415].contains(&json.status.as_u16()), "{}", json.text());
    assert_nothing_is_left(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused_before_or_while_it_comes() {
    let app = TestApp::with(&[("storage.max_file_size", "64KiB")]).await;
    let address = app.admin().address();
    let head = head_of("POST", "/api/documents", app.admin().token());
    let mut announced = RawConnection::open(address).await;
    let kind = Form::content_type();
    announced.send(format!("{head}content-type: {kind}\r\ncontent-length: 99999999999\r\n\r\n")).await;
    let (status, text) = announced.answer().await;
    assert_eq!(status, 413, "{text}");

    let large = vec![b'a'; (64 << 10) + 1];
    Form::new()
        .file("a.txt", "text/plain", &large)
        .post(app.admin(), "/api/documents")
        .await
        .expect_problem(413, "file_too_large");
    let path = "/api/documents/019cae00-1111-7222-8333-444455556666/content";
    let put =
        app.admin().send(Method::PUT, path, &[("content-type", "text/plain")], large.clone().into()).await;
    assert_eq!(put.status, 413, "{}", put.text());
    assert_nothing_is_left(&app).await;
    let fits = Form::new().file("a.txt", "text/plain", &large[1..]).post(app.admin(), "/api/documents").await;
    drop(fits.expect_status(201));
    app.finish().await;
}

#[tokio::test]
async fn programs_and_false_types_are_refused() {
    let app = TestApp::with(&[("storage.allowed_mime_types", "text/plain, application/pdf")]).await;
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0rest of a program";
    for (name, kind, content) in [
        ("tool.txt", "text/plain", &elf[..]),
        ("setup.exe", "text/plain", b"words"),
        ("picture.png", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ] {
        let answer = Form::new().file(name, kind, content).post(app.admin(), "/api/documents").await;
        answer.expect_problem(415, "file_type_refused");
    }
    let lie = Form::new().file("paper.pdf", "application/pdf", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let answer = lie.post(app.admin(), "/api/documents").await;
    assert_eq!(answer.status, 415, "{}", answer.text());
    assert_nothing_is_left(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn a_disk_without_its_reserve_takes_no_file_and_everything_else_works() {
    let app = TestApp::with(&[("storage.min_disk_space", "1TiB")]).await;
    let report = app.admin().get("/api/health/full").await.expect_status(200).json();
    if report["checks"]["storage"]["details"]["freeBytes"].as_u64().unwrap() > 1 << 40 {
        return crate::skipped("the disk has more than 1 TiB of free space");
    }
    assert_eq!(
        (&report["status"], &report["checks"]["storage"]["status"]),
        (&json!("degraded"), &json!("degraded"))
    );
    let answer = Form::new().file("a.txt", "text/plain", b"words").post(app.admin(), "/api/documents").await;
    answer.expect_problem(507, "storage_full");
    assert_nothing_is_left(&app).await;
    drop(open_case(app.admin(), "Alder v. Birch").await);
    app.finish().await;
}

#[tokio::test]
async fn an_upload_into_a_case_that_is_not_there_leaves_nothing() {
    let app = TestApp::start().await;
    let form = Form::new().file("a.txt", "text/plain", b"words").text("caseId", &e2e::absent());
    form.post(app.admin(), "/api/documents").await.expect_problem(404, "case_not_found");
    let reader = app.user(access::Role::Intern).await;
    let refused = Form::new().file("a.txt", "text/plain", b"words").post(&reader, "/api/documents").await;
    refused.expect_problem(403, "forbidden");
    assert_nothing_is_left(&app).await;
    app.finish().await;
}
