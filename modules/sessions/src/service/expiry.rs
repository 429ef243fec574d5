use super::Sessions;
use crate::model::{Reason, Standing};
use crate::{Error, store};
use access::App;
use audit::{Act, Entity};
use db::Tx;
use ids::EventId;
use queue::{Envelope, Event};
use serde_json::json;

/// How many logins are marked in one transaction.
const BATCH: u32 = 200;

/// Marks one batch of logins of any firm that are over, whether by time or because their users were signed out, and
/// records and announces each. `true` when there may be more.
pub async fn mark_ended(app: &App, sessions: &Sessions) -> Result<bool, Error> {
    let (now, idle) = (app.clock().now(), sessions.settings().idle);
    let over = store::sessions::over(app.db().reader(), idle, now, BATCH).await?;
    if over.is_empty() {
        return Ok(false);
    }
    let mut tx = app.db().writer().begin().await?;
    for standing in &over {
        mark(&mut tx, app, sessions, standing).await?;
    }
    tx.commit().await?;
    Ok(over.len() == BATCH as usize)
}

async fn mark(tx: &mut Tx, app: &App, sessions: &Sessions, standing: &Standing) -> Result<(), Error> {
    let session = &standing.session;
    let reason = if standing.is_signed_out() { Reason::SignedOut } else { Reason::Expired };
    // Who has used it meanwhile keeps it.
    if !store::sessions::mark_over(tx, session.firm, session, reason, app.clock().now()).await? {
        return Ok(());
    }
    let ctx = app.act_as(standing.principal(sessions.settings()), "sessions.expiry");
    let entity = Entity::of(session.id).changed(json!({ "reason": reason.as_str() }));
    audit::record(tx, &ctx, Act::Logout, entity).await?;
    let (user, id) = (session.user, session.id);
    match reason {
        Reason::SignedOut => {
            let reason = reason.as_str().to_owned();
            publish(tx, app, standing, &events::sessions::Revoked { user, session: id, reason }).await
        }
        _ => publish(tx, app, standing, &events::sessions::Expired { user, session: id }).await,
    }
}

/// Nobody has done it.
async fn publish<E: Event>(tx: &mut Tx, app: &App, standing: &Standing, event: &E) -> Result<(), Error> {
    let envelope = Envelope {
        id: app.new_id::<EventId>(),
        firm: standing.session.firm,
        at: app.clock().now(),
        actor: None,
        correlation: None,
    };
    Ok(app.outbox().publish(tx, envelope, event).await?)
}
