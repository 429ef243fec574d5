use super::record;
use crate::model::{Chained, Filter, Span, Tally};
use crate::store::log::Reach;
use crate::store::summary::{self, By};
use crate::{Act, Entity, Entry, Error, Outcome, store};
use access::{Action, Ctx, Sight};
use db::{Reads, Stamp};
use ids::{CaseId, FirmId, UserId};
use serde_json::json;

/// Values of one kind that a summary names; the rarer ones are left out.
const MOST_VALUES: u64 = 100;

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The newest entry first, or the oldest.
    pub newest_first: bool,
    /// Only entries beyond this one, in the order of the list.
    pub beyond: Option<i64>,
    /// Entries on the page.
    pub limit: u64,
    /// Entries before the page.
    pub offset: u64,
}

/// One page of the entries that fit, without changes of more than 4 KiB, and how many fit in all. Who asked for what is
/// recorded before anything is shown.
pub async fn list_entries(ctx: &Ctx, filter: &Filter, wanted: Wanted) -> Result<(Vec<Entry>, u64), Error> {
    let sight = ctx.sight_to(Action::ReadAudit)?;
    page_of(ctx, sight, question(ctx, "list", filter), filter, wanted).await
}

/// One page of the entries of a case, for who may read the whole log, and for a partner who leads the case, in person:
/// `lead` is who leads it, as the database says.
pub async fn list_entries_of_case(
    ctx: &Ctx,
    (case, lead): (CaseId, Option<UserId>),
    filter: Filter,
    wanted: Wanted,
) -> Result<(Vec<Entry>, u64), Error> {
    let principal = ctx.principal();
    let leads = lead == Some(principal.user) && principal.role.supervises() && principal.key.is_none();
    // The entries tell of all that hangs on the case: who is denied some of that has no view of its own.
    let denied =
        [Action::ReadAudit, Action::ManageWalls, Action::ReadDocket, Action::ReadDocuments, Action::ReadTime];
    let sight = if leads && !denied.into_iter().any(|action| ctx.is_denied(action)) {
        // What goes for all that is seen of a case: also who owes a second factor is refused here.
        ctx.sight_of_firm_to(Action::ReadCases)?
    } else {
        ctx.sight_to(Action::ReadAudit)?
    };
    let filter = Filter { case: Some(case), ..filter };
    page_of(ctx, sight, question(ctx, "case", &filter).in_case(case), &filter, wanted).await
}

async fn page_of(
    ctx: &Ctx,
    sight: Sight,
    asked: Entity,
    filter: &Filter,
    wanted: Wanted,
) -> Result<(Vec<Entry>, u64), Error> {
    tell(ctx, Act::Read, asked).await?;
    let db = ctx.reader();
    let span = reach(db, ctx.firm(), filter.span).await?;
    let total = store::log::count(db, sight, filter, span).await?;
    let beyond = match (wanted.beyond, wanted.newest_first) {
        (Some(seq), true) => Reach { before: span.before.min(seq), ..span },
        (Some(seq), false) => Reach { after: span.after.max(seq), ..span },
        (None, _) => span,
    };
    let page = (wanted.limit, wanted.offset);
    let found = store::log::list(db, sight, filter, beyond, wanted.newest_first, page).await?;
    Ok((found.into_iter().map(Chained::into_entry).collect(), total))
}

/// One entry, whole, with its hash.
pub async fn find_entry(ctx: &Ctx, seq: i64) -> Result<Chained, Error> {
    let sight = ctx.sight_to(Action::ReadAudit)?;
    let found = store::log::find(ctx.reader(), sight, seq).await?.ok_or(Error::NoEntry(seq))?;
    let mut tx = ctx.begin().await?;
    let what = Entity::of(found.entry.id).in_case_if(found.entry.case);
    record(&mut tx, ctx, Act::Read, what).await?;
    tx.commit().await?;
    Ok(found)
}

/// What happened in a stretch of time, by numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Entries in all.
    pub entries: u64,
    /// By what was done.
    pub actions: Vec<Tally>,
    /// By the kind of thing it was done to.
    pub entities: Vec<Tally>,
    /// By who did it.
    pub users: Vec<Tally>,
    /// By how it ended.
    pub outcomes: Vec<Tally>,
}

/// Counts what happened in a stretch of time.
pub async fn summarize(ctx: &Ctx, span: Span) -> Result<Summary, Error> {
    let sight = ctx.sight_to(Action::ReadAudit)?;
    let filter = Filter { span, ..Filter::default() };
    tell(ctx, Act::Read, question(ctx, "stats", &filter)).await?;
    let db = &ctx.reader().for_long_questions();
    let reach = reach(db, ctx.firm(), span).await?;
    let tally = |by| summary::tally(db, sight, &filter, reach, by, MOST_VALUES);
    // Every entry has one of a few outcomes: their sum is the number of entries.
    let outcomes = tally(By::Outcome).await?;
    Ok(Summary {
        entries: outcomes.iter().map(|outcome| outcome.entries.unsigned_abs()).sum(),
        actions: tally(By::Action).await?,
        entities: tally(By::Entity).await?,
        users: tally(By::User).await?,
        outcomes,
    })
}

/// Critical entries that a report shows one by one.
pub const MOST_CRITICAL: u64 = 200;
/// What a report holds at most, in bytes: two lists of them and one that is being read, with changes of up to 4 KiB.
pub(crate) const REPORT_BYTES: u64 = 3 * MOST_CRITICAL * (5 << 10);

/// The numbers of a stretch of time with what has to be looked at first: deletions, exports, shares, changes of rights,
/// and what was refused or failed. The newest [`MOST_CRITICAL`] of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The numbers.
    pub summary: Summary,
    /// Critical acts, the newest first.
    pub critical: Vec<Entry>,
    /// How many there were in all.
    pub critical_total: u64,
    /// Refused and failed attempts, the newest first.
    pub failed: Vec<Entry>,
    /// How many there were in all.
    pub failed_total: u64,
}

/// The compliance report of a stretch of time.
pub async fn report(ctx: &Ctx, span: Span) -> Result<Report, Error> {
    let sight = ctx.sight_to(Action::ReadAudit)?;
    let summary = summarize(ctx, span).await?;
    let reach = reach(ctx.reader(), ctx.firm(), span).await?;
    let of_acts = Act::ALL.into_iter().filter(|act| act.is_critical());
    let of_acts = of_acts.map(|act| Filter { action: Some(act.as_str().to_owned()), ..Filter::default() });
    let of_outcomes = [Outcome::Refused, Outcome::Failed]
        .map(|outcome| Filter { outcome: Some(outcome.as_str().to_owned()), ..Filter::default() });
    let critical = newest(ctx, sight, of_acts, reach).await?;
    let failed = newest(ctx, sight, of_outcomes, reach).await?;
    let count = |tallies: &[Tally], wanted: &dyn Fn(&str) -> bool| {
        let found = tallies.iter().filter(|tally| wanted(&tally.value));
        found.map(|tally| tally.entries.unsigned_abs()).sum()
    };
    let is_critical = |name: &str| Act::ALL.iter().any(|act| act.is_critical() && act.as_str() == name);
    let critical_total = count(&summary.actions, &is_critical);
    let failed_total = count(&summary.outcomes, &|name| name != Outcome::Done.as_str());
    Ok(Report { summary, critical, critical_total, failed, failed_total })
}

/// The newest [`MOST_CRITICAL`] entries that fit one of the filters.
async fn newest(
    ctx: &Ctx,
    sight: Sight,
    filters: impl IntoIterator<Item = Filter>,
    reach: Reach,
) -> Result<Vec<Entry>, Error> {
    let mut found = Vec::new();
    for filter in filters {
        let some = store::log::list(ctx.reader(), sight, &filter, reach, true, (MOST_CRITICAL, 0)).await?;
        found.extend(some.into_iter().map(Chained::into_entry));
        found.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        found.truncate(usize::try_from(MOST_CRITICAL).unwrap_or(usize::MAX));
    }
    Ok(found)
}

/// What somebody asks of the record.
pub(super) fn question(ctx: &Ctx, how: &'static str, filter: &Filter) -> Entity {
    Entity::log_of(ctx.firm()).changed(json!({ "as": how, "filter": filter }))
}

/// Records who looks at the record, and at what.
pub(super) async fn tell(ctx: &Ctx, act: Act, asked: Entity) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    record(&mut tx, ctx, act, asked).await?;
    tx.commit().await?;
    Ok(())
}

/// The numbers of the entries in a stretch of time.
pub(super) async fn reach(db: &impl Reads, firm: FirmId, span: Span) -> Result<Reach, Error> {
    let after = match span.from {
        Some(from) => store::log::first_since(db, firm, Stamp(from)).await? - 1,
        None => 0,
    };
    let before = match span.to {
        Some(to) => store::log::first_since(db, firm, Stamp(to)).await?,
        None => i64::MAX,
    };
    Ok(Reach { after, before })
}
