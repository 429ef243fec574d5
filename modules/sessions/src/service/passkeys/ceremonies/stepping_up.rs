use super::{Doubt, Shown, challenge, count_asking, site, suspect, take};
use crate::model::{PasskeyRequest, Presented};
use crate::service::attempts::Key;
use crate::service::{second_factor, step_up::NO_LOGIN};
use crate::store::challenges::Purpose;
use crate::{Error, Sessions, store};
use access::Ctx;
use audit::{Act, Entity};
use clock::Timestamp;
use serde_json::json;

/// Gives the caller a challenge to show one of their passkeys again.
pub(crate) async fn ask_to_step_up(ctx: &Ctx, sessions: &Sessions) -> Result<PasskeyRequest, Error> {
    let site = site(sessions)?.id().to_owned();
    count_asking(sessions, Key::user(ctx.user()), sessions.settings().attempts_per_account, ctx.now())?;
    let wanted = store::passkeys::references(ctx.reader(), ctx.firm(), ctx.user()).await?;
    let mut tx = ctx.begin().await?;
    let challenge = challenge(&mut tx, ctx.app(), Purpose::StepUp(ctx.firm(), ctx.user())).await?;
    tx.commit().await?;
    Ok(PasskeyRequest { site, challenge, wanted })
}

/// Notes that the caller has shown a passkey just now. Until when it counts.
pub(crate) async fn step_up_with_passkey(
    ctx: &Ctx,
    sessions: &Sessions,
    presented: Presented,
) -> Result<Timestamp, Error> {
    let site = site(sessions)?;
    let session = ctx.principal().session.ok_or(NO_LOGIN)?;
    let attempt = second_factor::attempt(ctx, sessions)?;
    let shown = Shown::read(&presented)?;
    let (firm, user, now) = (ctx.firm(), ctx.user(), ctx.now());
    let mut tx = ctx.begin().await?;
    let hash = take(&mut tx, Purpose::StepUp(firm, user), &shown.client, now).await?;
    let kept = store::passkeys::of_credential(&tx, &shown.credential).await?;
    let kept = kept.filter(|kept| (kept.firm, kept.user) == (firm, user));
    let verified = match &kept {
        Some(kept) => shown.verify(site, &hash, kept).map(|asserted| (kept.id, asserted)),
        None => Err(Doubt::Wrong(passkey::Fault::Id)),
    };
    let (id, asserted) = match verified {
        Ok(verified) => verified,
        Err(doubt) => {
            let error = Error::PasskeyRefused(words(doubt));
            if let (Doubt::Copied(counter), Some(kept)) = (doubt, &kept) {
                suspect(&mut tx, ctx, kept, counter, Some(session), &error).await?;
            }
            tx.commit().await?;
            return Err(error);
        }
    };
    if !store::passkeys::used(&mut tx, firm, id, asserted, now).await? {
        return Err(Error::PasskeyRefused(passkey::Fault::Id.to_string()));
    }
    store::passkeys::shown_in(&mut tx, firm, session, id, now).await?;
    let entity = Entity::of(session).changed(json!({ "steppedUp": true, "passkey": id }));
    audit::record(&mut tx, ctx, Act::Update, entity).await?;
    tx.commit().await?;
    attempt.clear();
    sessions.forget(session);
    Ok(now + sessions.settings().step_up)
}

fn words(doubt: Doubt) -> String {
    match doubt {
        Doubt::Wrong(fault) => fault.to_string(),
        Doubt::Copied(_) => "its counter did not move on, so that somebody may have a copy of it".to_owned(),
    }
}
