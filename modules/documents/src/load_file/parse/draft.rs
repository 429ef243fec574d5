use super::super::{MAX_ROW_BYTES, RowCode, decode::Unit};

/// A row while it is read.
pub(super) struct Draft {
    pub(super) values: Vec<String>,
    /// The fields found, which may be more than the values kept.
    pub(super) fields: usize,
    pub(super) at_end: bool,
    /// What is wrong with its form, the gravest only.
    form: Option<RowCode>,
    value: String,
    bytes: usize,
    columns: usize,
    /// What followed the first line end within a quoted field: read again when the quote turns out never to end.
    behind: Option<Vec<Unit>>,
}

impl Draft {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            values: Vec::new(),
            fields: 0,
            at_end: false,
            form: None,
            value: String::new(),
            bytes: 0,
            columns,
            behind: None,
        }
    }

    /// Takes note of a unit before it is looked at.
    pub(super) fn remember(&mut self, unit: Unit) {
        if unit.is_none() {
            self.form = self.form.or(Some(RowCode::InvalidEncoding));
        }
        if let Some(behind) = &mut self.behind {
            behind.push(unit);
        }
    }

    pub(super) fn push(&mut self, c: char) {
        self.bytes += c.len_utf8();
        if self.bytes > MAX_ROW_BYTES {
            self.form = Some(RowCode::RowTooLong);
        } else if self.fields < self.columns && c != '\0' {
            self.value.push(c);
        }
    }

    /// A quoted field goes on where it must not.
    pub(super) fn mark_unterminated(&mut self) {
        if self.form != Some(RowCode::RowTooLong) {
            self.form = Some(RowCode::UnterminatedQuote);
        }
    }

    /// Whether the row's end is in doubt, so that no further line may be added to it.
    pub(super) fn is_malformed(&self) -> bool {
        matches!(self.form, Some(RowCode::RowTooLong | RowCode::UnterminatedQuote))
    }

    pub(super) fn end_field(&mut self) {
        if self.fields < self.columns {
            let is_padding = |c: char| c.is_whitespace() || c == '\u{1a}';
            self.values.push(self.value.trim_matches(is_padding).to_owned());
            self.value.clear();
        }
        self.fields = self.fields.saturating_add(1);
    }

    pub(super) fn put_newlines(&mut self, substitute: Option<char>) {
        let Some(substitute) = substitute else { return };
        for value in self.values.iter_mut().filter(|value| value.contains(substitute)) {
            *value = value.replace(substitute, "\n");
        }
    }

    pub(super) fn begin_lines_behind(&mut self) {
        self.behind.get_or_insert_default();
    }

    /// Too long already, with lines to give back: reading on would only make more of them.
    pub(super) fn is_given_up(&self) -> bool {
        self.form == Some(RowCode::RowTooLong) && self.behind.is_some()
    }

    /// A quoted field over several lines that does not end is one bad line, not many lost rows.
    pub(super) fn is_to_be_split(&self) -> bool {
        self.is_malformed() && self.behind.is_some()
    }

    /// Leaves the first line here and hands out the lines behind it.
    pub(super) fn split(&mut self) -> Vec<Unit> {
        let behind = self.behind.take().unwrap_or_default();
        self.at_end &= behind.is_empty();
        behind
    }

    /// A line without anything on it, not even a fault.
    pub(super) fn is_blank(&self) -> bool {
        self.fields == 1 && self.values.iter().all(String::is_empty) && self.form.is_none()
    }

    /// What is wrong with the row, the gravest first.
    pub(super) fn code(&self, columns: Option<usize>) -> Option<RowCode> {
        self.form.or_else(|| {
            if columns.is_some_and(|columns| columns != self.fields) {
                Some(RowCode::WrongColumnCount)
            } else {
                self.values.iter().all(String::is_empty).then_some(RowCode::EmptyRow)
            }
        })
    }
}
