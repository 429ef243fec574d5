use chrono::{Datelike as _, NaiveDate};

/// Refuses a day that `YYYY-MM-DD` cannot write: the years before 1 and after 9999. Reading dates takes them, but they
/// do not sort as texts, and PostgreSQL knows only some of them. For `#[garde(custom(web::calendar_day))]`.
pub fn calendar_day<C>(day: &NaiveDate, _context: &C) -> garde::Result {
    if (1..=9999).contains(&day.year()) {
        Ok(())
    } else {
        Err(garde::Error::new("must be a day of the years 0001 to 9999, such as 2026-01-31"))
    }
}
