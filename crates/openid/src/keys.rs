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
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
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
        let document: Document =
            serde_json::from_slice(json).map_err(|_| Error::Unreadable { what: WHAT })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn set(json: &str) -> KeySet {
        KeySet::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_token_without_a_key_s_name_is_believed_only_where_there_is_no_choice() {
        let one =
            set(r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#);
        assert!(one.find(None, Algorithm::Rs256).is_ok() && one.find(None, Algorithm::EdDsa).is_ok());
        assert_eq!(one.find(None, Algorithm::Es256).unwrap_err(), TokenFault::UnknownKey);
        assert_eq!(one.find(Some("a"), Algorithm::Rs256).unwrap_err(), TokenFault::UnknownKey);
        let two = set(
            r#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"},{"kty":"RSA","kid":"b","n":"AQAB","e":"AQAB"}]}"#,
        );
        assert!(two.find(None, Algorithm::Rs256).is_err() && two.find(Some("b"), Algorithm::Rs256).is_ok());
    }

    #[test]
    fn a_key_is_for_its_own_algorithm_and_for_signatures_alone() {
        let keys = set(r#"{"keys":[{"kty":"RSA","kid":"a","alg":"PS256","n":"AQAB","e":"AQAB"},
                {"kty":"RSA","kid":"b","use":"enc","n":"AQAB","e":"AQAB"},
                {"kty":"RSA","kid":"c","alg":"RS512","n":"AQAB","e":"AQAB"},
                {"kty":"RSA","kid":"d","n":"not base64","e":"AQAB"},
                {"kty":"EC","crv":"P-521","kid":"e","x":"AAAA","y":"AAAA"},
                {"kty":"oct","kid":"f","k":"AAAA"}, {"kid":7}, "nonsense"]}"#);
        assert!(keys.find(Some("a"), Algorithm::Ps256).is_ok());
        assert!(keys.find(Some("a"), Algorithm::Rs256).is_err());
        for id in ["b", "c", "d", "e", "f"] {
            for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
                assert!(keys.find(Some(id), algorithm).is_err(), "{id}");
            }
        }
        for json in ["", "{}", r#"{"keys":{}}"#, "[]"] {
            assert!(KeySet::read(json.as_bytes()).is_err(), "{json}");
        }
    }
}
