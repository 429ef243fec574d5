//! What the description says of bodies, in the eyes of a JSON Schema validator: nothing is read in the server's favour.

use crate::examples::{members, name, operation};
use crate::openapi::{described, resolved};
use e2e::{TestApp, one_of_each, routes};
use http::Method;
use jsonschema::{Draft, Registry};
use serde_json::{Value, json};

const DOCUMENT: &str = "urn:lexiflow:openapi";

/// The described types.
pub(super) struct Schemas {
    registry: Registry<'static>,
}

impl Schemas {
    pub(super) fn of(document: &Value) -> Self {
        let registry = Registry::new().draft(Draft::Draft202012).add(DOCUMENT, document.clone());
        Self { registry: registry.unwrap().prepare().unwrap() }
    }

    /// Everything in which the value breaks the schema, each with its place.
    pub(super) fn faults(&self, schema: &Value, value: &Value, place: &str) -> Vec<String> {
        // References start at the document, wherever the schema itself stands.
        let schema = schema.to_string().replace("\"#/", &format!("\"{DOCUMENT}#/"));
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .should_validate_formats(true)
            .build(&serde_json::from_str(&schema).unwrap())
            .unwrap();
        validator
            .iter_errors(value)
            .map(|fault| format!("{place}{}: {fault}", fault.instance_path()))
            .collect()
    }
}

#[tokio::test]
async fn every_answer_to_a_get_is_what_its_schema_allows() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let schemas = Schemas::of(&document);
    let things = one_of_each(&app, "motion").await;
    app.settle().await;
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for route in routes(&app).into_iter().filter(|route| route.method == Method::GET) {
        let answers = &operation(&document, &route)["responses"];
        let query = match route.template.as_str() {
            "/api/monitoring/memory/profile" => "?format=inventory",
            search if search.starts_with("/api/search") => "?query=motion",
            _ => "",
        };
        // As the administrator, as somebody elsewhere who is not signed in, and of things that are not there.
        let elsewhere = [("via", "1.1 proxy")];
        let path = format!("{}{query}", route.path_of(&things));
        let absent = format!("{}{query}", route.absent_path());
        for answer in [
            app.admin().get(&path).await,
            app.anonymous().send(Method::GET, &path, &elsewhere, bytes::Bytes::new()).await,
            app.admin().get(&absent).await,
        ] {
            let place = format!("{} {}", name(&route), answer.status);
            let content = &resolved(&document, &answers[answer.status.as_str()])["content"];
            let kind = answer.header("content-type").split(';').next().unwrap_or_default().to_owned();
            if kind != "application/json" && !kind.ends_with("+json") {
                continue;
            }
            if content[&kind].is_null() {
                wrong.push(format!("{place}: {kind} is not described"));
                continue;
            }
            wrong.extend(schemas.faults(&content[&kind]["schema"], &answer.json(), &place));
            seen += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen >= 150, "only {seen} answers");
    app.finish().await;
}

#[tokio::test]
async fn what_a_schema_forbids_is_found() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let schemas = Schemas::of(&document);
    let of = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let case = members(&document["components"]["schemas"]).find(|(name, _)| *name == "Case").unwrap().1;
    let mut wrong = case["example"].clone();
    assert_eq!(schemas.faults(&of("Case"), &wrong, "case"), Vec::<String>::new());
    wrong["version"] = json!("1");
    wrong["openedAt"] = json!("2026-02-30T00:00:00Z");
    wrong.as_object_mut().unwrap().remove("id");
    assert_eq!(schemas.faults(&of("Case"), &wrong, "case").len(), 3);
    // What is sent is strict: a member that is not known is refused, as the server does.
    let sent = json!({ "title": "Alder v. Birch", "colour": "blue" });
    assert_eq!(schemas.faults(&of("CaseFields"), &sent, "case").len(), 1);
    app.finish().await;
}
