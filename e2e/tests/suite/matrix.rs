//! Every route against everybody who must not see what it is about, generated from the routes themselves: the walled, an
//! administrator among them, who is on the team of another case only, and another firm. What is hidden and what is not there are answered byte for byte alike.

use crate::walls::person;
use access::{Gate, Role};
use e2e::{
    Form, Route, TestApp, Things, absent, add_entry, add_party, id_of, one_of_each, open_case, put_on_team,
    raise_wall, record_time, routes, upload_text,
};
use http::Method;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use testkit::{Answer, Client};

const ROUTES: &str = include_str!("../routes.txt");
const EXCEPTIONS: &str = include_str!("../exceptions.txt");
/// It may be lowered, never raised.
const MOST_EXCEPTIONS: usize = 1;

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What each route is about.
fn kinds() -> BTreeMap<&'static str, &'static str> {
    let mut known = BTreeMap::new();
    for line in lines(ROUTES) {
        let (kind, route) = line.split_once(' ').expect("a kind and a route");
        assert!(known.insert(route.trim(), kind).is_none(), "{route} stands there twice");
    }
    known
}

fn exceptions() -> BTreeSet<&'static str> {
    let all: BTreeSet<_> = lines(EXCEPTIONS).collect();
    assert!(all.len() <= MOST_EXCEPTIONS, "the list of exceptions may only become shorter: {all:?}");
    all
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.template)
}

/// The routes of a kind.
fn of_kind(app: &TestApp, kind: &str) -> Vec<Route> {
    let known = kinds();
    routes(app).into_iter().filter(|route| known.get(name(route).as_str()) == Some(&kind)).collect()
}

#[tokio::test]
async fn every_route_says_what_it_is_about() {
    let app = TestApp::start().await;
    let known = kinds();
    let mut wrong = Vec::new();
    let all = routes(&app);
    for route in &all {
        let says = match known.get(name(route).as_str()) {
            None => "not there",
            Some(&"public") if route.gate != Gate::Public => "not public",
            Some(&"thing") if !route.has_id() => "without an id",
            Some(&("names" | "new")) if route.method != Method::POST => "without a body",
            Some(&"list") if route.method != Method::GET => "no list",
            Some(&("thing" | "names" | "list" | "new"))
                if !matches!(route.gate, Gate::May(_) | Gate::MayOnCase(_)) =>
            {
                "not gated"
            }
            // A list that is no list of cases' things would show who is on one team those of all.
            Some(&("new" | "firm" | "self" | "server")) if matches!(route.gate, Gate::MayOnCase(_)) => {
                "open to who is on a team"
            }
            Some(&("thing" | "names" | "list" | "new" | "firm" | "self" | "server" | "public")) => continue,
            Some(_) => "of no known kind",
        };
        wrong.push(format!("{}: {says}", name(route)));
    }
    let there: BTreeSet<String> = all.iter().map(name).collect();
    wrong.extend(
        known.keys().filter(|route| !there.contains(**route)).map(|gone| format!("{gone}: no such route")),
    );
    wrong.extend(
        exceptions().iter().filter(|one| !there.contains(**one)).map(|gone| format!("{gone}: no such route")),
    );
    assert_eq!(wrong, Vec::<String>::new(), "see e2e/tests/routes.txt");
    app.finish().await;
}

/// Sends what the route takes; `words` are those of a file, which nobody else must send at the same time.
async fn call(client: &Client, route: &Route, path: &str, things: &Things, words: &str) -> Answer {
    let sends_file = route.method == Method::POST
        && (route.template.ends_with("/documents")
            || route.template.ends_with("/upload")
            || route.template.ends_with("/versions"));
    if sends_file && route.template.starts_with("/api/documents") {
        let mut form = Form::new();
        if !route.has_id() {
            form = form.text("caseId", &things.case);
        }
        return form.file("a.txt", "text/plain", words.as_bytes()).post(client, path).await;
    }
    let body = route.body(things).map(|body| body.to_string()).unwrap_or_default();
    client.send(route.method.clone(), path, &[("content-type", "application/json")], body.into()).await
}

/// An answer, with its headers, without what differs from request to request: ids, times, and the ids of the thing itself.
fn bare(answer: &Answer, ids: &[String]) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| {
            !["date", "x-correlation-id", "x-request-id", "server-timing", "ratelimit"]
                .contains(&name.as_str())
        })
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    for member in ["correlationId", "timestamp"] {
        body.as_object_mut().map(|members| members.remove(member));
    }
    let text = format!("{}\n{}\n{body}", answer.status, headers.join("\n"));
    ids.iter().fold(text, |text, id| text.replace(id.as_str(), "ID"))
}

/// The same things with a case that is not there.
fn without_case(things: &Things) -> Things {
    Things { case: absent(), ..things.clone() }
}

/// Who must not see the first firm's walled case.
async fn kept_out(app: &TestApp, things: &Things) -> Vec<(&'static str, Client)> {
    let mut all = Vec::new();
    let mut screened = Vec::new();
    for (what, role) in [
        ("super administrator", Role::SuperAdmin),
        ("partner", Role::Partner),
        ("associate", Role::Associate),
        ("paralegal", Role::Paralegal),
        ("intern", Role::Intern),
    ] {
        let (client, id) = person(app, role).await;
        screened.push(id);
        all.push((what, client));
    }
    let screened: Vec<&str> = screened.iter().map(String::as_str).collect();
    drop(raise_wall(app.admin(), &things.case, &screened).await);
    all.push(("member of another case", member_of_another_case(app).await));
    all.push(("other firm", app.second_firm().await));
    all
}

/// A client of the firm who may do on one case whatever can be done on a case.
async fn member_of_another_case(app: &TestApp) -> Client {
    let (client, id) = person(app, Role::Client).await;
    let case = fill(app.admin(), "Maple").await;
    drop(put_on_team(app.admin(), &case, &id, "partner").await);
    drop(client.get(&format!("/api/cases/{case}")).await.expect_status(200));
    client
}

#[tokio::test]
async fn what_is_hidden_is_answered_as_what_is_not_there() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    app.settle().await;
    let ids: Vec<String> = things.all().into_iter().chain([absent()]).collect();
    let excepted = exceptions();
    let (mut wrong, mut needed, mut asked) = (Vec::new(), BTreeSet::new(), 0);
    let (by_path, by_body) = (of_kind(&app, "thing"), of_kind(&app, "names"));
    for (who, client) in kept_out(&app, &things).await {
        for route in by_path.iter().chain(&by_body) {
            let hidden =
                call(&client, route, &route.path_of(&things), &things, &format!("hidden {asked}")).await;
            // Where an id can be chosen, each is chosen once.
            let mut missing = route.absent_path();
            if excepted.contains(name(route).as_str()) {
                missing = missing.replace(&absent(), &format!("019cae00-0000-7000-8000-{asked:012}"));
            }
            let nothing =
                call(&client, route, &missing, &without_case(&things), &format!("nothing {asked}")).await;
            let (hidden, nothing) = (bare(&hidden, &ids), bare(&nothing, &ids));
            if hidden != nothing {
                if excepted.contains(name(route).as_str()) {
                    needed.insert(name(route));
                } else {
                    wrong.push(format!("{who}, {}:\n{hidden}\n--\n{nothing}", name(route)));
                }
            }
            let is_refusal = hidden.starts_with("404") || hidden.starts_with("403");
            if !is_refusal && !excepted.contains(name(route).as_str()) {
                wrong.push(format!("{who}, {}: {hidden}", name(route)));
            }
            asked += 1;
        }
        app.settle().await;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(needed.len(), excepted.len(), "an exception is not needed any more: take it out");
    assert!(asked >= 7 * 50, "only {asked} were asked");
    app.finish().await;
}

/// What the caller sees of every list, count and search, with what a hidden thing could be found by.
async fn seen(app: &TestApp, client: &Client) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for route in of_kind(app, "list") {
        let path = route.absent_path();
        let mut queries = vec![String::new(), "limit=1000".to_owned(), "page=2&limit=1".to_owned()];
        for word in ["alder", "motion", "call", "letter"] {
            queries.extend(["query", "search"].map(|parameter| format!("{parameter}={word}")));
        }
        queries.extend(["sort=title", "sort=-updatedAt", "status=open", "query=al*"].map(str::to_owned));
        for query in queries {
            let answer = client.get(&format!("{path}?{query}")).await;
            let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            for member in ["correlationId", "timestamp"] {
                body.as_object_mut().map(|members| members.remove(member));
            }
            // A score compares the hits of one answer: what other texts there are moves it.
            for hit in body["data"].as_array_mut().into_iter().flatten() {
                hit.as_object_mut().map(|members| members.remove("score"));
            }
            all.insert(format!("{path}?{query}"), format!("{} {body}", answer.status));
        }
    }
    all
}

/// A case with one thing of each kind.
async fn fill(admin: &Client, word: &str) -> String {
    let case = id_of(&open_case(admin, &format!("{word} v. Birch")).await);
    drop(add_party(admin, &case, &format!("{word} Company")).await);
    drop(add_entry(admin, &case, &format!("MOTION of {word}")).await);
    drop(record_time(admin, &case, &format!("Call with {word}")).await);
    drop(upload_text(admin, &case, "letter.txt", &format!("The {word} letter, a motion.")).await);
    case
}

#[tokio::test]
async fn lists_counts_facets_and_hits_are_what_they_were_before_the_hidden_things_came() {
    let app = TestApp::start().await;
    let mut watching = Vec::new();
    for role in [Role::SuperAdmin, Role::Partner, Role::Associate, Role::Intern, Role::Accountant] {
        watching.push((role, person(&app, role).await));
    }
    let stranger = app.second_firm().await;
    drop(fill(app.admin(), "Maple").await);
    app.settle().await;
    let mut before = Vec::new();
    for (_, (client, _)) in &watching {
        before.push(seen(&app, client).await);
    }
    let of_stranger = seen(&app, &stranger).await;
    let case = fill(app.admin(), "Alder").await;
    app.settle().await;
    let screened: Vec<&str> = watching.iter().map(|(_, (_, id))| id.as_str()).collect();
    let lists = seen(&app, &watching[0].1.0).await;
    assert_ne!(lists, before[0], "before the wall they see it, so that the comparison says something");
    drop(raise_wall(app.admin(), &case, &screened).await);
    for ((role, (client, _)), before) in watching.iter().zip(&before) {
        for (path, answer) in seen(&app, client).await {
            assert_eq!(Some(&answer), before.get(&path), "{role} {path}");
        }
    }
    for (path, answer) in seen(&app, &stranger).await {
        assert_eq!(Some(&answer), of_stranger.get(&path), "{path}");
    }
    // A filter by the hidden case says what a filter by none says.
    for route in of_kind(&app, "list") {
        let (path, client) = (route.absent_path(), &watching[0].1.0);
        let ids = [case.clone(), absent()];
        let hidden = client.get(&format!("{path}?caseId={case}&query=alder")).await;
        let nothing = client.get(&format!("{path}?caseId={}&query=alder", absent())).await;
        assert_eq!(bare(&hidden, &ids), bare(&nothing, &ids), "{path}");
        let hidden = client.get(&format!("{path}?caseId={case}")).await;
        let nothing = client.get(&format!("{path}?caseId={}", absent())).await;
        assert_eq!(bare(&hidden, &ids), bare(&nothing, &ids), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn who_is_on_one_team_has_lists_counts_and_hits_of_that_case_alone() {
    let app = TestApp::start().await;
    let member = member_of_another_case(&app).await;
    // Of search the firm decides: here it lets the clients in.
    let grant = serde_json::json!({ "permission": "search:use", "effect": "allow", "reason": "They look" });
    drop(app.admin().post("/api/roles/client/permissions", &grant).await.expect_status(201));
    app.settle().await;
    let before = seen(&app, &member).await;
    let of = |path: &str| before.get(path).unwrap_or_else(|| panic!("{path}"));
    for path in ["/api/cases?", "/api/docket?", "/api/documents?", "/api/parties?", "/api/time-entries?"] {
        assert!(of(path).starts_with("200") && of(path).contains("\"total\":1"), "{}", of(path));
    }
    assert!(of("/api/cases/stats?").contains("\"total\":1"), "{}", of("/api/cases/stats?"));
    assert!(of("/api/documents/stats?").contains("\"total\":1"), "{}", of("/api/documents/stats?"));
    assert!(of("/api/search?query=motion").contains("Maple"), "{}", of("/api/search?query=motion"));
    let case = fill(app.admin(), "Alder").await;
    // What belongs to no case is not there either.
    let form = Form::new().text("title", "letter").file("b.txt", "text/plain", b"An alder motion.");
    drop(form.post(app.admin(), "/api/documents").await.expect_status(201));
    app.settle().await;
    for (path, answer) in seen(&app, &member).await {
        assert_eq!(Some(&answer), before.get(&path), "{path}");
    }
    for route in of_kind(&app, "list") {
        let path = route.absent_path();
        let ids = [case.clone(), absent()];
        let hidden = member.get(&format!("{path}?caseId={case}")).await;
        let nothing = member.get(&format!("{path}?caseId={}", absent())).await;
        assert_eq!(bare(&hidden, &ids), bare(&nothing, &ids), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn each_gate_answers_each_caller_as_declared() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let mut callers = vec![(None, app.anonymous())];
    for role in Role::ALL {
        callers.push((Some(role), app.user(role).await));
    }
    for route in routes(&app) {
        // What changes the caller's own standing, or the server's, ends the test for those who come after.
        let is_own = route.template.starts_with("/api/auth") || route.template.starts_with("/api/monitoring");
        for (role, client) in &callers {
            if is_own && route.method != Method::GET && role.is_some() {
                continue;
            }
            let answer = call(
                client,
                &route,
                &route.absent_path(),
                &without_case(&things),
                &format!("{role:?} {route:?}"),
            )
            .await;
            let code = answer.status.is_client_error().then(|| answer.json()["code"].clone());
            let code = code.as_ref().and_then(Value::as_str).unwrap_or_default();
            let place = format!("{role:?} {}: {} {code}", name(&route), answer.status);
            match (route.gate, role) {
                (Gate::Public, _) => {}
                (_, None) => assert_eq!(code, "unauthenticated", "{place}"),
                // The verb decides the rest.
                (Gate::SignedIn, Some(_)) => assert_ne!(code, "unauthenticated", "{place}"),
                (Gate::May(action) | Gate::MayOnCase(action), Some(role)) if role.allows(action) => {
                    assert!(!["unauthenticated", "forbidden"].contains(&code), "{place}");
                }
                (Gate::May(_) | Gate::MayOnCase(_), Some(_)) => assert_eq!(code, "forbidden", "{place}"),
            }
        }
    }
    app.finish().await;
}
