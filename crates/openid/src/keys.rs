use crate::signature::Algorithm;
use crate::{Error, TokenFault};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// What is asked, in messages.
pub(crate) const WHAT: &str = "keys";

/// Keys of one set that are looked at.
const MOST_KEYS: usize = 64;

/// A provider's public keys (RFC 7517).
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
    pub(crate) bytes: u64,
}

/// A public key that signatures are checked with.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    /// The one algorithm that it is for, where it says so.
    algorithm: Option<Algorithm>,
    pub(crate) material: Material,
}

/// The numbers of a key (RFC 7518, 6; RFC 8037, 2).
#[derive(Debug)]
pub(crate) enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// The uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Written {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. A key of a kind that is not known here, or for encryption, is left out, as RFC 7517, 5 says.
    pub(crate) fn read(json: &[u8]) -> Result<Self, Error> {
        let document: Document = serde_json::from_slice(json).map_err(|_| Error::Unreadable { what: WHAT })?;
        let keys = document.keys.into_iter().take(MOST_KEYS).filter_map(key).collect();
        Ok(Self { keys, bytes: json.len() as u64 })
    }

    /// The key that a token names. One without a name is believed only where there is no choice.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&Key, TokenFault> {
        let mut fitting = self.keys.iter().filter(|key| {
            algorithm.takes(&key.material)
                && key.algorithm.is_none_or(|only| only == algorithm)
                && id.is_none_or(|id| key.id.as_deref() == Some(id))
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(key), Some(_)) if id.is_some() => Ok(key),
            _ => Err(TokenFault::UnknownKey),
        }
    }
}

fn key(value: Value) -> Option<Key> {
    let written: Written = serde_json::from_value(value).ok()?;
    if written.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let algorithm = match written.alg.as_deref() {
        Some(name) => Some(Algorithm::named(name)?),
        None => None,
    };
    let number = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    let material = match (written.kty.as_str(), written.crv.as_deref()) {
        ("RSA", _) => Material::Rsa { modulus: number(&written.n)?, exponent: number(&written.e)? },
        ("EC", Some("P-256")) => {
            let (x, y) = (number(&written.x)?, number(&written.y)?);
            Material::P256([&[4], x.as_slice(), y.as_slice()].concat())
        }
        ("OKP", Some("Ed25519")) => Material::Ed25519(number(&written.x)?),
        _ => return None,
    };
    Some(Key { id: written.kid, algorithm, material })
}
