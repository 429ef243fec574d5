//! Equivalent texts have equal words, and folding is done once and for all.

use folding::{folded, places, words};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_public_assigned;

fn list(text: &str) -> Vec<String> {
    words(text).collect()
}

#[test]
fn words_are_cut_where_a_reader_cuts_them() {
    for (text, expected) in [
        ("1:24-cv-01442", &["1", "24", "cv", "01442"][..]),
        ("T \u{f0b7} \u{f0b7}qbullet", &["t", "qbullet"]),
        ("review \n\u{f0ff} 3:30pm-5:00pm", &["review", "3", "30pm", "5", "00pm"]),
        ("inter\u{ad}national", &["international"]),
        ("\u{301}\u{ad}x", &["x"]),
        ("a≠b", &["a", "b"]),
        ("\u{feff}first", &["first"]),
        ("1\u{fe0f}\u{20e3} 🦀", &["1"]),
        ("", &[]),
    ] {
        assert_eq!(list(text), expected, "{text:?}");
    }
}

#[test]
fn letters_are_folded_as_they_are_typed_without_their_signs() {
    for (text, expected) in [
        ("Muñozq Mun\u{303}ozq", "munozq munozq"),
        ("Łódź ŁÓDŹ", "lodz lodz"),
        ("İzmir I\u{307}zmir ısı", "izmir izmir isi"),
        ("Straße STRASSE GROẞ", "strasse strasse gross"),
        ("Æsir œuvre Ørsted Đuro Þór", "aesir oeuvre orsted duro thor"),
        ("ﬁling Ｆｕｌｌ ²", "filing full 2"),
        ("5 µm 5 μm", "5 μm 5 μm"),
        ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
        ("½ paraŀlel", "½ parallel"),
        ("か が", "か か\u{3099}"),
        ("日本語", "日本語"),
    ] {
        assert_eq!(list(text).join(" "), expected, "{text}");
        assert_eq!(folded(text), expected, "{text}");
    }
    assert_eq!(folded("50% of Müller & C\u{327}o."), "50% of muller & co.");
}

#[test]
fn every_character_has_the_same_words_in_each_normal_form() {
    for character in ('\0'..=char::MAX).filter(|one| is_public_assigned(*one)) {
        for text in [character.to_string(), format!("a{character}b")] {
            let expected = list(&text);
            assert_eq!(list(&text.nfc().collect::<String>()), expected, "{text:?} in NFC");
            assert_eq!(list(&text.nfd().collect::<String>()), expected, "{text:?} in NFD");
            let again: Vec<String> = expected.iter().flat_map(|word| words(word)).collect();
            assert_eq!(again, expected, "{text:?} folded twice");
            let plain = folded(&text);
            assert_eq!(folded(&text.nfc().collect::<String>()), plain, "{text:?} in NFC");
            assert_eq!(folded(&text.nfd().collect::<String>()), plain, "{text:?} in NFD");
        }
    }
}

#[test]
fn of_a_word_without_end_the_beginning_is_compared() {
    let long = "é".repeat(70);
    assert_eq!(list(&long), ["e".repeat(64)]);
    assert_eq!(list(&long.nfd().collect::<String>()), ["e".repeat(64)]);
}

proptest! {
    #[test]
    fn any_text_has_the_same_words_in_each_normal_form(text in any::<String>()) {
        let expected = list(&text);
        prop_assert_eq!(&list(&text.nfc().collect::<String>()), &expected);
        prop_assert_eq!(&list(&text.nfd().collect::<String>()), &expected);
        prop_assert!(expected.iter().all(|word| !word.is_empty() && !word.contains([' ', '\'', '\\', '"', '\0'])));
        for place in places(&text) {
            prop_assert!(text.get(place).is_some_and(|word| !word.is_empty()));
        }
    }
}
