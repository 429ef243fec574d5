use crate::{Fault, RelyingParty, bytes, digest};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// What the browser says of the ceremony (5.8.1).
#[derive(Debug, Clone)]
pub struct ClientData {
    kind: Kind,
    challenge: Vec<u8>,
    origin: String,
    is_framed: bool,
    digest: [u8; 32],
}

/// Which ceremony it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Get,
    Other,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    challenge: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<IgnoredAny>,
}

impl ClientData {
    /// Reads `clientDataJSON`. A byte order mark before it is left out, as the standard says (7.1, step 5).
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        let json = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let written: Written<'_> = serde_json::from_slice(json).map_err(|_| Fault::ClientData)?;
        let kind = match &*written.kind {
            "webauthn.create" => Kind::Create,
            "webauthn.get" => Kind::Get,
            _ => Kind::Other,
        };
        Ok(Self {
            kind,
            challenge: bytes(&written.challenge).ok_or(Fault::ClientData)?,
            origin: written.origin.into_owned(),
            is_framed: written.cross_origin || written.top_origin.is_some(),
            digest: digest(text),
        })
    }

    /// SHA-256 of the challenge that it answers: by that the server finds what it gave out.
    pub fn challenge_digest(&self) -> [u8; 32] {
        digest(&self.challenge)
    }

    /// SHA-256 of the whole text: what the authenticator has signed.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether it belongs to this ceremony on this site (7.1, steps 7 to 11; 7.2, steps 10 to 14).
    pub(crate) fn check(&self, kind: Kind, site: &RelyingParty, challenge: &[u8; 32]) -> Result<(), Fault> {
        if self.kind != kind {
            return Err(Fault::Type);
        }
        if self.challenge_digest() != *challenge {
            return Err(Fault::Challenge);
        }
        if !site.has(&self.origin) {
            return Err(Fault::Origin);
        }
        if self.is_framed { Err(Fault::Framed) } else { Ok(()) }
    }
}
