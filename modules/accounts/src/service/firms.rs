use super::passwords;
use crate::model::{Firm, NewFirm, NewUser};
use crate::{Error, User, store};
use access::{App, Ctx, Principal, Proof, Role};
use audit::{Act, Entity};
use crypto::Secret;
use crypto::password::Hasher;
use ids::{CredentialId, FirmId};

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
    let principal =
        Principal { user: user.id, firm: firm.id, role: user.role, session: None, proof: Proof::default() };
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
    let found = store::firms::first_administrator(app.db().reader(), firm).await?;
    Ok(found.map(|(user, role)| Principal { user, firm, role, session: None, proof: Proof::default() }))
}

/// The caller's own firm.
pub async fn own_firm(ctx: &Ctx) -> Result<Firm, Error> {
    store::firms::find(ctx.reader(), ctx.firm()).await?.ok_or(Error::FirmNotFound)
}
