//! Bodies that are wrong in every way a body can be.

use e2e::{Form, PASSWORD, RawConnection, Route, TestApp, Things, head_of, one_of_each, routes};
use http::Method;
use serde_json::{Value, json};
use testkit::Answer;

/// Every route that takes JSON, by the description of the server itself.
async fn json_routes(app: &TestApp) -> Vec<Route> {
    let described = app.anonymous().get("/api/openapi.json").await.expect_status(200).json();
    let takes_json = |route: &Route| {
        let operation = &described["paths"][&route.template][route.method.as_str().to_ascii_lowercase()];
        operation["requestBody"]["content"]
            .as_object()
            .is_some_and(|kinds| kinds.keys().any(|kind| kind.ends_with("json")))
    };
    let found: Vec<Route> = routes(app).into_iter().filter(takes_json).collect();
    assert!(found.len() >= 20, "{found:?}");
    found
}

async fn send(
    app: &TestApp,
    things: &Things,
    route: &Route,
    kind: &str,
    body: impl Into<bytes::Bytes>,
) -> Answer {
    let headers = [("content-type", kind)];
    app.admin().send(route.method.clone(), &route.path_of(things), &headers, body.into()).await
}

#[tokio::test]
async fn unknown_members_are_refused_by_every_route() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    for route in json_routes(&app).await {
        let body = json!({ "colourOfTheSky": "blue" }).to_string();
        let answer = send(&app, &things, &route, "application/json", body).await;
        let problem = answer.expect_problem(400, "validation_failed");
        let faults = problem["errors"].as_array().unwrap();
        assert!(faults.iter().any(|fault| fault["field"] == "colourOfTheSky"), "{route:?}: {problem}");
    }
    app.finish().await;
}

#[tokio::test]
async fn malformed_json_is_refused_by_every_route_with_its_place() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    for route in json_routes(&app).await {
        let answer = send(&app, &things, &route, "application/json", "{\n  \"title\": tru }").await;
        let problem = answer.expect_problem(400, "malformed_json");
        assert!(problem["detail"].as_str().unwrap().contains("line 2 column"), "{route:?}: {problem}");
        // What says why something is deleted may be left out.
        let nothing = if route.method == Method::DELETE { "null" } else { "" };
        for body in [nothing, "{", "[]", "null", "\"text\"", "{\"a\":1}{\"b\":2}", "\u{feff}{}"] {
            let answer = send(&app, &things, &route, "application/json", body).await;
            assert_eq!(answer.status, 400, "{route:?} took {body:?}: {}", answer.text());
        }
        let latin = send(&app, &things, &route, "application/json", &b"{\"title\":\"caf\xe9\"}"[..]).await;
        assert_eq!(latin.status, 400, "{route:?}: {}", latin.text());
    }
    app.finish().await;
}

#[tokio::test]
async fn deep_json_is_refused_by_every_route() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let deep = format!("{{\"title\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for route in json_routes(&app).await {
        let answer = send(&app, &things, &route, "application/json", deep.clone()).await;
        assert_eq!(answer.status, 400, "{route:?}: {}", answer.text());
    }
    app.finish().await;
}

#[tokio::test]
async fn other_content_types_are_refused_by_every_route() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    for route in json_routes(&app).await {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            let answer = send(&app, &things, &route, kind, "{}").await;
            answer.expect_problem(415, "unsupported_media_type");
        }
        let headers = [("content-type", "application/json"), ("content-encoding", "br")];
        let path = route.path_of(&things);
        let packed = app.admin().send(route.method.clone(), &path, &headers, "{}".into()).await;
        packed.expect_problem(415, "unsupported_media_type");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    for route in json_routes(&app).await {
        let head = head_of(route.method.as_str(), &route.path_of(&things), app.admin().token());
        let mut connection = RawConnection::open(app.admin().address()).await;
        connection
            .send(format!("{head}content-type: application/json\r\ncontent-length: 10485761\r\n\r\n"))
            .await;
        // Not one byte of the body is sent: whoever answers has not waited for it.
        let (status, text) = connection.answer().await;
        assert_eq!(status, 413, "{route:?}: {text}");
        assert!(text.contains("\"body_too_large\""), "{text}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_chunked_body_over_the_limit_is_refused_where_it_passes_it() {
    let app = TestApp::with(&[("payload.json_limit", "1KiB")]).await;
    let head = head_of("POST", "/api/cases", app.admin().token());
    let mut connection = RawConnection::open(app.admin().address()).await;
    let chunk = format!("400\r\n{}\r\n", "a".repeat(0x400));
    let start =
        format!("{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}");
    connection.send(start).await;
    let (status, text) = connection.answer().await;
    assert_eq!(status, 413, "{text}");
    app.finish().await;
}

#[tokio::test]
async fn all_faults_of_a_body_come_at_once_with_their_fields() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let fields = |problem: Value| -> Vec<String> {
        let faults = problem["errors"].as_array().unwrap().clone();
        assert!(
            faults.iter().all(|fault| fault["code"].is_string() && fault["message"].is_string()),
            "{faults:?}"
        );
        faults.iter().map(|fault| fault["field"].as_str().unwrap().to_owned()).collect()
    };
    let body = json!({ "status": "lost", "filedOn": "2026-02-30", "clientId": "17", "court": "Not A Court",
        "number": 7, "colour": "red", "judge": "x".repeat(501), "extra": [] });
    let found = fields(admin.post("/api/cases", &body).await.expect_problem(400, "validation_failed"));
    for field in ["title", "status", "filedOn", "clientId", "court", "number", "colour", "judge", "extra"] {
        assert!(found.contains(&field.to_owned()), "{field} is not in {found:?}");
    }
    let body = json!({ "email": "nobody", "firstName": "", "role": "king", "nick": "A" });
    let found = fields(admin.post("/api/users", &body).await.expect_problem(400, "validation_failed"));
    for field in ["email", "firstName", "lastName", "role", "password", "nick"] {
        assert!(found.contains(&field.to_owned()), "{field} is not in {found:?}");
    }
    let case = e2e::id_of(&e2e::open_case(admin, "Alder").await);
    let body =
        json!({ "kind": "Defendant", "attorneys": [{ "name": "Ann" }, { "nam": "Bo", "roles": "LEAD" }] });
    let answer = admin.post(&format!("/api/cases/{case}/parties"), &body).await;
    let found = fields(answer.expect_problem(400, "validation_failed"));
    for field in ["name", "attorneys[1].nam", "attorneys[1].roles"] {
        assert!(found.contains(&field.to_owned()), "{field} is not in {found:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn texts_that_a_database_cannot_hold_are_refused_and_odd_ones_are_kept() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let nul = admin.post("/api/cases", &json!({ "title": "Alder\u{0}Birch" })).await;
    assert!(nul.status.is_client_error(), "{}", nul.text());
    for title in
        ["'; DROP TABLE cases; --", "<script>alert(1)</script>", "\u{1f600} v. \u{10ffff}", "می\u{200c}خواهم"]
    {
        let case = admin.post("/api/cases", &json!({ "title": title })).await.expect_status(201).json();
        assert_eq!(case["title"], title);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_name_with_what_nobody_sees_is_refused_and_a_long_text_may_have_it() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let things = one_of_each(&app, "alder").await;
    let members = [
        (
            format!("/api/cases/{}", things.case),
            &["title", "number", "judge", "docketNumber"][..],
            "description",
        ),
        (format!("/api/parties/{}", things.party), &["name", "kind"], "extraInfo"),
        (format!("/api/clients/{}", things.client), &["name"], "notes"),
        (format!("/api/users/{}", things.user), &["firstName", "lastName"], ""),
        (format!("/api/docket/{}", things.entry), &["number"], "text"),
        (format!("/api/documents/{}", things.document), &["title", "custodian", "kind"], "description"),
    ];
    let unseen =
        ["\u{200b}", "\u{200f}", "\u{202a}", "\u{202e}", "\u{2060}", "\u{2064}", "\u{2066}", "\u{feff}"];
    for (path, names, long) in &members {
        for (name, letter) in names.iter().zip(unseen.iter().cycle()) {
            let refused = admin.patch(path, &json!({ *name: format!("Al{letter}der") })).await;
            let problem = refused.expect_problem(400, "validation_failed");
            assert_eq!(problem["errors"][0]["field"], *name, "{path}: {problem}");
        }
        if !long.is_empty() {
            let text = unseen.concat() + "Alder";
            let kept = admin.patch(path, &json!({ *long: text })).await.expect_status(200).json();
            assert_eq!(kept[*long], text, "{path}");
        }
    }
    for letter in unseen {
        let refused = admin.post("/api/clients", &json!({ "name": format!("{letter}Alder") })).await;
        assert_eq!(refused.expect_problem(400, "validation_failed")["errors"][0]["field"], "name");
    }
    let counsel = json!({ "attorneys": [{ "name": "Ann" }, { "name": "B\u{202e}o" }] });
    let refused = admin.patch(&members[1].0, &counsel).await.expect_problem(400, "validation_failed");
    assert_eq!(refused["errors"][0]["field"], "attorneys[1].name");
    let form = Form::new().text("title", "L\u{200b}ease").file("a.txt", "text/plain", b"words");
    let refused = form.post(admin, "/api/documents").await.expect_problem(400, "validation_failed");
    assert_eq!(refused["errors"][0]["field"], "title");
    app.finish().await;
}

/// The members that a refusal names, in order.
fn fields(problem: &Value) -> Vec<&str> {
    let mut fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    fields
}

#[tokio::test]
async fn broken_rules_are_told_with_all_other_faults_and_alone_in_their_own_words() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let admin = app.admin();
    let user = json!({ "email": "ann@first.example.com", "firstName": "Ann", "lastName": "Alder",
        "role": "clerk", "password": PASSWORD });
    let with = |base: &Value, changes: Value| {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    let weak = with(&user, json!({ "password": "password1234" }));
    assert_eq!(
        fields(&admin.post("/api/users", &weak).await.expect_problem(422, "weak_password")),
        ["password"]
    );
    for (changes, expected) in [
        (json!({ "firstName": "" }), &["firstName", "password"][..]),
        (json!({ "firstName": 7, "lastName": " " }), &["firstName", "lastName", "password"]),
        // Two rules, and nothing else.
        (json!({ "lastName": " " }), &["lastName", "password"]),
        (json!({ "password": 7, "firstName": "" }), &["firstName", "password"]),
    ] {
        let refused = admin.post("/api/users", &with(&weak, changes)).await;
        assert_eq!(fields(&refused.expect_problem(400, "validation_failed")), expected);
    }
    let change = json!({ "currentPassword": "", "newPassword": "short" });
    let refused = admin.post("/api/auth/change-password", &change).await;
    assert_eq!(fields(&refused.expect_problem(400, "validation_failed")), ["currentPassword", "newPassword"]);
    let document = format!("/api/documents/{}", things.document);
    let range = json!({ "batesEnd": "MER000124" });
    admin.patch(&document, &range).await.expect_problem(422, "rule_refused");
    for (changes, expected) in [
        (json!({ "title": 7, "tags": "signed" }), &["batesEnd", "tags", "title"][..]),
        // Of a first number that cannot be read nothing follows.
        (json!({ "batesBegin": 7 }), &["batesBegin"]),
    ] {
        let refused = admin.patch(&document, &with(&range, changes)).await;
        assert_eq!(fields(&refused.expect_problem(400, "validation_failed")), expected);
    }
    let form =
        Form::new().text("batesEnd", "MER000124").text("caseId", "17").file("a.txt", "text/plain", b"a");
    let refused = form.post(admin, "/api/documents").await.expect_problem(400, "validation_failed");
    assert_eq!(fields(&refused), ["batesEnd", "caseId"]);
    let entry = format!("/api/docket/{}", things.entry);
    let moved = json!({ "caseId": e2e::absent() });
    admin.patch(&entry, &moved).await.expect_problem(422, "rule_refused");
    let refused = admin.patch(&entry, &with(&moved, json!({ "sealed": "yes" }))).await;
    assert_eq!(fields(&refused.expect_problem(400, "validation_failed")), ["caseId", "sealed"]);
    app.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn a_malformed_id_is_refused_by_every_route() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    for route in routes(&app).iter().filter(|route| route.has_id()) {
        let path =
            route.filled(|name| if e2e::is_id(name) { "not-an-id".to_owned() } else { "1".to_owned() });
        let body = route.body(&things).map(|body| body.to_string()).unwrap_or_default();
        let headers = [("content-type", "application/json")];
        let answer = app.admin().send(route.method.clone(), &path, &headers, body.into()).await;
        answer.expect_problem(400, "malformed_id");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_method_or_path_is_told() {
    let app = TestApp::start().await;
    let answer = app.admin().send(Method::DELETE, "/api/cases", &[], bytes::Bytes::new()).await;
    answer.expect_problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("GET"), "{:?}", answer.headers);
    app.admin().get("/api/nothing/here").await.expect_problem(404, "not_found");
    app.admin().get("/elsewhere").await.expect_problem(404, "not_found");
    app.finish().await;
}

#[tokio::test]
async fn a_sane_correlation_id_comes_back_and_another_is_replaced() {
    let app = TestApp::start().await;
    let send = async |id: &str| {
        let headers = [("x-correlation-id", id)];
        app.admin().send(Method::GET, "/api/cases/17", &headers, bytes::Bytes::new()).await
    };
    let answer = send("order-17").await;
    assert_eq!(answer.header("x-correlation-id"), "order-17");
    assert_eq!(answer.expect_problem(400, "malformed_id")["correlationId"], "order-17");
    let answer = send(&"x".repeat(500)).await;
    let made = answer.header("x-correlation-id");
    assert!(!made.is_empty() && made.len() < 200, "{made}");
    assert_ne!(
        send("has a space and \"quotes\"").await.header("x-correlation-id"),
        "has a space and \"quotes\""
    );
    app.finish().await;
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let app = TestApp::start().await;
    let mut connection = RawConnection::open(app.admin().address()).await;
    let head = head_of("GET", "/api/version", None);
    connection.send(format!("{head}x-much: {}\r\n\r\n", "a".repeat(64 << 10))).await;
    let (status, _) = connection.answer().await;
    assert_eq!(status, 431);
    app.finish().await;
}
