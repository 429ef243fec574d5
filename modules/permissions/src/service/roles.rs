use super::{commit, tidy};
use crate::Error;
use crate::model::{NewRole, RoleFields, RoleWithHolders};
use access::custom_roles::{self, CustomRole};
use access::grants::Subject;
use access::{Action, Ctx, Role};
use audit::{Act, Entity};
use db::Tx;
use serde_json::json;
use web::Version;

/// Whom grants to the role of this name are for: a built-in one, or one of the firm's own.
pub async fn subject_of_role(ctx: &Ctx, name: &str) -> Result<Subject, Error> {
    ctx.require(Action::ManagePermissions)?;
    if let Ok(role) = name.parse::<Role>() {
        return Ok(Subject::Role(role));
    }
    let role = custom_roles::named(ctx.reader(), ctx.firm(), name).await?;
    role.map(|role| Subject::CustomRole(role.id)).ok_or_else(|| Error::RoleNotFound(name.to_owned()))
}

/// One role of the firm's own, with who has it.
pub async fn find_role(ctx: &Ctx, name: &str) -> Result<RoleWithHolders, Error> {
    ctx.require(Action::ReadUsers)?;
    let role = custom_roles::named(ctx.reader(), ctx.firm(), own(name)?).await?;
    let role = role.ok_or_else(|| Error::RoleNotFound(name.to_owned()))?;
    let holders = custom_roles::holders(ctx.reader(), ctx.firm(), role.id).await?;
    Ok(RoleWithHolders { role, holders })
}

/// Makes a role, which nobody has yet.
pub async fn add_role(ctx: &Ctx, new: NewRole) -> Result<CustomRole, Error> {
    ctx.require(Action::ManagePermissions)?;
    if new.base == Role::SuperAdmin {
        return Err(Error::RoleBase);
    }
    let RoleFields { name, description } = new.fields.tidy()?;
    let now = ctx.now();
    let (id, base) = (ctx.new_id(), new.base);
    let role = CustomRole { id, name, base, description, version: 1, created_at: now, updated_at: now };
    let mut tx = ctx.begin().await?;
    access::hold_grants(&mut tx, ctx.firm()).await?;
    if !custom_roles::add(&mut tx, ctx.firm(), &role).await.map_err(name_taken)? {
        return Err(Error::TooManyRoles);
    }
    let made = Entity::of(id).changed(json!({ "role": [null, role] }));
    audit::record(&mut tx, ctx, Act::Create, made).await?;
    commit(ctx, tx).await?;
    Ok(role)
}

/// Changes a role's name and description. Who has it keeps it. Nothing is written when nothing differs.
pub async fn change_role<E: From<Error>>(
    ctx: &Ctx,
    name: &str,
    seen: Option<Version>,
    change: impl FnOnce(&RoleFields) -> Result<RoleFields, E>,
) -> Result<CustomRole, E> {
    ctx.require(Action::ManagePermissions).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, name, seen).await?;
    let fields = RoleFields { name: before.name.clone(), description: before.description.clone() };
    let RoleFields { name, description } = change(&fields)?.tidy()?;
    if (&name, &description) == (&before.name, &before.description) {
        return Ok(before);
    }
    let (version, updated_at) = (before.version + 1, ctx.now());
    let after = CustomRole { name, description, version, updated_at, ..before.clone() };
    Ok(keep_change(ctx, tx, &before, after).await?)
}

async fn keep_change(
    ctx: &Ctx,
    mut tx: Tx,
    before: &CustomRole,
    after: CustomRole,
) -> Result<CustomRole, Error> {
    custom_roles::save(&mut tx, ctx.firm(), &after).await.map_err(name_taken)?;
    audit::record(&mut tx, ctx, Act::Update, Entity::of(after.id).differing(before, &after)).await?;
    commit(ctx, tx).await?;
    Ok(after)
}

/// Removes a role that nobody has, and to which nothing is granted or denied.
pub async fn remove_role(ctx: &Ctx, name: &str, seen: Option<Version>) -> Result<(), Error> {
    ctx.require(Action::ManagePermissions)?;
    let (mut tx, role) = begin_with(ctx, name, seen).await?;
    if !custom_roles::holders(&tx, ctx.firm(), role.id).await?.is_empty() {
        return Err(Error::RoleIsHeld);
    }
    if !access::grants_of(&tx, ctx.firm(), Subject::CustomRole(role.id)).await?.is_empty() {
        return Err(Error::RoleHasGrants);
    }
    custom_roles::remove(&mut tx, ctx.firm(), role.id).await?;
    let removed = Entity::of(role.id).changed(json!({ "role": [role, null] }));
    audit::record(&mut tx, ctx, Act::Delete, removed).await?;
    commit(ctx, tx).await
}

async fn begin_with(ctx: &Ctx, name: &str, seen: Option<Version>) -> Result<(Tx, CustomRole), Error> {
    let name = own(name)?;
    let mut tx = ctx.begin().await?;
    access::hold_grants(&mut tx, ctx.firm()).await?;
    let role = custom_roles::named(&tx, ctx.firm(), name).await?;
    let role = role.ok_or_else(|| Error::RoleNotFound(name.to_owned()))?;
    match seen {
        Some(seen) if seen.0 != role.version => Err(Error::Stale),
        _ => Ok((tx, role)),
    }
}

/// A name that is not that of a built-in role.
fn own(name: &str) -> Result<&str, Error> {
    name.parse::<Role>().map_or(Ok(name), |role| Err(Error::RoleBuiltIn(role)))
}

fn name_taken(error: db::Error) -> Error {
    if error.is_duplicate_of("custom_roles", "name") { Error::RoleNameTaken } else { error.into() }
}

impl RoleFields {
    fn tidy(self) -> Result<Self, Error> {
        let name = self.name.trim().to_owned();
        if !custom_roles::is_name(&name) {
            return Err(Error::RoleName);
        }
        let description = tidy(self.description);
        Ok(Self { name, description })
    }
}
