//! The life of each kind of record: created, read, changed, removed, with entity tags all the way.

use e2e::{TestApp, absent, add_client, add_entry, add_party, id_of, open_case, record_time, upload_text};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

async fn conditional(client: &Client, method: Method, path: &str, tag: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("if-match", tag)];
    client.send(method, path, &headers, body.to_string().into()).await
}

/// One kind of record: its path, a change of it, the member that shows the change, and the code of its absence.
struct Kind {
    collection: &'static str,
    id: String,
    member: &'static str,
    change: &'static str,
    not_found: &'static str,
}

async fn one_of_each_kind(app: &TestApp) -> Vec<Kind> {
    let admin = app.admin();
    let case = id_of(&open_case(admin, "Alder v. Birch").await);
    let other = id_of(&open_case(admin, "Cedar v. Dogwood").await);
    let kind = |collection, thing: &Value, member, change, not_found| Kind {
        collection,
        id: id_of(thing),
        member,
        change,
        not_found,
    };
    vec![
        kind("clients", &add_client(admin, "Alder").await, "name", "Elm", "client_not_found"),
        kind("parties", &add_party(admin, &other, "Dogwood").await, "name", "Fir", "party_not_found"),
        kind("docket", &add_entry(admin, &other, "ORDER").await, "text", "NOTICE", "docket_entry_not_found"),
        kind(
            "billing/time-entries",
            &record_time(admin, &other, "Call").await,
            "description",
            "Letter",
            "time_entry_not_found",
        ),
        kind(
            "documents",
            &upload_text(admin, &other, "a.txt", "words").await,
            "title",
            "Lease",
            "document_not_found",
        ),
        Kind {
            collection: "cases",
            id: case,
            member: "title",
            change: "Oak v. Pine",
            not_found: "case_not_found",
        },
    ]
}

#[tokio::test]
async fn changes_honour_if_match_and_put_is_the_same_as_patch() {
    let app = TestApp::start().await;
    let admin = app.admin();
    for kind in one_of_each_kind(&app).await {
        let path = format!("/api/{}/{}", kind.collection, kind.id);
        let read = admin.get(&path).await.expect_status(200);
        assert_eq!(read.header("etag"), "\"v1\"", "{path}");
        let fresh =
            conditional(admin, Method::PATCH, &path, "\"v1\"", &json!({ kind.member: kind.change })).await;
        let fresh = fresh.expect_status(200);
        assert_eq!(fresh.header("etag"), "\"v2\"", "{path}");
        assert_eq!(fresh.json()[kind.member], kind.change, "{path}");

        let stale = conditional(admin, Method::PATCH, &path, "\"v1\"", &json!({ kind.member: "Lost" })).await;
        stale.expect_problem(412, "stale_version");
        let stale = conditional(admin, Method::PUT, &path, "\"v1\"", &json!({ kind.member: "Lost" })).await;
        stale.expect_problem(412, "stale_version");
        let weak =
            conditional(admin, Method::PATCH, &path, "W/\"v2\"", &json!({ kind.member: "Lost" })).await;
        weak.expect_problem(412, "stale_version");
        let nonsense = conditional(admin, Method::PATCH, &path, "v2", &json!({ kind.member: "Lost" })).await;
        nonsense.expect_problem(400, "malformed_if_match");
        assert_eq!(admin.get(&path).await.json()[kind.member], kind.change, "{path}");

        let put = conditional(admin, Method::PUT, &path, "\"v2\"", &json!({ kind.member: "Put" })).await;
        assert_eq!(put.expect_status(200).json()[kind.member], "Put", "{path}");
        let any = conditional(admin, Method::PATCH, &path, "*", &json!({ kind.member: "Any" })).await;
        assert_eq!(any.expect_status(200).header("etag"), "\"v4\"", "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn removal_honours_if_match_and_what_is_gone_is_404() {
    let app = TestApp::start().await;
    let admin = app.admin();
    for kind in one_of_each_kind(&app).await {
        let path = format!("/api/{}/{}", kind.collection, kind.id);
        let stale = conditional(admin, Method::DELETE, &path, "\"v9\"", &Value::Null).await;
        stale.expect_problem(412, "stale_version");
        let gone = conditional(admin, Method::DELETE, &path, "\"v1\"", &Value::Null).await.expect_status(204);
        assert!(gone.body.is_empty(), "{path}");
        for answer in [
            admin.get(&path).await,
            admin.patch(&path, &json!({ kind.member: kind.change })).await,
            admin.put(&path, &json!({ kind.member: kind.change })).await,
            admin.delete(&path).await,
            admin.get(&format!("/api/{}/{}", kind.collection, absent())).await,
        ] {
            answer.expect_problem(404, kind.not_found);
        }
        let malformed = admin.get(&format!("/api/{}/17", kind.collection)).await;
        malformed.expect_problem(400, "malformed_id");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_creation_says_where_the_thing_is_and_a_patch_with_null_clears() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let body = json!({ "title": "Alder v. Birch", "practiceArea": "Litigation", "court": "cand",
        "docketNumber": "3:26-cv-00350", "filedOn": "2026-02-03" });
    let created = admin.post("/api/cases", &body).await.expect_status(201);
    let case = created.json();
    let path = format!("/api/cases/{}", id_of(&case));
    assert_eq!((created.header("location"), created.header("etag")), (path.as_str(), "\"v1\""));
    let read = admin.get(created.header("location")).await.expect_status(200).json();
    assert_eq!(read, case);
    assert!(case["createdAt"].as_str().unwrap().ends_with('Z'), "{case}");
    assert!(case["number"].is_string(), "the firm's template gives a number");

    let patched = admin.patch(&path, &json!({ "practiceArea": null, "judge": "Hon. A. Fir" })).await;
    let patched = patched.expect_status(200).json();
    assert_eq!((&patched["practiceArea"], &patched["judge"]), (&Value::Null, &json!("Hon. A. Fir")));
    assert_eq!(patched["court"], "cand", "what is left out stays");
    let unchanged = admin.patch(&path, &json!({})).await.expect_status(200);
    assert_eq!(unchanged.header("etag"), "\"v2\"", "nothing was changed");
    drop(admin.patch(&path, &json!({ "title": null })).await.expect_problem(400, "validation_failed"));
    app.finish().await;
}

#[tokio::test]
async fn if_none_match_answers_304_until_the_thing_changes() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let path = format!("/api/cases/{}", id_of(&open_case(admin, "Alder v. Birch").await));
    let known = [("if-none-match", "\"v1\"")];
    let same = admin.send(Method::GET, &path, &known, bytes::Bytes::new()).await.expect_status(304);
    assert!(same.body.is_empty());
    drop(admin.patch(&path, &json!({ "judge": "Hon. A. Fir" })).await.expect_status(200));
    drop(admin.send(Method::GET, &path, &known, bytes::Bytes::new()).await.expect_status(200));
    app.finish().await;
}

#[tokio::test]
async fn conflicts_name_the_member() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let body = json!({ "title": "Alder", "number": "A-1", "court": "cand", "docketNumber": "3:26-cv-00350" });
    drop(admin.post("/api/cases", &body).await.expect_status(201));
    let number = admin.post("/api/cases", &json!({ "title": "Birch", "number": "A-1" })).await;
    assert_eq!(number.expect_problem(409, "case_number_taken")["errors"][0]["field"], "number");
    let body = json!({ "title": "Birch", "court": "cand", "docketNumber": "3:2026-cv-350" });
    let docket = admin.post("/api/cases", &body).await;
    assert_eq!(docket.expect_problem(409, "case_docket_taken")["errors"][0]["field"], "docketNumber");
    let user = json!({ "email": app.admin_email(), "firstName": "A", "lastName": "B", "role": "clerk",
        "password": e2e::PASSWORD });
    admin.post("/api/users", &user).await.expect_problem(409, "email_taken");
    app.finish().await;
}

#[tokio::test]
async fn a_case_goes_through_its_states_and_no_others() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let path = format!("/api/cases/{}", id_of(&open_case(admin, "Alder v. Birch").await));
    let step = async |verb: &str| admin.post(&format!("{path}/{verb}"), &json!({})).await;
    assert_eq!(step("hold").await.expect_status(200).json()["status"], "on_hold");
    assert_eq!(step("reopen").await.expect_status(200).json()["status"], "open");
    let closed = step("close").await.expect_status(200).json();
    assert!(closed["closedAt"].is_string());
    step("close").await.expect_problem(409, "case_status_refused");
    step("hold").await.expect_problem(409, "case_status_refused");
    assert_eq!(step("archive").await.expect_status(200).json()["status"], "archived");
    let archived = admin.get("/api/cases/archived").await.expect_status(200).json();
    assert_eq!(archived["total"], 1);
    let stats = admin.get("/api/cases/stats").await.expect_status(200).json();
    assert!(stats.to_string().contains("archived"), "{stats}");
    app.finish().await;
}

#[tokio::test]
async fn a_client_with_cases_stays() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let client = id_of(&add_client(admin, "Alder").await);
    let case = admin.post("/api/cases", &json!({ "title": "Alder v. Birch", "clientId": client })).await;
    let case = id_of(&case.expect_status(201).json());
    let path = format!("/api/clients/{client}");
    admin.delete(&path).await.expect_problem(409, "client_in_use");
    drop(admin.delete(&format!("/api/cases/{case}")).await.expect_status(204));
    drop(admin.delete(&path).await.expect_status(204));
    let unknown = admin.post("/api/cases", &json!({ "title": "Alder", "clientId": client })).await;
    assert_eq!(unknown.expect_problem(400, "case_client_unknown")["errors"][0]["field"], "clientId");
    app.finish().await;
}

#[tokio::test]
async fn counsel_belongs_to_its_party() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let case = id_of(&open_case(admin, "Alder v. Birch").await);
    let body = json!({ "name": "Birch Company", "type": "Defendant",
        "attorneys": [{ "name": "Dana Whitlock", "roles": ["LEAD ATTORNEY"] }, { "name": "Robin Vale" }] });
    let party = admin.post(&format!("/api/cases/{case}/parties"), &body).await.expect_status(201).json();
    let path = format!("/api/parties/{}", id_of(&party));
    let kept = party["attorneys"][1].clone();
    let changed = admin.patch(&path, &json!({ "attorneys": [kept, { "name": "Kim Lane" }] })).await;
    let changed = changed.expect_status(200).json();
    let names: Vec<&Value> =
        changed["attorneys"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Robin Vale", "Kim Lane"]);
    assert_eq!(changed["attorneys"][0]["id"], kept["id"], "who stays keeps the id");
    let foreign = json!({ "attorneys": [{ "id": absent(), "name": "Nobody" }] });
    admin.patch(&path, &foreign).await.expect_problem(400, "party_counsel_unknown");
    let of_case = admin.get(&format!("/api/cases/{case}/parties")).await.expect_status(200).json();
    assert_eq!(of_case, admin.get(&format!("/api/parties/case/{case}")).await.json(), "the older path");
    app.finish().await;
}

#[tokio::test]
async fn somebody_elses_time_is_not_changed() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    let paralegal = app.user(access::Role::Paralegal).await;
    let entry = id_of(&record_time(&paralegal, &case, "Read the file").await);
    let other = app.user(access::Role::Paralegal).await;
    let path = format!("/api/billing/time-entries/{entry}");
    drop(paralegal.patch(&path, &json!({ "workedSeconds": 360 })).await.expect_status(200));
    let refused = other.patch(&path, &json!({ "workedSeconds": 1 })).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(paralegal.get(&path).await.json()["workedSeconds"], 360);
    let alias = paralegal.get("/api/time-entries").await.expect_status(200).json();
    assert_eq!(alias, paralegal.get("/api/billing/time-entries").await.json());
    app.finish().await;
}

/// A title as long as it may be, of characters that take three bytes each: an index has less room for a key than that.
#[tokio::test]
async fn the_longest_title_is_kept_found_and_listed() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let long = (0..3_989_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7 % 20_000));
    let title: String = long.chain(" Zebra Ende".chars()).collect();
    let opened = open_case(admin, &title).await;
    assert_eq!(opened["title"], *title);
    let path = format!("/api/cases/{}", id_of(&opened));
    let turned: String = title.chars().rev().collect();
    drop(admin.patch(&path, &json!({ "title": turned })).await.expect_status(200));
    let listed = admin.get("/api/cases?status=open&sort=title&query=arbez").await.expect_status(200).json();
    assert_eq!(listed["total"], 1);
    drop(admin.patch(&path, &json!({ "title": title })).await.expect_status(200));
    let listed = admin.get("/api/cases?status=open&sort=title&query=zebra").await.expect_status(200).json();
    assert_eq!(listed["total"], 1, "words behind the key are found");
    app.finish().await;
}
