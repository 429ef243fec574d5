//! Types and rules of logins.

mod device;
mod login;
mod passkey;
mod recovery;
mod settings;
mod sign_on;

pub use device::DeviceKind;
pub(crate) use device::described;
pub use login::Login;
pub(crate) use login::{
    Claims, Device, DeviceClaims, Outcome, Reason, Session, SessionRow, SignIn, Standing, StoredToken,
};
pub(crate) use passkey::{Created, Creation, Passkey, PasskeyRequest, Presented, Reference};
#[cfg(feature = "passkeys")]
pub(crate) use passkey::{MOST_PASSKEYS, MOST_TRANSPORTS};
pub(crate) use recovery::{CODES as RECOVERY_CODES, RecoveryCode};
pub(crate) use settings::SEEN_EVERY;
pub use settings::Settings;
pub(crate) use sign_on::{Link, Pending, Proven, ReturnTo};
pub use sign_on::{SignOnRules, SingleSignOn};
