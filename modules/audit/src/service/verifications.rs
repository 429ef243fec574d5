use super::chains::Chains;
use super::verify::{Against, verify_chain};
use crate::jobs::VerifyChain;
use crate::model::{Asked, State, Verdict, Verification};
use crate::{Act, Entity, Error, Notary, store};
use access::{Action, App, Ctx};
use chrono::TimeDelta;
use db::{Stamp, Tx};
use ids::{FirmId, UserId, VerificationId};
use queue::NewJob;
use tokio_util::sync::CancellationToken;

/// Asks for a verification of the firm's chain, or of a stretch of it. It is carried out in the background.
pub async fn ask_for_verification(ctx: &Ctx, asked: Asked) -> Result<Verification, Error> {
    ctx.require(Action::ReadAudit)?;
    let mut tx = ctx.begin().await?;
    let what = Entity::of(ctx.firm()).because("asked for");
    let verification = queue_verification(&mut tx, ctx.app(), ctx.firm(), Some(ctx.user()), asked).await?;
    super::record(&mut tx, ctx, Act::Verify, what).await?;
    tx.commit().await?;
    Ok(verification)
}

/// Every chain is verified so often.
const EVERY: TimeDelta = TimeDelta::days(1);

/// Has every firm's chain verified whose last verification is old enough. How many.
pub(crate) async fn verify_all(app: &App, stop: &CancellationToken) -> Result<u64, Error> {
    let (mut queued, mut firms) = (0, Chains::new());
    while let Some(firm) = firms.next(app.db().reader()).await? {
        if stop.is_cancelled() {
            break;
        }
        if !is_due(app, firm).await? {
            continue;
        }
        let mut tx = app.db().writer().begin().await?;
        queue_verification(&mut tx, app, firm, None, Asked::default()).await?;
        tx.commit().await?;
        queued += 1;
    }
    Ok(queued)
}

/// Whether the chain, or its last verification, is a day old.
async fn is_due(app: &App, firm: FirmId) -> Result<bool, Error> {
    let db = app.db().reader();
    let (newest, _) = store::verifications::list(db, firm, 1, 0).await?;
    let since = match newest.first() {
        Some(verification) => Some(verification.asked_at),
        None => store::log::begun_at(db, firm).await?,
    };
    Ok(since.is_some_and(|since| app.clock().now() - since >= EVERY))
}

async fn queue_verification(
    tx: &mut Tx,
    app: &App,
    firm: FirmId,
    user: Option<UserId>,
    asked: Asked,
) -> Result<Verification, Error> {
    let now = super::record::whole_micros(app.clock().now());
    let id: VerificationId = app.new_id();
    let verification =
        Verification { id, user, asked, state: State::Pending, asked_at: now, ended_at: None, verdict: None };
    store::verifications::insert(tx, firm, &verification).await?;
    let new = NewJob { id: app.new_id(), firm: Some(firm), run_at: now, dedup_key: None };
    app.jobs().enqueue(tx, new, &VerifyChain { verification: id }).await?;
    Ok(verification)
}

/// Carries a verification out and records what it found.
pub(crate) async fn carry_out(
    app: &App,
    notary: &Notary,
    firm: FirmId,
    id: VerificationId,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let db = app.db().reader();
    let known = store::verifications::find(db, firm, id).await?;
    let Some(pending) = known.filter(|known| known.state == State::Pending) else { return Ok(()) };
    let witnessed = super::checkpoint::witnessed(notary, firm).await?;
    let against = Against { trust: notary.trust(), witnessed: witnessed.as_ref() };
    let verdict = Box::pin(verify_chain(db, notary.memory(), firm, against, pending.asked, stop)).await?;
    tell(firm, &verdict);
    notary.found(&verdict);
    let kept = serde_json::to_value(&verdict).map_err(Error::Unwritable)?;
    let now = Stamp(app.clock().now());
    let mut tx = app.db().writer().begin().await?;
    if store::verifications::end(&mut tx, firm, id, verdict.state(), Some(kept.clone()), now).await? {
        let what = Entity::of(firm).because(verdict.state().as_str()).changed(kept);
        super::record::record_own(&mut tx, app, firm, Act::Verify, what).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A verification that cannot be carried out says so, and does not wait for ever.
pub(crate) async fn give_up(app: &App, firm: FirmId, id: VerificationId) -> Result<(), Error> {
    let mut tx = app.db().writer().begin().await?;
    let now = Stamp(app.clock().now());
    store::verifications::end(&mut tx, firm, id, State::Failed, None, now).await?;
    tx.commit().await?;
    Ok(())
}

fn tell(firm: FirmId, verdict: &Verdict) {
    if verdict.is_intact() {
        tracing::info!(%firm, entries = verdict.entries, checkpoints = verdict.checkpoints, "the audit log is intact");
    } else {
        tracing::error!(
            %firm,
            entries = verdict.entries,
            faults = verdict.fault_count,
            first = ?verdict.faults.first(),
            "THE AUDIT LOG IS NOT INTACT: keep the database and its backups as they are, and run `lexiflow audit verify`"
        );
    }
}

/// One verification.
pub async fn find_verification(ctx: &Ctx, id: VerificationId) -> Result<Verification, Error> {
    ctx.require(Action::ReadAudit)?;
    let found = store::verifications::find(ctx.reader(), ctx.firm(), id).await?;
    found.ok_or(Error::NoVerification(id))
}

/// The firm's verifications, the newest first.
pub async fn list_verifications(
    ctx: &Ctx,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Verification>, u64), Error> {
    ctx.require(Action::ReadAudit)?;
    Ok(store::verifications::list(ctx.reader(), ctx.firm(), limit, offset).await?)
}
