//! Random requests to every route: whatever they get, it is not a fault of the server.

use crate::openapi::described;
use crate::statuses::is_listed;
use clock::{Random as _, SeededRandom};
use e2e::{Route, TestApp, Things, one_of_each, routes};
use serde_json::{Map, Value, json};

/// Requests in all.
const REQUESTS: usize = 2000;
/// The stream of choices; another number is another run.
const SEED: u64 = 20_260_302;

struct Dice(SeededRandom);

impl Dice {
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit.max(1)
    }

    fn of<'a, T: ?Sized>(&self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    fn text(&self) -> String {
        let odd = [
            "",
            " ",
            "alder",
            "2026-03-02",
            "9999-12-31",
            "-1",
            "1e308",
            "null",
            "0192e4a0-7c1e-7b3a-9f00-5a1d2c3b4e5f",
            "\u{0}",
            "\u{fffd}",
            "'\";--",
            "%",
            "\u{1f600}",
            "a\nb",
            "open",
            "clerk",
            "A104",
            "\u{202e}x",
            "{seq}",
        ];
        match self.below(8) {
            0 => "x".repeat(self.below(5000)),
            _ => self.of(&odd).to_owned(),
        }
    }

    fn value(&self, depth: usize) -> Value {
        match self.below(if depth > 3 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(i64::from(u32::try_from(self.below(1 << 30)).unwrap()) - (1 << 29)),
            3 => json!(i64::MAX),
            4 | 5 => json!(self.text()),
            6 => (0..self.below(4)).map(|_| self.value(depth + 1)).collect(),
            _ => {
                (0..self.below(4)).map(|_| (self.text(), self.value(depth + 1))).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// The names that the server's description knows: members of bodies and parameters of queries.
struct Names {
    members: Vec<String>,
    parameters: Vec<String>,
}

async fn names(app: &TestApp) -> Names {
    let document = app.anonymous().get("/api/openapi.json").await.expect_status(200).json();
    let schemas = document["components"]["schemas"].as_object().unwrap().values();
    let members = schemas
        .flat_map(|schema| schema["properties"].as_object().cloned().unwrap_or_default())
        .map(|(name, _)| name);
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let parameters = operations
        .flat_map(|operation| operation["parameters"].as_array().cloned().unwrap_or_default())
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned());
    let sorted = |names: Vec<String>| {
        let mut names = names;
        names.sort();
        names.dedup();
        names
    };
    Names { members: sorted(members.collect()), parameters: sorted(parameters.collect()) }
}

fn path(dice: &Dice, route: &Route, things: &Things, names: &Names) -> String {
    let mut path = match dice.below(4) {
        0 => route.absent_path(),
        // A part that is empty is no part of this route, but of none.
        1 => route.filled(|_| {
            Some(encoded(&dice.text())).filter(|text| !text.is_empty()).unwrap_or("-".to_owned())
        }),
        _ => route.path_of(things),
    };
    for number in 0..dice.below(4) {
        let name = &names.parameters[dice.below(names.parameters.len())];
        let value = if dice.below(2) == 0 { dice.below(50).to_string() } else { encoded(&dice.text()) };
        path.extend([if number == 0 { "?" } else { "&" }, name, "=", &value]);
    }
    path
}

/// Percent-encoded, except for some that is not: the path must still be one that a client can send.
fn encoded(text: &str) -> String {
    text.bytes()
        .take(300)
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn body(dice: &Dice, route: &Route, things: &Things, names: &Names) -> Vec<u8> {
    let mut body = route.body(things).unwrap_or_else(|| json!({}));
    for _ in 0..dice.below(5) {
        let name = &names.members[dice.below(names.members.len())];
        body[name.as_str()] = dice.value(0);
    }
    let mut bytes = body.to_string().into_bytes();
    match dice.below(10) {
        0 => bytes.truncate(dice.below(bytes.len())),
        1 => {
            let at = dice.below(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x80;
            }
        }
        2 => bytes = dice.value(0).to_string().into_bytes(),
        _ => {}
    }
    bytes
}

#[tokio::test]
async fn no_request_is_a_fault_of_the_server() {
    let app = TestApp::start().await;
    let mut things = one_of_each(&app, "alder").await;
    let (routes, names, dice) = (routes(&app), names(&app).await, Dice(SeededRandom::new(SEED)));
    let document = described(&app).await;
    let mut seen = std::collections::BTreeMap::<u16, usize>::new();
    for number in 0..REQUESTS {
        if number % 400 == 399 {
            // What the requests removed comes back.
            things = one_of_each(&app, &format!("word{number}")).await;
        }
        let route = &routes[dice.below(routes.len())];
        // The one who asks stays signed in.
        if ["/api/auth/logout", "/api/auth/change-password"].contains(&route.template.as_str()) {
            continue;
        }
        let path = path(&dice, route, &things, &names);
        let body = body(&dice, route, &things, &names);
        let kind =
            dice.of(&["application/json", "application/json", "application/merge-patch+json", "text/plain"]);
        let key = dice.text();
        let mut headers = vec![("content-type", kind)];
        if dice.below(4) == 0 && key.bytes().all(|byte| byte.is_ascii_graphic()) && key.len() < 300 {
            headers.push(("idempotency-key", key.as_str()));
        }
        if dice.below(4) == 0 {
            headers.push(("if-match", dice.of(&["\"v1\"", "\"v2\"", "*", "W/\"v1\"", "\"", "v", ","])));
        }
        if dice.below(4) == 0 {
            headers.push(("range", dice.of(&["bytes=0-3", "bytes=-1", "bytes=9-", "bytes=0-0,2-2", "x"])));
        }
        let answer = app.admin().send(route.method.clone(), &path, &headers, body.clone().into()).await;
        let status = answer.status.as_u16();
        *seen.entry(status).or_default() += 1;
        let body = String::from_utf8_lossy(&body);
        assert!(
            status < 500,
            "request {number}: {} {path} {headers:?} {body}: {}",
            route.method,
            answer.text()
        );
        assert!(
            is_listed(&document, route, answer.status),
            "request {number}: {} {path} {headers:?} {body}: {status} is not listed",
            route.method
        );
        if status >= 400 && !answer.body.is_empty() {
            assert_eq!(answer.header("content-type"), "application/problem+json", "{} {path}", route.method);
        }
    }
    assert!(seen.get(&200).is_some_and(|count| *count > 100), "the dice are too wild: {seen:?}");
    assert!(seen.len() >= 6, "{seen:?}");
    app.settle().await;
    app.finish().await;
}
