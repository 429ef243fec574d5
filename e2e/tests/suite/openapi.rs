//! The description of the interface, and the pages that show it without a network.

use access::Gate;
use e2e::{TestApp, routes};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) async fn described(app: &TestApp) -> Value {
    let answer = app.anonymous().get("/api/openapi.json").await.expect_status(200);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

/// Follows a reference within the document.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let found = document.pointer(reference.trim_start_matches('#'));
            found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

#[tokio::test]
async fn every_route_is_described_with_its_answers_and_its_body() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let (mut lacking, mut ids) = (Vec::new(), BTreeSet::new());
    for route in routes(&app) {
        let name = format!("{} {}", route.method, route.template);
        let operation = &document["paths"][&route.template][route.method.as_str().to_ascii_lowercase()];
        let mut require = |met: bool, what: &str| {
            if !met {
                lacking.push(format!("{name}: {what}"));
            }
        };
        require(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "no summary");
        require(
            operation["operationId"].as_str().is_some_and(|id| ids.insert(id.to_owned())),
            "no operationId of its own",
        );
        require(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "no tag");
        let answers = operation["responses"].as_object().cloned().unwrap_or_default();
        let is_success = |status: &String| status.starts_with('2') || status == "302";
        require(answers.keys().any(is_success), "no answer of success");
        require(
            answers.values().all(|one| {
                resolved(&document, one)["description"].as_str().is_some_and(|text| !text.is_empty())
            }),
            "no words",
        );
        for (status, answer) in &answers {
            let answer = resolved(&document, answer);
            let empty = ["204", "302", "304"].contains(&status.as_str());
            require(empty || answer["content"].is_object(), &format!("nothing about the body of {status}"));
        }
        let wants_body =
            ["POST", "PUT", "PATCH"].contains(&route.method.as_str()) && route.body(&nothing()).is_some();
        let kinds = operation["requestBody"]["content"].as_object().cloned().unwrap_or_default();
        require(kinds.values().all(|kind| kind["schema"].is_object()), "a body without a schema");
        // Verbs such as `close` and `logout` have none.
        require(!wants_body || !kinds.is_empty() || is_whole(&route.template), "no body");
        for parameter in
            route.template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let there = parameters.iter().any(|one| one["name"] == parameter && one["in"] == "path");
            require(there, &format!("the parameter {parameter} is not described"));
        }
    }
    assert_eq!(lacking, Vec::<String>::new());
    app.finish().await;
}

/// Whether the path says all that there is to say.
fn is_whole(template: &str) -> bool {
    template.contains("/members/") || template.rsplit('/').next().is_some_and(is_verb)
}

fn is_verb(name: &str) -> bool {
    const MATTERS: [&str; 7] = ["close", "reopen", "hold", "archive", "logout", "restore", "verify"];
    const MEMORY: [&str; 6] = ["purge", "gc", "profile", "check", "snapshot", "clear-history"];
    const PEOPLE: [&str; 3] = ["resend", "activate", "options"];
    MATTERS.contains(&name) || MEMORY.contains(&name) || PEOPLE.contains(&name)
}

fn nothing() -> e2e::Things {
    let id = e2e::absent;
    e2e::Things {
        case: id(),
        party: id(),
        client: id(),
        entry: id(),
        time: id(),
        document: id(),
        version: id(),
        user: id(),
        session: id(),
        firm: id(),
        wall: id(),
        grant: id(),
        key: id(),
        invitation: id(),
        team: id(),
        delegation: id(),
        approval: id(),
        role: id(),
    }
}

#[tokio::test]
async fn routes_that_are_guarded_say_that_they_may_refuse() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let mut silent = Vec::new();
    for route in routes(&app) {
        let operation = &document["paths"][&route.template][route.method.as_str().to_ascii_lowercase()];
        let expected: &[&str] = match route.gate {
            Gate::Public => &[],
            Gate::SignedIn | Gate::May(_) | Gate::MayOnCase(_) => &["401", "403"],
        };
        let answers = &operation["responses"];
        let missing = expected.iter().filter(|status| answers[**status].is_null());
        silent.extend(missing.map(|status| format!("{} {}: {status}", route.method, route.template)));
    }
    assert_eq!(silent, Vec::<String>::new());
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_described_that_is_not_there_and_every_reference_leads_somewhere() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let declared: BTreeSet<(String, String)> = routes(&app)
        .iter()
        .map(|route| (route.template.clone(), route.method.as_str().to_ascii_lowercase()))
        .collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in
            item.as_object().unwrap().keys().filter(|key| !["parameters", "summary"].contains(&key.as_str()))
        {
            assert!(declared.contains(&(path.clone(), method.clone())), "{method} {path} is not a route");
        }
    }
    let mut values = vec![&document];
    while let Some(value) = values.pop() {
        resolved(&document, value);
        match value {
            Value::Object(members) => values.extend(members.values()),
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn the_page_and_all_it_needs_come_from_this_server() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    let moved = anonymous.get("/api/docs").await;
    assert!(moved.status.is_redirection());
    let page = anonymous.get(moved.header("location")).await.expect_status(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let page = page.text();
    let mut texts = vec![page.clone()];
    let pieces = page
        .split(['"', '\''])
        .filter(|piece| [".js", ".css", ".png"].iter().any(|end| piece.ends_with(end)));
    let mut count = 0;
    for piece in pieces {
        assert!(!piece.contains("//"), "{piece} lies elsewhere");
        let asset =
            anonymous.get(&format!("/api/docs/{}", piece.trim_start_matches("./"))).await.expect_status(200);
        assert!(!asset.body.is_empty(), "{piece}");
        if piece.ends_with("swagger-initializer.js") {
            texts.push(asset.text());
        }
        count += 1;
    }
    assert!(count >= 4, "{page}");
    assert!(
        texts.iter().any(|text| text.contains("/api/openapi.json")),
        "the page does not say what to show"
    );
    for text in texts {
        let elsewhere =
            text.split("http").skip(1).any(|rest| rest.starts_with("://") || rest.starts_with("s://"));
        assert!(!elsewhere, "{text}");
    }
    anonymous.get("/api/docs/nothing.js").await.expect_problem(404, "not_found");
    anonymous.get("/api/docs/..%2f..%2fCargo.toml").await.expect_problem(404, "not_found");
    app.finish().await;
}

#[tokio::test]
async fn every_code_has_a_page() {
    let app = TestApp::start().await;
    let mut names = BTreeSet::new();
    let mut lacking = Vec::new();
    for code in lexiflow::router::codes() {
        assert!(names.insert(code.name), "{} is declared twice", code.name);
        let page = app.anonymous().get(&format!("/api/docs/errors/{}", code.name)).await;
        if page.status == 200 {
            assert!(page.header("content-type").starts_with("text/html"));
            assert!(page.text().contains(code.name));
        } else {
            lacking.push(code.name);
        }
    }
    assert_eq!(lacking, Vec::<&str>::new());
    let orphans: Vec<&str> =
        lexiflow::router::PAGES.iter().map(|(name, _)| *name).filter(|name| !names.contains(name)).collect();
    assert_eq!(orphans, Vec::<&str>::new(), "pages of codes that no answer has");
    app.anonymous().get("/api/docs/errors/nothing").await.expect_problem(404, "not_found");
    app.finish().await;
}
