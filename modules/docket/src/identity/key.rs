use std::hash::{DefaultHasher, Hasher};

/// A digest of one line: case and white space do not count.
pub(super) fn line_key(text: &str) -> u128 {
    digest(text)
}

/// A digest of an entry's text. The clerk's stamp at its end (`(Entered: 03/11/2009)`) does not count: the notice of
/// the same filing comes without it.
pub(super) fn text_key(text: &str) -> u128 {
    digest(without_stamp(text))
}

fn without_stamp(text: &str) -> &str {
    let text = text.trim_end();
    let opening = match text.chars().next_back() {
        Some(')') => '(',
        Some(']') => '[',
        _ => return text,
    };
    match text.rsplit_once(opening) {
        Some((before, stamp)) if stamp.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("entered:")) => {
            before
        }
        _ => text,
    }
}

/// 128 bits: with 200,000 entries, two texts that differ never share a digest in practice.
fn digest(text: &str) -> u128 {
    let mut halves = [DefaultHasher::new(), DefaultHasher::new()];
    for (salt, half) in (0_u8..).zip(&mut halves) {
        half.write_u8(salt);
        for word in text.split_whitespace() {
            word.chars().flat_map(char::to_lowercase).for_each(|c| half.write_u32(c.into()));
            half.write_u32(u32::from(' '));
        }
    }
    halves.iter().fold(0, |sum, half| (sum << 64) | u128::from(half.finish()))
}
