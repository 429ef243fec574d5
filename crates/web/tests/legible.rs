//! What nobody sees is not part of a name.

use proptest::prelude::*;
use web::{is_unseen, legible};

fn refused(letter: char) -> bool {
    legible(format!("Al{letter}der").as_str(), &()).is_err()
}

#[test]
fn each_character_that_nobody_sees_is_refused_by_its_number() {
    let listed: &[u32] = &[
        0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180e, 0x200b, 0x200e, 0x200f, 0x202a, 0x202b,
        0x202c, 0x202d, 0x202e, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0xfffa, 0xfffb,
    ];
    let all = listed.iter().copied().chain(0x2060..=0x206f).chain(0xe_0000..=0xe_007f);
    for number in all {
        let letter = char::from_u32(number).expect("a character");
        assert!(is_unseen(letter), "U+{number:04X}");
        let said = legible(format!("Al{letter}der").as_str(), &()).expect_err("nobody sees it").to_string();
        assert!(said.contains(&format!("U+{number:04X}")), "{said}");
    }
}

#[test]
fn controls_and_line_ends_are_refused_in_a_name_and_are_no_unseen_letters() {
    let controls = (0..=0x1f).chain(0x7f..=0x9f).chain([0x2028, 0x2029]);
    for number in controls {
        let letter = char::from_u32(number).expect("a character");
        assert!(refused(letter), "U+{number:04X}");
        // An import makes a space of it, and does not join the words that it parts.
        assert!(!is_unseen(letter), "U+{number:04X}");
    }
}

#[test]
fn what_names_are_spelt_with_is_kept() {
    for name in [
        "Ærøskøbing A/S",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "葛\u{e0100}飾",
        "O’Brien & Söhne",
        "김민준",
        "Nguyễn",
        "a\u{a0}b",
        "☎\u{fe0f}",
    ] {
        assert!(legible(name, &()).is_ok(), "{name}");
    }
    assert!(refused('\u{e0067}'), "a flag that ends in tags is no name");
}

proptest! {
    #[test]
    fn a_name_is_refused_exactly_for_one_of_its_characters(name in any::<String>(), at in 0usize..64) {
        let is_kept = |letter: &char| {
            !is_unseen(*letter) && !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}')
        };
        let clean: String = name.chars().filter(is_kept).collect();
        prop_assert!(legible(clean.as_str(), &()).is_ok(), "{clean:?}");
        let mut letters: Vec<char> = clean.chars().collect();
        letters.insert(at.min(letters.len()), '\u{ad}');
        prop_assert!(legible(letters.into_iter().collect::<String>().as_str(), &()).is_err());
    }
}
