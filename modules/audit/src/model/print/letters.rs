//! Texts in the letters that every printer has (ISO 32000-1, D.2, `WinAnsiEncoding`). What is not among them is shown by
//! its number: nothing is left out, and nothing looks like what it is not.

/// The letters from 0x80 to 0x9F; NUL where there is none.
const UPPER: [char; 32] = [
    '\u{20ac}', '\0', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\0', '\u{17d}', '\0', '\0', '\u{2018}', '\u{2019}',
    '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}',
    '\u{153}', '\0', '\u{17e}', '\u{178}',
];

/// One letter, or its number as `<U+0000>`.
fn encoded(letter: char) -> Vec<u8> {
    match letter {
        // All but those that cannot be told from others: the blank that does not break and the hyphen that is not seen.
        ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => {
            u8::try_from(letter).map_or_else(|_| Vec::new(), |byte| vec![byte])
        }
        _ => {
            let place = UPPER.iter().zip(0x80_u8..).find(|(upper, _)| **upper == letter && letter != '\0');
            match place {
                Some((_, byte)) => vec![byte],
                None => format!("<U+{:04X}>", u32::from(letter)).into_bytes(),
            }
        }
    }
}

/// A text in lines of at most `width` bytes. Where it takes more than `most` lines, the last one says how much is missing.
pub(super) fn wrapped(text: &str, width: usize, most: usize) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let bytes = encoded(letter);
        if lines.last().is_some_and(|line| line.len() + bytes.len() > width) {
            if lines.len() == most {
                let left = letters.count() + 1;
                lines.push(format!("[{left} more letters: the other forms have them]").into_bytes());
                return lines;
            }
            lines.push(Vec::new());
        }
        if let Some(line) = lines.last_mut() {
            line.extend(bytes);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    fn one(text: &str) -> Vec<u8> {
        wrapped(text, 1000, 1).concat()
    }

    #[test]
    fn letters_that_printers_have_are_written_and_all_others_by_their_number() {
        assert_eq!(one("M\u{fc}ller \u{20ac}5 \u{201c}a\u{201d}"), b"M\xfcller \x805 \x93a\x94");
        assert_eq!(one("\u{6f22}\u{1f600}"), b"<U+6F22><U+1F600>");
        assert_eq!(
            one("a\nb\u{202e}c\u{a0}\u{ad}\0\u{7f}\u{81}"),
            b"a<U+000A>b<U+202E>c<U+00A0><U+00AD><U+0000><U+007F><U+0081>"
        );
    }

    #[test]
    fn a_long_text_is_broken_and_what_is_cut_off_is_said() {
        assert_eq!(wrapped("abcdef", 4, 2), [b"abcd".to_vec(), b"ef".to_vec()]);
        assert_eq!(
            wrapped("a\nb", 8, 2),
            [b"a".to_vec(), b"<U+000A>".to_vec(), b"[1 more letters: the other forms have them]".to_vec()]
        );
        assert_eq!(wrapped("", 8, 2), [Vec::<u8>::new()]);
    }
}
