use crate::support::Server;
use lexiflow::router::{PAGES, codes};
use std::collections::BTreeSet;

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let codes: BTreeSet<&str> = codes().iter().map(|code| code.name).collect();
    let pages: BTreeSet<&str> = PAGES.iter().map(|(name, _)| *name).collect();
    let missing: Vec<_> = codes.difference(&pages).collect();
    let superfluous: Vec<_> = pages.difference(&codes).collect();
    assert!(missing.is_empty(), "write docs/errors/<code>.md for {missing:?}");
    assert!(superfluous.is_empty(), "remove docs/errors/<code>.md of {superfluous:?}");
}

#[test]
fn a_code_stands_for_one_status_and_one_title() {
    let mut seen: std::collections::BTreeMap<&str, (u16, &str)> = std::collections::BTreeMap::new();
    for code in codes() {
        let meaning = (code.status, code.title);
        assert_eq!(*seen.entry(code.name).or_insert(meaning), meaning, "{}", code.name);
    }
}

#[tokio::test]
async fn the_pages_are_served_to_anybody() {
    let server = Server::start().await;
    for (name, _) in PAGES {
        let page = server.client.get(&format!("/api/docs/errors/{name}")).await.expect_status(200);
        assert!(page.header("content-type").starts_with("text/html"), "{name}");
        assert!(page.text().contains("<h1>"), "{name}");
    }
    server.client.get("/api/docs/errors/no_such_code").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn the_description_can_be_browsed_without_the_internet() {
    let server = Server::start().await;
    let page = server.client.get("/api/docs/").await.expect_status(200).text();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert!(page.contains(file), "{file}");
        drop(server.client.get(&format!("/api/docs/{file}")).await.expect_status(200));
    }
    let initializer = server.client.get("/api/docs/swagger-initializer.js").await.text();
    assert!(initializer.contains("/api/openapi.json"), "{initializer}");
}

#[tokio::test]
async fn each_operation_is_described() {
    let server = Server::start().await;
    let described = server.client.get("/api/openapi.json").await.expect_status(200).json();
    assert_eq!(described["openapi"], "3.1.0");
    assert_eq!(described["info"]["title"], "LexiFlow");
    assert_eq!(described["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let mut names = BTreeSet::new();
    let mut operations = 0;
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
                "{place} has no summary"
            );
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{place}: {name} stands twice");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{place} has no answers");
            operations += 1;
        }
    }
    assert!(operations > 50, "{operations}");
    let public = &described["paths"]["/api/auth/login"]["post"]["security"];
    assert_eq!(*public, serde_json::json!([]), "signing in needs no token");
    assert!(described["paths"]["/api/cases"]["get"]["security"].is_null(), "the rest needs one");
}
