use super::{Doubt, Shown, challenge, count_asking, site, suspect, take};
use crate::model::{Login, Outcome, PasskeyRequest, Presented};
use crate::service::attempts::Key;
use crate::service::begin_login::{Entrant, open};
use crate::service::devices;
use crate::service::sign_in::{Counted, answer, note_refusal_of};
use crate::store::challenges::Purpose;
use crate::store::passkeys::Kept;
use crate::{Error, Sessions, store};
use access::{Principal, Public};
use accounts::User;
use audit::{Act, Entity};
use crypto::Secret;
use db::Tx;
use ids::DeviceId;
use passkey::Asserted;
use serde_json::json;

/// Gives somebody a challenge to sign in with.
pub(crate) async fn ask_to_sign_in(public: &Public, sessions: &Sessions) -> Result<PasskeyRequest, Error> {
    let site = site(sessions)?.id().to_owned();
    let app = &public.app;
    if let Some(address) = public.request.address {
        let limit = sessions.settings().attempts_per_address;
        count_asking(sessions, Key::address(address), limit, app.clock().now())?;
    }
    let mut tx = app.db().writer().begin().await?;
    let challenge = challenge(&mut tx, app, Purpose::SignIn).await?;
    tx.commit().await?;
    Ok(PasskeyRequest { site, challenge, wanted: Vec::new() })
}

/// Begins a login for whoever shows a passkey, which stands for both factors. Whatever is wrong with it is told like a wrong
/// password.
pub(crate) async fn sign_in_with_passkey(
    public: &Public,
    sessions: &Sessions,
    presented: Presented,
    device_token: Option<Secret>,
) -> Result<Login, Error> {
    let site = site(sessions)?;
    let shown = Shown::read(&presented)?;
    let counted = count(public, sessions, &shown.credential)?;
    let owner = Owner::find(public, sessions, &shown, device_token.as_ref()).await?;
    let app = &public.app;
    let mut tx = app.db().writer().begin().await?;
    let hash = take(&mut tx, Purpose::SignIn, &shown.client, app.clock().now()).await?;
    let Some(owner) = owner else {
        store::refused::count(&mut tx, app.clock().now()).await?;
        tx.commit().await?;
        return Err(Error::InvalidCredentials);
    };
    // Who signs in without a name is named by the authenticator.
    let verified = match &shown.user {
        Some(_) => shown.verify(site, &hash, &owner.kept),
        None => Err(Doubt::Wrong(passkey::Fault::Id)),
    };
    let login = match verified {
        Ok(asserted) => Box::pin(enter(tx, public, sessions, owner, asserted)).await?,
        Err(doubt) => return Err(refuse(tx, public, &owner, doubt).await?),
    };
    counted.succeeded();
    Ok(login)
}

/// A passkey that is kept, and whose it is.
struct Owner {
    kept: Kept,
    user: User,
    device: Option<DeviceId>,
}

impl Owner {
    /// Looks before the transaction: nothing of it is believed that could change meanwhile.
    async fn find(
        public: &Public,
        sessions: &Sessions,
        shown: &Shown,
        device_token: Option<&Secret>,
    ) -> Result<Option<Self>, Error> {
        let reader = public.app.db().reader();
        let Some(kept) = store::passkeys::of_credential(reader, &shown.credential).await? else {
            return Ok(None);
        };
        let user = accounts::find_in(reader, kept.firm, kept.user).await?;
        let device = devices::known(public, sessions, &user, device_token).await?;
        Ok(Some(Self { kept, user, device: device.map(|device| device.id) }))
    }

    /// Who acts, as far as it is known.
    fn principal(&self) -> Principal {
        Principal::of(self.user.id, self.user.firm, self.user.role)
    }
}

fn count(public: &Public, sessions: &Sessions, credential: &[u8]) -> Result<Counted, Error> {
    let (settings, now) = (sessions.settings(), public.app.clock().now());
    let begin = |key, limit| sessions.attempts().begin(key, limit, now);
    let of_address =
        public.request.address.map(|address| begin(Key::address(address), settings.attempts_per_address));
    Ok(Counted {
        of_account: begin(Key::passkey(credential), settings.attempts_per_account)?,
        of_address: of_address.transpose()?,
    })
}

async fn enter(
    mut tx: Tx,
    public: &Public,
    sessions: &Sessions,
    owner: Owner,
    asserted: Asserted,
) -> Result<Login, Error> {
    let now = public.app.clock().now();
    let Kept { id, firm, .. } = owner.kept;
    if !accounts::note_proven_sign_in(&mut tx, firm, owner.user.id, now).await? {
        note(&mut tx, public, &owner).await?;
        tx.commit().await?;
        return Err(Error::InvalidCredentials);
    }
    // Removed since, or shown a second time at this moment.
    if !store::passkeys::used(&mut tx, firm, id, asserted, now).await? {
        return Err(Error::InvalidCredentials);
    }
    let ctx = public.act_as(owner.principal());
    let entity = Entity::of(id).changed(json!({ "signedIn": true }));
    audit::record(&mut tx, &ctx, Act::Update, entity).await?;
    let user = User { last_login_at: Some(now), ..owner.user };
    let proved = Entrant { device: owner.device, is_proved: true, passkey: Some(id), proven: None };
    open(tx, public, sessions, user, proved).await
}

/// Notes what was refused, with which the challenge goes, and says so.
async fn refuse(mut tx: Tx, public: &Public, owner: &Owner, doubt: Doubt) -> Result<Error, Error> {
    let error = Error::InvalidCredentials;
    match doubt {
        Doubt::Wrong(fault) => {
            tracing::info!(passkey = %owner.kept.id, %fault, "a passkey was refused");
            note(&mut tx, public, owner).await?;
        }
        Doubt::Copied(counter) => {
            let ctx = public.act_as(owner.principal());
            suspect(&mut tx, &ctx, &owner.kept, counter, None, &error).await?;
        }
    }
    tx.commit().await?;
    Ok(error)
}

async fn note(tx: &mut Tx, public: &Public, owner: &Owner) -> Result<(), Error> {
    let who = (owner.user.firm, owner.user.id);
    note_refusal_of(tx, public, who, Outcome::Refused, Some(answer(&Error::InvalidCredentials))).await
}
