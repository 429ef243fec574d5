use crate::Fault;
use crate::authenticator_data::item;
use ciborium::Value;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// The algorithms of the keys that are known, by their numbers (RFC 9053; RFC 8812), the preferred one first.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Labels of a `COSE_Key` (RFC 9052, 7.1; RFC 9053, 7; RFC 8230, 4).
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE_OR_MODULUS: i64 = -1;
const X_OR_EXPONENT: i64 = -2;
const Y: i64 = -3;

/// The modulus of an RSA key in bytes: 2048 to 4096 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// The longest exponent of an RSA key in bytes: 65537 has three.
const EXPONENT_BYTES: usize = 4;

/// The public key of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A point of P-256, uncompressed (SEC 1, 2.3.3).
    Es256([u8; 65]),
    EdDsa([u8; 32]),
    /// Big-endian, without zeros in front. At most 512 and 4 bytes.
    Rs256 {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a `COSE_Key` as an authenticator writes it; there must be nothing behind it.
    pub fn from_cose(bytes: &[u8]) -> Result<Self, Fault> {
        let mut rest = bytes;
        let members = match item(&mut rest) {
            Some(Value::Map(members)) if rest.is_empty() => Members(members),
            _ => return Err(Fault::Key),
        };
        let kind = match (members.number(KEY_TYPE)?, members.number(ALGORITHM)?) {
            (2, ES256) => members.es256(),
            (1, EDDSA) => members.eddsa(),
            (3, RS256) => members.rs256(),
            _ => return Err(Fault::Algorithm),
        };
        kind.map(Self)
    }

    /// Whether the signature over the message is that of this key.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Fault> {
        let verified = match &self.0 {
            Kind::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Kind::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Kind::Rs256 { modulus, exponent } => PublicKeyComponents { n: modulus, e: exponent }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        };
        verified.map_err(|_| Fault::Signature)
    }
}

/// The members of a key. Few: an authenticator writes five at most.
struct Members(Vec<(Value, Value)>);

impl Members {
    /// The one member with this label: two of them would be read differently elsewhere.
    fn get(&self, label: i64) -> Result<&Value, Fault> {
        let mut found = self.0.iter().filter(|(name, _)| *name == Value::from(label));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Ok(value),
            _ => Err(Fault::Key),
        }
    }

    fn number(&self, label: i64) -> Result<i64, Fault> {
        let number = self.get(label)?.as_integer().ok_or(Fault::Key)?;
        i64::try_from(number).map_err(|_| Fault::Key)
    }

    fn bytes(&self, label: i64) -> Result<&[u8], Fault> {
        self.get(label)?.as_bytes().map(Vec::as_slice).ok_or(Fault::Key)
    }

    fn es256(&self) -> Result<Kind, Fault> {
        if self.number(CURVE_OR_MODULUS)? != 1 {
            return Err(Fault::Algorithm);
        }
        let (x, y) = (self.bytes(X_OR_EXPONENT)?, self.bytes(Y)?);
        let point: Vec<u8> = [&[4], x, y].concat();
        match point.try_into() {
            Ok(point) if x.len() == y.len() => Ok(Kind::Es256(point)),
            _ => Err(Fault::Key),
        }
    }

    fn eddsa(&self) -> Result<Kind, Fault> {
        if self.number(CURVE_OR_MODULUS)? != 6 {
            return Err(Fault::Algorithm);
        }
        self.bytes(X_OR_EXPONENT)?.try_into().map(Kind::EdDsa).map_err(|_| Fault::Key)
    }

    fn rs256(&self) -> Result<Kind, Fault> {
        let (modulus, exponent) = (self.bytes(CURVE_OR_MODULUS)?, self.bytes(X_OR_EXPONENT)?);
        let is_whole = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
        let fits = MODULUS_BYTES.contains(&modulus.len()) && exponent.len() <= EXPONENT_BYTES;
        if fits && is_whole(modulus) && is_whole(exponent) {
            Ok(Kind::Rs256 { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
        } else {
            Err(Fault::Key)
        }
    }
}
