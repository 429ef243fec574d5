use super::custom_roles;
use crate::model::{Checked, Email, NewUser, Verdict};
use crate::{Error, User, UserWatch, store};
use access::{Action, App, Ctx};
use audit::{Act, Entity};
use clock::Timestamp;
use crypto::password::Hasher;
use crypto::{Secret, strength};
use db::Tx;
use ids::{FirmId, UserId};
use serde_json::json;

/// A password of the caller's own choice, checked and hashed, not yet kept.
#[derive(Debug)]
pub struct NewPassword {
    hash: Secret,
}

/// Who signs in with this address and password. A wrong password, an unknown or malformed address and an inactive user
/// are refused alike, after the same work.
pub async fn check_password(
    app: &App,
    hasher: &Hasher,
    email: &str,
    password: Secret,
) -> Result<Verdict, Error> {
    let found = match email.parse::<Email>() {
        Ok(email) => store::credentials::of_email(app.db().reader(), &email).await?,
        Err(_) => None,
    };
    let Some((user, hash)) = found else {
        hasher.verify_absent(password).await?;
        return Ok(Verdict::Refused { owner: None });
    };
    let matches = hasher.verify(password.clone(), &hash).await?;
    if !matches || !user.active {
        return Ok(Verdict::Refused { owner: Some((user.firm, user.id)) });
    }
    let rehashed = if hasher.needs_rehash(&hash) { Some(hasher.hash(password).await?) } else { None };
    Ok(Verdict::Right(Checked { user, verified: Secret::new(hash), rehashed }))
}

/// Notes a sign-in in the transaction that begins the login. `false` when the user was deactivated, or the password was
/// replaced, since it was checked. Whoever replaces a password changes the user's row as well, so that the order of the
/// two statements here decides between them.
pub async fn note_sign_in(tx: &mut Tx, checked: &Checked, now: Timestamp) -> Result<bool, Error> {
    let user = &checked.user;
    if !store::users::signed_in(tx, user.firm, user.id, now).await? {
        return Ok(false);
    }
    let verified = checked.verified.expose();
    match &checked.rehashed {
        Some(hash) => store::credentials::rehash(tx, user.firm, user.id, verified, hash).await,
        None => store::credentials::is_still(tx, user.firm, user.id, verified).await,
    }
}

/// Notes, in the transaction that begins the login, a sign-in that was proved otherwise than by a password. `false` when the
/// user is not active.
pub async fn note_proven_sign_in(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
) -> Result<bool, Error> {
    store::users::signed_in(tx, firm, user, now).await
}

/// Checks the caller's old password and the new one, and hashes the new one. Long work, done before the transaction.
pub async fn prepare_password(
    ctx: &Ctx,
    hasher: &Hasher,
    current: Secret,
    new: Secret,
) -> Result<NewPassword, Error> {
    let user = own(ctx).await?;
    let hash = store::credentials::find(ctx.reader(), ctx.firm(), user.id).await?;
    let hash = hash.ok_or(Error::WrongPassword)?;
    if !hasher.verify(current, &hash).await? {
        return Err(Error::WrongPassword);
    }
    check_strength("newPassword", &new, &user)?;
    Ok(NewPassword { hash: Secret::new(hasher.hash(new).await?) })
}

/// Whether this is the caller's own password: for what asks for it again.
pub async fn is_own_password(ctx: &Ctx, hasher: &Hasher, password: Secret) -> Result<bool, Error> {
    let Some(hash) = store::credentials::find(ctx.reader(), ctx.firm(), ctx.user()).await? else {
        hasher.verify_absent(password).await?;
        return Ok(false);
    };
    Ok(hasher.verify(password, &hash).await?)
}

/// Notes, in the caller's transaction, whether a user has a second factor. `false` when it was noted so before.
pub async fn set_second_factor(tx: &mut Tx, ctx: &Ctx, user: UserId, present: bool) -> Result<bool, Error> {
    store::users::set_second_factor(tx, ctx.firm(), user, present, ctx.now()).await
}

/// Whether the caller may take a user's second factor off, and so help to sign in as them.
pub async fn check_manageable(ctx: &Ctx, user: &User) -> Result<(), Error> {
    custom_roles::may_let_in(ctx, ctx.reader(), user).await
}

/// Keeps the caller's new password, with its record, in the transaction that ends the caller's other logins.
pub async fn keep_password(tx: &mut Tx, ctx: &Ctx, password: &NewPassword) -> Result<(), Error> {
    let hash = password.hash.expose();
    if !store::credentials::replace(tx, ctx.firm(), ctx.user(), hash, ctx.now()).await? {
        return Err(Error::NotFound(ctx.user()));
    }
    let entity = Entity::of(ctx.user()).changed(json!({ "passwordChanged": true }));
    audit::record(tx, ctx, Act::Update, entity).await?;
    Ok(())
}

/// Sets somebody's password, as an administrator does for who has forgotten it. Every login of the user ends.
pub async fn set_password(
    ctx: &Ctx,
    hasher: &Hasher,
    watch: &dyn UserWatch,
    id: UserId,
    password: Secret,
) -> Result<(), Error> {
    ctx.require(Action::ManageUsers)?;
    let user = store::users::find(ctx.reader(), ctx.firm(), id).await?.ok_or(Error::NotFound(id))?;
    custom_roles::may_let_in(ctx, ctx.reader(), &user).await?;
    check_strength("password", &password, &user)?;
    let hash = hasher.hash(password).await?;
    let mut tx = ctx.begin().await?;
    let now = ctx.now();
    keep_hash(&mut tx, ctx, id, &hash).await?;
    store::password_resets::end_all(&mut tx, ctx.firm(), id, now).await?;
    store::users::sign_out(&mut tx, ctx.firm(), id, now).await?;
    let entity = Entity::of(id).changed(json!({ "passwordSet": true }));
    audit::record(&mut tx, ctx, Act::Update, entity).await?;
    let reason = "password_set".to_owned();
    ctx.publish(&mut tx, &events::accounts::SignedOut { user: id, reason }).await?;
    tx.commit().await?;
    watch.user_changed(ctx.firm(), id);
    Ok(())
}

/// Puts a password's hash in place of the one before, if there was one.
pub(super) async fn keep_hash(tx: &mut Tx, ctx: &Ctx, user: UserId, hash: &str) -> Result<(), Error> {
    if !store::credentials::replace(tx, ctx.firm(), user, hash, ctx.now()).await? {
        store::credentials::insert(tx, ctx.firm(), user, ctx.new_id(), hash, ctx.now()).await?;
    }
    Ok(())
}

/// Whether a password would do for somebody who is yet to be added.
pub fn check_first_password(user: &NewUser, password: &Secret) -> Result<(), Error> {
    strength::check(password.expose(), &user.forbidden_words())
        .map_err(|source| Error::Weak { field: "password", source })
}

/// The caller as a user.
pub(super) async fn own(ctx: &Ctx) -> Result<User, Error> {
    let user = store::users::find(ctx.reader(), ctx.firm(), ctx.user()).await?;
    user.ok_or(Error::NotFound(ctx.user()))
}

pub(super) fn check_strength(field: &'static str, password: &Secret, user: &User) -> Result<(), Error> {
    let words = user.forbidden_words();
    strength::check(password.expose(), &words).map_err(|source| Error::Weak { field, source })
}
