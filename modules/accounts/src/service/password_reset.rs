use super::letters;
use super::passwords::{check_strength, keep_hash};
use crate::jobs::{JobDeps, SendReset};
use crate::model::Email;
use crate::model::link::LinkFault;
use crate::{Entrance, Error, User, UserWatch, store};
use access::{Ctx, Principal, Public, Request};
use audit::{Act, Entity};
use crypto::Secret;
use crypto::password::Hasher;
use crypto::token::Token;
use ids::{FirmId, UserId};
use queue::{NewJob, Work};
use serde_json::json;
use std::sync::Arc;

/// Has a link sent to whoever has the address. The answer and the work are the same whether anybody has it: one look-up and
/// one job, which finds out the rest.
pub async fn ask_for_reset(public: &Public, entrance: &Entrance, email: &str) -> Result<(), Error> {
    let Public { app, request } = public;
    let now = app.clock().now();
    entrance.count_caller(public)?;
    entrance.count_mail(email, now)?;
    let owner = match email.parse::<Email>() {
        Ok(email) => store::users::of_email(app.db().reader(), &email).await?,
        Err(_) => None,
    };
    let job = SendReset {
        user: owner.as_ref().map(|user| user.id),
        address: request.address,
        correlation: request.correlation.to_string(),
    };
    // Jobs that wait do not pile up, neither for one user nor for all the addresses that nobody has.
    let dedup_key = job.user.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
    let new = NewJob {
        id: app.new_id(),
        firm: owner.map(|user| user.firm),
        run_at: now,
        dedup_key: Some(dedup_key),
    };
    let mut tx = app.db().writer().begin().await?;
    app.jobs().enqueue(&mut tx, new, &job).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes the link, voids those before it, and writes the mail. The token is made here and stands nowhere but in the mail:
/// whoever reads the database or a job finds its hash at most.
pub(crate) async fn send_reset(
    deps: &JobDeps,
    firm: FirmId,
    id: UserId,
    job: &SendReset,
    work: &Work,
) -> Result<(), Error> {
    let app = &deps.app;
    let mut tx = app.db().writer().begin().await?;
    let user = store::users::find_for_change(&tx, firm, id).await?;
    let Some(user) = user.filter(|user| user.active) else { return Ok(()) };
    let token = Token::generate(app.random().as_ref());
    let expires_at = work.now + deps.entrance.settings().reset_lasts;
    store::password_resets::end_all(&mut tx, firm, id, work.now).await?;
    let times = (work.now, expires_at);
    store::password_resets::insert(&mut tx, firm, app.new_id(), id, &token.hash(), times).await?;
    let entity = Entity::of(id).changed(json!({ "passwordResetRequested": true }));
    audit::record(&mut tx, &in_name_of(deps, &user, job), Act::Update, entity).await?;
    tx.commit().await?;
    letters::send(deps, work, &letters::reset(deps.entrance.settings(), &user, &token)?).await
}

fn in_name_of(deps: &JobDeps, user: &User, job: &SendReset) -> Ctx {
    let request =
        Request { correlation: job.correlation.as_str().into(), address: job.address, ..Request::default() };
    deps.app.act_on(Principal::of(user.id, user.firm, user.role), Arc::new(request))
}

/// Sets the password of whoever holds the link, once, and ends every login of the user.
pub async fn reset_password(
    public: &Public,
    entrance: &Entrance,
    hasher: &Hasher,
    watch: &dyn UserWatch,
    token: &Secret,
    password: Secret,
) -> Result<(), Error> {
    let Public { app, request } = public;
    let now = app.clock().now();
    entrance.count_caller(public)?;
    let token = Token::parse(token.expose()).map_err(|_| LinkFault::Unknown)?;
    let link = store::password_resets::find(app.db().reader(), &token.hash()).await?;
    let link = link.ok_or(LinkFault::Unknown)?;
    link.check(now)?;
    let user = store::users::find(app.db().reader(), link.firm, link.user).await?;
    let user = user.filter(|user| user.active).ok_or(LinkFault::Unknown)?;
    check_strength("newPassword", &password, &user)?;
    let hash = hasher.hash(password).await?;
    let ctx = app.act_on(Principal::of(user.id, user.firm, user.role), Arc::clone(request));
    let mut tx = ctx.begin().await?;
    // The row first: a deactivation at this moment comes before or after, never between.
    let user = store::users::find_for_change(&tx, user.firm, user.id).await?;
    let user = user.filter(|user| user.active).ok_or(LinkFault::Unknown)?;
    if !store::password_resets::use_up(&mut tx, user.firm, link.id, now).await? {
        return Err(LinkFault::Used.into());
    }
    store::password_resets::end_all(&mut tx, user.firm, user.id, now).await?;
    keep_hash(&mut tx, &ctx, user.id, &hash).await?;
    store::users::sign_out(&mut tx, user.firm, user.id, now).await?;
    let entity = Entity::of(user.id).changed(json!({ "passwordReset": true }));
    audit::record(&mut tx, &ctx, Act::Update, entity).await?;
    let reason = "password_reset".to_owned();
    ctx.publish(&mut tx, &events::accounts::SignedOut { user: user.id, reason }).await?;
    tx.commit().await?;
    watch.user_changed(user.firm, user.id);
    Ok(())
}
