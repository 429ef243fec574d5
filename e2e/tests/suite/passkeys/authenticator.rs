//! An authenticator in software, with the browser in front of it: it makes real keys, attestation objects and signatures,
//! and on request wrong ones.

use data_encoding::BASE64URL_NOPAD as BASE64URL;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use serde_json::{Value, json};

pub(super) const ORIGIN: &str = "https://lexiflow.example.com";
const SITE: &str = "lexiflow.example.com";
/// For tests alone: nobody signs in anywhere with it.
const RSA_KEY: &[u8] = include_bytes!("../../rsa-2048.pk8");

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const MAY_BE_BACKED_UP: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_KEY: u8 = 0x40;

/// What is done wrong.
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
#[derive(Clone, Default)]
pub(super) struct Wrong {
    pub(super) origin: Option<&'static str>,
    pub(super) site: Option<&'static str>,
    pub(super) kind: Option<&'static str>,
    pub(super) challenge: Option<String>,
    pub(super) framed: bool,
    pub(super) absent: bool,
    pub(super) unverified: bool,
    pub(super) bit: bool,
    pub(super) handle: Option<Value>,
    pub(super) id: Option<Vec<u8>>,
    /// Another algorithm in the key than the one it has.
    pub(super) algorithm: Option<i64>,
}

enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

/// A passkey on its authenticator.
pub(super) struct SoftPasskey {
    pub(super) id: Vec<u8>,
    key: Key,
    /// As it is shown next; authenticators that do not count show 0.
    pub(super) counter: u32,
    counts: bool,
    /// Whose it is, as told when it was made.
    handle: Option<String>,
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

impl SoftPasskey {
    fn of(key: Key, counts: bool) -> Self {
        Self { id: random(32), key, counter: 0, counts, handle: None }
    }

    /// In a password manager that copies it to all devices, and so does not count.
    pub(super) fn synchronised() -> Self {
        Self::of(Key::Es256(es256()), false)
    }

    /// On a security key that counts.
    pub(super) fn counting() -> Self {
        Self::of(Key::Es256(es256()), true)
    }

    pub(super) fn eddsa() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::of(Key::EdDsa(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap()), true)
    }

    pub(super) fn rs256() -> Self {
        Self::of(Key::Rs256(RsaKeyPair::from_pkcs8(RSA_KEY).unwrap()), true)
    }

    /// The id as it stands in JSON.
    pub(super) fn id_text(&self) -> String {
        BASE64URL.encode(&self.id)
    }

    /// Answers `navigator.credentials.create`.
    pub(super) fn create(&mut self, options: &Value, wrong: &Wrong) -> Value {
        self.handle = options["user"]["id"].as_str().map(str::to_owned);
        let client = client_data("webauthn.create", &options["challenge"], wrong);
        let mut data = self.data(HAS_KEY, wrong);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose(wrong.algorithm));
        let object = map(&[
            (text("fmt"), text("none")),
            (text("attStmt"), map(&[])),
            (text("authData"), byte_string(&data)),
        ]);
        json!({
            "id": BASE64URL.encode(wrong.id.as_ref().unwrap_or(&self.id)),
            "rawId": self.id_text(),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": BASE64URL.encode(&client),
                "attestationObject": BASE64URL.encode(&object),
                "authenticatorData": BASE64URL.encode(&data),
                "transports": ["hybrid", "internal"],
                "publicKeyAlgorithm": -7,
            },
        })
    }

    /// Answers `navigator.credentials.get`.
    pub(super) fn get(&mut self, options: &Value, wrong: &Wrong) -> Value {
        if self.counts {
            self.counter += 1;
        }
        let client = client_data("webauthn.get", &options["challenge"], wrong);
        let data = self.data(0, wrong);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &client).as_ref());
        let mut signature = self.sign(&signed);
        if wrong.bit {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        }
        let handle = wrong.handle.clone().unwrap_or_else(|| json!(self.handle));
        json!({
            "id": BASE64URL.encode(wrong.id.as_ref().unwrap_or(&self.id)),
            "rawId": self.id_text(),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64URL.encode(&client),
                "authenticatorData": BASE64URL.encode(&data),
                "signature": BASE64URL.encode(&signature),
                "userHandle": handle,
            },
        })
    }

    /// The authenticator data up to what differs (6.1).
    fn data(&self, more: u8, wrong: &Wrong) -> Vec<u8> {
        let mut flags = PRESENT | VERIFIED | more;
        if !self.counts {
            flags |= MAY_BE_BACKED_UP | BACKED_UP;
        }
        if wrong.absent {
            flags &= !PRESENT;
        }
        if wrong.unverified {
            flags &= !VERIFIED;
        }
        let site = wrong.site.unwrap_or(SITE);
        [digest(&SHA256, site.as_bytes()).as_ref(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn cose(&self, algorithm: Option<i64>) -> Vec<u8> {
        let alg = |usual| number(algorithm.unwrap_or(usual));
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                map(&[
                    (number(1), number(2)),
                    (number(3), alg(-7)),
                    (number(-1), number(1)),
                    (number(-2), byte_string(&point[1..33])),
                    (number(-3), byte_string(&point[33..])),
                ])
            }
            Key::EdDsa(key) => map(&[
                (number(1), number(1)),
                (number(3), alg(-8)),
                (number(-1), number(6)),
                (number(-2), byte_string(key.public_key().as_ref())),
            ]),
            Key::Rs256(key) => {
                let parts = PublicKeyComponents::<Vec<u8>>::from(key.public());
                map(&[
                    (number(1), number(3)),
                    (number(3), alg(-257)),
                    (number(-1), byte_string(&parts.n)),
                    (number(-2), byte_string(&parts.e)),
                ])
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Es256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::EdDsa(key) => key.sign(message).as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

fn es256() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, made.as_ref(), &random).unwrap()
}

/// What the browser says of the ceremony (5.8.1).
fn client_data(kind: &str, challenge: &Value, wrong: &Wrong) -> Vec<u8> {
    let challenge = wrong.challenge.as_deref().or(challenge.as_str()).unwrap();
    let data = json!({
        "type": wrong.kind.unwrap_or(kind),
        "challenge": challenge,
        "origin": wrong.origin.unwrap_or(ORIGIN),
        "crossOrigin": wrong.framed,
        "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
    });
    data.to_string().into_bytes()
}

/// The head of an item of CBOR (RFC 8949, 3).
fn head(major: u8, value: u64) -> Vec<u8> {
    let major = major << 5;
    match value {
        0..24 => vec![major | u8::try_from(value).unwrap()],
        24..0x100 => vec![major | 0x18, u8::try_from(value).unwrap()],
        _ => [&[major | 0x19][..], &u16::try_from(value).unwrap().to_be_bytes()].concat(),
    }
}

fn number(value: i64) -> Vec<u8> {
    if value < 0 { head(1, (-1 - value).unsigned_abs()) } else { head(0, value.unsigned_abs()) }
}

fn byte_string(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len() as u64), bytes.to_vec()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [head(3, text.len() as u64), text.as_bytes().to_vec()].concat()
}

fn map(members: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let members = members.iter().map(|(name, value)| [name.clone(), value.clone()].concat());
    [head(5, members.len() as u64), members.collect::<Vec<_>>().concat()].concat()
}
