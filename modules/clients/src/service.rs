use crate::model::{ByEmail, ClientFilter, ClientSort, client_number};
use crate::{Client, ClientFields, Error, store};
use access::{Action, Ctx};
use audit::{Act, Entity};
use db::Tx;
use events::clients::{Added, Changed, Deleted};
use ids::ClientId;
use web::{Page, Sort, Version};

/// Adds a client under the next number of the firm.
pub async fn add_client(ctx: &Ctx, fields: ClientFields) -> Result<Client, Error> {
    ctx.require(Action::EditClients)?;
    let mut tx = ctx.begin().await?;
    let (id, now) = (ctx.new_id(), ctx.now());
    let number = client_number(store::next_number(&mut tx, ctx.firm()).await?);
    let client = Client { id, number, fields: fields.tidy(), version: 1, created_at: now, updated_at: now };
    store::insert(&mut tx, ctx.firm(), &client).await?;
    let added = Entity::of(client.id).differing(&(), &client.fields);
    audit::record(&mut tx, ctx, Act::Create, added).await?;
    ctx.publish(&mut tx, &Added(client.snapshot())).await?;
    tx.commit().await?;
    Ok(shown(ctx, client))
}

/// One client, without the fields that are denied to the caller.
pub async fn find_client(ctx: &Ctx, id: ClientId) -> Result<Client, Error> {
    ctx.require(Action::ReadClients)?;
    Ok(shown(ctx, store::find(ctx.reader(), ctx.firm(), id).await?))
}

fn shown(ctx: &Ctx, client: Client) -> Client {
    client.without(&ctx.masked(Action::ReadClients))
}

/// A page of clients, without the fields that are denied to the caller, and how many the filter lets through.
pub async fn list_clients(
    ctx: &Ctx,
    filter: &ClientFilter,
    sort: Sort<ClientSort>,
    page: Page,
) -> Result<(Vec<Client>, u64), Error> {
    ctx.require(Action::ReadClients)?;
    ctx.require_records(Action::ReadClients, page.end())?;
    let masked = ctx.masked(Action::ReadClients);
    let by_email = if masked.contains(&"email") { ByEmail::No } else { ByEmail::Yes };
    let (clients, total) = store::list(ctx.reader(), ctx.firm(), (filter, by_email), sort, page).await?;
    Ok((clients.into_iter().map(|client| client.without(&masked)).collect(), total))
}

/// Changes a client to what `change` makes of its fields. Nothing is written when nothing differs.
pub async fn change_client<E: From<Error>>(
    ctx: &Ctx,
    id: ClientId,
    seen: Option<Version>,
    change: impl FnOnce(&ClientFields) -> Result<ClientFields, E>,
) -> Result<Client, E> {
    ctx.require(Action::EditClients).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, id, seen).await?;
    let client = match before.with(change(&before.fields)?, ctx.now()) {
        None => before,
        Some(after) => commit_change(ctx, tx, &before, after).await?,
    };
    Ok(shown(ctx, client))
}

async fn begin_with(ctx: &Ctx, id: ClientId, seen: Option<Version>) -> Result<(Tx, Client), Error> {
    let tx = ctx.begin().await?;
    let before = store::find_for_change(&tx, ctx.firm(), id).await?;
    match seen {
        Some(seen) if seen != before.version() => Err(Error::Stale { now: before.version }),
        _ => Ok((tx, before)),
    }
}

async fn commit_change(ctx: &Ctx, mut tx: Tx, before: &Client, after: Client) -> Result<Client, Error> {
    store::save(&mut tx, ctx.firm(), &after, before.version).await?;
    let changed = Entity::of(after.id).differing(&before.fields, &after.fields);
    audit::record(&mut tx, ctx, Act::Update, changed).await?;
    ctx.publish(&mut tx, &Changed(after.snapshot())).await?;
    tx.commit().await?;
    Ok(after)
}

/// Removes a client. [`Error::InUse`] while a case refers to it.
pub async fn delete_client(ctx: &Ctx, id: ClientId, seen: Option<Version>) -> Result<(), Error> {
    ctx.require(Action::DeleteClients)?;
    let (mut tx, client) = begin_with(ctx, id, seen).await?;
    store::delete(&mut tx, ctx.firm(), &client).await?;
    let removed = Entity::of(id).changed(serde_json::json!(client.fields));
    audit::record(&mut tx, ctx, Act::Delete, removed).await?;
    ctx.publish(&mut tx, &Deleted { client: id }).await?;
    tx.commit().await?;
    Ok(())
}
