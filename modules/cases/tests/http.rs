//! The paths, through the router: shapes, entity tags, merge patches, aliases.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::{Gate, Routes};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use support::World;
use tower::ServiceExt as _;

struct Server(axum::Router);

struct Answer {
    status: u16,
    etag: String,
    location: String,
    body: Value,
}

impl Server {
    async fn new() -> (World, Self) {
        let world = World::new().await;
        let (router, _) = Routes::new().merge(cases::routes()).into_parts(world.app.clone());
        (world, Self(router))
    }

    async fn send(&self, method: &str, path: &str, if_match: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer 1")
            .header("content-type", "application/json");
        if let Some(tag) = if_match {
            request = request.header("if-match", tag);
        }
        let body = axum::body::Body::from(body.map(|body| body.to_string()).unwrap_or_default());
        let response = self.0.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (status, etag, location) = (response.status().as_u16(), header("etag"), header("location"));
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, etag, location, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, None, Some(body)).await
    }
}

#[tokio::test]
async fn a_case_is_opened_shown_patched_and_removed() {
    let (_world, server) = Server::new().await;
    let opened = server.post("/api/cases", json!({"title": "Meridian v. Harbor", "judge": "A. Clark"})).await;
    assert_eq!((opened.status, opened.etag.as_str()), (201, "\"v1\""), "{}", opened.body);
    assert_eq!(opened.body["status"], "open");
    assert_eq!(opened.body["openedAt"], "2026-03-02T12:00:00Z");
    let path = opened.location;
    assert_eq!(path, format!("/api/cases/{}", opened.body["id"].as_str().unwrap()));
    assert_eq!(server.get(&path).await.body, opened.body);
    let patch = json!({"judge": null, "practiceArea": "Admiralty"});
    let patched = server.send("PATCH", &path, Some("\"v1\""), Some(patch.clone())).await;
    assert_eq!((patched.status, patched.etag.as_str()), (200, "\"v2\""), "{}", patched.body);
    assert_eq!((&patched.body["judge"], &patched.body["practiceArea"]), (&Value::Null, &json!("Admiralty")));
    assert_eq!(patched.body["title"], "Meridian v. Harbor");
    assert_eq!(server.send("PUT", &path, Some("\"v1\""), Some(patch)).await.status, 412);
    let closed = server.send("POST", &format!("{path}/close"), None, None).await;
    assert_eq!((closed.status, &closed.body["status"]), (200, &json!("closed")));
    assert_eq!(server.send("POST", &format!("{path}/hold"), None, None).await.status, 409);
    assert_eq!(server.send("POST", &format!("{path}/archive"), None, None).await.status, 200);
    assert_eq!(server.get("/api/cases/archived").await.body["total"], 1);
    assert_eq!(server.send("DELETE", &path, None, None).await.status, 204);
    assert_eq!(server.get(&path).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_all_its_faults() {
    let (_world, server) = Server::new().await;
    let wrong =
        json!({"title": " ", "court": "Not A Court", "colour": "red", "filedOn": "yesterday", "extra": [1]});
    let refused = server.post("/api/cases", wrong).await;
    assert_eq!(refused.status, 400);
    let fields: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
    for field in ["title", "court", "colour", "filedOn", "extra"] {
        assert!(fields.contains(&&json!(field)), "{field}: {}", refused.body);
    }
    let id = "0192e4a0-7c1e-7b3a-9f00-5a1d2c3b4e5f";
    let unknown = server.post("/api/cases", json!({"title": "x", "clientId": id})).await;
    assert_eq!((unknown.status, &unknown.body["code"]), (400, &json!("case_client_unknown")));
    let unknown = server.post("/api/cases", json!({"title": "x", "leadUserId": id})).await;
    assert_eq!((unknown.status, &unknown.body["code"]), (400, &json!("case_lead_unknown")));
    assert_eq!(unknown.body["errors"][0]["field"], "leadUserId");
    for (path, status) in [
        (format!("/api/cases/{id}"), 404),
        ("/api/cases/17".to_owned(), 400),
        (format!("/api/cases/{id}/parties"), 404),
        (format!("/api/parties/{id}"), 404),
        ("/api/cases?sort=colour".to_owned(), 400),
        ("/api/cases?limit=1001".to_owned(), 400),
        ("/api/cases?colour=red".to_owned(), 400),
        ("/api/cases?cursor=x".to_owned(), 400),
        ("/api/cases?status=lost".to_owned(), 400),
        ("/api/cases?page=1000000000&limit=1000".to_owned(), 200),
    ] {
        assert_eq!(server.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_list_is_read_by_pages_and_by_cursor() {
    let (_world, server) = Server::new().await;
    for title in ["c", "a", "b"] {
        assert_eq!(server.post("/api/matters", json!({"title": title})).await.status, 201);
    }
    let page = server.get("/api/cases?sortBy=title&order=asc&limit=2").await.body;
    assert_eq!(
        (&page["total"], &page["totalPages"], &page["nextCursor"]),
        (&json!(3), &json!(2), &Value::Null)
    );
    assert_eq!((&page["data"][0]["title"], &page["data"][1]["title"]), (&json!("a"), &json!("b")));
    let first = server.get("/api/cases?limit=2").await.body;
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("/api/cases?limit=2&cursor={cursor}")).await.body;
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["nextCursor"]), (1, &Value::Null));
    assert_eq!(server.get("/api/cases/stats").await.body["byStatus"]["open"], 3);
}

#[tokio::test]
async fn parties_come_with_their_counsel() {
    let (_world, server) = Server::new().await;
    let case = server.post("/api/cases", json!({"title": "With parties"})).await.body["id"].clone();
    let counsel = json!([{"name": "Dana Whitlock", "roles": ["LEAD ATTORNEY"]}]);
    let new = json!({"caseId": case, "name": "Harbor Co. f/k/a Port Co.", "type": "Defendant", "attorneys": counsel});
    let added = server.post("/api/parties", new).await;
    assert_eq!((added.status, &added.body["kind"]), (201, &json!("Defendant")), "{}", added.body);
    assert_eq!(added.body["aliases"], json!([{"kind": "formerly_known_as", "name": "Port Co."}]));
    let case = case.as_str().unwrap();
    let second = json!({"name": "Second", "kind": "Plaintiff"});
    assert_eq!(server.post(&format!("/api/cases/{case}/parties"), second).await.status, 201);
    for path in
        [format!("/api/cases/{case}/parties"), format!("/api/parties/case/{case}"), "/api/parties".to_owned()]
    {
        let list = server.get(&path).await.body;
        assert_eq!((&list["total"], &list["data"][0]), (&json!(2), &added.body), "{path}");
    }
    let mut counsel = added.body["attorneys"].clone();
    counsel.as_array_mut().unwrap().push(json!({"name": "Kim Vale"}));
    let patch = json!({"attorneys": counsel, "type": "Debtor"});
    let patched = server.send("PATCH", &added.location, Some("\"v1\""), Some(patch)).await;
    assert_eq!((patched.status, &patched.body["kind"]), (200, &json!("Debtor")), "{}", patched.body);
    assert_eq!(patched.body["attorneys"][0], added.body["attorneys"][0]);
    assert!(patched.body["attorneys"][1]["id"].is_string());
    let bad = server
        .post("/api/parties", json!({"caseId": case, "name": "", "kind": "x", "attorneys": [{"id": case}]}))
        .await;
    assert_eq!(bad.status, 400);
    assert_eq!(server.send("DELETE", &added.location, Some("\"v2\""), None).await.status, 204);
}

#[tokio::test]
async fn every_route_is_described_and_gated() {
    let (world, _) = Server::new().await;
    let routes = cases::routes();
    assert!(routes.declared().iter().all(|route| matches!(route.gate, Gate::May(_) | Gate::MayOnCase(_))));
    let count = routes.declared().len();
    let (_, openapi) = routes.into_parts(world.app);
    let described = serde_json::to_value(&openapi).unwrap();
    let operations: Vec<&Value> = described["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .collect();
    assert_eq!(operations.len(), count);
    for operation in operations {
        assert!(operation["summary"].is_string() && operation["responses"].is_object(), "{operation}");
    }
}
