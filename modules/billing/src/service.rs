use crate::{Error, TimeDraft, TimeEntry, TimeFilter, store};
use access::{Action, Ctx, Sight};
use audit::{Act, Entity};
use db::{Reads, Tx};
use ids::{CaseId, TimeEntryId};
use web::Version;

/// Records the caller's own time.
pub async fn record_time(ctx: &Ctx, draft: TimeDraft) -> Result<TimeEntry, Error> {
    let sight = ctx.sight_to(Action::EditTime)?;
    let mut tx = ctx.begin().await?;
    cases::exists(&tx, sight, draft.case).await?;
    let now = ctx.now();
    let (id, case) = (ctx.new_id(), draft.case);
    let entry = TimeEntry { id, user: ctx.user(), draft, version: 1, created_at: now, updated_at: now };

    store::insert(&mut tx, ctx.firm(), &entry).await?;
    audit::record(&mut tx, ctx, Act::Create, Entity::of(id).in_case(case)).await?;
    tx.commit().await?;
    Ok(entry)
}

/// One entry.
pub async fn find_time(ctx: &Ctx, id: TimeEntryId) -> Result<TimeEntry, Error> {
    let sight = ctx.sight_to(Action::ReadTime)?;
    store::find(ctx.reader(), sight, id).await
}

/// The case that an entry belongs to; nothing for an entry that is not seen.
pub async fn case_of_time(
    db: &impl Reads,
    sight: Sight,
    entry: TimeEntryId,
) -> Result<Option<CaseId>, Error> {
    match store::find(db, sight, entry).await {
        Ok(entry) => Ok(Some(entry.draft.case)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One page of entries, the newest day first, and how many there are in all.
pub async fn list_time(
    ctx: &Ctx,
    filter: &TimeFilter,
    limit: u64,
    offset: u64,
) -> Result<(Vec<TimeEntry>, u64), Error> {
    let sight = ctx.sight_to(Action::ReadTime)?;
    ctx.require_records(Action::ReadTime, offset.saturating_add(limit))?;
    if let Some(case) = filter.case {
        cases::exists(ctx.reader(), sight, case).await?;
    }
    store::list(ctx.reader(), sight, filter, limit, offset).await
}

/// Changes an entry to what `change` makes of it.
pub async fn change_time<E: From<Error>>(
    ctx: &Ctx,
    id: TimeEntryId,
    seen: Option<Version>,
    change: impl FnOnce(&TimeEntry) -> Result<TimeDraft, E>,
) -> Result<TimeEntry, E> {
    let sight = ctx.sight_to(Action::EditTime).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, sight, id, seen).await?;
    let draft = change(&before)?;
    Ok(commit_change(ctx, sight, tx, before, draft).await?)
}

async fn begin_with(
    ctx: &Ctx,
    sight: Sight,
    id: TimeEntryId,
    seen: Option<Version>,
) -> Result<(Tx, TimeEntry), Error> {
    let tx = ctx.begin().await?;
    let before = store::find_for_change(&tx, sight, id).await?;
    check(ctx, &before, seen)?;
    Ok((tx, before))
}

async fn commit_change(
    ctx: &Ctx,
    sight: Sight,
    mut tx: Tx,
    before: TimeEntry,
    draft: TimeDraft,
) -> Result<TimeEntry, Error> {
    cases::exists(&tx, sight, draft.case).await?;
    let id = before.id;
    let after = TimeEntry { draft, version: before.version + 1, updated_at: ctx.now(), ..before.clone() };

    store::update(&mut tx, ctx.firm(), &after).await?;
    let what = Entity::of(id).in_case(after.draft.case).differing(&before, &after);
    let (from, to) = (Some(before.draft.case), Some(after.draft.case));
    audit::record_leaving(&mut tx, ctx, Entity::of(id), from, to).await?;
    audit::record(&mut tx, ctx, Act::Update, what).await?;
    tx.commit().await?;
    Ok(after)
}

/// Removes an entry.
pub async fn delete_time(ctx: &Ctx, id: TimeEntryId, seen: Option<Version>) -> Result<(), Error> {
    let sight = ctx.sight_to(Action::EditTime)?;
    let (mut tx, before) = begin_with(ctx, sight, id, seen).await?;
    store::delete(&mut tx, ctx.firm(), id).await?;
    let what = Entity::of(id).in_case(before.draft.case).differing(&before, &serde_json::json!({}));
    audit::record(&mut tx, ctx, Act::Delete, what).await?;
    tx.commit().await?;
    Ok(())
}

fn check(ctx: &Ctx, entry: &TimeEntry, seen: Option<Version>) -> Result<(), Error> {
    if entry.user != ctx.user() && !ctx.principal().role.supervises() {
        return Err(Error::NotYours);
    }
    match seen {
        Some(seen) if seen.0 != entry.version => Err(Error::Stale { current: entry.version }),
        _ => Ok(()),
    }
}
