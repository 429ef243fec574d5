use unicode_normalization::char::{
    canonical_combining_class, decompose_canonical, decompose_compatible, is_combining_mark,
};

/// The class of the marks that make another kana of a kana, as the accents of Latin do not: they are kept.
const KANA_VOICING: u8 = 8;

/// What a character is to the words of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Begins a word or goes on with it.
    Letter,
    /// Goes on with a word and begins none.
    Joined,
    /// Stands between words.
    Separator,
}

impl Part {
    pub(crate) fn of(character: char) -> Self {
        if character.is_ascii() {
            return if character.is_ascii_alphanumeric() { Self::Letter } else { Self::Separator };
        }
        // Some characters are nothing but two marks: the first part says what the whole is.
        let mut first = None;
        decompose_canonical(character, |part| first = first.or(Some(part)));
        match first.unwrap_or(character) {
            mark if canonical_combining_class(mark) != 0 || is_ignored(mark) => Self::Joined,
            // The voicing marks of half-width kana.
            '\u{ff9e}' | '\u{ff9f}' => Self::Joined,
            letter if letter.is_alphanumeric() => Self::Letter,
            mark if is_combining_mark(mark) => Self::Joined,
            _ => Self::Separator,
        }
    }
}

/// Soft hyphen and joiners: they say how a word is set, not what it is. U+FEFF is also the mark at a file's beginning.
fn is_ignored(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Folds one character: nothing, or what stands for it. Works by the parts of its canonical decomposition, so that
/// composed and decomposed texts come out alike.
pub(crate) fn fold(character: char, out: &mut impl FnMut(char)) {
    if character.is_ascii() {
        out(character.to_ascii_lowercase());
        return;
    }
    decompose_canonical(character, |part| fold_part(part, out));
}

fn fold_part(part: char, out: &mut impl FnMut(char)) {
    if !is_kept(part) {
        return;
    }
    // `ŀ` and `½` are letters to a reader, but not their parts: such a one stays whole.
    let mut is_whole = false;
    decompose_compatible(part, |piece| is_whole |= Part::of(piece) == Part::Separator);
    if is_whole && part.is_alphanumeric() {
        plain(part, out);
        return;
    }
    decompose_compatible(part, |piece| {
        if is_kept(piece) {
            plain(piece, out);
        }
    });
}

fn is_kept(part: char) -> bool {
    match canonical_combining_class(part) {
        0 => part.is_alphanumeric() || !(is_ignored(part) || is_combining_mark(part)),
        class => class == KANA_VOICING,
    }
}

/// Lower case, and the letters without a decomposition as they are typed where a keyboard has none of them.
fn plain(letter: char, out: &mut impl FnMut(char)) {
    for letter in letter.to_lowercase() {
        let typed = match letter {
            'æ' => "ae",
            'đ' | 'ð' => "d",
            'ħ' => "h",
            'ı' => "i",
            'ĸ' => "k",
            'ł' | 'ŀ' => "l",
            'ŋ' => "n",
            'ø' => "o",
            'œ' => "oe",
            'ß' => "ss",
            'ŧ' => "t",
            'þ' => "th",
            'ς' => "σ",
            other => {
                out(other);
                continue;
            }
        };
        typed.chars().for_each(&mut *out);
    }
}
