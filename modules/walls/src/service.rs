use crate::model::{Lifting, Members, Wall, WallFilter};
use crate::{Error, store};
use access::{Action, Ctx, Role, Screen, Sight};
use audit::{Act, Entity};
use db::Tx;
use events::walls::{Changed, Lifted, Raised};
use ids::{CaseId, WallId};
use serde_json::json;
use web::{Page, Version};

/// Raises a wall round a case. It binds from the commit on.
pub async fn raise_wall(ctx: &Ctx, case: CaseId, reason: String, members: Members) -> Result<Wall, Error> {
    let sight = ctx.sight_to(Action::ManageWalls)?;
    let members = members.tidy();
    let mut tx = begin(ctx).await?;
    cases::exists(&tx, sight, case).await?;
    check(&tx, ctx, &members).await?;
    let (id, now) = (ctx.new_id::<WallId>(), ctx.now());
    let wall = Wall {
        id,
        case,
        reason,
        members,
        raised_by: ctx.user(),
        raised_at: now,
        lifted: None,
        version: 1,
        updated_at: now,
    };
    store::insert(&mut tx, ctx.firm(), &wall).await?;
    access::set_screen(&mut tx, ctx.firm(), id, case, &screen(&wall.members)).await?;
    let raised = Entity::of(id).in_case(case).changed(json!({ "raised": [null, wall] }));
    audit::record(&mut tx, ctx, Act::Create, raised).await?;
    let (screened, closed) = told(&wall.members);
    ctx.publish(&mut tx, &Raised { wall: id, case, screened, closed }).await?;
    tx.commit().await?;
    Ok(wall)
}

/// One wall.
pub async fn find_wall(ctx: &Ctx, id: WallId) -> Result<Wall, Error> {
    let sight = ctx.sight_to(Action::ManageWalls)?;
    store::find(ctx.reader(), sight, id).await
}

/// A page of walls, the newest first, and how many there are in all.
pub async fn list_walls(ctx: &Ctx, filter: &WallFilter, page: Page) -> Result<(Vec<Wall>, u64), Error> {
    let sight = ctx.sight_to(Action::ManageWalls)?;
    if let Some(case) = filter.case {
        cases::exists(ctx.reader(), sight, case).await?;
    }
    store::list(ctx.reader(), sight, filter, page).await
}

/// Changes whom a wall screens, for a reason. What is not named stays. Nothing is written when nothing differs.
pub async fn change_wall(
    ctx: &Ctx,
    id: WallId,
    seen: Option<Version>,
    reason: &str,
    change: impl FnOnce(&Members) -> Members,
) -> Result<Wall, Error> {
    let sight = ctx.sight_to(Action::ManageWalls)?;
    let (mut tx, before) = begin_with(ctx, sight, id, seen).await?;
    let members = change(&before.members).tidy();
    if members == before.members {
        return Ok(before);
    }
    check(&tx, ctx, &members).await?;
    let after = Wall { members, version: before.version + 1, updated_at: ctx.now(), ..before.clone() };
    store::touch(&mut tx, ctx.firm(), &after).await?;
    access::set_screen(&mut tx, ctx.firm(), id, after.case, &screen(&after.members)).await?;
    let changes = json!({ "members": [before.members, after.members], "reason": [null, reason] });
    audit::record(&mut tx, ctx, Act::Update, Entity::of(id).in_case(after.case).changed(changes)).await?;
    let (screened, closed) = told(&after.members);
    ctx.publish(&mut tx, &Changed { wall: id, case: after.case, screened, closed }).await?;
    tx.commit().await?;
    Ok(after)
}

/// Lifts a wall, for a reason. It stays in the list with whom it screened at last.
pub async fn lift_wall(ctx: &Ctx, id: WallId, seen: Option<Version>, reason: String) -> Result<Wall, Error> {
    let sight = ctx.sight_to(Action::ManageWalls)?;
    let (mut tx, before) = begin_with(ctx, sight, id, seen).await?;
    let lifting = Lifting { by: ctx.user(), at: ctx.now(), reason };
    let mut after = Wall { version: before.version + 1, updated_at: ctx.now(), ..before };
    store::lift(&mut tx, ctx.firm(), &after, &lifting).await?;
    access::clear_screen(&mut tx, ctx.firm(), id).await?;
    let changes = json!({ "lifted": [null, lifting], "members": [after.members, null] });
    audit::record(&mut tx, ctx, Act::Delete, Entity::of(id).in_case(after.case).changed(changes)).await?;
    ctx.publish(&mut tx, &Lifted { wall: id, case: after.case }).await?;
    tx.commit().await?;
    after.lifted = Some(lifting);
    Ok(after)
}

/// Changes of a firm's walls follow each other: two that each leave the other's steward would leave none.
async fn begin(ctx: &Ctx) -> Result<Tx, Error> {
    let mut tx = ctx.begin().await?;
    access::hold_walls(&mut tx, ctx.firm()).await?;
    Ok(tx)
}

async fn begin_with(ctx: &Ctx, sight: Sight, id: WallId, seen: Option<Version>) -> Result<(Tx, Wall), Error> {
    let tx = begin(ctx).await?;
    let wall = store::find(&tx, sight, id).await?;
    if wall.lifted.is_some() {
        return Err(Error::Lifted(id));
    }
    match seen {
        Some(seen) if seen != wall.version() => Err(Error::Stale { now: wall.version }),
        _ => Ok((tx, wall)),
    }
}

/// The users are the firm's, somebody is kept out, and somebody is left who can lift the wall.
async fn check(tx: &Tx, ctx: &Ctx, members: &Members) -> Result<(), Error> {
    if members.screens_nobody() {
        return Err(Error::ScreensNobody);
    }
    let admitted = members.admitted.iter().flatten().map(|user| ("admitted", *user));
    for (field, user) in members.screened.iter().map(|user| ("screened", *user)).chain(admitted) {
        accounts::find_in(tx, ctx.firm(), user).await.map_err(|error| match error {
            accounts::Error::NotFound(_) => Error::UnknownUser { field, user },
            error => error.into(),
        })?;
    }
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| role.allows(Action::ManageWalls)).collect();
    let stewards = accounts::active_in_roles(tx, ctx.firm(), &roles).await?;
    if stewards.into_iter().any(|user| members.lets_see(user)) { Ok(()) } else { Err(Error::NoSteward) }
}

fn screen(members: &Members) -> Screen {
    Screen { screened: members.screened.clone(), admitted: members.admitted.clone() }
}

/// What an event says of the members.
fn told(members: &Members) -> (Vec<ids::UserId>, bool) {
    (members.screened.clone(), members.admitted.is_some())
}
