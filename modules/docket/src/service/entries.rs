use crate::{Entry, EntryDraft, EntryFilter, EntrySort, Error, store};
use access::{Action, Ctx, Sight};
use audit::{Act, Entity};
use db::{Reads, Tx};
use ids::{CaseId, DocketEntryId};
use web::Version;

/// Adds an entry at the end of a case's docket.
pub async fn add_entry(ctx: &Ctx, case: CaseId, draft: EntryDraft) -> Result<Entry, Error> {
    let sight = ctx.sight_to(Action::EditDocket)?;
    let mut tx = ctx.begin().await?;
    cases::exists(&tx, sight, case).await?;
    let position = store::last_position(&tx, sight, case).await? + 1;
    let now = ctx.now();
    let id = ctx.new_id();
    let entry = Entry { id, case, draft, version: 1, created_at: now, updated_at: now, links: Vec::new() };

    store::insert(&mut tx, ctx.firm(), position, std::slice::from_ref(&entry)).await?;
    audit::record(&mut tx, ctx, Act::Create, Entity::of(id).in_case(case)).await?;
    let filed = events::docket::EntriesFiled { case, entries: vec![entry.snapshot()] };
    ctx.publish(&mut tx, &filed).await?;
    tx.commit().await?;
    Ok(entry)
}

/// One entry with its links.
pub async fn find_entry(ctx: &Ctx, id: DocketEntryId) -> Result<Entry, Error> {
    let sight = ctx.sight_to(Action::ReadDocket)?;
    let mut entry = store::find(ctx.reader(), sight, id).await?;
    entry.links = store::links_of(ctx.reader(), ctx.firm(), [id]).await?;
    Ok(entry)
}

/// The case that an entry belongs to; nothing for an entry that is not seen.
pub async fn case_of_entry(
    db: &impl Reads,
    sight: Sight,
    entry: DocketEntryId,
) -> Result<Option<CaseId>, Error> {
    match store::find(db, sight, entry).await {
        Ok(entry) => Ok(Some(entry.case)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One page of entries with their links, and how many there are in all.
pub async fn list_entries(
    ctx: &Ctx,
    filter: &EntryFilter,
    sort: EntrySort,
    descending: bool,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Entry>, u64), Error> {
    let sight = ctx.sight_to(Action::ReadDocket)?;
    ctx.require_records(Action::ReadDocket, offset.saturating_add(limit))?;
    if let Some(case) = filter.case {
        cases::exists(ctx.reader(), sight, case).await?;
    }
    let (mut entries, total) =
        store::list(ctx.reader(), sight, filter, sort, descending, limit, offset).await?;
    let links = store::links_of(ctx.reader(), ctx.firm(), entries.iter().map(|entry| entry.id)).await?;
    for link in links {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.id == link.entry) {
            entry.links.push(link);
        }
    }
    Ok((entries, total))
}

/// Changes an entry to what `change` makes of it. `seen` is the version that the caller read, where it said so.
pub async fn change_entry<E: From<Error>>(
    ctx: &Ctx,
    id: DocketEntryId,
    seen: Option<Version>,
    change: impl FnOnce(&Entry) -> Result<EntryDraft, E>,
) -> Result<Entry, E> {
    let sight = ctx.sight_to(Action::EditDocket).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, sight, id, seen).await?;
    let draft = change(&before)?;
    Ok(commit_change(ctx, tx, before, draft).await?)
}

async fn begin_with(
    ctx: &Ctx,
    sight: Sight,
    id: DocketEntryId,
    seen: Option<Version>,
) -> Result<(Tx, Entry), Error> {
    let tx = ctx.begin().await?;
    let mut before = store::find_for_change(&tx, sight, id).await?;
    before.links = store::links_of(&tx, ctx.firm(), [id]).await?;
    check_version(&before, seen)?;
    Ok((tx, before))
}

async fn commit_change(ctx: &Ctx, mut tx: Tx, before: Entry, draft: EntryDraft) -> Result<Entry, Error> {
    let id = before.id;
    let after = Entry { draft, version: before.version + 1, updated_at: ctx.now(), ..before.clone() };

    store::update(&mut tx, ctx.firm(), &after).await?;
    audit::record(&mut tx, ctx, Act::Update, Entity::of(id).in_case(after.case).differing(&before, &after))
        .await?;
    let old_text = (before.draft.text != after.draft.text).then_some(before.draft.text);
    let updated = events::docket::EntryUpdated { case: after.case, entry: after.snapshot(), old_text };
    ctx.publish(&mut tx, &updated).await?;
    tx.commit().await?;
    Ok(after)
}

/// Removes an entry.
pub async fn delete_entry(ctx: &Ctx, id: DocketEntryId, seen: Option<Version>) -> Result<(), Error> {
    let sight = ctx.sight_to(Action::DeleteDocket)?;
    let mut tx = ctx.begin().await?;
    let entry = store::find_for_change(&tx, sight, id).await?;
    check_version(&entry, seen)?;

    store::delete(&mut tx, ctx.firm(), id).await?;
    let removed = Entity::of(id).in_case(entry.case).differing(&entry, &serde_json::json!({}));
    audit::record(&mut tx, ctx, Act::Delete, removed).await?;
    ctx.publish(&mut tx, &events::docket::EntryDeleted { case: entry.case, entry: id }).await?;
    tx.commit().await?;
    Ok(())
}

fn check_version(entry: &Entry, seen: Option<Version>) -> Result<(), Error> {
    match seen {
        Some(seen) if seen.0 != entry.version => Err(Error::Stale { current: entry.version }),
        _ => Ok(()),
    }
}
