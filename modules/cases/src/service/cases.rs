use super::check_version;
use crate::model::list::{CaseFilter, CasePlace, CaseSort, CaseStats, CaseSummary};
use crate::model::numbering::NumberTemplate;
use crate::model::status::CaseStatus;
use crate::{Case, CaseFields, Error, store};
use access::{Action, Ctx, Sight};
use audit::{Act, Entity};
use chrono::{Datelike as _, NaiveTime};
use db::{Reads, Tx};
use events::cases::{Changed, Deleted, Opened};
use ids::{CaseId, PartyId};
use web::{Page, Sort, Version};

/// The most cases whose titles are read at once.
pub const CASES_AT_ONCE: usize = 1000;

/// How many taken numbers are passed over before a case is refused: numbers that people gave by hand ahead of the row.
const TAKEN_NUMBERS: usize = 1000;

/// Opens a case. Without a number it gets the next one of the firm's template.
pub async fn open_case(ctx: &Ctx, fields: CaseFields) -> Result<Case, Error> {
    ctx.require(Action::OpenCases)?;
    let mut tx = ctx.begin().await?;
    let case = Case::open(ctx.new_id(), fields, ctx.now());
    let case = insert_numbered(&mut tx, ctx, case).await?;
    let opened = Entity::of(case.id).in_case(case.id).differing(&(), &case.fields);
    audit::record(&mut tx, ctx, Act::Create, opened).await?;
    ctx.publish(&mut tx, &Opened(case.snapshot())).await?;
    tx.commit().await?;
    Ok(case)
}

/// Stores a new case under its own number, or under the next one that is free. A number from the template is taken and
/// stored in one transaction, so that a case which fails gives it back and two cases never share one.
pub(super) async fn insert_numbered(tx: &mut Tx, ctx: &Ctx, mut case: Case) -> Result<Case, Error> {
    let firm = ctx.firm();
    if case.fields.number.is_some() {
        let is_free = store::cases::insert(tx, firm, &case).await?;
        return if is_free { Ok(case) } else { Err(Error::NumberTaken(case.number().to_owned())) };
    }
    for _ in 0..TAKEN_NUMBERS {
        let (template, seq) = store::numbering::next(tx, firm).await?;
        let year = case.opened_at.year();
        case.fields.number = Some(template.number(year, case.fields.practice_area.as_deref(), seq));
        if store::cases::insert(tx, firm, &case).await? {
            return Ok(case);
        }
    }
    Err(Error::NumberTaken(case.number().to_owned()))
}

/// One case.
pub async fn find_case(ctx: &Ctx, id: CaseId) -> Result<Case, Error> {
    let sight = ctx.sight_to(Action::ReadCases)?;
    store::cases::find(ctx.reader(), sight, id).await
}

/// A page of cases, and how many the filter lets through. `after` goes on behind a place of the list by
/// [`CaseSort::OpenedAt`], the only order it goes with.
pub async fn list_cases(
    ctx: &Ctx,
    filter: &CaseFilter,
    sort: Sort<CaseSort>,
    page: Page,
    after: Option<CasePlace>,
) -> Result<(Vec<CaseSummary>, u64), Error> {
    let sight = ctx.sight_to(Action::ReadCases)?;
    // How far a place lies in the list is not known.
    ctx.require_records(Action::ReadCases, if after.is_some() { u64::MAX } else { page.end() })?;
    store::list::cases(ctx.reader(), sight, filter, sort, page, after).await
}

/// Changes a case to what `change` makes of its fields. A change of status must be an allowed step. Nothing is written
/// when nothing differs.
pub async fn change_case<E: From<Error>>(
    ctx: &Ctx,
    id: CaseId,
    seen: Option<Version>,
    change: impl FnOnce(&CaseFields) -> Result<CaseFields, E>,
) -> Result<Case, E> {
    let sight = ctx.sight_to(Action::EditCases).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, sight, id, seen).await?;
    let fields = change(&before.fields)?;
    if (before.fields.client_id, before.fields.lead_user_id) != (fields.client_id, fields.lead_user_id) {
        // Whose a case is, and who leads it, is not up to those who are on its team alone.
        ctx.require(Action::EditCases).map_err(Error::from)?;
    }
    let lead = before.fields.lead_user_id;
    let hands_over = lead.is_some() && lead != fields.lead_user_id;
    if hands_over && lead != Some(ctx.user()) && !ctx.principal().role.supervises() {
        // Who leads a case lets others in.
        return Err(Error::NotYourLead.into());
    }
    match before.with(fields, ctx.now()).map_err(Error::from)? {
        None => Ok(before),
        Some(after) => Ok(commit_change(ctx, tx, &before, after).await?),
    }
}

/// Closes, reopens, archives a case or puts it on hold.
pub async fn move_case(ctx: &Ctx, id: CaseId, seen: Option<Version>, to: CaseStatus) -> Result<Case, Error> {
    let sight = ctx.sight_to(Action::EditCases)?;
    let (tx, before) = begin_with(ctx, sight, id, seen).await?;
    let after = before.moved(to, ctx.now())?;
    commit_change(ctx, tx, &before, after).await
}

async fn begin_with(ctx: &Ctx, sight: Sight, id: CaseId, seen: Option<Version>) -> Result<(Tx, Case), Error> {
    let mut tx = ctx.begin().await?;
    let before = store::cases::find_for_change(&mut tx, sight, id).await?;
    check_version(seen, before.version())?;
    Ok((tx, before))
}

async fn commit_change(ctx: &Ctx, mut tx: Tx, before: &Case, after: Case) -> Result<Case, Error> {
    store::cases::save(&mut tx, ctx.firm(), &after, before.version).await?;
    let changed = Entity::of(after.id).in_case(after.id).differing(&before.fields, &after.fields);
    audit::record(&mut tx, ctx, Act::Update, changed).await?;
    ctx.publish(&mut tx, &Changed(after.snapshot())).await?;
    tx.commit().await?;
    Ok(after)
}

/// Removes a case with its parties, their counsel and its team. Refused while documents, docket entries or other things that do
/// not go with it belong to it.
pub async fn delete_case(ctx: &Ctx, id: CaseId, seen: Option<Version>) -> Result<(), Error> {
    let sight = ctx.sight_to(Action::DeleteCases)?;
    let (mut tx, case) = begin_with(ctx, sight, id, seen).await?;
    store::cases::delete(&mut tx, ctx.firm(), &case).await?;
    access::case_teams::end_of_case(&mut tx, ctx.firm(), id).await?;
    let deleted = Entity::of(id).in_case(id).changed(serde_json::json!(case.fields));
    audit::record(&mut tx, ctx, Act::Delete, deleted).await?;
    ctx.publish(&mut tx, &Deleted { case: id }).await?;
    tx.commit().await?;
    Ok(())
}

/// Counts over the cases that are seen.
pub async fn stats(ctx: &Ctx) -> Result<CaseStats, Error> {
    let sight = ctx.sight_to(Action::ReadCases)?;
    let today = ctx.now().date_naive();
    let first = today.with_day(1).unwrap_or(today);
    store::stats::read(ctx.reader(), sight, first.and_time(NaiveTime::MIN).and_utc()).await
}

/// How the firm numbers its cases.
pub async fn number_template(ctx: &Ctx) -> Result<NumberTemplate, Error> {
    ctx.require(Action::ReadCases)?;
    store::numbering::template(ctx.reader(), ctx.firm()).await
}

/// Changes how the firm numbers its cases from now on. Numbers that were given stay.
pub async fn set_number_template(ctx: &Ctx, template: &str) -> Result<NumberTemplate, Error> {
    ctx.require(Action::ManageUsers)?;
    let template: NumberTemplate = template.parse()?;
    let mut tx = ctx.begin().await?;
    let before = store::numbering::template(&tx, ctx.firm()).await?;
    store::numbering::set_template(&mut tx, ctx.firm(), &template).await?;
    let changes = serde_json::json!({ "caseNumberTemplate": [before.as_str(), template.as_str()] });
    audit::record(&mut tx, ctx, Act::Update, Entity::of(ctx.firm()).changed(changes)).await?;
    tx.commit().await?;
    Ok(template)
}

/// A case's number and title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseTitle {
    /// The case.
    pub id: CaseId,
    /// The firm's number of it.
    pub number: String,
    /// Its title.
    pub title: String,
}

/// Whether the case is there to be seen: [`Error::NotFound`] if not. For modules whose things belong to a case.
pub async fn exists(db: &impl Reads, sight: Sight, case: CaseId) -> Result<(), Error> {
    store::cases::exists(db, sight, case).await
}

/// Where a case stands that is there to be seen.
pub async fn status_of(db: &impl Reads, sight: Sight, case: CaseId) -> Result<CaseStatus, Error> {
    Ok(store::cases::find(db, sight, case).await?.fields.status)
}

/// The case that a party belongs to; nothing for a party that is not seen.
pub async fn case_of_party(db: &impl Reads, sight: Sight, party: PartyId) -> Result<Option<CaseId>, Error> {
    match store::parties::find(db, sight, party).await {
        Ok(party) => Ok(Some(party.case_id)),
        Err(Error::PartyNotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Numbers and titles of the first [`CASES_AT_ONCE`] of `cases`, in no order. What is not seen is left out.
pub async fn case_titles(db: &impl Reads, sight: Sight, cases: &[CaseId]) -> Result<Vec<CaseTitle>, Error> {
    let some = cases.get(..CASES_AT_ONCE).unwrap_or(cases);
    let rows = store::list::titles(db, sight, some).await?;
    Ok(rows.into_iter().map(|(id, number, title)| CaseTitle { id, number, title }).collect())
}
