use crate::Error;
use clock::Timestamp;
use db::{Reads as _, Stamp, Tx};
use sea_orm::sea_query::Value;
#[cfg(feature = "passkeys")]
use {
    ids::{FirmId, UserId},
    uuid::Uuid,
};

#[cfg(feature = "passkeys")]
const INSERT: &str = "INSERT INTO passkey_challenges (hash, purpose, firm_id, user_id, expires_at) \
                      VALUES ($1, $2, $3, $4, $5)";
#[cfg(feature = "passkeys")]
const TAKE: &str = "DELETE FROM passkey_challenges WHERE hash = $1 AND purpose = $2 AND expires_at > $3 \
                    AND firm_id = $4 AND user_id = $5";
#[cfg(feature = "passkeys")]
const TAKE_OF_NOBODY: &str = "DELETE FROM passkey_challenges WHERE hash = $1 AND purpose = $2 AND expires_at > $3 \
                              AND firm_id IS NULL";
const REMOVE: &str = "DELETE FROM passkey_challenges WHERE hash IN (\
                      SELECT hash FROM passkey_challenges WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// What a challenge was given out for. One of another purpose does not count.
#[cfg(feature = "passkeys")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody signs in: nobody knows who.
    SignIn,
    /// A user adds a passkey.
    Add(FirmId, UserId),
    /// A user shows a passkey again.
    StepUp(FirmId, UserId),
}

#[cfg(feature = "passkeys")]
impl Purpose {
    fn parts(self) -> (&'static str, Option<(FirmId, UserId)>) {
        match self {
            Self::SignIn => ("sign_in", None),
            Self::Add(firm, user) => ("add", Some((firm, user))),
            Self::StepUp(firm, user) => ("step_up", Some((firm, user))),
        }
    }
}

/// Keeps the hash of a challenge.
#[cfg(feature = "passkeys")]
pub(crate) async fn insert(
    tx: &mut Tx,
    purpose: Purpose,
    hash: &[u8; 32],
    expires_at: Timestamp,
) -> Result<(), Error> {
    let (word, whose) = purpose.parts();
    let values = [
        Value::from(hash.to_vec()),
        Value::from(word),
        Value::from(whose.map(|(firm, _)| Uuid::from(firm))),
        Value::from(whose.map(|(_, user)| Uuid::from(user))),
        Value::from(Stamp(expires_at)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Takes a challenge away. `false` when it was never given out for this, was taken before, or its time is over.
#[cfg(feature = "passkeys")]
pub(crate) async fn take(
    tx: &mut Tx,
    purpose: Purpose,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, Error> {
    let (word, whose) = purpose.parts();
    let mut values = vec![Value::from(hash.to_vec()), Value::from(word), Value::from(Stamp(now))];
    let text = match whose {
        Some((firm, user)) => {
            values.extend([Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))]);
            TAKE
        }
        None => TAKE_OF_NOBODY,
    };
    Ok(tx.run(db::sql(tx.dialect(), text, values)).await? == 1)
}

/// Removes at most `limit` challenges of any firm whose time is over.
pub(crate) async fn remove_expired(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = [Value::from(Stamp(now)), Value::from(i64::from(limit))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}
