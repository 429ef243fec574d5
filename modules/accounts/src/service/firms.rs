use super::passwords;
use crate::model::{Firm, NewFirm, NewUser};
use crate::{Error, User, store};
use access::{Action, App, Ctx, Principal, Role};
use audit::{Act, Entity};
use crypto::Secret;
use crypto::password::Hasher;
use ids::{CredentialId, FirmId, UserId};
use serde_json::json;

/// The firm that was set up first, if any was.
pub async fn find_first_firm(app: &App) -> Result<Option<Firm>, Error> {
    store::firms::first(app.db().reader()).await
}

/// Sets up a firm and its first user, a super administrator, and tells who that is. The role in `admin` is not asked.
pub async fn create_firm_with_admin(
    app: &App,
    hasher: &Hasher,
    firm: NewFirm,
    admin: NewUser,
    password: Secret,
) -> Result<Principal, Error> {
    let now = app.clock().now();
    let slug = firm.slug();
    let firm = Firm { id: app.new_id(), name: firm.name.trim().to_owned(), slug, created_at: now };
    if firm.name.is_empty() {
        return Err(Error::NameMissing { field: "name" });
    }
    let admin = NewUser { role: Role::SuperAdmin, ..admin };
    let user = User::new(app.new_id(), firm.id, &admin, now)?;
    passwords::check_strength("password", &password, &user)?;
    let hash = hasher.hash(password).await?;
    let principal = Principal::of(user.id, firm.id, user.role);
    let ctx = app.act_as(principal.clone(), "set-up");
    let mut tx = ctx.begin().await?;
    store::firms::insert(&mut tx, &firm).await?;
    store::users::insert(&mut tx, firm.id, &user).await?;
    store::credentials::insert(&mut tx, firm.id, user.id, app.new_id::<CredentialId>(), &hash, now).await?;
    audit::record(&mut tx, &ctx, Act::Create, Entity::of(firm.id)).await?;
    audit::record(&mut tx, &ctx, Act::Create, Entity::of(user.id)).await?;
    let added = events::accounts::UserAdded { user: user.id, role: user.role.to_string() };
    ctx.publish(&mut tx, &added).await?;
    tx.commit().await?;
    Ok(principal)
}

/// The firm's oldest active administrator: for whom the command line and imports act.
pub async fn first_administrator(app: &App, firm: FirmId) -> Result<Option<Principal>, Error> {
    administrator_beside(app, firm, None).await
}

/// As [`first_administrator`], other than `user`: who may do to `user` what nobody does to themselves.
pub async fn administrator_beside(
    app: &App,
    firm: FirmId,
    user: Option<UserId>,
) -> Result<Option<Principal>, Error> {
    let found = store::firms::first_administrator(app.db().reader(), firm, user).await?;
    Ok(found.map(|(user, role)| Principal::of(user, firm, role)))
}

/// The caller's own firm.
pub async fn own_firm(ctx: &Ctx) -> Result<Firm, Error> {
    store::firms::find(ctx.reader(), ctx.firm()).await?.ok_or(Error::FirmNotFound)
}

/// The firm with this short name, for the command line, which looks after all firms of the server.
pub async fn find_firm(app: &App, slug: &str) -> Result<Option<Firm>, Error> {
    store::firms::of_slug(app.db().reader(), slug).await
}

/// At most `limit` firms of the server from the `offset`-th on, by their short names, for the command line.
pub async fn list_firms(app: &App, place: (u64, u64)) -> Result<Vec<Firm>, Error> {
    store::firms::page(app.db().reader(), place).await
}

/// Gives the caller's firm another name. Its short name stays, since people and scripts know it.
pub async fn rename_firm(ctx: &Ctx, name: &str) -> Result<Firm, Error> {
    ctx.require(Action::ManageUsers)?;
    let name = crate::model::name("name", name)?;
    let mut tx = ctx.begin().await?;
    let before = store::firms::find(&tx, ctx.firm()).await?.ok_or(Error::FirmNotFound)?;
    store::firms::rename(&mut tx, ctx.firm(), &name, ctx.now()).await?;
    let entity = Entity::of(ctx.firm()).changed(json!({ "name": [before.name, name] }));
    audit::record(&mut tx, ctx, Act::Update, entity).await?;
    tx.commit().await?;
    Ok(Firm { name, ..before })
}
