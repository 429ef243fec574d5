//! Rules that need no database.

use accounts::{Email, NewFirm};
use proptest::prelude::*;

#[test]
fn an_address_is_kept_in_lower_case_without_spaces_round_it() {
    let email: Email = "  Ada.Moreno@Example.COM ".parse().expect("an address");
    assert_eq!(email.as_str(), "ada.moreno@example.com");
}

#[test]
fn what_is_no_address_is_refused() {
    for text in
        ["", "@", "ada", "ada@", "@example.com", "a da@example.com", "ada@exa mple.com", "ada@a..b", "a@b@c"]
    {
        assert!(text.parse::<Email>().is_err(), "{text:?} was taken");
    }
    let long = format!("{}@example.com", "a".repeat(65));
    assert!(long.parse::<Email>().is_err(), "65 bytes before the @ were taken");
}

#[test]
fn a_firm_has_a_short_name_even_when_its_name_has_no_letters() {
    let slug = |name: &str| NewFirm { name: name.to_owned() }.slug();
    assert_eq!(slug("Moreno & Kline, LLP"), "moreno-kline-llp");
    assert_eq!(slug("&&&"), "firm");
}

proptest! {
    #[test]
    fn reading_an_address_again_changes_nothing(text in "[ A-Za-zÄ0-9.@_+-]{0,40}") {
        if let Ok(email) = text.parse::<Email>() {
            let again: Email = email.as_str().parse().expect("an address that was taken once");
            prop_assert_eq!(email, again);
        }
    }

    #[test]
    fn a_short_name_never_begins_or_ends_with_a_hyphen_or_has_two(name in "\\PC{0,40}") {
        let slug = NewFirm { name }.slug();
        prop_assert!(!slug.is_empty() && !slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--"));
    }
}
