use super::users;
use crate::model::api_key::{ApiKey, KEYS_PER_USER, KeyText, NewApiKey};
use crate::model::may_manage;
use crate::{Error, store};
use access::{Action, Ctx};
use audit::{Act, Entity};
use chrono::TimeDelta;
use crypto::Secret;
use crypto::token::Token;
use db::Tx;
use ids::{ApiKeyId, UserId};
use serde_json::json;

/// The longest that a key lasts that has an end.
const LONGEST: TimeDelta = TimeDelta::days(3653);

/// Makes a key for the caller. Its text is given out here and never again.
pub async fn create_api_key(ctx: &Ctx, new: &NewApiKey) -> Result<(ApiKey, Secret), Error> {
    require_person(ctx)?;
    let now = ctx.now();
    let scopes = new.scopes_of(ctx.principal())?;
    if new.expires_at.is_some_and(|end| end <= now || end > now + LONGEST) {
        return Err(Error::Lifetime);
    }
    let key = ApiKey {
        id: ctx.new_id(),
        firm: ctx.firm(),
        user: ctx.user(),
        name: crate::model::name("name", &new.name)?,
        scopes,
        networks: new.networks.clone(),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let mut tx = ctx.begin().await?;
    let text = insert(&mut tx, ctx, &key).await?;
    tx.commit().await?;
    Ok((key, text))
}

/// Stores a new key, unless its owner has as many as may be, and gives its text.
async fn insert(tx: &mut Tx, ctx: &Ctx, key: &ApiKey) -> Result<Secret, Error> {
    // The owner's row is held, so that two at once do not both find room, and none outlives a deactivation.
    let owner = store::users::find_for_change(tx, ctx.firm(), key.user).await?;
    owner.filter(|user| user.active).ok_or(Error::NotFound(key.user))?;
    if store::api_keys::count_live(tx, ctx.firm(), key.user, ctx.now()).await? >= KEYS_PER_USER {
        return Err(Error::KeyLimit);
    }
    let text = KeyText { id: key.id, token: Token::generate(ctx.app().random().as_ref()) };
    store::api_keys::insert(tx, ctx.firm(), key, &text.token.hash()).await?;
    let changes = json!({ "name": key.name, "scopes": key.scopes.to_text(), "networks": key.networks.texts(),
        "expiresAt": key.expires_at });
    audit::record(tx, ctx, Act::Create, Entity::of(key.id).changed(changes)).await?;
    Ok(text.text())
}

/// One page of a user's keys, newest first, and how many there are. One's own; those of others for who manages users.
pub async fn list_api_keys(
    ctx: &Ctx,
    user: Option<UserId>,
    place: (u64, u64),
) -> Result<(Vec<ApiKey>, u64), Error> {
    require_person(ctx)?;
    let user = user.unwrap_or(ctx.user());
    if user != ctx.user() {
        ctx.require(Action::ManageUsers)?;
        users::find_in(ctx.reader(), ctx.firm(), user).await?;
    }
    store::api_keys::page(ctx.reader(), ctx.firm(), user, place).await
}

/// One key. One's own; those of others for who manages users.
pub async fn find_api_key(ctx: &Ctx, id: ApiKeyId) -> Result<ApiKey, Error> {
    require_person(ctx)?;
    let key = store::api_keys::find(ctx.reader(), ctx.firm(), id).await?;
    let is_seen = |key: &ApiKey| key.user == ctx.user() || ctx.allows(Action::ManageUsers);
    key.filter(is_seen).ok_or(Error::KeyNotFound(id))
}

/// Ends a key: its next request is refused, on every server. One's own, or that of a user whom the caller may manage.
pub async fn revoke_api_key(ctx: &Ctx, id: ApiKeyId) -> Result<(), Error> {
    let key = find_api_key(ctx, id).await?;
    if key.user != ctx.user() {
        let owner = users::find_in(ctx.reader(), ctx.firm(), key.user).await?;
        may_manage(users::actor(ctx), owner.role)?;
    }
    let mut tx = ctx.begin().await?;
    if !store::api_keys::revoke(&mut tx, ctx.firm(), id, ctx.now()).await? {
        return Err(Error::KeyNotFound(id));
    }
    let entity = Entity::of(id).changed(json!({ "revoked": true, "name": key.name }));
    audit::record(&mut tx, ctx, Act::Delete, entity).await?;
    ctx.publish(&mut tx, &events::accounts::ApiKeyRevoked { user: key.user, key: id }).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes a key like one of the caller's, which goes on beside it for the time of `overlap` and then ends.
pub async fn rotate_api_key(ctx: &Ctx, id: ApiKeyId, overlap: TimeDelta) -> Result<(ApiKey, Secret), Error> {
    require_person(ctx)?;
    let mut tx = ctx.begin().await?;
    let old = store::api_keys::find(&tx, ctx.firm(), id).await?;
    let old = old.filter(|key| key.user == ctx.user() && key.is_live(ctx.now()));
    let old = old.ok_or(Error::KeyNotFound(id))?;
    let (key, goes_on_until) = old.successor(ctx.new_id(), overlap, ctx.now());
    if !store::api_keys::end_at(&mut tx, ctx.firm(), id, goes_on_until).await? {
        return Err(Error::KeyNotFound(id));
    }
    let changes = json!({ "expiresAt": [old.expires_at, goes_on_until], "rotatedTo": key.id });
    audit::record(&mut tx, ctx, Act::Update, Entity::of(id).changed(changes)).await?;
    let text = insert(&mut tx, ctx, &key).await?;
    tx.commit().await?;
    Ok((key, text))
}

/// A key manages no keys, whatever its scopes.
fn require_person(ctx: &Ctx) -> Result<(), Error> {
    match ctx.principal().key {
        Some(_) => Err(access::Error::NeedsPerson.into()),
        None => Ok(()),
    }
}
