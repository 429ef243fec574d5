//! Blanks what is not code, so that a word in a comment or a text breaks no rule. Lines keep their numbers.

/// The source with comments, texts and characters blanked.
pub(crate) fn scrub(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let after_word = out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => text(rest, 1),
            'b' | 'c' if !after_word && rest.get(1..2) == Some("\"") => text(rest, 2),
            'r' if !after_word => raw_text(rest, 1),
            'b' | 'c' if !after_word && rest.get(1..2) == Some("r") => raw_text(rest, 2),
            '\'' => character(rest),
            _ => 0,
        };
        if skipped == 0 {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        } else {
            let (blanked, remaining) = rest.split_at_checked(skipped).unwrap_or((rest, ""));
            out.extend(blanked.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = remaining;
        }
    }
    out
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = rest.as_bytes();
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" if depth == 1 => return at + 2,
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// A text with escapes, from its prefix to its closing quote.
fn text(rest: &str, start: usize) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(start) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A raw text; `r` alone, or a raw identifier, is none.
fn raw_text(rest: &str, start: usize) -> usize {
    let tail = rest.get(start..).unwrap_or_default();
    let signs = tail.bytes().take_while(|&byte| byte == b'#').count();
    if tail.as_bytes().get(signs) != Some(&b'"') {
        return 0;
    }
    let closing = format!("\"{}", "#".repeat(signs));
    let inside = start + signs + 1;
    let length = rest.get(inside..).and_then(|inner| inner.find(&closing));
    length.map_or(rest.len(), |length| inside + length + closing.len())
}

/// A character; a lifetime is none.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, _))) => {
            let end = rest.get(at + 1..).and_then(|tail| tail.find('\''));
            end.map_or(0, |end| at + 1 + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

/// Lines (from 1) where the identifier stands.
pub(crate) fn lines_of<'a>(scrubbed: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let has = move |line: &str| words(line).any(|found| found == word);
    scrubbed.lines().enumerate().filter(move |(_, line)| has(line)).map(|(at, _)| at + 1)
}

/// The identifiers of a line.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
