use crate::{Act, Entity, Entry, Error, model::CHANGES_BYTES, store};
use access::{App, Ctx, Request};
use db::{Reads, Tx};
use ids::{AuditId, FirmId, Id, UserId};
use serde_json::{Value, json};

/// Writes the record of a verb into the verb's own transaction.
pub async fn record(tx: &mut Tx, ctx: &Ctx, act: Act, entity: Entity) -> Result<(), Error> {
    let entry = entry(ctx.app(), ctx.request(), ctx.firm(), Some(ctx.user()), act, entity);
    store::insert(tx, &entry).await
}

/// Writes the record of somebody who is signing in: there is no context before it succeeds.
pub async fn record_sign_in(
    tx: &mut Tx,
    app: &App,
    request: &Request,
    firm: FirmId,
    user: UserId,
    act: Act,
) -> Result<(), Error> {
    let entry = entry(app, request, firm, Some(user), act, Entity::of(user));
    store::insert(tx, &entry).await
}

/// The newest records of one entity, newest first, at most `limit`.
pub async fn entries_of(
    db: &impl Reads,
    firm: FirmId,
    entity: impl Id,
    limit: u64,
) -> Result<Vec<Entry>, Error> {
    store::of_entity(db, firm, entity.uuid(), limit).await
}

fn entry(
    app: &App,
    request: &Request,
    firm: FirmId,
    user: Option<UserId>,
    act: Act,
    entity: Entity,
) -> Entry {
    Entry {
        id: app.new_id::<AuditId>(),
        firm,
        user,
        action: act.as_str().to_owned(),
        entity: entity.kind.to_owned(),
        entity_id: entity.id,
        case: entity.case,
        changes: entity.changes.map(capped),
        address: request.address.map(|address| address.to_string()),
        user_agent: request.user_agent.clone(),
        correlation: request.correlation.to_string(),
        at: app.clock().now(),
    }
}

fn capped(changes: Value) -> Value {
    let size_bytes = serde_json::to_vec(&changes).map_or(0, |text| text.len());
    if size_bytes <= CHANGES_BYTES { changes } else { json!({ "truncated": true, "sizeBytes": size_bytes }) }
}
