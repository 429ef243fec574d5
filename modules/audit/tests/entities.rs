//! What a record says of a change.

use audit::Entity;
use ids::{CaseId, Id};
use serde_json::json;

#[test]
fn a_record_names_the_fields_that_differ_with_before_and_after() {
    let case = CaseId::from_parts(1, &[1; 10]);
    let before = json!({ "title": "Old", "status": "open", "judge": null });
    let after = json!({ "title": "New", "status": "open", "judge": "Rowan Quill", "court": null });
    let entity = Entity::of(case).in_case(case).differing(&before, &after);
    assert_eq!((entity.kind, entity.id, entity.case), ("case", case.uuid(), Some(case)));
    assert_eq!(entity.changes, Some(json!({ "title": ["Old", "New"], "judge": [null, "Rowan Quill"] })));
}

#[test]
fn a_removal_names_nothing_that_is_not_there_any_more() {
    let case = CaseId::from_parts(1, &[1; 10]);
    let entity = Entity::of(case).differing(&json!({ "title": "Old" }), &json!({}));
    assert_eq!(
        entity.changes,
        Some(json!({ "title": ["Old", null] })),
        "what was lost can be read in the record"
    );
}
