//! The ceremonies of WebAuthn: adding a passkey, signing in with one, showing one again.

mod adding;
mod signing_in;
mod stepping_up;

pub(crate) use adding::{add_passkey, ask_to_add};
pub(crate) use signing_in::{ask_to_sign_in, sign_in_with_passkey};
pub(crate) use stepping_up::{ask_to_step_up, step_up_with_passkey};

use crate::model::{Outcome, Presented};
use crate::service::attempts::Key;
use crate::service::sign_in::answer;
use crate::store::challenges::Purpose;
use crate::store::passkeys::Kept;
use crate::store::sign_ins::Noted;
use crate::{Error, Sessions, store};
use access::{App, Ctx};
use audit::{Act, Entity};
use chrono::TimeDelta;
use clock::Timestamp;
use db::Tx;
use ids::SessionId;
use passkey::{Asserted, CHALLENGE_BYTES, ClientData, Known, RelyingParty, Response};
use serde_json::json;

/// How long a challenge may be answered (Web Authentication, 15.1).
const CHALLENGE_LASTS: TimeDelta = TimeDelta::minutes(5);
/// How many challenges may be asked for in place of each attempt.
const ASKED_PER_ATTEMPT: u32 = 4;
/// How many challenges whose time is over go with each new one, so that there are never more than five minutes' worth.
const SWEPT: u32 = 4;

/// The site that passkeys belong to.
fn site(sessions: &Sessions) -> Result<&RelyingParty, Error> {
    sessions.settings().passkeys.as_ref().ok_or(Error::PasskeysUnavailable(
        "browsers use passkeys for host names over https alone: the administrator of this server sets PUBLIC_URL, or \
         PASSKEYS_RP_ID and PASSKEYS_ORIGINS",
    ))
}

/// Counts somebody who asks for a challenge.
fn count_asking(sessions: &Sessions, key: Key, limit: u32, now: Timestamp) -> Result<(), Error> {
    let limit = limit.saturating_mul(ASKED_PER_ATTEMPT);
    sessions.attempts().begin(key.asking(), limit, now).map(drop)
}

/// Makes a challenge, of which the hash is kept.
async fn challenge(tx: &mut Tx, app: &App, purpose: Purpose) -> Result<String, Error> {
    let now = app.clock().now();
    let mut challenge = [0; CHALLENGE_BYTES];
    app.random().fill(&mut challenge);
    store::challenges::remove_expired(tx, now, SWEPT).await?;
    store::challenges::insert(tx, purpose, &passkey::digest(&challenge), now + CHALLENGE_LASTS).await?;
    Ok(passkey::text(&challenge))
}

/// Takes the challenge that is answered away. It is gone with the transaction, whatever comes of the answer.
async fn take(tx: &mut Tx, purpose: Purpose, client: &ClientData, now: Timestamp) -> Result<[u8; 32], Error> {
    let hash = client.challenge_digest();
    if store::challenges::take(tx, purpose, &hash, now).await? { Ok(hash) } else { Err(Error::ChallengeGone) }
}

fn bytes(text: &str, field: &'static str) -> Result<Vec<u8>, Error> {
    passkey::bytes(text).ok_or(Error::Unreadable { field })
}

const CLIENT_DATA: &str = "credential.response.clientDataJSON";

/// Reads what the browser says of the ceremony.
fn client_data(text: &str) -> Result<ClientData, Error> {
    ClientData::parse(&bytes(text, CLIENT_DATA)?).map_err(|_| Error::Unreadable { field: CLIENT_DATA })
}

/// A passkey that was shown, as bytes.
#[derive(Debug)]
struct Shown {
    credential: Vec<u8>,
    client: ClientData,
    data: Vec<u8>,
    signature: Vec<u8>,
    user: Option<Vec<u8>>,
}

impl Shown {
    fn read(presented: &Presented) -> Result<Self, Error> {
        let user = presented.user_handle.as_deref();
        Ok(Self {
            credential: bytes(&presented.id, "credential.id")?,
            client: client_data(&presented.client_data)?,
            data: bytes(&presented.data, "credential.response.authenticatorData")?,
            signature: bytes(&presented.signature, "credential.response.signature")?,
            user: user.map(|text| bytes(text, "credential.response.userHandle")).transpose()?,
        })
    }

    /// Whether it was shown on this site by the kept passkey, and by the user it belongs to.
    fn verify(&self, site: &RelyingParty, challenge: &[u8; 32], kept: &Kept) -> Result<Asserted, Doubt> {
        // Whom the authenticator names is whose passkey it is.
        if self.user.as_ref().is_some_and(|user| user.as_slice() != handle(kept)) {
            return Err(Doubt::Wrong(passkey::Fault::Id));
        }
        let known = Known { public_key: &kept.public_key, may_be_backed_up: kept.may_be_backed_up };
        let response = Response { data: &self.data, signature: &self.signature };
        let asserted =
            passkey::verify(site, challenge, &self.client, known, response).map_err(Doubt::Wrong)?;
        if passkey::went_back(kept.counter, asserted.counter) {
            Err(Doubt::Copied(asserted.counter))
        } else {
            Ok(asserted)
        }
    }
}

/// Why a passkey that was shown does not count.
#[derive(Debug, Clone, Copy)]
enum Doubt {
    Wrong(passkey::Fault),
    /// Its counter, as it was shown, did not move on.
    Copied(u32),
}

/// The user of a passkey as authenticators know them.
fn handle(kept: &Kept) -> [u8; 16] {
    *uuid::Uuid::from(kept.user).as_bytes()
}

/// Notes, records and announces that somebody may have a copy of a passkey. `session` is the login that it was shown in, `error` what
/// the caller is told.
async fn suspect(
    tx: &mut Tx,
    ctx: &Ctx,
    kept: &Kept,
    shown: u32,
    session: Option<SessionId>,
    error: &Error,
) -> Result<(), Error> {
    let request = ctx.request();
    let changes = json!({ "possibleCopy": true, "counter": [kept.counter, shown] });
    let failed = Entity::of(kept.id).changed(changes).answered(Some(answer(error)));
    audit::record(tx, ctx, Act::LoginFailed, failed).await?;
    let outcome = Outcome::PasskeyCopied;
    let noted = Noted { id: ctx.new_id(), user: kept.user, at: ctx.now(), outcome, session, request };
    store::sign_ins::insert(tx, kept.firm, noted).await?;
    let address = request.address.map(|address| address.to_string());
    ctx.publish(tx, &events::passkeys::CopySuspected { user: kept.user, passkey: kept.id, address }).await?;
    tracing::warn!(passkey = %kept.id, "the counter of a passkey did not move on: somebody may have a copy");
    Ok(())
}
