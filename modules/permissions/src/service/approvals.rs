use super::grants::action;
use crate::Error;
use crate::model::Answer;
use access::grants::{Approval, Obligation, Policy, Ruling};
use access::{Action, Ctx, approvals};
use audit::{Act, Entity};
use chrono::TimeDelta;
use clock::Timestamp;
use db::Tx;
use ids::ApprovalId;
use serde_json::json;

/// How long what was asked waits for an answer.
const WAITS: TimeDelta = TimeDelta::days(7);
/// How long an approval counts that says nothing of it.
const USUAL: TimeDelta = TimeDelta::days(1);
/// The longest that one counts.
const LONGEST: TimeDelta = TimeDelta::days(30);

/// Asks that a grant of the caller's be made to count which waits for somebody else's approval and nothing besides.
pub async fn ask_approval(ctx: &Ctx, permission: &str, reason: String) -> Result<Approval, Error> {
    let action = action(permission)?;
    let mut tx = ctx.begin().await?;
    // Before the look, so that of two who ask at once the second sees the first.
    access::hold_grants(&mut tx, ctx.firm()).await?;
    // From the database: what is kept may be half a second old, and what is stored lasts.
    let policy = access::look_up(&tx, ctx.principal(), ctx.now()).await?;
    if policy.decide(ctx.principal(), action, ctx.moment()).allowed {
        return Err(Error::AllowedAlready(action.code()));
    }
    let mut waiting = policy.allowing(ctx.principal(), action, ctx.moment()).filter_map(|grant| match policy
        .owed(grant, ctx.principal(), ctx.moment())
    {
        Some(Obligation::Approval(role)) => Some((grant.id, role)),
        _ => None,
    });
    let is_open = |grant| policy.approvals().iter().any(|one| one.grant == grant && one.ruling.is_none());
    let first = waiting.next().ok_or(Error::NothingToApprove(action.code()))?;
    let unasked = std::iter::once(first).chain(waiting).find(|(grant, _)| !is_open(*grant));
    let (grant, approver_role) = unasked.ok_or(Error::AskedBefore)?;
    let approval = Approval {
        id: ctx.new_id(),
        user: ctx.user(),
        grant,
        action,
        approver_role,
        reason,
        asked_at: ctx.now(),
        over_at: ctx.now() + WAITS,
        ruling: None,
    };
    if !approvals::ask(&mut tx, ctx.firm(), &approval).await? {
        return Err(Error::TooManyApprovals);
    }
    let asked = Entity::of(approval.id).changed(json!({ "approval": [null, approval] }));
    audit::record(&mut tx, ctx, Act::Create, asked).await?;
    tx.commit().await?;
    ctx.app().policies().forget(ctx.firm());
    Ok(approval)
}

/// Answers what somebody else asked. Who may not answer it does not learn that it is there.
pub async fn rule_on_approval(ctx: &Ctx, id: ApprovalId, answer: Answer) -> Result<Approval, Error> {
    let mut tx = ctx.begin().await?;
    let found = find(ctx, &tx, id).await?;
    if found.user == ctx.user() {
        return Err(Error::OwnApproval);
    }
    if found.ruling.is_some() {
        return Err(Error::AnsweredBefore);
    }
    access::find_grant(&tx, ctx.firm(), found.grant).await?.ok_or(Error::GrantEnded)?;
    let (approved, over_at, reason) = match answer {
        Answer::Approve { until, reason } => (true, period(ctx.now(), until)?, reason),
        Answer::Decline { reason } => (false, found.over_at, Some(reason)),
    };
    let ruling = Ruling { by: ctx.user(), at: ctx.now(), approved, reason };
    if !approvals::rule(&mut tx, ctx.firm(), id, &ruling, over_at).await? {
        return Err(Error::AnsweredBefore);
    }
    let ruled = Approval { over_at, ruling: Some(ruling), ..found.clone() };
    let act = if approved { Act::Approve } else { Act::Reject };
    audit::record(&mut tx, ctx, act, Entity::of(id).changed(json!({ "approval": [found, ruled] }))).await?;
    tx.commit().await?;
    ctx.app().policies().forget(ctx.firm());
    Ok(ruled)
}

/// Ends an approval: who asked, who may answer, and who manages permissions.
pub async fn end_approval(ctx: &Ctx, id: ApprovalId) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    let found = find(ctx, &tx, id).await?;
    if !approvals::end(&mut tx, ctx.firm(), id, ctx.user(), ctx.now()).await? {
        return Err(Error::ApprovalNotFound(id));
    }
    let ended = Entity::of(id).changed(json!({ "approval": [found, null] }));
    audit::record(&mut tx, ctx, Act::Delete, ended).await?;
    tx.commit().await?;
    ctx.app().policies().forget(ctx.firm());
    Ok(())
}

/// What the caller has asked for and is not over; or else what waits for an answer that the caller may give.
pub async fn list_approvals(ctx: &Ctx, of_others: bool) -> Result<Vec<Approval>, Error> {
    if !of_others {
        return Ok(approvals::of_user(ctx.reader(), ctx.firm(), ctx.user(), ctx.now()).await?);
    }
    let mut open = approvals::open(ctx.reader(), ctx.firm(), ctx.now()).await?;
    open.retain(|approval| approval.user != ctx.user() && may_answer(ctx, ctx.policy(), approval));
    Ok(open)
}

async fn find(ctx: &Ctx, tx: &Tx, id: ApprovalId) -> Result<Approval, Error> {
    let found = approvals::find(tx, ctx.firm(), id, ctx.now()).await?;
    // From the database, as the answer lasts.
    let policy = access::look_up(tx, ctx.principal(), ctx.now()).await?;
    let found = found.filter(|approval| approval.user == ctx.user() || may_answer(ctx, &policy, approval));
    found.ok_or(Error::ApprovalNotFound(id))
}

/// Whose word counts: who has the role that the grant names, or manages permissions, and may do it themselves.
fn may_answer(ctx: &Ctx, policy: &Policy, approval: &Approval) -> bool {
    let role = ctx.principal().role;
    let is_named = role == approval.approver_role || role.implies().contains(&approval.approver_role);
    let may = |action| policy.require(ctx.principal(), action, ctx.moment()).is_ok();
    let is_whole = !policy.denies(ctx.principal(), approval.action, ctx.moment());
    (is_named || may(Action::ManagePermissions)) && may(approval.action) && is_whole
}

fn period(now: Timestamp, until: Option<Timestamp>) -> Result<Timestamp, Error> {
    let until = until.unwrap_or(now + USUAL);
    if now < until && until - now <= LONGEST {
        return Ok(until);
    }
    let message = "must lie ahead, and within 30 days: approve again then".to_owned();
    Err(Error::Condition { field: "until", message })
}
