use crate::signature::Algorithm;
use crate::{Identity, Settings, TokenFault};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use crypto::{Secret, constant_time_eq};
use serde::Deserialize;
use serde_json::Value;

/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: i64 = 60;
/// The longest subject (OpenID Connect Core 1.0, 2).
const SUBJECT_BYTES: usize = 255;
/// Methods of authentication that are looked at.
const MOST_METHODS: usize = 32;

/// What an ID token claims (OpenID Connect Core 1.0, 2).
#[derive(Deserialize)]
pub(crate) struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    azp: Option<String>,
    nonce: Option<Secret>,
    at_hash: Option<String>,
    acr: Option<Value>,
    amr: Option<Vec<String>>,
    email: Option<String>,
    email_verified: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What a token is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) nonce: &'a Secret,
    pub(crate) access_token: Option<&'a Secret>,
    pub(crate) now: Timestamp,
}

impl Claims {
    /// Holds the claims against what is expected, in the order of OpenID Connect Core 1.0, 3.1.3.7.
    pub(crate) fn check(self, algorithm: Algorithm, expected: Expected<'_>) -> Result<Identity, TokenFault> {
        let client = expected.settings.client_id.as_str();
        let now = expected.now.timestamp();
        if self.iss != expected.settings.issuer {
            return Err(TokenFault::Issuer);
        }
        self.check_audience(client)?;
        if now >= self.exp.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenFault::Expired);
        }
        let latest = now.saturating_add(LEEWAY_SECONDS);
        if self.iat > latest || self.nbf.is_some_and(|from| from > latest) {
            return Err(TokenFault::Early);
        }
        let nonce = self.nonce.as_ref().map(Secret::expose).unwrap_or_default();
        if !constant_time_eq(nonce.as_bytes(), expected.nonce.expose().as_bytes()) {
            return Err(TokenFault::Nonce);
        }
        self.check_access_token(algorithm, expected.access_token)?;
        if self.sub.is_empty() || self.sub.len() > SUBJECT_BYTES {
            return Err(TokenFault::Subject);
        }
        Ok(self.into_identity())
    }

    fn check_audience(&self, client: &str) -> Result<(), TokenFault> {
        let (is_meant, others) = match &self.aud {
            Audience::One(one) => (one == client, false),
            Audience::Several(all) => (all.iter().any(|one| one == client), all.len() > 1),
        };
        let authorized = self.azp.as_deref();
        let is_authorized = authorized.is_none_or(|party| party == client);
        // Who stands among others must be the one that it was given to.
        let is_named = !others || authorized.is_some();
        if is_meant && is_authorized && is_named { Ok(()) } else { Err(TokenFault::Audience) }
    }

    fn check_access_token(&self, algorithm: Algorithm, token: Option<&Secret>) -> Result<(), TokenFault> {
        let (Some(hash), Some(token)) = (&self.at_hash, token) else { return Ok(()) };
        let hash = URL_SAFE_NO_PAD.decode(hash).map_err(|_| TokenFault::AccessToken)?;
        let is_same = constant_time_eq(&hash, &algorithm.left_half(token.expose()));
        if is_same { Ok(()) } else { Err(TokenFault::AccessToken) }
    }

    fn into_identity(self) -> Identity {
        let methods = self.amr.unwrap_or_default().into_iter().take(MOST_METHODS).collect();
        Identity {
            issuer: self.iss,
            subject: self.sub,
            email_verified: is_true(self.email_verified.as_ref()),
            email: self.email,
            methods,
            class: self.acr.and_then(|class| class.as_str().map(str::to_owned)),
        }
    }
}

/// Some providers write the word instead of the value.
pub(crate) fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(is_true)) => *is_true,
        Some(Value::String(word)) => word == "true",
        _ => false,
    }
}
