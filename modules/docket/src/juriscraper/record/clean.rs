use super::super::{DateFault, ReadFault};
use chrono::{Datelike, NaiveDate};

/// Trims, drops control characters, measures; an empty text is absent.
pub(super) struct Cleaner {
    pub(super) text_bytes: usize,
}

impl Cleaner {
    /// A text that may have several lines.
    pub(super) fn text(&self, raw: Option<String>, path: &str) -> Result<Option<String>, ReadFault> {
        let Some(raw) = raw else { return Ok(None) };
        if raw.len() > self.text_bytes {
            return Err(ReadFault::TextTooLong { path: path.to_owned(), limit: self.text_bytes });
        }
        let is_kept = |c: char| !c.is_control() || c == '\n' || c == '\t';
        if raw.trim().len() == raw.len() && raw.chars().all(is_kept) {
            return Ok((!raw.is_empty()).then_some(raw));
        }
        let kept: String = raw.chars().filter(|&c| is_kept(c)).collect();
        let trimmed = kept.trim();
        Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
    }

    /// A text on one line: any run of white space, the no-break space among it, becomes one space, and what nobody sees
    /// goes, so that two names which look alike are alike.
    pub(super) fn line(&self, raw: Option<String>, path: &str) -> Result<Option<String>, ReadFault> {
        let Some(mut text) = self.text(raw, path)? else { return Ok(None) };
        text.retain(|c| !web::is_unseen(c));
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok((!line.is_empty()).then_some(line))
    }

    /// A number or an id. One that is too long is none, and cut off it would be another.
    pub(super) fn id(
        &self,
        raw: Option<String>,
        path: &str,
        limit: usize,
    ) -> Result<Option<String>, ReadFault> {
        match self.line(raw, path)? {
            Some(text) if text.len() > limit => Err(ReadFault::TextTooLong { path: path.to_owned(), limit }),
            found => Ok(found),
        }
    }

    /// A text that is cut off at a number of characters.
    pub(super) fn cut_text(
        &self,
        raw: Option<String>,
        path: &str,
        chars: usize,
    ) -> Result<Option<String>, ReadFault> {
        let text = self.text(raw, path)?;
        Ok(text.map(|text| match text.char_indices().nth(chars) {
            Some((end, _)) => text.get(..end).unwrap_or_default().trim_end().to_owned(),
            None => text,
        }))
    }

    pub(super) fn lines(&self, raw: Vec<String>, path: &str) -> Result<Vec<String>, ReadFault> {
        let mut lines = Vec::with_capacity(raw.len());
        for (index, text) in raw.into_iter().enumerate() {
            lines.extend(self.line(Some(text), &format!("{path}[{index}]"))?);
        }
        Ok(lines)
    }

    /// A calendar date (ISO 8601, extended form). A time of day behind it is passed over.
    pub(super) fn date(&self, raw: Option<String>, path: &str) -> Result<Option<NaiveDate>, ReadFault> {
        let Some(text) = self.line(raw, path)? else { return Ok(None) };
        let day = text.split(['T', ' ']).next().unwrap_or_default();
        let fits = |date: &NaiveDate| day.len() == 10 && (1600..=2200).contains(&date.year());
        match NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(fits) {
            Some(date) => Ok(Some(date)),
            None => Err(ReadFault::Date {
                path: path.to_owned(),
                fault: DateFault { given: text.chars().take(40).collect() },
            }),
        }
    }
}
