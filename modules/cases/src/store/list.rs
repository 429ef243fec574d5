use super::cases::read_status;
use super::{Fields, id_value, part_of};
use crate::Error;
use crate::model::list::{CaseFilter, CasePlace, CaseSort, CaseSummary};
use access::Sight;
use db::{Reads, Stamp};
use ids::{CaseId, FirmId};
use sea_orm::sea_query::Value;
use web::{Page, Sort};

const COLUMNS: &str = "id, number, title, status, practice_area, client_id, lead_user_id, court, docket_number, \
                       judge, filed_on, opened_at, closed_at, version, updated_at";

/// A page of the firm's cases, and how many the filter lets through. One statement; a page behind the end takes a
/// second one for the total. The text depends only on which filters and which order are set, so that connections keep
/// it prepared. `after` goes on behind a place in the order of opening.
pub(crate) async fn cases(
    db: &impl Reads,
    sight: Sight,
    filter: &CaseFilter,
    sort: Sort<CaseSort>,
    page: Page,
    after: Option<CasePlace>,
) -> Result<(Vec<CaseSummary>, u64), Error> {
    let (mut condition, mut values) = condition(sight.firm(), filter);
    condition.push_str(&sight.and_reaches("cases.id", &mut values));
    // A member's cases are few: these are looked up one by one, in whatever order they are shown.
    let (from, condition) = match sight.team_cases(&mut values) {
        None => ("cases".to_owned(), condition),
        Some(own) => {
            (format!("({own}) own CROSS JOIN cases"), format!("cases.id = own.case_id AND {condition}"))
        }
    };
    let hidden = sight.hidden(&mut values);
    let total = total(&from, &condition, hidden.as_deref());
    let seen = hidden.map(|hidden| format!(" AND id NOT IN ({hidden})")).unwrap_or_default();
    let mut with_page = values.clone();
    let behind = match after {
        None => String::new(),
        Some(place) => {
            let sign = if sort.descending { '<' } else { '>' };
            with_page.extend([Stamp(place.opened_at).into(), id_value(place.id)]);
            format!(" AND (opened_at, id) {sign} (${}, ${})", with_page.len() - 1, with_page.len())
        }
    };
    let rows_of = |rows: u64| Value::from(i64::try_from(rows).unwrap_or(i64::MAX));
    with_page.extend([page.limit(), page.offset()].map(rows_of));
    let (limit, offset, order) = (with_page.len() - 1, with_page.len(), order(sort));
    let text = format!(
        "SELECT {total}, {COLUMNS} FROM {from} WHERE {condition}{seen}{behind} \
         ORDER BY {order} LIMIT ${limit} OFFSET ${offset}"
    );
    let rows = db.rows(db::sql(db.dialect(), text, with_page)).await?;
    if let Some(first) = rows.first() {
        let total = Fields::of(first).count()?;
        let mut cases = Vec::with_capacity(rows.len());
        for row in rows {
            cases.push(read(&row)?);
        }
        return Ok((cases, total));
    }
    if page.offset() == 0 && after.is_none() {
        return Ok((Vec::new(), 0));
    }
    let rows = db.rows(db::sql(db.dialect(), format!("SELECT {total}"), values)).await?;
    let total = rows.first().map_or(Ok(0), |row| Fields::of(row).count())?;
    Ok((Vec::new(), total))
}

/// How many cases meet the condition, less those of them that are hidden. A firm has many cases and few walls: the few are
/// looked up one by one (`CROSS JOIN` fixes that order on SQLite), and the many are counted as they always were.
fn total(from: &str, condition: &str, hidden: Option<&str>) -> String {
    let all = format!("(SELECT count(*) FROM {from} WHERE {condition})");
    let Some(hidden) = hidden else { return all };
    format!(
        "{all} - (SELECT count(DISTINCT cases.id) FROM ({hidden}) walled CROSS JOIN {from} \
         WHERE cases.id = walled.case_id AND {condition})"
    )
}

/// Numbers and titles of at most [`crate::CASES_AT_ONCE`] cases; those of other firms, and those
/// that are not seen, are left out.
pub(crate) async fn titles(
    db: &impl Reads,
    sight: Sight,
    ids: &[CaseId],
) -> Result<Vec<(CaseId, String, String)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places = (2..ids.len() + 2).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    let ids = ids.iter().copied().map(id_value);
    let mut values: Vec<Value> = std::iter::once(id_value(sight.firm())).chain(ids).collect();
    let seen = sight.and_sees("cases.id", &mut values);
    let text = format!("SELECT id, number, title FROM cases WHERE firm_id = $1 AND id IN ({places}){seen}");
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    rows.iter()
        .map(|row| {
            let mut row = Fields::of(row);
            Ok((row.id()?, row.next()?, row.next()?))
        })
        .collect()
}

fn condition(firm: FirmId, filter: &CaseFilter) -> (String, Vec<Value>) {
    let mut text = "firm_id = $1".to_owned();
    let mut values = vec![id_value(firm)];
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        text.push_str(" AND ");
        text.push_str(&condition.replace('?', &format!("${}", values.len())));
    };
    if let Some(status) = filter.status {
        and("status = ?", status.as_str().into());
    }
    if let Some(practice_area) = &filter.practice_area {
        and("practice_area = ?", practice_area.as_str().into());
    }
    if let Some(client) = filter.client {
        and("client_id = ?", id_value(client));
    }
    if let Some(court) = &filter.court {
        and("court = ?", court.as_str().into());
    }
    if let Some(day) = filter.filed_from {
        and("filed_on >= ?", day.into());
    }
    if let Some(day) = filter.filed_to {
        and("filed_on <= ?", day.into());
    }
    if let Some(part) = &filter.text {
        // One that an older version has stored is found by its letters as they stand, until its turn comes.
        values.extend([part_of(&folding::folded(part)).into(), part_of(part).into()]);
        let (folded, plain) = (values.len() - 1, values.len());
        let older = ["title_key", "lower(title)", "lower(number)", "lower(docket_number)"]
            .map(|column| format!(r"{column} LIKE ${plain} ESCAPE '\'"))
            .join(" OR ");
        let like = format!(r" AND (found_by LIKE ${folded} ESCAPE '\' OR (found_by IS NULL AND ({older})))");
        text.push_str(&like);
    }
    (text, values)
}

/// The id settles ties, in the same direction, so that one index serves both.
fn order(sort: Sort<CaseSort>) -> String {
    let column = match sort.field {
        CaseSort::OpenedAt => "opened_at",
        CaseSort::Title => "title_key",
        CaseSort::Number => "number",
        CaseSort::FiledOn => "filed_on",
        CaseSort::Status => "status",
        CaseSort::UpdatedAt => "updated_at",
    };
    let way = if sort.descending { "DESC" } else { "ASC" };
    let nulls = if sort.field == CaseSort::FiledOn { " NULLS LAST" } else { "" };
    format!("{column} {way}{nulls}, id {way}")
}

fn read(row: &db::Row) -> Result<CaseSummary, Error> {
    let mut row = Fields::of(row);
    let _total = row.count()?;
    Ok(CaseSummary {
        id: row.id()?,
        number: row.next()?,
        title: row.next()?,
        status: read_status(&mut row)?,
        practice_area: row.next()?,
        client_id: row.opt_id()?,
        lead_user_id: row.opt_id()?,
        court: row.next()?,
        docket_number: row.next()?,
        judge: row.next()?,
        filed_on: row.next()?,
        opened_at: row.time()?,
        closed_at: row.opt_time()?,
        version: row.next()?,
        updated_at: row.time()?,
    })
}
