//! For a module that knows a user by something else than the password.

use crate::{Error, User, store};
use clock::Timestamp;
use db::Tx;
use ids::{FirmId, UserId};

/// A user whom nobody else changes until the transaction ends: what is counted of them meanwhile stays true.
pub async fn hold(tx: &Tx, firm: FirmId, id: UserId) -> Result<User, Error> {
    store::users::find_for_change(tx, firm, id).await?.ok_or(Error::NotFound(id))
}

/// Notes a sign-in without a password in the transaction that begins the login. `false` when the user is not active.
pub async fn note_proved_sign_in(tx: &mut Tx, user: &User, now: Timestamp) -> Result<bool, Error> {
    store::users::signed_in(tx, user.firm, user.id, now).await
}
