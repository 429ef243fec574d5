use super::attempts::{Attempt, Key};
use super::begin_login::{First, Second, begin_login};
use super::{Sessions, devices};
use crate::Error;
use crate::model::{Device, Login, Outcome};
use crate::store::{self, sign_ins::Noted};
use access::Public;
use accounts::{User, Verdict};
use audit::Act;
use crypto::Secret;
use db::Tx;
use ids::{FirmId, UserId};
use web::Failure as _;

/// What somebody shows beside address and password.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The code of a second factor, or a recovery code.
    pub code: Option<Secret>,
    /// What the device was given at an earlier sign-in.
    pub device_token: Option<Secret>,
}

/// Begins a login for whoever knows the address and the password and, where the user has one, shows the second factor.
pub async fn sign_in(
    public: &Public,
    sessions: &Sessions,
    email: &str,
    password: Secret,
    shown: Shown,
) -> Result<Login, Error> {
    let counted = Counted::begin(public, sessions, email)?;
    let checked = match accounts::check_password(&public.app, sessions.hasher(), email, password).await? {
        Verdict::Right(checked) => checked,
        Verdict::Refused { owner } => {
            let error = Error::InvalidCredentials;
            note_refusal(public, owner, Outcome::Refused, Some(answer(&error))).await?;
            return Err(error);
        }
    };
    let device = devices::known(public, sessions, &checked.user, shown.device_token.as_ref()).await?;
    let Some(second) = second(public, sessions, &checked.user, device.as_ref(), shown.code) else {
        counted.password_was_right();
        return Err(Error::SecondFactorWanted);
    };
    let first = First::Password(Box::new(checked));
    begin_counted(public, sessions, counted, first, (&second, device)).await
}

/// Begins a login and settles the count of the attempt. A wrong code of a second factor is noted.
pub(super) async fn begin_counted(
    public: &Public,
    sessions: &Sessions,
    counted: Counted,
    first: First,
    (second, device): (&Second, Option<Device>),
) -> Result<Login, Error> {
    let owner = (first.user().firm, first.user().id);
    let device = device.map(|device| device.id);
    match Box::pin(begin_login(public, sessions, first, second, device)).await {
        Ok(login) => {
            counted.succeeded();
            Ok(login)
        }
        Err(Error::SecondFactorRefused) => {
            let error = Error::SecondFactorRefused;
            note_refusal(public, Some(owner), Outcome::SecondFactorRefused, Some(answer(&error))).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// What stands for the second factor; nothing where it is wanted and did not come.
pub(super) fn second(
    public: &Public,
    sessions: &Sessions,
    user: &User,
    device: Option<&Device>,
    code: Option<Secret>,
) -> Option<Second> {
    let is_trusted = || {
        let now = public.app.clock().now();
        sessions.settings().trust_skips_second_factor && device.is_some_and(|device| device.is_trusted(now))
    };
    match code.filter(|code| !code.expose().trim().is_empty()) {
        _ if !user.second_factor => Some(Second::NotAsked),
        Some(code) => Some(Second::Code(code)),
        None => is_trusted().then_some(Second::Trusted),
    }
}

/// The attempt as it is counted: of the account, or of the passkey that was shown, and of the address that it comes from.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) of_account: Attempt,
    pub(super) of_address: Option<Attempt>,
}

impl Counted {
    pub(super) fn begin(public: &Public, sessions: &Sessions, email: &str) -> Result<Self, Error> {
        let (settings, now) = (sessions.settings(), public.app.clock().now());
        let begin = |key, limit| sessions.attempts().begin(key, limit, now);
        Ok(Self {
            of_account: begin(Key::account(email), settings.attempts_per_account)?,
            of_address: match public.request.address {
                Some(address) => Some(begin(Key::address(address), settings.attempts_per_address)?),
                None => None,
            },
        })
    }

    /// It was the first half of a sign-in with a second factor: the account's count stays, so that nobody tries passwords
    /// by the answer to it, and an office that shares an address is not stopped by it.
    pub(super) fn password_was_right(&self) {
        if let Some(attempt) = &self.of_address {
            attempt.take_back();
        }
    }

    pub(super) fn succeeded(&self) {
        self.of_account.clear();
        self.password_was_right();
    }
}

/// The status that a refusal is answered with.
pub(super) fn answer(error: &Error) -> u16 {
    error.code().status
}

/// Notes a refused attempt: in the firm's records where the address is somebody's, else in the count of the day. `answer` is
/// the status that the caller gets, where that is known here.
pub(super) async fn note_refusal(
    public: &Public,
    owner: Option<(FirmId, UserId)>,
    outcome: Outcome,
    answer: Option<u16>,
) -> Result<(), Error> {
    let app = &public.app;
    let mut tx = app.db().writer().begin().await?;
    match owner {
        Some(owner) => note_refusal_of(&mut tx, public, owner, outcome, answer).await?,
        None => store::refused::count(&mut tx, app.clock().now()).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// Notes a refused attempt in the firm's records.
pub(super) async fn note_refusal_of(
    tx: &mut Tx,
    public: &Public,
    (firm, user): (FirmId, UserId),
    outcome: Outcome,
    answer: Option<u16>,
) -> Result<(), Error> {
    let Public { app, request } = public;
    audit::record_sign_in(tx, app, request, (firm, user), Act::LoginFailed, answer).await?;
    let at = app.clock().now();
    let noted = Noted { id: app.new_id(), user, at, outcome, session: None, request };
    store::sign_ins::insert(tx, firm, noted).await
}
