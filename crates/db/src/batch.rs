use sea_orm::sea_query::{Value, Values};
use std::fmt::Write as _;

/// Statements that are sent together. Their place holders, `$1, $2 …` or the query builder's `?`, are numbered on, so
/// that each keeps its values.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds a statement at the end.
    pub(crate) fn push(&mut self, text: &str, values: Values) {
        if self.is_empty() {
            self.text.push_str(text);
        } else {
            self.text.push_str("; ");
            renumber(text, self.values.len(), &mut self.text);
        }
        self.values.extend(values.0);
    }
}

/// Copies a statement with `by` added to the number of each place holder; one without a number gets its own. Quoted
/// text stays as it is.
fn renumber(text: &str, by: usize, out: &mut String) {
    if by == 0 {
        out.push_str(text);
        return;
    }
    let mut quote: Option<char> = None;
    let mut unnumbered = 0_usize;
    let mut rest = text.char_indices().peekable();
    while let Some((start, character)) = rest.next() {
        if quote.is_none() && matches!(character, '$' | '?') {
            while rest.next_if(|(_, next)| next.is_ascii_digit()).is_some() {}
            let end = rest.peek().map_or(text.len(), |(next, _)| *next);
            let number = text[start + 1..end].parse().unwrap_or_else(|_| {
                unnumbered += 1;
                unnumbered
            });
            // Writing to a text cannot fail.
            write!(out, "${}", number.saturating_add(by)).unwrap_or_default();
            continue;
        }
        out.push(character);
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            Some(_) | None => {}
        }
    }
}
