//! Events whose batch failed are offered one by one, to one listener per transaction, so that one bad event or
//! listener stops nobody else. The row remembers which listeners are done.

use crate::claim::{self, Held};
use crate::dispatcher::{Dispatcher, call};
use crate::error::{text_of, unreadable};
use crate::{Error, Listener, ListenerError, backoff};
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use sea_orm::sea_query::Value;

/// A listener that could not handle the event.
struct Failure {
    listener: &'static str,
    text: String,
}

/// What came of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Whoever wanted it had it, or has failed.
    Made,
    /// The event is gone, or another dispatcher has offered it meanwhile.
    Needless,
    /// Another dispatcher hands events out at this moment.
    OthersTurn,
}

/// Offers the event to every listener that wants it and is not done with it.
pub(crate) async fn offer(dispatcher: &Dispatcher, seq: i64) -> Result<Offer, Error> {
    let look = "SELECT topic, handled, attempts FROM outbox WHERE seq = $1";
    let rows =
        dispatcher.db.reader().rows(db::sql(dispatcher.db.dialect(), look, [Value::from(seq)])).await?;
    let Some(row) = rows.first() else { return Ok(Offer::Needless) };
    let topic: String = row.at(0).map_err(unreadable)?;
    let handled: String = row.at(1).map_err(unreadable)?;
    // Two that have met the same failure count it once.
    let attempts = u32::try_from(row.at::<i64>(2).map_err(unreadable)?).unwrap_or(u32::MAX);
    let mut failures = Vec::new();
    for listener in &dispatcher.listeners {
        let listener = listener.as_ref();
        if !listener.topics().contains(&topic.as_str()) || is_done(&handled, listener) {
            continue;
        }
        match offer_to(dispatcher, listener, (seq, attempts)).await {
            Ok(Offer::Made) => {}
            Ok(other) => return Ok(other),
            Err(error) => {
                if let Some(error) = error.transient() {
                    return Err(error.into());
                }
                failures.push(Failure { listener: listener.name(), text: text_of(&error) });
            }
        }
    }
    conclude(dispatcher, (seq, attempts), failures).await
}

fn is_done(handled: &str, listener: &dyn Listener) -> bool {
    handled.split(',').any(|name| name == listener.name())
}

async fn offer_to(
    dispatcher: &Dispatcher,
    listener: &dyn Listener,
    event: (i64, u32),
) -> Result<Offer, ListenerError> {
    let Some(mut tx) = claim::begin_turn(&dispatcher.db).await? else { return Ok(Offer::OthersTurn) };
    let handled = handle(dispatcher, listener, &mut tx, event).await;
    if matches!(handled, Ok(Offer::Made)) {
        tx.commit().await?;
    } else {
        // The row must be free before the outcome is written to it.
        tx.rollback().await?;
    }
    handled
}

async fn handle(
    dispatcher: &Dispatcher,
    listener: &dyn Listener,
    tx: &mut Tx,
    (seq, attempts): (i64, u32),
) -> Result<Offer, ListenerError> {
    let Some(held) = claim::hold_event(tx, seq).await?.filter(|held| held.attempts == attempts) else {
        return Ok(Offer::Needless);
    };
    if is_done(&held.handled, listener) {
        return Ok(Offer::Made);
    }
    let event = held.delivered()?;
    call(dispatcher.headroom.as_ref(), listener, tx, std::slice::from_ref(&event)).await?;
    let done =
        "UPDATE outbox SET handled = handled || $2, not_before = COALESCE(not_before, $3) WHERE seq = $1";
    let values: [Value; 3] =
        [seq.into(), format!("{},", listener.name()).into(), Stamp(dispatcher.clock.now()).into()];
    tx.run(db::sql(tx.dialect(), done, values)).await?;
    Ok(Offer::Made)
}

/// Removes the event, or keeps it for later, or gives it up for the listeners that failed.
async fn conclude(
    dispatcher: &Dispatcher,
    (seq, seen): (i64, u32),
    failures: Vec<Failure>,
) -> Result<Offer, Error> {
    let Some(mut tx) = claim::begin_turn(&dispatcher.db).await? else { return Ok(Offer::OthersTurn) };
    let held = claim::hold_event(&mut tx, seq).await?.filter(|held| held.attempts == seen);
    let Some(held) = held else {
        tx.rollback().await?;
        return Ok(Offer::Needless);
    };
    let attempts = held.attempts.saturating_add(1);
    let now = dispatcher.clock.now();
    if failures.is_empty() {
        // What counts is the row.
        let missing = dispatcher.listeners.iter().any(|listener| {
            listener.topics().contains(&held.event.topic.as_str())
                && !is_done(&held.handled, listener.as_ref())
        });
        if missing {
            tx.rollback().await?;
            return Ok(Offer::Needless);
        }
        remove(&mut tx, seq).await?;
    } else if attempts >= dispatcher.settings.max_attempts {
        for failure in &failures {
            bury(&mut tx, &held, failure, attempts, now).await?;
        }
        remove(&mut tx, seq).await?;
    } else {
        let later = "UPDATE outbox SET attempts = $2, not_before = $3 WHERE seq = $1";
        let not_before = Stamp(now + backoff::delay(attempts));
        let values: [Value; 3] = [seq.into(), i64::from(attempts).into(), not_before.into()];
        tx.run(db::sql(tx.dialect(), later, values)).await?;
    }
    tx.commit().await?;
    for Failure { listener, text } in &failures {
        let (event, topic) = (held.event.id, &held.event.topic);
        if attempts >= dispatcher.settings.max_attempts {
            tracing::error!(listener, %event, topic, attempts, error = text, "an event was given up");
        } else {
            tracing::warn!(listener, %event, topic, attempts, error = text, "an event failed");
        }
    }
    Ok(Offer::Made)
}

async fn remove(tx: &mut Tx, seq: i64) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), "DELETE FROM outbox WHERE seq = $1", [Value::from(seq)])).await?;
    Ok(())
}

async fn bury(
    tx: &mut Tx,
    held: &Held,
    failure: &Failure,
    attempts: u32,
    now: Timestamp,
) -> Result<(), Error> {
    let insert = "INSERT INTO outbox_dead (id, firm_id, topic, at, actor_id, correlation, payload, attempts, \
                  listener, error, died_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let event = &held.event;
    let values: [Value; 11] = [
        uuid::Uuid::from(event.id).into(),
        uuid::Uuid::from(event.firm).into(),
        event.topic.as_str().into(),
        Stamp(event.at).into(),
        event.actor.map(uuid::Uuid::from).into(),
        event.correlation.clone().into(),
        held.payload.as_str().into(),
        i64::from(attempts).into(),
        failure.listener.into(),
        failure.text.as_str().into(),
        Stamp(now).into(),
    ];
    tx.run(db::sql(tx.dialect(), insert, values)).await?;
    Ok(())
}
