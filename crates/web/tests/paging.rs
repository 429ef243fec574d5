//! Page arithmetic and cursors, for all input.

use proptest::prelude::*;
use web::paging::{Cursor, Page};

proptest! {
    #[test]
    fn a_page_is_refused_or_has_an_offset_that_fits(page in any::<u64>(), limit in any::<u64>(), max in 1..5000_u64) {
        match Page::from_parts(Some(page), Some(limit), max) {
            Ok(found) => {
                prop_assert!(page >= 1 && (1..=max).contains(&limit));
                prop_assert_eq!(u128::from(found.offset()), u128::from(page - 1) * u128::from(limit));
                prop_assert!(i64::try_from(found.offset()).is_ok());
            }
            Err(problem) => {
                prop_assert_eq!(problem.code(), web::codes::VALIDATION_FAILED);
                prop_assert!(!problem.faults().is_empty());
            }
        }
    }

    #[test]
    fn pages_cover_a_list_exactly(total in 0..100_000_u64, limit in 1..1000_u64) {
        let page = Page::from_parts(None, Some(limit), 1000).unwrap();
        let count = page.count_for(total);
        prop_assert!(count * limit >= total);
        prop_assert!(count == 0 || (count - 1) * limit < total);
    }

    #[test]
    fn a_cursor_comes_back_as_it_went(title in ".*", number in any::<i64>()) {
        let text = Cursor::encode(&(&title, number)).unwrap();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        if text.len() <= Cursor::MAX_BYTES {
            prop_assert_eq!(Cursor::decode::<(String, i64)>(&text).unwrap(), (title, number));
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused(text in ".{0,40}") {
        if let Err(problem) = Cursor::decode::<(String, i64)>(&text) {
            prop_assert_eq!(problem.code(), web::codes::MALFORMED_CURSOR);
        }
    }
}

#[test]
fn without_parameters_it_is_the_first_page_of_twenty() {
    assert_eq!(Page::from_parts(None, None, 1000).unwrap(), Page::default());
    assert_eq!(Page::from_parts(None, None, 5).unwrap().limit(), 5);
}

#[test]
fn a_cursor_of_megabytes_is_not_looked_at() {
    let long = Cursor::encode(&"x".repeat(1 << 20)).unwrap();
    assert!(Cursor::decode::<String>(&long).is_err());
}
