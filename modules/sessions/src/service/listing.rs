use super::Sessions;
use crate::model::{SessionRow, SignIn};
use crate::store::list::Whose;
use crate::{Error, store};
use access::{Action, Ctx};
use accounts::User;
use audit::{Act, Entity};
use ids::{SessionId, UserId};
use serde_json::json;

/// How many addresses are shown.
const ADDRESSES: u64 = 5;

/// Figures on a user's logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) kept: u64,
    pub(crate) live: u64,
    pub(crate) trusted_devices: u64,
    pub(crate) addresses: Vec<String>,
}

fn whose(ctx: &Ctx, sessions: &Sessions, user: &User) -> Whose {
    let (idle, now) = (sessions.settings().idle, ctx.now());
    // Of who may not sign in no login is live.
    let signed_out_at = if user.active { user.signed_out_at.unwrap_or_default() } else { now };
    Whose { firm: ctx.firm(), user: user.id, idle, now, signed_out_at }
}

/// One page of the live logins of the caller or, for who manages users, of somebody else.
pub(crate) async fn list_logins(
    ctx: &Ctx,
    sessions: &Sessions,
    user: Option<UserId>,
    page: (u64, u64),
) -> Result<(Vec<SessionRow>, u64), Error> {
    let user = visible(ctx, user).await?;
    store::list::page(ctx.reader(), whose(ctx, sessions, &user), page).await
}

/// Figures on the caller's logins.
pub(crate) async fn figures(ctx: &Ctx, sessions: &Sessions) -> Result<Figures, Error> {
    let whose = whose(ctx, sessions, &accounts::find_self(ctx).await?);
    let [kept, live, trusted_devices] = store::list::figures(ctx.reader(), whose).await?;
    let addresses = store::list::addresses(ctx.reader(), ctx.firm(), ctx.user(), ADDRESSES).await?;
    Ok(Figures { kept, live, trusted_devices, addresses })
}

/// One page of the attempts to sign in as the caller or, for who manages users, as somebody else.
pub(crate) async fn login_history(
    ctx: &Ctx,
    user: Option<UserId>,
    page: (u64, u64),
) -> Result<(Vec<SignIn>, u64), Error> {
    let user = visible(ctx, user).await?.id;
    store::sign_ins::page(ctx.reader(), ctx.firm(), user, page).await
}

/// Gives one of the caller's logins a name, or takes it away. `change` makes the new name of the old.
pub(crate) async fn rename_login(
    ctx: &Ctx,
    session: SessionId,
    change: impl FnOnce(Option<String>) -> Option<String>,
) -> Result<SessionRow, Error> {
    let found = store::list::find(ctx.reader(), ctx.firm(), ctx.user(), session).await?;
    let before = found.ok_or(Error::NotFound(session))?;
    let name = change(before.name.clone());
    if name != before.name {
        save_name(ctx, &before, name.as_deref()).await?;
    }
    Ok(SessionRow { name, ..before })
}

async fn save_name(ctx: &Ctx, before: &SessionRow, name: Option<&str>) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    if !store::list::rename(&mut tx, ctx.firm(), ctx.user(), before.id, name).await? {
        return Err(Error::NotFound(before.id));
    }
    let entity = Entity::of(before.id).changed(json!({ "name": [before.name, name] }));
    audit::record(&mut tx, ctx, Act::Update, entity).await?;
    tx.commit().await?;
    Ok(())
}

/// The user meant, if the caller may see what is asked of them: everybody sees their own.
async fn visible(ctx: &Ctx, user: Option<UserId>) -> Result<User, Error> {
    match user {
        Some(other) if other != ctx.user() => {
            ctx.require(Action::ManageUsers)?;
            Ok(accounts::find_in(ctx.reader(), ctx.firm(), other).await?)
        }
        _ => Ok(accounts::find_self(ctx).await?),
    }
}
