//! Many clients at once, some of whom leave in the middle.

use clock::{Random as _, SeededRandom};
use e2e::{Form, RawConnection, TestApp, Things, head_of, one_of_each, open_case};
use futures_util::future::join_all;
use serde_json::json;

fn pick(random: &SeededRandom, below: usize) -> usize {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    u32::from_le_bytes(bytes) as usize % below
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_leave_in_the_middle_leave_nothing_behind() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let random = SeededRandom::new(17);
    let form = Form::new().file("a.txt", "text/plain", &vec![b'a'; 40_000]).body();
    let case = json!({ "title": "Opened in a storm" }).to_string();
    let requests: Vec<(Vec<u8>, usize)> = (0..200)
        .map(|number| {
            let (method, path, kind, body) = match number % 6 {
                0 => ("POST", "/api/cases".to_owned(), "application/json".to_owned(), case.as_bytes()),
                1 => ("POST", "/api/documents".to_owned(), Form::content_type(), &form[..]),
                2 => ("GET", "/api/cases?limit=100&sort=title".to_owned(), String::new(), &b""[..]),
                3 => ("GET", format!("/api/documents/{}/download", things.document), String::new(), &b""[..]),
                4 => ("GET", "/api/search?query=alder".to_owned(), String::new(), &b""[..]),
                _ => (
                    "PATCH",
                    format!("/api/cases/{}", things.case),
                    "application/json".to_owned(),
                    &b"{\"judge\":\"Fir\"}"[..],
                ),
            };
            let mut bytes = head_of(method, &path, app.admin().token()).into_bytes();
            if !body.is_empty() {
                bytes.extend(
                    format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len()).into_bytes(),
                );
            }
            bytes.extend(b"\r\n");
            bytes.extend(body);
            // A third leaves before all is sent, a third without waiting for the answer, a third stays.
            let sent = if number % 3 == 0 { pick(&random, bytes.len()) } else { bytes.len() };
            (bytes, sent)
        })
        .collect();
    let address = app.admin().address();
    let outcomes = join_all(requests.iter().enumerate().map(async |(number, (bytes, sent))| {
        let mut connection = RawConnection::open(address).await;
        connection.send(&bytes[..*sent]).await;
        if number % 3 == 2 {
            let (status, text) = connection.answer().await;
            assert!(status.is_success(), "{status} {text}");
        } else {
            connection.hang_up().await;
        }
    }));
    outcomes.await;
    app.quiet().await;
    app.no_open_transaction().await;
    app.settle().await;
    while app.stored_files().iter().any(|file| file.contains("/files/tmp/")) {
        // A thread that writes for nobody any more removes the file when it is done; a test that waits for ever fails.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(app.app().headroom().root().used(), 0);
    drop(app.admin().get("/api/cases").await.expect_status(200));
    app.finish().await;
}

/// One thing of each kind that can be changed, with two of its members.
fn changeable(things: &Things) -> [(String, [&'static str; 2]); 7] {
    [
        (format!("/api/cases/{}", things.case), ["judge", "demand"]),
        (format!("/api/parties/{}", things.party), ["kind", "extraInfo"]),
        (format!("/api/clients/{}", things.client), ["phone", "notes"]),
        (format!("/api/docket/{}", things.entry), ["number", "text"]),
        (format!("/api/billing/time-entries/{}", things.time), ["description", "activityCode"]),
        (format!("/api/documents/{}", things.document), ["custodian", "description"]),
        (format!("/api/users/{}", things.user), ["firstName", "lastName"]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_to_one_version_one_wins() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    for (path, [member, _]) in changeable(&things) {
        let change = async |number: u32| {
            let headers = [("content-type", "application/json"), ("if-match", "\"v1\"")];
            let body = json!({ member: format!("no. {number}") }).to_string();
            app.admin().send(http::Method::PATCH, &path, &headers, body.into()).await.status.as_u16()
        };
        let mut outcomes = join_all((0..16).map(change)).await;
        outcomes.sort_unstable();
        assert_eq!((outcomes[0], &outcomes[1..]), (200, &[412; 15][..]), "{path}");
        assert_eq!(app.admin().get(&path).await.header("etag"), "\"v2\"", "{path}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_no_version_follow_each_other_and_each_is_kept() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    for (path, members) in changeable(&things) {
        let change = async |number: usize| {
            let body = json!({ members[number % 2]: format!("A{}", 100 + number) });
            let answer = match number % 4 {
                0 | 1 => app.admin().patch(&path, &body).await,
                _ => app.admin().put(&path, &body).await,
            };
            let changed = answer.expect_status(200);
            assert_eq!(changed.json()[members[number % 2]], body[members[number % 2]], "{path}");
            changed.header("etag").to_owned()
        };
        let mut tags = join_all((0..16).map(change)).await;
        tags.sort_unstable_by_key(|tag| (tag.len(), tag.clone()));
        let each: Vec<String> = (2..=17).map(|version| format!("\"v{version}\"")).collect();
        assert_eq!(tags, each, "{path}: a version of its own for each change");
        let last = app.admin().get(&path).await.expect_status(200).json();
        for member in members {
            assert!(last[member].as_str().is_some_and(|text| text.starts_with("A1")), "{path}: {last}");
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_opened_at_once_get_numbers_of_their_own() {
    let app = TestApp::start().await;
    let opened = join_all((0..32).map(|_| open_case(app.admin(), "Alder v. Birch"))).await;
    let mut numbers: Vec<String> =
        opened.iter().map(|case| case["number"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 32);
    app.finish().await;
}
