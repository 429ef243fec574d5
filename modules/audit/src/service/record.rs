use crate::model::{Chained, Pending, Who, redacted};
use crate::{Act, Entity, Entry, Error, Filter, store};
use access::{App, Ctx, Request, Sight};
use chrono::DurationRound as _;
use chrono::TimeDelta;
use clock::Timestamp;
use crypto::digest::{hex, sha256};
use db::{Reads, Stamp, Tx};
use ids::{CaseId, FirmId, Id, UserId};
use serde_json::{Value, json};

/// The longest that a record's changes may be, as JSON text. What is longer is replaced by its length and its SHA-256.
const CHANGES_BYTES: usize = 64 << 10;

/// The longest reason that is kept, in characters.
const REASON_CHARS: usize = 2000;

/// Writes the record of a verb into the verb's own transaction, at the end of the firm's chain.
///
/// From here to the commit nobody else adds to the chain: a verb records as late as it can.
pub async fn record(tx: &mut Tx, ctx: &Ctx, act: Act, entity: Entity) -> Result<(), Error> {
    chain(tx, ctx.app(), Pending::of(ctx, act, entity)).await
}

/// Tells the case that something leaves, where it leaves one: who reads the log of that case sees that it went, and not where to.
pub async fn record_leaving(
    tx: &mut Tx,
    ctx: &Ctx,
    entity: Entity,
    from: Option<CaseId>,
    to: Option<CaseId>,
) -> Result<(), Error> {
    let Some(left) = from.filter(|_| from != to) else { return Ok(()) };
    let gone = entity.in_case(left).changed(json!({ "caseId": [left, null] }));
    record(tx, ctx, Act::Update, gone).await
}

/// Writes the record of somebody who is signing in: there is no context before it succeeds. `answer` is the status that they
/// are answered with, where it is known.
pub async fn record_sign_in(
    tx: &mut Tx,
    app: &App,
    request: &Request,
    (firm, user): (FirmId, UserId),
    act: Act,
    answer: Option<u16>,
) -> Result<(), Error> {
    let who = Who { firm, user: Some(user), session: None, key: None };
    let entity = Entity::of(user).answered(answer);
    chain(tx, app, Pending::new(app, request, who, act, entity)).await
}

/// Writes the record of what the server does by itself, such as removing what is too old.
pub(crate) async fn record_own(
    tx: &mut Tx,
    app: &App,
    firm: FirmId,
    act: Act,
    entity: Entity,
) -> Result<(), Error> {
    let who = Who { firm, user: None, session: None, key: None };
    chain(tx, app, Pending::new(app, &Request::default(), who, act, entity)).await
}

/// Writes a record that waited beside the database. Its own time stands with its changes: the chain's never go back.
pub(crate) async fn record_spilled(tx: &mut Tx, app: &App, kept: Pending) -> Result<(), Error> {
    let changes = json!({ "spilledAt": kept.at, "changes": kept.changes });
    chain(tx, app, Pending { changes: Some(changes), ..kept }).await
}

/// The newest records of one entity, newest first, at most `limit`.
pub async fn entries_of(
    db: &impl Reads,
    firm: FirmId,
    entity: impl Id,
    limit: u64,
) -> Result<Vec<Entry>, Error> {
    let filter = Filter { entity_id: Some(entity.uuid()), ..Filter::default() };
    let sight = Sight::whole_firm(firm, "who asks for the history of one thing may see that thing");
    let found = store::log::list(db, sight, &filter, store::log::Reach::ALL, true, (limit, 0)).await?;
    Ok(found.into_iter().map(Chained::into_entry).collect())
}

/// Puts a record at the end of its firm's chain.
async fn chain(tx: &mut Tx, app: &App, pending: Pending) -> Result<(), Error> {
    let now = whole_micros(app.clock().now());
    let before = store::log::lock_end(tx, pending.firm, Stamp(now)).await?;
    let changes_text = pending.changes.map(|changes| capped(&redacted(changes)));
    let entry = Entry {
        seq: 0,
        id: pending.id,
        firm: pending.firm,
        user: pending.user,
        session: pending.session,
        key: pending.key,
        action: pending.action,
        entity: pending.entity,
        entity_id: pending.entity_id,
        case: pending.case,
        outcome: pending.outcome,
        status: pending.status,
        reason: pending.reason.map(|reason| reason.chars().take(REASON_CHARS).collect()),
        changes: None,
        address: pending.address,
        user_agent: pending.user_agent,
        method: pending.method,
        route: pending.route,
        correlation: pending.correlation,
        elapsed_microseconds: pending.elapsed_microseconds,
        // A clock that was set back does not make the record go back: the order of the chain is the order of events.
        at: before.at.map_or(now, |at| now.max(at)),
    };
    let firm = entry.firm;
    store::log::insert(tx, firm, &Chained::seal(entry, changes_text, &before)).await?;
    Ok(())
}

/// What both databases keep of a moment.
pub(crate) fn whole_micros(now: Timestamp) -> Timestamp {
    now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
}

fn capped(changes: &Value) -> String {
    let text = changes.to_string();
    if text.len() <= CHANGES_BYTES {
        return text;
    }
    let digest = hex(&sha256(text.as_bytes()));
    json!({ "truncated": true, "sizeBytes": text.len(), "sha256": digest }).to_string()
}
