use sea_orm::sea_query::{Value, Values};
use std::fmt::Write as _;

/// Statements that are sent together. Their place holders `$1, $2 …` are numbered on, so that each keeps its values.
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

/// Copies a statement with `by` added to the number of each place holder. Quoted text stays as it is.
fn renumber(text: &str, by: usize, out: &mut String) {
    if by == 0 {
        out.push_str(text);
        return;
    }
    let mut quote: Option<char> = None;
    let mut rest = text.char_indices().peekable();
    while let Some((_, character)) = rest.next() {
        out.push(character);
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None if character == '$' => {
                let mut number = 0_usize;
                let mut digits = 0;
                while let Some((_, digit)) = rest.next_if(|(_, next)| next.is_ascii_digit()) {
                    number =
                        number.saturating_mul(10).saturating_add(digit.to_digit(10).unwrap_or(0) as usize);
                    digits += 1;
                }
                if digits > 0 {
                    // Writing to a text cannot fail.
                    write!(out, "{}", number + by).unwrap_or_default();
                }
            }
            Some(_) | None => {}
        }
    }
}
