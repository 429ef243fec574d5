use super::Signing;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use ring::{digest, hmac};
use serde_json::{Value, json};

/// A key for this double alone: making one takes longer than a test.
const RSA: &str = include_str!("rsa.pem");

/// The provider's keys.
#[derive(Debug)]
pub(super) struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    random: SystemRandom,
}

impl Keys {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let body: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
        let rsa = BASE64.decode(body.as_bytes()).expect("base64");
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let p256 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self {
            rsa: RsaKeyPair::from_pkcs8(&rsa).expect("the key of the double"),
            p256: EcdsaKeyPair::from_pkcs8(algorithm, p256.as_ref(), &random).expect("a key"),
            random,
        }
    }

    /// The public keys, and one that is for something else.
    pub(super) fn published(&self, with_p256: bool) -> Value {
        let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let mut keys = vec![
            json!({ "kty": "RSA", "kid": "rsa", "use": "sig", "n": encode(&n), "e": encode(&e) }),
            json!({ "kty": "RSA", "kid": "sealing", "use": "enc", "n": encode(&n), "e": encode(&e) }),
            json!({ "kty": "oct", "kid": "secret", "k": "c2VjcmV0" }),
        ];
        if with_p256 {
            let point = &self.p256.public_key().as_ref()[1..];
            keys.push(json!({ "kty": "EC", "crv": "P-256", "kid": "p256", "alg": "ES256",
                "x": encode(&point[..32]), "y": encode(&point[32..]) }));
        }
        json!({ "keys": keys })
    }

    /// A token of these claims (RFC 7515, 3.1).
    pub(super) fn sign(&self, signing: Signing, claims: &Value) -> String {
        let (alg, kid) = match signing {
            Signing::Rs256 | Signing::Broken => ("RS256", "rsa"),
            Signing::Ps256 => ("PS256", "rsa"),
            Signing::Es256 => ("ES256", "p256"),
            Signing::None => ("none", "rsa"),
            Signing::Hs256OfPublicKey => ("HS256", "rsa"),
            Signing::UnknownKey => ("RS256", "nobody's"),
        };
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let header = json!({ "alg": alg, "kid": kid, "typ": "JWT" });
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = match signing {
            Signing::Ps256 => self.rsa(&RSA_PSS_SHA256, &signed),
            Signing::Es256 => {
                self.p256.sign(&self.random, signed.as_bytes()).expect("a signature").as_ref().to_vec()
            }
            Signing::None => Vec::new(),
            Signing::Hs256OfPublicKey => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.rsa.public().as_ref());
                hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            _ => self.rsa(&RSA_PKCS1_SHA256, &signed),
        };
        if signing == Signing::Broken {
            signature[7] ^= 1;
        }
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn rsa(&self, encoding: &'static dyn RsaEncoding, signed: &str) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        self.rsa.sign(encoding, &self.random, signed.as_bytes(), &mut signature).expect("a signature");
        signature
    }
}

/// The left half of a SHA-256, as `at_hash` has it.
pub(super) fn left_half(text: &str) -> String {
    BASE64URL_NOPAD.encode(&sha256(text)[..16])
}

/// A SHA-256, as a challenge of PKCE has it.
pub(super) fn challenge(verifier: &str) -> String {
    BASE64URL_NOPAD.encode(&sha256(verifier))
}

fn sha256(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}
