//! An id survives every border it crosses, and nothing else passes for one.
use ids::{CaseId, Id};
use proptest::prelude::*;

proptest! {
    #[test]
    fn text_and_json_round_trip(millis in 0_u64..(1 << 48), random in any::<[u8; 10]>()) {
        let id = CaseId::from_parts(millis, &random);
        prop_assert_eq!(id.to_string().parse::<CaseId>().unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<CaseId>(&json).unwrap(), id);
        prop_assert_eq!(id.uuid().get_version_num(), 7);
    }

    #[test]
    fn later_ids_sort_later(first in 0_u64..(1 << 47), gap in 1_u64..1_000_000, a in any::<[u8; 10]>(), b in any::<[u8; 10]>()) {
        prop_assert!(CaseId::from_parts(first, &a) < CaseId::from_parts(first + gap, &b));
    }

    #[test]
    fn other_text_is_refused(text in "\\PC{0,40}") {
        prop_assume!(uuid::Uuid::try_parse(&text).is_err() || text.len() != 36);
        prop_assert!(text.parse::<CaseId>().is_err());
    }
}

#[test]
fn the_message_says_how_to_write_one() {
    let error = "x".parse::<CaseId>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "is not a case id: write it as a UUID, such as 0192e4a0-7c1e-7b3a-9f00-5a1d2c3b4e5f"
    );
}
