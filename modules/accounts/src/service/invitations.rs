use super::{letters, passwords, users};
use crate::jobs::{JobDeps, Register, SendInvitation};
use crate::model::invitation::Invitation;
use crate::model::link::LinkFault;
use crate::model::{Actor, Email, NewUser, may_manage};
use crate::{Entrance, Error, User, store};
use access::{Action, Ctx, Principal, Public, Role};
use audit::{Act, Entity};
use clock::Timestamp;
use crypto::Secret;
use crypto::password::Hasher;
use crypto::token::Token;
use db::{Reads, Tx};
use ids::{FirmId, InvitationId};
use queue::{NewJob, Work};
use serde_json::json;
use std::sync::Arc;

/// The most registrations of one firm whose link was not opened yet. Further ones are dropped: strangers must not fill the
/// disk.
const UNINVITED_AT_ONCE: u64 = 1000;

/// Invites somebody to become a user. The mail follows when this is committed.
pub async fn invite(ctx: &Ctx, entrance: &Entrance, new: &NewUser) -> Result<Invitation, Error> {
    ctx.require(Action::ManageUsers)?;
    may_manage(users::actor(ctx), new.role)?;
    let now = ctx.now();
    let times = (now, now + entrance.settings().invitation_lasts);
    let invitation = Invitation::new(ctx.new_id(), ctx.firm(), Some(ctx.user()), new, times)?;
    let mut tx = ctx.begin().await?;
    if store::users::of_email(&tx, &invitation.email.parse::<Email>()?).await?.is_some() {
        return Err(Error::EmailTaken);
    }
    store::invitations::revoke_expired(&mut tx, ctx.firm(), &invitation.email, now).await?;
    store::invitations::insert(&mut tx, ctx.firm(), &invitation).await?;
    let entity = Entity::of(invitation.id).changed(json!({ "role": [null, invitation.role] }));
    audit::record(&mut tx, ctx, Act::Create, entity).await?;
    enqueue(&mut tx, ctx, invitation.id).await?;
    tx.commit().await?;
    Ok(invitation)
}

/// One page of the firm's invitations, newest first, and how many there are: all, or those that were neither accepted nor
/// taken back.
pub async fn list_invitations(
    ctx: &Ctx,
    open_only: bool,
    place: (u64, u64),
) -> Result<(Vec<Invitation>, u64), Error> {
    ctx.require(Action::ManageUsers)?;
    store::invitations::page(ctx.reader(), ctx.firm(), open_only, place).await
}

/// Sends the invitation again, with a new link and the whole time; links that were sent before are void.
pub async fn resend_invitation(
    ctx: &Ctx,
    entrance: &Entrance,
    id: InvitationId,
) -> Result<Invitation, Error> {
    let mut tx = begin_with(ctx, id).await?;
    let expires_at = ctx.now() + entrance.settings().invitation_lasts;
    if !store::invitations::renew(&mut tx, ctx.firm(), id, expires_at).await? {
        return Err(Error::InvitationNotFound(id));
    }
    audit::record(&mut tx, ctx, Act::Update, Entity::of(id).changed(json!({ "resent": true }))).await?;
    enqueue(&mut tx, ctx, id).await?;
    let invitation = find(&tx, ctx.firm(), id).await?;
    tx.commit().await?;
    Ok(invitation)
}

/// Takes the invitation back: its link is void at once.
pub async fn revoke_invitation(ctx: &Ctx, id: InvitationId) -> Result<(), Error> {
    let mut tx = begin_with(ctx, id).await?;
    if !store::invitations::revoke(&mut tx, ctx.firm(), id, ctx.now()).await? {
        return Err(Error::InvitationNotFound(id));
    }
    audit::record(&mut tx, ctx, Act::Delete, Entity::of(id).changed(json!({ "revoked": true }))).await?;
    tx.commit().await?;
    Ok(())
}

/// Begins a change of an invitation for a role that the caller may assign.
async fn begin_with(ctx: &Ctx, id: InvitationId) -> Result<Tx, Error> {
    ctx.require(Action::ManageUsers)?;
    let tx = ctx.begin().await?;
    let invitation = find(&tx, ctx.firm(), id).await?;
    may_manage(users::actor(ctx), invitation.role)?;
    Ok(tx)
}

async fn find(db: &impl Reads, firm: FirmId, id: InvitationId) -> Result<Invitation, Error> {
    store::invitations::find(db, firm, id).await?.ok_or(Error::InvitationNotFound(id))
}

async fn enqueue(tx: &mut Tx, ctx: &Ctx, invitation: InvitationId) -> Result<(), Error> {
    let new = NewJob { id: ctx.new_id(), firm: Some(ctx.firm()), run_at: ctx.now(), dedup_key: None };
    ctx.app().jobs().enqueue(tx, new, &SendInvitation { invitation }).await.map_err(access::Error::from)?;
    Ok(())
}

/// Makes the link and writes the mail, unless the invitation is not open any more.
pub(crate) async fn send_invitation(
    deps: &JobDeps,
    firm: FirmId,
    id: InvitationId,
    work: &Work,
) -> Result<(), Error> {
    let mut tx = deps.app.db().writer().begin().await?;
    let Some(invitation) = store::invitations::find(&tx, firm, id).await? else { return Ok(()) };
    send_in(deps, &mut tx, &invitation, work.now).await?.commit_and_send(deps, tx, work).await
}

/// A link that was made in a transaction.
struct Made {
    firm: String,
    invitation: Invitation,
    /// Nothing when the invitation is not open any more.
    token: Option<Token>,
}

async fn send_in(
    deps: &JobDeps,
    tx: &mut Tx,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<Made, Error> {
    let token = Token::generate(deps.app.random().as_ref());
    let firm = store::firms::find(tx, invitation.firm).await?.ok_or(Error::FirmNotFound)?;
    let is_open = invitation.check(now).is_ok()
        && store::invitations::sent(tx, firm.id, invitation.id, &token.hash(), now).await?;
    Ok(Made { firm: firm.name, invitation: invitation.clone(), token: is_open.then_some(token) })
}

impl Made {
    async fn commit_and_send(self, deps: &JobDeps, tx: Tx, work: &Work) -> Result<(), Error> {
        tx.commit().await?;
        let Some(token) = self.token else { return Ok(()) };
        let settings = deps.entrance.settings();
        letters::send(deps, work, &letters::invitation(settings, &self.firm, &self.invitation, &token)?).await
    }
}

/// Makes a user of whoever holds the link, once. The role is still within what the one who invited may assign.
pub async fn accept_invitation(
    public: &Public,
    entrance: &Entrance,
    hasher: &Hasher,
    token: &Secret,
    password: Secret,
) -> Result<User, Error> {
    let Public { app, request } = public;
    let now = app.clock().now();
    entrance.count_caller(public)?;
    let token = Token::parse(token.expose()).map_err(|_| LinkFault::Unknown)?;
    let invitation = store::invitations::of_hash(app.db().reader(), &token.hash()).await?;
    let invitation = invitation.ok_or(LinkFault::Unknown)?;
    invitation.check(now)?;
    let user = User::new(app.new_id(), invitation.firm, &invitation.invitee(), now)?;
    passwords::check_strength("password", &password, &user)?;
    let hash = hasher.hash(password).await?;
    let ctx = app.act_on(Principal::of(user.id, user.firm, user.role), Arc::clone(request));
    let mut tx = ctx.begin().await?;
    if !is_backed(&tx, &invitation).await? {
        return Err(LinkFault::Unknown.into());
    }
    if !store::invitations::accept(&mut tx, user.firm, invitation.id, user.id, now).await? {
        return Err(LinkFault::Used.into());
    }
    store::users::insert(&mut tx, user.firm, &user).await?;
    store::credentials::insert(&mut tx, user.firm, user.id, ctx.new_id(), &hash, now).await?;
    let entity = Entity::of(user.id).changed(json!({ "invitation": invitation.id }));
    audit::record(&mut tx, &ctx, Act::Create, entity).await?;
    let added = events::accounts::UserAdded { user: user.id, role: user.role.to_string() };
    ctx.publish(&mut tx, &added).await?;
    tx.commit().await?;
    Ok(user)
}

/// Whether the one who invited could still do so. A registration is backed by nobody and gives the role of a client.
async fn is_backed(db: &impl Reads, invitation: &Invitation) -> Result<bool, Error> {
    let Some(by) = invitation.invited_by else { return Ok(invitation.role == Role::Client) };
    let by = store::users::find(db, invitation.firm, by).await?.filter(|user| user.active);
    Ok(by.is_some_and(|user| {
        user.role.allows(Action::ManageUsers)
            && may_manage(Actor { user: user.id, role: user.role }, invitation.role).is_ok()
    }))
}

/// Has a link sent to somebody who registers, if registration is open. The answer and the work are the same whether the
/// address is known or not: the job finds out.
pub async fn register(public: &Public, entrance: &Entrance, new: &NewUser) -> Result<(), Error> {
    if !entrance.settings().is_registration_open {
        return Err(Error::RegistrationClosed);
    }
    let app = &public.app;
    let now = app.clock().now();
    entrance.count_caller(public)?;
    entrance.count_mail(&new.email, now)?;
    let email = new.email.parse::<Email>()?;
    let job = Register {
        email: email.as_str().to_owned(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
    };
    let new =
        NewJob { id: app.new_id(), firm: None, run_at: now, dedup_key: Some(email.as_str().to_owned()) };
    let mut tx = app.db().writer().begin().await?;
    app.jobs().enqueue(&mut tx, new, &job).await?;
    tx.commit().await?;
    Ok(())
}

/// Invites whoever registered to be a client of the firm that was set up first, unless the address is known.
pub(crate) async fn send_registration(deps: &JobDeps, job: &Register, work: &Work) -> Result<(), Error> {
    let app = &deps.app;
    let email = job.email.parse::<Email>()?;
    let mut tx = app.db().writer().begin().await?;
    let Some(firm) = store::firms::first(&tx).await? else { return Ok(()) };
    let is_known = store::users::of_email(&tx, &email).await?.is_some();
    if is_known || store::invitations::count_uninvited(&tx, firm.id).await? >= UNINVITED_AT_ONCE {
        tracing::info!(is_known, "a registration was dropped");
        return Ok(());
    }
    let new = NewUser {
        email: job.email.clone(),
        first_name: job.first_name.clone(),
        last_name: job.last_name.clone(),
        role: Role::Client,
    };
    let times = (work.now, work.now + deps.entrance.settings().invitation_lasts);
    let invitation = Invitation::new(app.new_id(), firm.id, None, &new, times)?;
    store::invitations::revoke_expired(&mut tx, firm.id, &invitation.email, work.now).await?;
    match store::invitations::insert(&mut tx, firm.id, &invitation).await {
        // Who is invited or has registered already uses the mail that they were sent.
        Err(Error::InvitationOpen) => return Ok(()),
        inserted => inserted?,
    }
    send_in(deps, &mut tx, &invitation, work.now).await?.commit_and_send(deps, tx, work).await
}
