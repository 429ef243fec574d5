//! Search: everything that was entered is found, by those who may see it.

use access::Role;
use e2e::{TestApp, id_of, one_of_each, open_case, upload_text};
use serde_json::{Value, json};
use testkit::Client;

async fn find(client: &Client, query: &str) -> Value {
    client.get(&format!("/api/search?query={query}")).await.expect_status(200).json()
}

fn kinds(found: &Value) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        found["data"].as_array().unwrap().iter().map(|hit| hit["entityType"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test]
async fn one_word_finds_all_kinds_of_things_that_hold_it() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "quillfeather").await;
    app.settle().await;
    let found = find(app.admin(), "quillfeather").await;
    assert_eq!(kinds(&found), ["case", "docket", "document", "party"]);
    for hit in found["data"].as_array().unwrap() {
        assert_eq!(hit["caseId"], json!(things.case), "{hit}");
        let marked = hit["highlights"].to_string().to_lowercase();
        assert!(marked.contains("<mark>quillfeather</mark>"), "{hit}");
    }
    assert_eq!(find(app.admin(), "QUILLFEATHER").await["total"], 4);
    assert_eq!(find(app.admin(), "quillf*").await["total"], 4);
    assert_eq!(find(app.admin(), "quillfeather%20-letter").await["total"], 3);
    assert_eq!(find(app.admin(), "%22quillfeather%20letter%22").await["total"], 1);
    let only =
        app.admin().get("/api/search?query=quillfeather&entityType=party").await.expect_status(200).json();
    assert_eq!(kinds(&only), ["party"]);
    app.finish().await;
}

#[tokio::test]
async fn what_changes_or_goes_is_found_as_it_is() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let case = id_of(&open_case(admin, "Alder v. Birch").await);
    let path = format!("/api/cases/{case}");
    app.settle().await;
    assert_eq!(find(admin, "alder").await["total"], 1);
    drop(admin.patch(&path, &json!({ "title": "Cedar v. Birch" })).await.expect_status(200));
    app.settle().await;
    assert_eq!(
        (&find(admin, "alder").await["total"], &find(admin, "cedar").await["total"]),
        (&json!(0), &json!(1))
    );
    drop(admin.delete(&path).await.expect_status(204));
    app.settle().await;
    assert_eq!(find(admin, "cedar").await["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn a_hit_is_shown_only_to_those_who_may_read_its_kind() {
    let app = TestApp::start().await;
    drop(one_of_each(&app, "quillfeather").await);
    app.settle().await;
    let accountant = app.user(Role::Accountant).await;
    let found = find(&accountant, "quillfeather").await;
    assert_eq!(kinds(&found), ["case", "party"]);
    assert_eq!(found["total"], 2, "what is hidden is not counted either");
    let operator = app.user(Role::ItAdmin).await;
    operator.get("/api/search?query=quillfeather").await.expect_problem(403, "forbidden");
    app.finish().await;
}

#[tokio::test]
async fn markup_in_a_text_is_shown_as_text() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    drop(upload_text(app.admin(), &case, "note.txt", "a <b onclick=x>quillfeather</b> & more").await);
    app.settle().await;
    let found = find(app.admin(), "quillfeather").await;
    let snippet = found["data"][0]["highlights"].to_string();
    assert!(!snippet.contains("<b "), "{snippet}");
    assert!(snippet.contains("<mark>quillfeather</mark>"), "{snippet}");
    app.finish().await;
}

#[tokio::test]
async fn odd_queries_are_answered_or_refused_and_never_break() {
    let app = TestApp::start().await;
    drop(open_case(app.admin(), "Alder v. Birch").await);
    app.settle().await;
    for query in [
        "%22",
        "%22alder",
        "*",
        "-",
        "-alder",
        "OR",
        "alder%20OR",
        "(((",
        "NEAR(alder%20birch)",
        "alder%20AND%20NOT",
        "title:alder",
        "%00",
        "%27%3B--",
        "a%20b%20c%20d%20e%20f%20g%20h%20i%20j",
        "%C3%A4%C3%B6",
        "alder%5E2",
        "%F0%9F%98%80",
    ] {
        let answer = app.admin().get(&format!("/api/search?query={query}")).await;
        assert!([200, 400].contains(&answer.status.as_u16()), "{query}: {} {}", answer.status, answer.text());
    }
    app.admin().get("/api/search?query=").await.expect_status(400).json();
    app.admin().get("/api/search").await.expect_problem(400, "malformed_query");
    app.admin()
        .get(&format!("/api/search?query={}", "a".repeat(5000)))
        .await
        .expect_problem(400, "malformed_query");
    app.finish().await;
}
