use super::cases::read_status;
use super::{Fields, id_value};
use crate::Error;
use crate::model::list::{CaseStats, PracticeCount, StatusCounts};
use access::Sight;
use clock::Timestamp;
use db::{Reads, Stamp};

/// Each ends with its condition, to which that of the eyes is added.
const BY_STATUS: &str = "SELECT status, count(*) FROM cases WHERE firm_id = $1";

const BY_PRACTICE: &str = "SELECT practice_area, count(*) AS cases_in FROM cases WHERE firm_id = $1";

const LARGEST: &str = " GROUP BY practice_area ORDER BY cases_in DESC, practice_area LIMIT 20";

const OPENED: &str = "SELECT count(*) FROM cases WHERE firm_id = $1 AND opened_at >= $2";

const CLOSED: &str = "SELECT count(*) FROM cases WHERE firm_id = $1 AND closed_at >= $2 \
                      AND status IN ('closed', 'archived')";

/// Counts over all cases that are seen; "this month" begins at `since`.
pub(crate) async fn read(db: &impl Reads, sight: Sight, since: Timestamp) -> Result<CaseStats, Error> {
    let dialect = db.dialect();
    let seen = |text: &str, since: Option<Timestamp>, rest: &str| {
        let mut values = vec![id_value(sight.firm())];
        values.extend(since.map(|since| Stamp(since).into()));
        let seen = sight.and_sees_among_many("id", &mut values);
        db::sql(dialect, format!("{text}{seen}{rest}"), values)
    };
    let mut by_status = StatusCounts::default();
    for row in db.rows(seen(BY_STATUS, None, " GROUP BY status")).await? {
        let mut row = Fields::of(&row);
        let status = read_status(&mut row)?;
        *by_status.of(status) = row.count()?;
    }
    let mut by_practice_area = Vec::new();
    for row in db.rows(seen(BY_PRACTICE, None, LARGEST)).await? {
        let mut row = Fields::of(&row);
        by_practice_area.push(PracticeCount { practice_area: row.next()?, count: row.count()? });
    }
    let mut since_then = [0; 2];
    for (place, text) in since_then.iter_mut().zip([OPENED, CLOSED]) {
        let rows = db.rows(seen(text, Some(since), "")).await?;
        *place = rows.first().map_or(Ok(0), |row| Fields::of(row).count())?;
    }
    let [opened_this_month, closed_this_month] = since_then;
    let total = by_status.open + by_status.on_hold + by_status.closed + by_status.archived;
    Ok(CaseStats { total, by_status, by_practice_area, opened_this_month, closed_this_month })
}
