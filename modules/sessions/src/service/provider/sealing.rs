use crate::{Error, Sessions};
use access::App;
use crypto::Secret;
use crypto::sealed::Sealed;
use data_encoding::BASE64URL_NOPAD;
use std::str;
use zeroize::Zeroizing;

/// What is sealed for one step does not open for another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// On the way to the provider.
    Pending,
    /// Back from it.
    Proven,
}

impl Step {
    fn place(self) -> &'static [u8] {
        match self {
            Self::Pending => b"sign-in by provider: pending",
            Self::Proven => b"sign-in by provider: proven",
        }
    }
}

/// Seals a text as it may stand in a cookie: the key's name, a point, base64url.
pub(super) fn seal(app: &App, sessions: &Sessions, step: Step, text: &str) -> Result<Secret, Error> {
    let sealed = sessions.sealing().seal(text.as_bytes(), step.place(), app.random().as_ref())?;
    Ok(Secret::new(format!("{}.{}", sealed.key, BASE64URL_NOPAD.encode(&sealed.bytes))))
}

/// Opens a cookie. One that was altered, is of another step, or was sealed with a key that is gone, is none.
pub(super) fn open(sessions: &Sessions, step: Step, cookie: &Secret) -> Option<Zeroizing<String>> {
    let (key, bytes) = cookie.expose().split_once('.')?;
    let bytes = BASE64URL_NOPAD.decode(bytes.as_bytes()).ok()?;
    let opened = sessions.sealing().open(&Sealed { key: key.to_owned(), bytes }, step.place()).ok()?;
    str::from_utf8(&opened).ok().map(|text| Zeroizing::new(text.to_owned()))
}
