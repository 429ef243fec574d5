use super::sealing::{Step, open};
use crate::model::{Login, Outcome, Proven};
use crate::service::begin_login::{First, Second};
use crate::service::devices;
use crate::service::sign_in::{Counted, Shown, answer, begin_counted, note_refusal, second};
use crate::store::{self, identities::Named};
use crate::{Error, ProviderRefusal, Sessions};
use access::{App, Public};
use crypto::Secret;
use db::Tx;
use ids::CredentialId;

/// Begins a login for whoever was signed in by the provider in this browser and, where the user has one, shows the second
/// factor. Without it the code stays good: the same request is sent again with it.
pub(crate) async fn sign_in_proven(
    public: &Public,
    sessions: &Sessions,
    code: &Secret,
    cookie: Option<&Secret>,
    shown: Shown,
) -> Result<Login, Error> {
    sessions.sign_on()?;
    let app = &public.app;
    let opened = cookie.and_then(|cookie| open(sessions, Step::Proven, cookie));
    let proven = opened.and_then(|text| Proven::read(&text));
    let proven = proven.filter(|proven| app.clock().now() < proven.expires_at && proven.answered_by(code));
    let proven = proven.ok_or(ProviderRefusal::HandoverInvalid)?;
    let user = accounts::find_in(app.db().reader(), proven.firm, proven.user).await?;
    let counted = Counted::begin(public, sessions, &user.email)?;
    if !user.active {
        let error = Error::from(ProviderRefusal::UserInactive);
        note_refusal(public, Some((user.firm, user.id)), Outcome::Refused, Some(answer(&error))).await?;
        return Err(error);
    }
    let device = devices::known(public, sessions, &user, shown.device_token.as_ref()).await?;
    let second = if user.second_factor && proven.has_second_factor {
        Some(Second::Provider)
    } else {
        second(public, sessions, &user, device.as_ref(), shown.code)
    };
    let Some(second) = second else {
        counted.password_was_right();
        return Err(Error::SecondFactorWanted);
    };
    let first = First::Provider(Box::new((proven, user)));
    begin_counted(public, sessions, counted, first, (&second, device)).await
}

/// Uses a hand-over up in the transaction of its login: the code, the user's activity and the identity are still as they
/// were. An identity that is new is bound.
pub(in crate::service) async fn use_up(tx: &mut Tx, app: &App, proven: &Proven) -> Result<(), Error> {
    let Proven { firm, user, .. } = *proven;
    let now = app.clock().now();
    if !store::spent::spend(tx, &proven.code, proven.expires_at).await? {
        return Err(ProviderRefusal::HandoverInvalid.into());
    }
    if !accounts::note_proven_sign_in(tx, firm, user, now).await? {
        return Err(ProviderRefusal::UserInactive.into());
    }
    let named = Named { issuer: &proven.issuer, subject: &proven.subject };
    if proven.is_linked {
        let is_still = store::identities::used(tx, firm, user, named, now).await?;
        return if is_still { Ok(()) } else { Err(ProviderRefusal::HandoverInvalid.into()) };
    }
    let id = app.new_id::<CredentialId>();
    if store::identities::insert(tx, firm, user, id, named, now).await? {
        Ok(())
    } else {
        Err(ProviderRefusal::LinkTaken.into())
    }
}
