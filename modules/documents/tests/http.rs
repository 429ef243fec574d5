//! The paths, through the router: uploads in pieces and cut off, downloads whole and in ranges.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use axum::body::Body;
use bytes::Bytes;
use documents::Settings;
use futures_util::stream;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use support::World;
use tower::ServiceExt as _;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), self.json()["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.json()
        );
    }
}

async fn send(world: &World, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "authorization") {
        request = request.header("authorization", "Bearer 1");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = world.router().oneshot(request.body(body).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}

async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(world, "GET", path, headers, Body::empty()).await
}

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=XX");

fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file_name, data) in parts {
        let file = file_name.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        body.extend(format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
        body.extend(*data);
        body.extend(b"\r\n");
    }
    body.extend(b"--XX--\r\n");
    body
}

/// A body that comes in pieces of `step` bytes without a declared length.
fn in_pieces(bytes: &[u8], step: usize) -> Body {
    let pieces: Vec<_> =
        bytes.chunks(step).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces))
}

async fn upload(world: &World, content: &[u8]) -> String {
    let body = form(&[("file", Some("a.txt"), content)]);
    let answer = send(world, "POST", "/api/documents", &[FORM], body.into()).await.is(201);
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_may_have_its_parts_in_any_order_and_any_pieces() {
    let world = World::new().await;
    let case = world.case(&world.partner(1), "Meridian v. Harbor").await.to_string();
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let file = ("file", Some("Mietvertrag ä.bin"), content.as_slice());
    let fields =
        [("caseId", None, case.as_bytes()), ("tags", None, &b"hot, signed"[..]), ("kind", None, b"lease")];
    let orders = [
        [file, fields[0], fields[1], fields[2]],
        [fields[0], fields[1], file, fields[2]],
        [fields[2], fields[1], fields[0], file],
    ];
    for (order, step) in orders.iter().zip([1000, 65_536, 7919]) {
        let answer = send(&world, "POST", "/api/documents/upload", &[FORM], in_pieces(&form(order), step))
            .await
            .is(201);
        let document = answer.json();
        assert_eq!(answer.header("location"), format!("/api/documents/{}", document["id"].as_str().unwrap()));
        assert_eq!(answer.header("etag"), "\"v1\"");
        assert_eq!(document["sha256"], crypto::digest::hex(&crypto::digest::sha256(&content)));
        assert_eq!((&document["caseId"], &document["kind"]), (&json!(case), &json!("lease")));
        assert_eq!(
            (&document["tags"], &document["title"]),
            (&json!(["hot", "signed"]), &json!("Mietvertrag ä.bin"))
        );
        let download = get(&world, &format!("{}/download", answer.header("location")), &[]).await.is(200);
        assert_eq!(download.body, content);
        assert_eq!(
            download.header("content-disposition"),
            "attachment; filename=\"Mietvertrag _.bin\"; filename*=UTF-8''Mietvertrag%20%C3%A4.bin"
        );
    }
    let list =
        get(&world, &format!("/api/cases/{case}/documents?limit=2&sort=-title"), &[]).await.is(200).json();
    assert_eq!((&list["total"], list["data"].as_array().unwrap().len()), (&json!(3), 2));
    assert_eq!(world.files_on_disk().await, (1, 0), "equal files are one file");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let world = World::new().await;
    let whole = form(&[("file", Some("a.bin"), &vec![7; 500_000])]);
    for cut in [100, 300_000, whole.len() - 10] {
        let mut pieces: Vec<Result<Bytes, std::io::Error>> =
            whole[..cut].chunks(65_536).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let answer = send(&world, "POST", "/api/documents", &[FORM], in_pieces(&whole[..cut], 65_536)).await;
        answer.is_problem(400, "upload_form_invalid");
        pieces.push(Err(std::io::ErrorKind::ConnectionReset.into()));
        let broken = Body::from_stream(stream::iter(pieces));
        let answer = send(&world, "POST", "/api/documents", &[FORM], broken).await;
        answer.is_problem(400, "body_incomplete");
        // A caller that goes away drops the work at any point.
        let pieces =
            whole[..cut].chunks(65_536).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
        let endless =
            futures_util::StreamExt::chain(stream::iter(pieces.collect::<Vec<_>>()), stream::pending());
        let hanging = send(&world, "POST", "/api/documents", &[FORM], Body::from_stream(endless));
        tokio::select! {
            _ = hanging => panic!("an upload without an end was answered"),
            () = a_while(&world) => {}
        }
    }
    assert_eq!(world.count("documents").await, 0);
    assert_eq!(world.files_on_disk().await.0, 0);
    // A thread that was at work when its caller went away removes its file a moment later.
    for _ in 0..1000 {
        if world.files_on_disk().await.1 == 0 {
            return;
        }
    }
    panic!("temporary files stay: {:?}", world.files_on_disk().await);
}

/// Long enough for an upload to begin: some work of the same kind.
async fn a_while(world: &World) {
    for _ in 0..20 {
        world.files_on_disk().await;
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_leaves_nothing() {
    let world = World::with(Settings { max_file_bytes: 1000, ..Settings::default() }).await;
    let fits = form(&[("file", Some("a.bin"), &[7; 1000])]);
    send(&world, "POST", "/api/documents", &[FORM], fits.into()).await.is(201);
    let over = form(&[("file", Some("a.bin"), &[8; 1001])]);
    send(&world, "POST", "/api/documents", &[FORM], over.into()).await.is_problem(413, "file_too_large");
    // A declared length alone is enough: nothing of this body ever comes.
    let huge = [FORM, ("content-length", "99999999999")];
    send(&world, "POST", "/api/documents", &huge, declared(99_999_999_999))
        .await
        .is_problem(413, "body_too_large");
    let path = format!("/api/documents/{}/content", world.partner(1).new_id::<ids::DocumentId>());
    send(&world, "PUT", &path, &[], declared(1001)).await.is_problem(413, "body_too_large");
    send(&world, "PUT", &path, &[], in_pieces(&[9; 1001], 100)).await.is_problem(413, "file_too_large");
    assert_eq!((world.count("documents").await, world.files_on_disk().await), (1, (1, 0)));
}

/// A body of a declared length that must not be read.
fn declared(size: u64) -> Body {
    struct Silent(u64);

    impl http_body::Body for Silent {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
            panic!("the body was read");
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(self.0)
        }
    }

    Body::new(Silent(size))
}

#[tokio::test]
async fn a_full_disk_is_told_before_the_body_is_read() {
    let world = World::with_store(Settings::default(), |store| store.min_free_bytes = u64::MAX).await;
    let path = format!("/api/documents/{}/content", world.partner(1).new_id::<ids::DocumentId>());
    send(&world, "PUT", &path, &[], declared(10)).await.is_problem(507, "storage_full");
    assert_eq!(world.files_on_disk().await, (0, 0));
}

#[tokio::test]
async fn a_wrong_form_says_what_is_wrong_and_keeps_nothing() {
    let world = World::new().await;
    let file = ("file", Some("a.txt"), &b"x"[..]);
    let refused = async |parts: &[(&str, Option<&str>, &[u8])], status, code| {
        let answer = send(&world, "POST", "/api/documents", &[FORM], form(parts).into()).await;
        answer.is_problem(status, code);
        answer.json()["errors"][0]["field"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(refused(&[("title", None, b"no file")], 400, "upload_form_invalid").await, "file");
    assert_eq!(refused(&[file, file], 400, "upload_form_invalid").await, "file");
    let long = vec![b'x'; 70_000];
    assert_eq!(refused(&[file, ("title", None, &long)], 400, "upload_form_invalid").await, "title");
    assert_eq!(refused(&[file, ("kind", None, b"\xff")], 400, "upload_form_invalid").await, "kind");
    assert_eq!(refused(&[file, ("colour", None, b"red")], 400, "validation_failed").await, "colour");
    assert_eq!(refused(&[("caseId", None, b"none"), file], 400, "validation_failed").await, "caseId");
    let names: Vec<String> = (0..40).map(|number| format!("f{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), None, &b"x"[..])).collect();
    refused(&many, 400, "upload_form_invalid").await;
    let program = ("file", Some("setup.EXE"), &b"x"[..]);
    refused(&[program], 415, "file_type_refused").await;
    refused(&[("file", Some("a.pdf"), b"no pdf")], 415, "file_content_mismatch").await;
    let absent = world.partner(1).new_id::<ids::CaseId>().to_string();
    refused(&[file, ("caseId", None, absent.as_bytes())], 404, "case_not_found").await;
    let plain = [("content-type", "text/plain")];
    send(&world, "POST", "/api/documents", &plain, "x".into())
        .await
        .is_problem(415, "unsupported_media_type");
    let unbounded = [("content-type", "multipart/form-data")];
    send(&world, "POST", "/api/documents", &unbounded, "x".into())
        .await
        .is_problem(400, "upload_form_invalid");
    world.work().await;
    assert_eq!((world.count("documents").await, world.files_on_disk().await), (0, (0, 0)));
}

#[tokio::test]
async fn a_raw_body_makes_a_document_and_then_versions() {
    let world = World::new().await;
    let id = world.partner(1).new_id::<ids::DocumentId>();
    let path = format!("/api/documents/{id}/content?fileName=note.txt&title=The%20note");
    let made = send(&world, "PUT", &path, &[("content-type", "text/plain")], "one".into()).await.is(201);
    assert_eq!(
        (made.json()["title"].as_str(), made.header("location")),
        (Some("The note"), &*format!("/api/documents/{id}"))
    );
    let again = send(&world, "PUT", &path, &[("if-match", "\"v1\"")], "two".into()).await.is(200);
    assert_eq!((again.json()["currentVersion"].as_i64(), again.header("etag")), (Some(2), "\"v2\""));
    send(&world, "PUT", &path, &[("if-match", "\"v1\"")], "three".into())
        .await
        .is_problem(412, "stale_version");

    let right = crypto::digest::hex(&crypto::digest::sha256(b"three"));
    let versions = format!("/api/documents/{id}/versions");
    let digest = [("x-content-sha256", right.as_str())];
    let added =
        send(&world, "POST", &format!("{versions}?note=final"), &digest, "three".into()).await.is(201);
    assert_eq!((&added.json()["number"], &added.json()["note"]), (&json!(3), &json!("final")));
    assert_eq!(added.header("location"), format!("{versions}/3"));
    send(&world, "POST", &versions, &digest, "another".into()).await.is_problem(422, "checksum_mismatch");
    send(&world, "POST", &versions, &[("x-content-sha256", "12")], "x".into())
        .await
        .is_problem(400, "validation_failed");
    let body = form(&[("note", None, b"as a form"), ("file", Some("b.txt"), b"four")]);
    send(&world, "POST", &versions, &[FORM], body.into()).await.is(201);

    let list = get(&world, &versions, &[]).await.is(200).json();
    assert_eq!((&list["total"], &list["data"][0]["number"]), (&json!(4), &json!(4)));
    assert_eq!(get(&world, &format!("{versions}/2/download"), &[]).await.is(200).body, "two");
    let by_id = format!("{versions}/{}", list["data"][3]["id"].as_str().unwrap());
    assert_eq!(get(&world, &by_id, &[]).await.is(200).json()["number"], 1);
    let compared = get(&world, &format!("{versions}/1/compare"), &[]).await.is(200).json();
    let fields: Vec<_> =
        compared["differences"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(
        (fields, &compared["sameContent"]),
        (vec![json!("fileName"), json!("sizeBytes"), json!("sha256"), json!("note")], &json!(false))
    );
    let restored =
        send(&world, "POST", &format!("{versions}/1/restore"), &[], Body::empty()).await.is(201).json();
    assert_eq!((&restored["currentVersion"], &restored["fileName"]), (&json!(5), &json!("note.txt")));
    assert_eq!(
        get(&world, &format!("/api/documents/{id}/download?version=3"), &[]).await.is(200).body,
        "three"
    );
    get(&world, &format!("{versions}/99"), &[]).await.is_problem(404, "document_version_not_found");
    world.work().await;
    assert_eq!(world.files_on_disk().await, (4, 0), "refused files are gone");
    let text = get(&world, &format!("/api/documents/{id}/text"), &[]).await.is(200).json();
    assert_eq!(
        (&text["text"], &text["textStatus"], &text["version"]),
        (&json!("one"), &json!("ready"), &json!(5))
    );
}

#[tokio::test]
async fn downloads_answer_conditions_and_heads() {
    let world = World::new().await;
    let path = format!("/api/documents/{}/download", upload(&world, b"0123456789").await);
    let whole = get(&world, &path, &[]).await.is(200);
    let tag = whole.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", crypto::digest::hex(&crypto::digest::sha256(b"0123456789"))));
    assert_eq!(whole.header("last-modified"), "Mon, 02 Mar 2026 12:00:00 GMT");
    assert_eq!((whole.header("accept-ranges"), whole.header("x-content-type-options")), ("bytes", "nosniff"));
    assert_eq!((whole.header("content-length"), whole.header("content-type")), ("10", "text/plain"));

    let known = get(&world, &path, &[("if-none-match", &format!("\"x\", W/{tag}"))]).await.is(304);
    assert_eq!((known.header("etag"), known.body.len()), (tag.as_str(), 0));
    get(&world, &path, &[("if-none-match", "*")]).await.is(304);
    get(&world, &path, &[("if-none-match", "\"x\"")]).await.is(200);
    get(&world, &path, &[("if-modified-since", "Mon, 02 Mar 2026 12:00:00 GMT")]).await.is(304);
    get(&world, &path, &[("if-modified-since", "Sun, 01 Mar 2026 12:00:00 GMT")]).await.is(200);
    get(&world, &path, &[("if-match", "\"x\"")]).await.is_problem(412, "stale_version");
    get(&world, &path, &[("if-match", &tag)]).await.is(200);

    let head = send(&world, "HEAD", &path, &[("range", "bytes=0-1")], Body::empty()).await.is(200);
    assert_eq!(
        (head.header("content-length"), head.header("etag"), head.body.len()),
        ("10", tag.as_str(), 0)
    );
}

#[tokio::test]
async fn downloads_answer_ranges() {
    let world = World::new().await;
    let path = format!("/api/documents/{}/download", upload(&world, b"0123456789").await);
    let range = async |value: &str| get(&world, &path, &[("range", value)]).await;
    let one = range("bytes=2-4").await.is(206);
    assert_eq!(
        (&one.body[..], one.header("content-range"), one.header("content-length")),
        (&b"234"[..], "bytes 2-4/10", "3")
    );
    assert_eq!(range("bytes=-3").await.is(206).body, "789");
    assert_eq!(range("bytes=8-").await.is(206).body, "89");
    assert_eq!(range("bytes=0-2,1-5").await.is(206).body, "012345", "what overlaps is one part");
    assert_eq!(range("lines=1-2").await.is(200).body, "0123456789");
    let outside = range("bytes=10-").await;
    outside.is_problem(416, "range_not_satisfiable");
    assert_eq!(outside.header("content-range"), "bytes */10");

    let several = range("bytes=0-1, 8-9").await.is(206);
    let boundary =
        several.header("content-type").strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
    let expected = format!(
        "\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
         \r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--{boundary}--\r\n"
    );
    assert_eq!(several.body, expected);
    assert_eq!(several.header("content-length"), expected.len().to_string());

    let tag = several.header("etag").to_owned();
    let with = async |if_range: &str| {
        get(&world, &path, &[("range", "bytes=0-0"), ("if-range", if_range)]).await.status
    };
    assert_eq!(with(&tag).await, 206);
    assert_eq!(with("Mon, 02 Mar 2026 12:00:00 GMT").await, 206);
    assert_eq!(with("\"other\"").await, 200);
    assert_eq!(with(&format!("W/{tag}")).await, 200, "a weak tag does not keep a range");
}

#[tokio::test]
async fn only_safe_types_are_shown_in_the_browser() {
    let world = World::new().await;
    for (name, content, kind) in [
        ("a.txt", &b"x"[..], "inline"),
        ("a.html", b"<html>", "attachment"),
        ("a.svg", b"<svg/>", "attachment"),
    ] {
        let body = form(&[("file", Some(name), content)]);
        let id = send(&world, "POST", "/api/documents", &[FORM], body.into()).await.is(201).json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        for alias in ["content", "preview"] {
            let shown = get(&world, &format!("/api/documents/{id}/{alias}"), &[]).await.is(200);
            assert!(shown.header("content-disposition").starts_with(kind), "{name} {alias}");
        }
        let download = get(&world, &format!("/api/documents/{id}/download"), &[]).await.is(200);
        assert!(download.header("content-disposition").starts_with("attachment"));
    }
}

struct NoFaults;

impl documents::FaultSink for NoFaults {
    fn fault(&mut self, fault: documents::ProductionFault) {
        panic!("{fault:?}");
    }
}

#[tokio::test]
async fn evidence_is_kept_whatever_it_is_and_only_saved_never_run() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let natives: [(&str, &[u8]); 4] = [
        ("evil.exe", b"MZ\x90\x00\x03\x00\x00\x00\x04\x00program"),
        ("hidden.pdf", b"MZ\x90\x00\x03\x00\x00\x00\x04\x00program"),
        ("page.html", b"<html><script>alert(1)</script></html>"),
        ("run.bat", b"del *.*"),
    ];
    let mut rows = "DOCID\u{14}NATIVELINK\r\n".to_owned();
    for (number, (name, content)) in natives.iter().enumerate() {
        std::fs::write(folder.path().join(name), content).unwrap();
        rows = format!("{rows}E-{number}\u{14}{name}\r\n");
    }
    std::fs::write(folder.path().join("load.dat"), rows).unwrap();
    let case = documents::CaseTarget::Titled("In re Evidence".to_owned());
    let options = documents::ImportOptions { case, load_file: None };
    let ctx = world.partner(1);
    let (files, dir) = (&world.files, folder.path());
    let report = documents::import_production(&ctx, files, dir, &options, &|_| {}, &mut NoFaults).await;
    assert_eq!(report.unwrap().total.added, 4);

    let listed = get(&world, "/api/documents", &[]).await.is(200).json();
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.len(), 4);
    for document in listed {
        let (id, name) = (document["id"].as_str().unwrap(), document["fileName"].as_str().unwrap());
        let content = natives.iter().find(|(native, _)| *native == name).unwrap().1;
        for way in ["content", "preview", "download"] {
            let served = get(&world, &format!("/api/documents/{id}/{way}"), &[]).await.is(200);
            assert_eq!(served.body, content, "{name} {way}: evidence is not changed");
            assert!(served.header("content-disposition").starts_with("attachment"), "{name} {way}");
            assert_eq!(served.header("x-content-type-options"), "nosniff", "{name} {way}");
            if content.starts_with(b"MZ") {
                assert_eq!(served.header("content-type"), "application/octet-stream", "{name} {way}");
            }
        }
    }
}

#[tokio::test]
async fn fields_are_patched_and_documents_removed() {
    let world = World::new().await;
    let id = upload(&world, b"x").await;
    let path = format!("/api/documents/{id}");
    let json_type = ("content-type", "application/json");
    let change = async |method: &str, tag: &str, body: Value| {
        send(&world, method, &path, &[json_type, ("if-match", tag)], body.to_string().into()).await
    };
    let after = change("PATCH", "\"v1\"", json!({"title": "Lease", "tags": ["hot"], "batesBegin": "A1"}))
        .await
        .is(200);
    assert_eq!((after.header("etag"), &after.json()["tags"]), ("\"v2\"", &json!(["hot"])));
    let after = change("PUT", "\"v2\"", json!({"tags": null, "title": " Lease "})).await.is(200).json();
    assert_eq!(
        (&after["tags"], &after["title"], &after["batesBegin"]),
        (&json!([]), &json!("Lease"), &json!("A1"))
    );
    change("PATCH", "\"v1\"", json!({"title": "x"})).await.is_problem(412, "stale_version");
    change("PATCH", "\"v3\"", json!({"sha256": "x"})).await.is_problem(400, "validation_failed");
    change("PATCH", "\"v3\"", json!({"title": "a\u{0}b"})).await.is_problem(400, "validation_failed");
    change("PATCH", "\"v3\"", json!({"batesEnd": "B7"})).await.is_problem(422, "rule_refused");
    let after = change("PATCH", "\"v3\"", json!({"title": "  "})).await.is(200).json();
    assert_eq!(after["title"], "a.txt", "without a title the file's name is one");
    let stats = get(&world, "/api/documents/stats", &[]).await.is(200).json();
    assert_eq!((&stats["total"], &stats["totalSizeBytes"]), (&json!(1), &json!(1)));

    let stranger = [("authorization", "Bearer 2")];
    for alias in ["", "/download", "/content", "/text", "/versions", "/versions/1/download"] {
        get(&world, &format!("{path}{alias}"), &stranger).await.is_problem(404, "document_not_found");
    }
    send(&world, "DELETE", &path, &[("if-match", "\"v1\"")], Body::empty())
        .await
        .is_problem(412, "stale_version");
    send(&world, "DELETE", &path, &[], Body::empty()).await.is(204);
    get(&world, &path, &[]).await.is_problem(404, "document_not_found");
    get(&world, "/api/documents?page=1000000000&limit=1000", &[]).await.is(200);
    get(&world, "/api/documents?limit=1001", &[]).await.is(400);
}
