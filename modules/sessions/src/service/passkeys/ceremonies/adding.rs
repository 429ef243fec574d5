use super::{bytes, challenge, client_data, count_asking, site, take};
use crate::model::{Created, Creation, MOST_PASSKEYS, MOST_TRANSPORTS, Passkey};
use crate::service::attempts::Key;
use crate::service::{require_fresh, second_factor};
use crate::store::challenges::Purpose;
use crate::{Error, Sessions, store};
use access::Ctx;
use audit::{Act, Entity};
use db::Tx;
use passkey::{ALGORITHMS, NewPasskey};
use serde_json::json;

/// Gives the caller a challenge for a new passkey.
pub(crate) async fn ask_to_add(ctx: &Ctx, sessions: &Sessions) -> Result<Creation, Error> {
    let site = site(sessions)?;
    require_fresh(ctx)?;
    count_asking(sessions, Key::user(ctx.user()), sessions.settings().attempts_per_account, ctx.now())?;
    let user = accounts::find_self(ctx).await?;
    let known = store::passkeys::references(ctx.reader(), ctx.firm(), user.id).await?;
    check_limit(known.len() as u64)?;
    let mut tx = ctx.begin().await?;
    let challenge = challenge(&mut tx, ctx.app(), Purpose::Add(ctx.firm(), user.id)).await?;
    tx.commit().await?;
    Ok(Creation {
        site: site.id().to_owned(),
        challenge,
        user_handle: passkey::text(uuid::Uuid::from(user.id).as_bytes()),
        full_name: format!("{} {}", user.first_name, user.last_name),
        email: user.email,
        algorithms: ALGORITHMS.to_vec(),
        known,
    })
}

/// Adds the passkey that was made for the challenge to the caller's. It was shown in the caller's login.
pub(crate) async fn add_passkey(
    ctx: &Ctx,
    sessions: &Sessions,
    name: String,
    created: Created,
) -> Result<Passkey, Error> {
    let site = site(sessions)?;
    require_fresh(ctx)?;
    let attempt = second_factor::attempt(ctx, sessions)?;
    let client = client_data(&created.client_data)?;
    let credential = bytes(&created.id, "credential.id")?;
    let object = bytes(&created.attestation, "credential.response.attestationObject")?;
    let mut tx = ctx.begin().await?;
    let hash = take(&mut tx, Purpose::Add(ctx.firm(), ctx.user()), &client, ctx.now()).await?;
    let made = match passkey::register(site, &hash, &client, &credential, &object) {
        Ok(made) => made,
        Err(fault) => {
            tx.commit().await?;
            return Err(Error::PasskeyRefused(fault.to_string()));
        }
    };
    let passkey = keep(&mut tx, ctx, name, created.transports, &made).await?;
    tx.commit().await?;
    attempt.clear();
    sessions.forget_user(ctx.firm(), ctx.user());
    Ok(passkey)
}

async fn keep(
    tx: &mut Tx,
    ctx: &Ctx,
    name: String,
    mut transports: Vec<String>,
    made: &NewPasskey,
) -> Result<Passkey, Error> {
    let (firm, now) = (ctx.firm(), ctx.now());
    // Of two that are added at once one waits here, and counts the other.
    let user = accounts::hold(tx, firm, ctx.user()).await?.id;
    let (_, count) = store::passkeys::page(&*tx, firm, user, (0, MOST_PASSKEYS)).await?;
    check_limit(count)?;
    transports.truncate(MOST_TRANSPORTS);
    let passkey = Passkey {
        id: ctx.new_id(),
        name,
        transports,
        is_backed_up: made.is_backed_up,
        created_at: now,
        last_used_at: None,
    };
    store::passkeys::insert(tx, firm, user, &passkey, made).await?;
    if let Some(session) = ctx.principal().session {
        store::passkeys::shown_in(tx, firm, session, passkey.id, now).await?;
    }
    let changes = json!({ "name": passkey.name, "isBackedUp": passkey.is_backed_up });
    audit::record(tx, ctx, Act::Create, Entity::of(passkey.id).changed(changes)).await?;
    ctx.publish(tx, &events::passkeys::Added { user, passkey: passkey.id }).await?;
    Ok(passkey)
}

fn check_limit(count: u64) -> Result<(), Error> {
    if count < MOST_PASSKEYS { Ok(()) } else { Err(Error::PasskeyLimit(MOST_PASSKEYS)) }
}
