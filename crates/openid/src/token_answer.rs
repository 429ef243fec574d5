use crate::claims::{Claims, Expected, is_true};
use crate::keys::KeySet;
use crate::signature::Algorithm;
use crate::{Error, Identity, TokenFault};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::Secret;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// What is asked, in messages.
pub(crate) const WHAT: &str = "token endpoint";

/// The longest ID token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 32 << 10;

/// What the token endpoint gives for a code (RFC 6749, 5.1; OpenID Connect Core 1.0, 3.1.3.3).
#[derive(Debug, Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) id_token: Option<Secret>,
    pub(crate) access_token: Option<Secret>,
}

/// Why it gives nothing (RFC 6749, 5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl TokenAnswer {
    pub(crate) fn read(status: u16, json: &[u8]) -> Result<Self, Error> {
        match status {
            200 => serde_json::from_slice(json).map_err(|_| Error::Unreadable { what: WHAT }),
            400 | 401 => match serde_json::from_slice(json) {
                Ok(Refusal { error }) if error == "invalid_client" || error == "unauthorized_client" => {
                    Err(Error::ClientRefused)
                }
                Ok(Refusal { .. }) => Err(Error::CodeRefused),
                Err(_) => Err(Error::Status { what: WHAT, status }),
            },
            _ => Err(Error::Status { what: WHAT, status }),
        }
    }
}

/// An ID token in its parts (RFC 7515, 3.1), not yet believed.
#[derive(Debug)]
pub(crate) struct IdToken<'a> {
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515, 4.1.11): none is.
    crit: Option<Value>,
}

impl<'a> IdToken<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > LONGEST_TOKEN {
            return Err(TokenFault::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenFault::Malformed)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| TokenFault::Malformed)?;
        let algorithm = Algorithm::named(&header.alg).ok_or(TokenFault::Algorithm)?;
        if header.crit.is_some() {
            return Err(TokenFault::Malformed);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Malformed)?;
        Ok(Self { signed, payload, signature, algorithm, key: header.kid })
    }

    /// Whether one of these keys is the one that is named.
    pub(crate) fn is_known_to(&self, keys: &KeySet) -> bool {
        keys.find(self.key.as_deref(), self.algorithm).is_ok()
    }

    /// The identity, if the signature is that of one of these keys and every claim is as it should be.
    pub(crate) fn verify(&self, keys: &KeySet, expected: Expected<'_>) -> Result<Identity, TokenFault> {
        let key = keys.find(self.key.as_deref(), self.algorithm)?;
        self.algorithm.verify(&key.material, self.signed.as_bytes(), &self.signature)?;
        let payload = URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| TokenFault::Malformed)?;
        let payload = Zeroizing::new(payload);
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenFault::Malformed)?;
        claims.check(self.algorithm, expected)
    }
}

/// What the userinfo endpoint says (OpenID Connect Core 1.0, 5.3.2).
#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    email: Option<String>,
    email_verified: Option<Value>,
}

/// Adds the address that the userinfo endpoint knows, if it is of the same person.
pub(crate) fn add_user_info(identity: &mut Identity, json: &[u8]) -> bool {
    let Ok(info) = serde_json::from_slice::<UserInfo>(json) else { return false };
    if info.sub != identity.subject {
        return false;
    }
    identity.email_verified = is_true(info.email_verified.as_ref());
    identity.email = info.email;
    true
}
