//! JSON Merge Patch, by the vectors of RFC 7396, appendix A.

mod support;

use axum::routing::patch;
use axum::{Json, Router};
use garde::Validate;
use http::Request;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::Server;
use web::merge_patch::{merge, patched};
use web::{MergePatch, Problem};

#[test]
fn the_vectors_of_the_rfc_hold() {
    let vectors = [
        (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
        (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
        (json!({"a":"b"}), json!({"a":null}), json!({})),
        (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
        (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
        (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
        (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
        (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a":"b"}), json!(["c"]), json!(["c"])),
        (json!({"a":"foo"}), json!(null), json!(null)),
        (json!({"a":"foo"}), json!("bar"), json!("bar")),
        (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
        (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
        (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
    ];
    for (mut target, change, expected) in vectors {
        let said = format!("{target} patched by {change}");
        merge(&mut target, change);
        assert_eq!(target, expected, "{said}");
    }
}

#[derive(Debug, Serialize, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Note {
    #[garde(length(min = 1))]
    title: String,
    #[garde(skip)]
    body_text: Option<String>,
}

async fn change(MergePatch(change): MergePatch) -> Result<Json<Note>, Problem> {
    let current = Note { title: "Call".to_owned(), body_text: Some("the court".to_owned()) };
    patched(&current, change).map(Json)
}

async fn patching(body: &str, content_type: &str) -> support::Answer {
    let server = Server::start(Router::new().route("/api/note", patch(change)));
    server.send(Request::patch("/api/note").header("content-type", content_type), body).await
}

#[tokio::test]
async fn a_patch_changes_removes_and_keeps() {
    let answer = patching(r#"{"bodyText":null}"#, "application/merge-patch+json").await;
    assert_eq!(answer.json(), json!({"title": "Call", "bodyText": Value::Null}));
    let answer = patching(r#"{"title":"Write"}"#, "application/json").await;
    assert_eq!(answer.json(), json!({"title": "Write", "bodyText": "the court"}));
}

#[tokio::test]
async fn a_patched_resource_is_checked_like_a_new_one() {
    let answer = patching(r#"{"title":null,"bodyText":5,"colour":1}"#, "application/json").await;
    answer.problem(400, "validation_failed");
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(faults, ["bodyText wrong_type", "colour unknown", "title missing"]);
    patching(r#"{"title":""}"#, "application/json").await.problem(400, "validation_failed");
    patching("[]", "application/json").await.problem(400, "malformed_json");
    patching("{", "application/json").await.problem(400, "malformed_json");
    patching("{}", "application/json-patch+json").await.problem(415, "unsupported_media_type");
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![Just("title".to_owned()), Just("bodyText".to_owned()), "[a-z]{1,3}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let members = proptest::collection::btree_map(names.clone(), inner.clone(), 0..6);
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn merging_twice_is_merging_once(target in any_json(), change in any_json()) {
        let mut once = target;
        merge(&mut once, change.clone());
        let mut twice = once.clone();
        merge(&mut twice, change);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn any_input_is_read_as_it_is_or_refused_with_its_faults(change in any_json()) {
        let current = Note { title: "Call".to_owned(), body_text: None };
        let mut whole = serde_json::to_value(&current).unwrap();
        merge(&mut whole, change.clone());
        match patched::<Note>(&current, change) {
            Ok(note) => {
                prop_assert_eq!(&whole["title"], &json!(note.title));
                prop_assert_eq!(whole.get("bodyText").unwrap_or(&Value::Null), &json!(note.body_text));
            }
            Err(problem) => prop_assert!((1..=64).contains(&problem.faults().len())),
        }
    }
}
