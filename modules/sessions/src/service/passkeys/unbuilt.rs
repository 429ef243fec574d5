//! The ceremonies of a server that was built without them.

use crate::model::{Created, Creation, Login, Passkey, PasskeyRequest, Presented};
use crate::{Error, Sessions};
use access::{Ctx, Public};
use clock::Timestamp;
use crypto::Secret;

const NOT_BUILT: Error =
    Error::PasskeysUnavailable("this server was built without passkeys: sign in with address and password");

pub(crate) async fn ask_to_add(_: &Ctx, _: &Sessions) -> Result<Creation, Error> {
    Err(NOT_BUILT)
}

pub(crate) async fn add_passkey(_: &Ctx, _: &Sessions, _: String, _: Created) -> Result<Passkey, Error> {
    Err(NOT_BUILT)
}

pub(crate) async fn ask_to_sign_in(_: &Public, _: &Sessions) -> Result<PasskeyRequest, Error> {
    Err(NOT_BUILT)
}

pub(crate) async fn sign_in_with_passkey(
    _: &Public,
    _: &Sessions,
    _: Presented,
    _: Option<Secret>,
) -> Result<Login, Error> {
    Err(NOT_BUILT)
}

pub(crate) async fn ask_to_step_up(_: &Ctx, _: &Sessions) -> Result<PasskeyRequest, Error> {
    Err(NOT_BUILT)
}

pub(crate) async fn step_up_with_passkey(_: &Ctx, _: &Sessions, _: Presented) -> Result<Timestamp, Error> {
    Err(NOT_BUILT)
}
