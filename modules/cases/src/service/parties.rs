use super::check_version;
use crate::model::list::{PartyFilter, PartySort};
use crate::model::party::{Party, PartyFields};
use crate::{Error, store};
use access::{Action, Ctx, Sight};
use audit::{Act, Entity};
use db::Tx;
use events::cases::{PartiesChanged, PartyRemoved, PartySnapshot};
use ids::{CaseId, PartyId};
use std::collections::HashSet;
use web::{Page, Sort, Version};

/// The most parties in one announcement.
const PARTIES_IN_EVENT: usize = 200;
/// The most text in one announcement, in bytes: far below what the outbox takes.
const EVENT_BYTES: usize = 256 << 10;

/// Lists a party in a case.
pub async fn add_party(ctx: &Ctx, case: CaseId, fields: PartyFields) -> Result<Party, Error> {
    let sight = ctx.sight_to(Action::EditCases)?;
    let mut tx = ctx.begin().await?;
    store::cases::exists(&tx, sight, case).await?;
    let position = store::parties::last_position(&tx, ctx.firm(), case).await? + 1;
    let fields = with_counsel_ids(ctx, &PartyFields::default(), fields.tidy())?;
    let party = [Party::listed(ctx.new_id(), case, fields, position, ctx.now())];
    store::parties::insert(&mut tx, ctx.firm(), &party).await?;
    let [party] = party;
    let added = Entity::of(party.id).in_case(case).differing(&(), &party.fields);
    audit::record(&mut tx, ctx, Act::Create, added).await?;
    announce(&mut tx, ctx, case, std::iter::once(&party)).await?;
    tx.commit().await?;
    Ok(party)
}

/// One party with its counsel.
pub async fn find_party(ctx: &Ctx, id: PartyId) -> Result<Party, Error> {
    let sight = ctx.sight_to(Action::ReadCases)?;
    store::parties::find(ctx.reader(), sight, id).await
}

/// A page of parties with their counsel, and how many the filter lets through. A case that the firm does not have is
/// [`Error::NotFound`].
pub async fn list_parties(
    ctx: &Ctx,
    filter: &PartyFilter,
    sort: Sort<PartySort>,
    page: Page,
) -> Result<(Vec<Party>, u64), Error> {
    let sight = ctx.sight_to(Action::ReadCases)?;
    ctx.require_records(Action::ReadCases, page.end())?;
    if let Some(case) = filter.case {
        store::cases::exists(ctx.reader(), sight, case).await?;
    }
    store::parties::list(ctx.reader(), sight, filter, sort, page).await
}

/// Changes a party to what `change` makes of its fields. Counsel that is left out of the new list is removed; counsel
/// without an id is new. Nothing is written when nothing differs.
pub async fn change_party<E: From<Error>>(
    ctx: &Ctx,
    id: PartyId,
    seen: Option<Version>,
    change: impl FnOnce(&PartyFields) -> Result<PartyFields, E>,
) -> Result<Party, E> {
    let sight = ctx.sight_to(Action::EditCases).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, sight, id, seen).await?;
    let fields = with_counsel_ids(ctx, &before.fields, change(&before.fields)?.tidy())?;
    match before.with(fields, ctx.now()) {
        None => Ok(before),
        Some(after) => Ok(commit_change(ctx, tx, &before, after).await?),
    }
}

async fn begin_with(
    ctx: &Ctx,
    sight: Sight,
    id: PartyId,
    seen: Option<Version>,
) -> Result<(Tx, Party), Error> {
    let mut tx = ctx.begin().await?;
    let before = store::parties::find_for_change(&mut tx, sight, id).await?;
    check_version(seen, before.version())?;
    Ok((tx, before))
}

async fn commit_change(ctx: &Ctx, mut tx: Tx, before: &Party, after: Party) -> Result<Party, Error> {
    store::parties::save(&mut tx, ctx.firm(), before, &after).await?;
    let changed = Entity::of(after.id).in_case(after.case_id).differing(&before.fields, &after.fields);
    audit::record(&mut tx, ctx, Act::Update, changed).await?;
    announce(&mut tx, ctx, after.case_id, std::iter::once(&after)).await?;
    tx.commit().await?;
    Ok(after)
}

/// Removes a party with its counsel.
pub async fn delete_party(ctx: &Ctx, id: PartyId, seen: Option<Version>) -> Result<(), Error> {
    let sight = ctx.sight_to(Action::EditCases)?;
    let (mut tx, party) = begin_with(ctx, sight, id, seen).await?;
    store::parties::delete(&mut tx, ctx.firm(), &party).await?;
    let removed = Entity::of(id).in_case(party.case_id).changed(serde_json::json!(party.fields));
    audit::record(&mut tx, ctx, Act::Delete, removed).await?;
    ctx.publish(&mut tx, &PartyRemoved { case: party.case_id, party: id }).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives new counsel ids. An id that the party does not have, or that stands twice, is refused.
fn with_counsel_ids(ctx: &Ctx, known: &PartyFields, mut fields: PartyFields) -> Result<PartyFields, Error> {
    let mut free: HashSet<_> = known.attorneys.iter().filter_map(|attorney| attorney.id).collect();
    for attorney in &mut fields.attorneys {
        match attorney.id {
            Some(id) if !free.remove(&id) => return Err(Error::UnknownCounsel),
            Some(_) => {}
            None => attorney.id = Some(ctx.new_id()),
        }
    }
    Ok(fields)
}

/// Announces parties as they stand now, some in each event.
pub(super) async fn announce(
    tx: &mut Tx,
    ctx: &Ctx,
    case: CaseId,
    parties: impl Iterator<Item = &Party> + Send,
) -> Result<(), Error> {
    let mut some: Vec<PartySnapshot> = Vec::new();
    let mut size_bytes = 0;
    for party in parties {
        let snapshot = party.snapshot();
        let counsel: usize = snapshot.counsel.iter().map(String::len).sum();
        size_bytes += snapshot.name.len() + snapshot.kind.len() + counsel;
        some.push(snapshot);
        if some.len() == PARTIES_IN_EVENT || size_bytes >= EVENT_BYTES {
            ctx.publish(tx, &PartiesChanged { case, parties: std::mem::take(&mut some) }).await?;
            size_bytes = 0;
        }
    }
    if !some.is_empty() {
        ctx.publish(tx, &PartiesChanged { case, parties: some }).await?;
    }
    Ok(())
}
