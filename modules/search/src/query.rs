use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The longest query, in characters.
pub(crate) const QUERY_CHARACTERS: usize = 1024;
/// The most terms that are used; more are ignored.
const TERMS: usize = 32;

/// A search as the caller meant it: words that must all occur, phrases in quotes, `word*` for a beginning, `-word` for
/// what must not occur, `OR` between two terms. Every text is a query; what makes no sense is read as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// All of these must match; each is a list of alternatives.
    required: Vec<Vec<Term>>,
    /// None of these may match.
    excluded: Vec<Term>,
}

/// Words in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The words as the index knows them: see [`folding`].
    pub words: Vec<String>,
    /// Whether the last word is only a beginning.
    pub prefix: bool,
}

impl Query {
    /// Reads a query. Nothing when it holds no word that must occur.
    pub fn parse(text: &str) -> Option<Self> {
        let mut query = Self { required: Vec::new(), excluded: Vec::new() };
        let mut alternative = false;
        for token in tokens(text).into_iter().take(TERMS) {
            match token {
                Token::Or => alternative = !query.required.is_empty(),
                Token::Excluded(term) => query.excluded.push(term),
                Token::Required(term) => match query.required.last_mut() {
                    Some(group) if alternative => {
                        group.push(term);
                        alternative = false;
                    }
                    _ => query.required.push(vec![term]),
                },
            }
        }
        (!query.required.is_empty()).then_some(query)
    }

    /// Every term that a thing may be found by.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = &Term> {
        self.required.iter().flatten()
    }

    /// The beginnings of words that are asked for, each once.
    pub(crate) fn beginnings(&self) -> BTreeSet<&str> {
        let terms = self.wanted().chain(&self.excluded).filter(|term| term.prefix);
        terms.filter_map(|term| term.words.last()).map(String::as_str).collect()
    }

    /// The query in the language of SQLite's FTS5: <https://www.sqlite.org/fts5.html#full_text_query_syntax>. `begun` has,
    /// for each of [`Self::beginnings`], the words that begin so.
    pub(crate) fn fts5(&self, begun: &BTreeMap<String, Vec<String>>) -> String {
        self.render(" AND ", " OR ", " NOT ", |term, out| {
            // Words hold letters, digits and marks alone, so nothing in the quotes needs escaping.
            let Some((last, before)) = term.words.split_last().filter(|_| term.prefix) else {
                return write!(out, "\"{}\"", term.words.join(" "));
            };
            let before: String = before.iter().flat_map(|word| [word, " "]).collect();
            let ends = begun.get(last).filter(|ends| !ends.is_empty());
            for (index, end) in ends.map_or(std::slice::from_ref(last), Vec::as_slice).iter().enumerate() {
                write!(out, "{}\"{before}{end}\"", if index > 0 { " OR " } else { "(" })?;
            }
            out.write_char(')')
        })
    }

    /// The query as a literal of PostgreSQL's type `tsquery`, whose words nothing reads again.
    pub(crate) fn tsquery(&self) -> String {
        self.render(" & ", " | ", " & !", |term, out| {
            let star = if term.prefix { ":*" } else { "" };
            write!(out, "('{}'{star})", term.words.join("' <-> '"))
        })
    }

    fn render(
        &self,
        and: &str,
        or: &str,
        not: &str,
        term: impl Fn(&Term, &mut String) -> std::fmt::Result,
    ) -> String {
        let mut text = String::from("(");
        for (index, group) in self.required.iter().enumerate() {
            text.push_str(if index > 0 { and } else { "" });
            text.push('(');
            for (index, alternative) in group.iter().enumerate() {
                text.push_str(if index > 0 { or } else { "" });
                term(alternative, &mut text).unwrap_or_default();
            }
            text.push(')');
        }
        text.push(')');
        for excluded in &self.excluded {
            text.push_str(not);
            term(excluded, &mut text).unwrap_or_default();
        }
        text
    }
}

enum Token {
    Required(Term),
    Excluded(Term),
    Or,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| !character.is_whitespace()) {
        rest = &rest[start..];
        let (excluded, body) = match rest.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, rest),
        };
        let (raw, quoted, after) = if let Some(quote) = body.strip_prefix('"') {
            match quote.find('"') {
                Some(end) => (&quote[..end], true, &quote[end + 1..]),
                None => (quote, false, ""),
            }
        } else {
            let end = body.find(char::is_whitespace).unwrap_or(body.len());
            (&body[..end], false, &body[end..])
        };
        rest = after;
        if !quoted && !excluded && raw == "OR" {
            found.push(Token::Or);
            continue;
        }
        let words: Vec<String> = folding::words(raw).collect();
        if words.is_empty() {
            continue;
        }
        let term = Term { words, prefix: !quoted && raw.ends_with('*') };
        found.push(if excluded { Token::Excluded(term) } else { Token::Required(term) });
    }
    found
}
