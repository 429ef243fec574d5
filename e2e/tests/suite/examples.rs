//! The examples of the description: each is there, is what its schema says, and is what the server takes and answers.

use crate::conformity::faults;
use crate::openapi::{described, resolved};
use crate::schemas::Schemas;
use access::Role;
use e2e::{Route, TestApp, Things, one_of_each, routes};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

/// Bodies that are no JSON: their bytes are their own example.
const RAW: [&str; 4] = ["application/octet-stream", "multipart/form-data", "text/html", "text/plain"];
const PROBLEM: &str = "application/problem+json";

pub(crate) fn operation<'a>(document: &'a Value, route: &Route) -> &'a Value {
    &document["paths"][&route.template][route.method.as_str().to_ascii_lowercase()]
}

pub(super) fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.template)
}

pub(super) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The bodies of an operation that must have an example: what is sent, and the answers of success.
fn bodies(operation: &Value) -> Vec<(&str, &String, &Value)> {
    let sent = members(&operation["requestBody"]["content"]).map(|(kind, content)| ("sent", kind, content));
    let successes = members(&operation["responses"]).filter(|(status, _)| status.starts_with('2'));
    let answered = successes.flat_map(|(status, answer)| {
        members(&answer["content"]).map(|(kind, content)| (status.as_str(), kind, content))
    });
    sent.chain(answered).filter(|(_, kind, _)| !RAW.contains(&kind.as_str())).collect()
}

pub(crate) fn sent_example(operation: &Value) -> Option<&Value> {
    let found = bodies(operation).into_iter().find(|(what, ..)| *what == "sent");
    found.map(|(.., content)| &content["example"])
}

fn answered_example<'a>(operation: &'a Value, answer: &Answer) -> &'a Value {
    &operation["responses"][answer.status.as_str()]["content"]["application/json"]["example"]
}

/// The problems of an operation: their statuses, and the examples that stand among the components.
fn problems<'a>(document: &'a Value, operation: &'a Value) -> Vec<(&'a str, Vec<&'a Value>)> {
    let answers =
        members(&operation["responses"]).map(|(status, answer)| (status, resolved(document, answer)));
    let with_content = answers.filter(|(_, answer)| answer["content"][PROBLEM].is_object());
    let all = with_content.map(|(status, answer)| {
        let examples = members(&answer["content"][PROBLEM]["examples"]);
        (status.as_str(), examples.map(|(_, example)| &resolved(document, example)["value"]).collect())
    });
    all.collect()
}

#[tokio::test]
async fn every_body_has_an_example_that_is_what_its_schema_says() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let schemas = Schemas::of(&document);
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for route in routes(&app) {
        for (what, kind, content) in bodies(operation(&document, &route)) {
            let place = format!("{} {what} {kind}", name(&route));
            if content["example"].is_null() {
                wrong.push(format!("{place}: no example"));
            }
            wrong.extend(faults(&document, &content["schema"], &content["example"], &place));
            wrong.extend(schemas.faults(&content["schema"], &content["example"], &place));
            checked += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked >= 90, "only {checked} bodies");
    app.finish().await;
}

#[tokio::test]
async fn every_operation_has_an_example_and_so_has_each_of_its_problems() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let schemas = Schemas::of(&document);
    let problem = json!({ "$ref": "#/components/schemas/ProblemBody" });
    let mut wrong = Vec::new();
    for route in routes(&app) {
        let operation = operation(&document, &route);
        let problems = problems(&document, operation);
        for (status, examples) in &problems {
            let place = format!("{} {status}", name(&route));
            let answer = resolved(&document, &operation["responses"][*status]);
            assert_eq!(answer["content"][PROBLEM]["schema"], problem, "{place}");
            if examples.is_empty() {
                wrong.push(format!("{place}: no example"));
            }
            for example in examples {
                wrong.extend(faults(&document, &problem, example, &place));
                wrong.extend(schemas.faults(&problem, example, &place));
                let codes = lexiflow::router::codes();
                let code = codes.iter().find(|code| example["code"] == code.name).unwrap();
                assert_eq!(
                    (code.status.to_string().as_str(), &json!(code.title)),
                    (*status, &example["title"]),
                    "{place}"
                );
            }
        }
        let raw = members(&operation["responses"]["200"]["content"])
            .any(|(_, content)| !content["example"].is_null());
        if bodies(operation).is_empty() && problems.is_empty() && !raw {
            wrong.push(format!("{}: no example at all", name(&route)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    app.finish().await;
}

#[tokio::test]
async fn an_example_that_is_wrong_is_found() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let schema = json!({ "$ref": "#/components/schemas/Party" });
    let right = &document["components"]["schemas"]["Party"]["example"];
    assert_eq!(faults(&document, &schema, right, "party"), Vec::<String>::new());
    for (member, value) in [
        ("colour", json!("blue")),
        ("version", json!("1")),
        ("name", Value::Null),
        ("id", json!("7d1c4f0a-58b2-4e39-9a6d-0c3f8e21b745")),
        ("createdAt", json!("2026-03-02 12:00:15")),
        ("terminatedOn", json!("2026-02-30")),
        ("aliases", json!([{ "kind": "nickname", "name": "Harbor" }])),
        ("attorneys", json!([{ "surname": "Whitlock" }])),
    ] {
        let mut wrong = right.clone();
        wrong[member] = value;
        assert_eq!(faults(&document, &schema, &wrong, "party").len(), 1, "{member}");
        assert_eq!(
            differences(right, &wrong, "party").is_empty(),
            !["colour", "version", "attorneys"].contains(&member)
        );
    }
    let mut short = right.clone();
    short.as_object_mut().unwrap().remove("kind");
    assert_eq!(faults(&document, &schema, &short, "party"), ["party.kind is missing"]);
    app.finish().await;
}

/// An example with real ids in the place of its own, and with what must be unique in the firm made so.
pub(crate) fn real(document: &Value, example: &Value, things: &Things, number: usize) -> Value {
    let ids = [
        ("CaseId", &things.case),
        ("ClientId", &things.client),
        ("UserId", &things.user),
        ("PartyId", &things.party),
    ];
    let mut text = example.to_string();
    for (kind, id) in ids {
        let own = document["components"]["schemas"][kind]["example"].as_str().unwrap();
        text = text.replace(own, id);
    }
    text = text
        .replace("3:26-cv-00350", &format!("3:26-cv-{number:05}"))
        .replace("ada.", &format!("ada{number}."))
        .replace("wall_keeper", &format!("wall_keeper_{number}"))
        .replace("Litigation", &format!("Litigation {number}"));
    serde_json::from_str(&text).unwrap()
}

/// Where the shapes of two values differ: their members and types, `null` and an empty list being like anything.
fn differences(example: &Value, answer: &Value, place: &str) -> Vec<String> {
    // What these hold has no fixed members, or is not there on every machine.
    if [".extra", ".metadata", ".details", ".cgroup", ".pressure", ".changes"]
        .iter()
        .any(|free| place.ends_with(free))
    {
        return Vec::new();
    }
    match (example, answer) {
        (Value::Object(shown), Value::Object(real)) => {
            let names = shown.keys().chain(real.keys().filter(|name| !shown.contains_key(*name)));
            let each = names.flat_map(|name| match (shown.get(name), real.get(name)) {
                (Some(shown), Some(real)) => differences(shown, real, &format!("{place}.{name}")),
                (None, _) => differences(&json!("not shown"), &Value::Bool(true), &format!("{place}.{name}")),
                (_, None) => {
                    differences(&json!("not answered"), &Value::Bool(true), &format!("{place}.{name}"))
                }
            });
            each.collect()
        }
        (Value::Array(shown), Value::Array(real)) => match (shown.first(), real.first()) {
            (Some(shown), Some(real)) => differences(shown, real, &format!("{place}[0]")),
            _ => Vec::new(),
        },
        (Value::Null, _) | (_, Value::Null) => Vec::new(),
        _ if std::mem::discriminant(example) == std::mem::discriminant(answer) => Vec::new(),
        _ => vec![format!("{place}: {example}, and in truth {answer}")],
    }
}

#[tokio::test]
async fn what_is_shown_to_send_is_taken_and_answered_as_shown() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let schemas = Schemas::of(&document);
    let things = one_of_each(&app, "alder").await;
    let (mut wrong, mut sent) = (Vec::new(), 0);
    for (number, route) in routes(&app).into_iter().enumerate() {
        let operation = operation(&document, &route);
        let Some(example) = sent_example(operation) else { continue };
        // Signing in and approvals have tests of their own: their examples follow upon one another.
        if route.template.starts_with("/api/auth/") || route.template.starts_with("/api/approvals") {
            continue;
        }
        if ["/api/delegations", "/api/cases/{id}/team/{userId}"].contains(&route.template.as_str()) {
            // The user was deactivated on the way, and nobody lends to who is gone, or works with them.
            let back = format!("/api/users/{}/activate", things.user);
            drop(app.admin().post(&back, &json!({})).await.expect_status(200));
        }
        let body = real(&document, example, &things, number);
        let headers = [("content-type", "application/json")];
        let path = route.path_of(&things);
        let answer = app.admin().send(route.method.clone(), &path, &headers, body.to_string().into()).await;
        let place = name(&route);
        assert!(answer.status.is_success(), "{place}: {} {}", answer.status, answer.text());
        let (shown, found) = (answered_example(operation, &answer), answer.json());
        let content = &operation["responses"][answer.status.as_str()]["content"]["application/json"];
        wrong.extend(schemas.faults(&content["schema"], &found, &place));
        wrong.extend(differences(shown, &found, &place));
        // Read from what was sent, so that both must say the same.
        assert_eq!(shown["aliases"], found["aliases"], "{place}");
        for (member, value) in members(&body).filter(|(member, _)| found.get(member.as_str()).is_some()) {
            // Counsel gets an id.
            if member != "attorneys" && found[member] != *value {
                wrong.push(format!("{place}.{member}: {value} became {}", found[member]));
            }
            if member != "attorneys" && shown[member] != example[member] {
                wrong.push(format!("{place}.{member}: {} is shown for {}", shown[member], example[member]));
            }
        }
        sent += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(sent >= 20, "only {sent} bodies");
    app.finish().await;
}

#[tokio::test]
async fn what_is_shown_of_signing_in_can_be_done_in_its_order() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let example = |path: &str| sent_example(&document["paths"][path]["post"]).unwrap().clone();
    drop(app.admin().post("/api/users", &example("/api/users")).await.expect_status(201));
    let anonymous = app.anonymous();
    let login = anonymous.post("/api/auth/login", &example("/api/auth/login")).await.expect_status(200);
    let shown = answered_example(&document["paths"]["/api/auth/login"]["post"], &login);
    assert_eq!(differences(shown, &login.json(), "login"), Vec::<String>::new());
    let mut refresh = example("/api/auth/refresh");
    refresh["refreshToken"] = login.json()["refreshToken"].clone();
    let pair = anonymous.post("/api/auth/refresh", &refresh).await.expect_status(200).json();
    let user = anonymous.with_token(pair["accessToken"].as_str().unwrap());
    drop(
        user.post("/api/auth/change-password", &example("/api/auth/change-password"))
            .await
            .expect_status(204),
    );
    app.finish().await;
}

#[tokio::test]
async fn what_is_shown_of_approvals_can_be_done_in_its_order() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let (clerk, id) = crate::walls::person(&app, Role::Clerk).await;
    let grant = json!({ "permission": "documents:delete", "effect": "allow", "reason": "A reason",
        "approvalBy": "partner" });
    drop(app.admin().post(&format!("/api/users/{id}/permissions"), &grant).await.expect_status(201));
    let mut wrong = Vec::new();
    let mut send = async |client: &Client, path: &str, shown: &str| {
        let operation = &document["paths"][shown]["post"];
        let answer = client.post(path, sent_example(operation).unwrap()).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        let mut example = answered_example(operation, &answer).clone();
        let found = answer.json();
        // What nobody has answered has no answer.
        for member in
            ["answeredBy", "answeredAt", "answerReason"].into_iter().filter(|name| found[*name].is_null())
        {
            example[member] = Value::Null;
        }
        wrong.extend(differences(&example, &found, shown));
        found["id"].as_str().unwrap().to_owned()
    };
    for answer in ["decline", "approve"] {
        let asked = send(&clerk, "/api/approvals", "/api/approvals").await;
        let path = format!("/api/approvals/{asked}/{answer}");
        send(app.admin(), &path, &format!("/api/approvals/{{id}}/{answer}")).await;
    }
    assert_eq!(wrong, Vec::<String>::new());
    app.finish().await;
}

#[tokio::test]
async fn what_is_shown_of_an_answer_is_what_is_answered() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let things = one_of_each(&app, "motion").await;
    app.settle().await;
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for route in routes(&app).into_iter().filter(|route| route.method == Method::GET) {
        let operation = operation(&document, &route);
        if bodies(operation).is_empty() {
            continue;
        }
        let query = match route.template.as_str() {
            // Without it, the answer is pprof's.
            "/api/monitoring/memory/profile" => "?format=inventory",
            // A line for each object, which is shown as the text that it is.
            // And nobody has asked for a verification.
            "/api/audit-logs/export" | "/api/audit-logs/verifications/{id}" => continue,
            search if search.starts_with("/api/search") => "?query=motion",
            _ => "",
        };
        let path = format!("{}{query}", route.path_of(&things));
        let mut answer = app.admin().get(&path).await;
        // Only one profile is taken at once in a process, which all tests of this program share.
        while answer.status == 409 && answer.json()["code"] == "profile_in_progress" {
            answer = app.admin().get(&path).await;
        }
        let answer = answer.expect_status(200);
        wrong.extend(differences(answered_example(operation, &answer), &answer.json(), &name(&route)));
        seen += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen >= 40, "only {seen} answers");
    app.finish().await;
}

#[tokio::test]
async fn roles_are_shown_with_what_they_may_do() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let mut shown = 0;
    let mut values = vec![&document];
    while let Some(value) = values.pop() {
        let role =
            value["role"].as_str().or(value["name"].as_str()).and_then(|role| role.parse::<Role>().ok());
        if let (Some(role), Some(permissions)) = (role, value["permissions"].as_array()) {
            assert_eq!(*permissions, role.permissions().map(Value::from).collect::<Vec<_>>(), "{role}");
            shown += 1;
        }
        match value {
            Value::Object(members) => values.extend(members.values()),
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
    assert!(shown >= 5, "only {shown}");
    app.finish().await;
}

/// The codes that are shown of a status; nothing when the operation does not have it.
fn codes_of(document: &Value, route: &Route, answer: &Answer) -> Option<Vec<Value>> {
    let all = problems(document, operation(document, route));
    let (_, examples) = all.into_iter().find(|(status, _)| answer.status.as_str() == *status)?;
    Some(examples.iter().map(|example| example["code"].clone()).collect())
}

async fn call(client: &Client, route: &Route, things: &Things) -> Answer {
    let body = route.body(things).map(|body| body.to_string()).unwrap_or_default();
    client
        .send(
            route.method.clone(),
            &route.absent_path(),
            &[("content-type", "application/json")],
            body.into(),
        )
        .await
}

#[tokio::test]
async fn strangers_outsiders_and_seekers_are_refused_as_shown() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let things = one_of_each(&app, "alder").await;
    let callers = [(app.anonymous(), 401), (app.user(Role::Client).await, 403), (app.admin().clone(), 404)];
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for route in routes(&app).iter().filter(|route| !route.template.starts_with("/api/auth/")) {
        for (caller, status) in &callers {
            let answer = call(caller, route, &things).await;
            if answer.status != *status {
                continue;
            }
            refused += 1;
            let shown = codes_of(&document, route, &answer);
            if shown.as_ref().is_none_or(|codes| !codes.contains(&answer.json()["code"])) {
                wrong.push(format!(
                    "{}: {} is shown, and in truth {}",
                    name(route),
                    json!(shown),
                    answer.text()
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(refused >= 150, "only {refused}");
    app.finish().await;
}
