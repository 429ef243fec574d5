use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How another name belongs to a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AliasKind {
    /// `a/k/a`, also known as.
    AlsoKnownAs,
    /// `f/k/a`, formerly known as.
    FormerlyKnownAs,
    /// `d/b/a`, doing business as.
    DoingBusinessAs,
    /// `n/k/a`, now known as.
    NowKnownAs,
}

/// Another name of a party, read from its listing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Alias {
    /// How it belongs to the party.
    pub kind: AliasKind,
    /// The name.
    pub name: String,
}

impl AliasKind {
    /// The name that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlsoKnownAs => "also_known_as",
            Self::FormerlyKnownAs => "formerly_known_as",
            Self::DoingBusinessAs => "doing_business_as",
            Self::NowKnownAs => "now_known_as",
        }
    }
}

/// The most other names that are kept of one party.
const ALIASES: usize = 50;
/// The longest other name, in characters.
const NAME_CHARS: usize = 500;

/// The signs in lower case. `s/h/a` (sued herein as) ends a name too, but what follows repeats the party itself.
const SIGNS: [(&str, Option<AliasKind>); 21] = [
    ("a/k/a", Some(AliasKind::AlsoKnownAs)),
    ("f/k/a", Some(AliasKind::FormerlyKnownAs)),
    ("d/b/a", Some(AliasKind::DoingBusinessAs)),
    ("n/k/a", Some(AliasKind::NowKnownAs)),
    ("a.k.a.", Some(AliasKind::AlsoKnownAs)),
    ("f.k.a.", Some(AliasKind::FormerlyKnownAs)),
    ("d.b.a.", Some(AliasKind::DoingBusinessAs)),
    ("n.k.a.", Some(AliasKind::NowKnownAs)),
    ("aka", Some(AliasKind::AlsoKnownAs)),
    ("fka", Some(AliasKind::FormerlyKnownAs)),
    ("dba", Some(AliasKind::DoingBusinessAs)),
    ("nka", Some(AliasKind::NowKnownAs)),
    ("also known as", Some(AliasKind::AlsoKnownAs)),
    ("formerly known as", Some(AliasKind::FormerlyKnownAs)),
    ("formerly doing business as", Some(AliasKind::FormerlyKnownAs)),
    ("doing business as", Some(AliasKind::DoingBusinessAs)),
    ("now known as", Some(AliasKind::NowKnownAs)),
    ("s/h/a", None),
    ("f/d/b/a", Some(AliasKind::FormerlyKnownAs)),
    ("fdba", Some(AliasKind::FormerlyKnownAs)),
    ("sued herein as", None),
];

/// The other names that a listing gives behind `a/k/a`, `f/k/a`, `d/b/a` or `n/k/a`, in its name and in the lines below
/// it. A name reaches to the next sign, the end of the line, a semicolon or a bracket that it did not open.
pub fn aliases(name: &str, extra_info: Option<&str>) -> Vec<Alias> {
    let mut found: Vec<Alias> = Vec::new();
    for line in name.lines().chain(extra_info.unwrap_or_default().lines()) {
        read_line(line, &mut found);
        if found.len() >= ALIASES {
            break;
        }
    }
    found.truncate(ALIASES);
    found
}

fn read_line(line: &str, found: &mut Vec<Alias>) {
    let mut open: Option<(AliasKind, usize)> = None;
    let mut at = 0;
    while let Some(c) = line.get(at..).and_then(|rest| rest.chars().next()) {
        let after_word = line.get(..at).and_then(|before| before.chars().next_back()).is_some_and(is_word);
        if let Some((length, kind)) = sign_at(line, at).filter(|_| !after_word) {
            take(line, open.take(), at, found);
            at += length;
            open = kind.map(|kind| (kind, at));
        } else {
            at += c.len_utf8();
        }
    }
    take(line, open, line.len(), found);
}

/// The longest sign that stands at this byte and ends there as a word.
fn sign_at(line: &str, at: usize) -> Option<(usize, Option<AliasKind>)> {
    let rest = line.get(at..)?;
    let fits = |(sign, _): &&(&str, Option<AliasKind>)| {
        let Some(written) = rest.get(..sign.len()) else { return false };
        let ends = rest.get(sign.len()..).and_then(|after| after.chars().next()).is_none_or(|c| !is_word(c));
        // `Aka` may be somebody's name; `aka` and `AKA` are not.
        let bare = sign.bytes().all(|byte| byte.is_ascii_lowercase());
        let plain = !bare || written == *sign || written == sign.to_ascii_uppercase();
        ends && plain && written.eq_ignore_ascii_case(sign)
    };
    SIGNS.iter().filter(fits).max_by_key(|(sign, _)| sign.len()).map(|(sign, kind)| (sign.len(), *kind))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '/'
}

fn take(line: &str, open: Option<(AliasKind, usize)>, end: usize, found: &mut Vec<Alias>) {
    let Some((kind, start)) = open else { return };
    let text = until_end_of_name(line.get(start..end).unwrap_or_default());
    let name: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = name.chars().take(NAME_CHARS).collect();
    let alias = Alias { kind, name };
    if !alias.name.is_empty() && !found.contains(&alias) {
        found.push(alias);
    }
}

fn until_end_of_name(text: &str) -> &str {
    let mut depth = 0_u32;
    let end = text.char_indices().find_map(|(at, c)| match c {
        ';' => Some(at),
        '(' => {
            depth += 1;
            None
        }
        ')' if depth == 0 => Some(at),
        ')' => {
            depth -= 1;
            None
        }
        _ => None,
    });
    let name = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    let name = name.trim_start_matches([' ', ':', ',', '\u{a0}', '\t', '"']);
    let name = name.trim_end_matches([' ', ',', '(', '\u{a0}', '\t', '"']);
    let without = name.get(..name.len().saturating_sub(6)).unwrap_or_default();
    if name.to_ascii_lowercase().ends_with("et al.") { without.trim_end_matches([' ', ',']) } else { name }
}
