//! Ceremonies whose answers another implementation has made: keys, signatures and CBOR of `vectors.json` come from
//! OpenSSL 3, by way of Python's `cryptography`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use passkey::{
    ClientData, Fault, Known, PublicKey, RelyingParty, Response, digest, register, verify, went_back,
};
use serde::Deserialize;

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    id: String,
    registration_challenge: String,
    registration_client_data: String,
    attestation_object: String,
    challenge: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn site() -> RelyingParty {
    RelyingParty::new("example.org", &["https://example.org".to_owned()]).unwrap()
}

/// A vector as bytes, for a test to spoil.
#[derive(Clone)]
struct Answer {
    id: Vec<u8>,
    challenge: [u8; 32],
    client: Vec<u8>,
    object: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
}

impl Answer {
    fn made(vector: &Vector) -> Self {
        Self {
            id: unhex(&vector.id),
            challenge: digest(&unhex(&vector.registration_challenge)),
            client: unhex(&vector.registration_client_data),
            object: unhex(&vector.attestation_object),
            data: Vec::new(),
            signature: Vec::new(),
        }
    }

    fn shown(vector: &Vector) -> Self {
        Self {
            challenge: digest(&unhex(&vector.challenge)),
            client: unhex(&vector.client_data),
            data: unhex(&vector.authenticator_data),
            signature: unhex(&vector.signature),
            ..Self::made(vector)
        }
    }

    fn register(&self, site: &RelyingParty) -> Result<passkey::NewPasskey, Fault> {
        register(site, &self.challenge, &ClientData::parse(&self.client)?, &self.id, &self.object)
    }

    fn verify(&self, site: &RelyingParty, public_key: &[u8]) -> Result<passkey::Asserted, Fault> {
        let response = Response { data: &self.data, signature: &self.signature };
        let known = Known { public_key, may_be_backed_up: true };
        verify(site, &self.challenge, &ClientData::parse(&self.client)?, known, response)
    }

    fn with_client(&self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.client.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        Self { client: text.replace(from, to).into_bytes(), ..self.clone() }
    }

    fn with_flags(&self, flags: u8) -> Self {
        let mut spoilt = self.clone();
        spoilt.data[32] = flags;
        spoilt
    }
}

#[test]
fn what_another_implementation_made_is_taken() {
    for vector in vectors() {
        let made = Answer::made(&vector).register(&site()).unwrap();
        assert_eq!((made.id, made.counter), (unhex(&vector.id), 0), "{}", vector.name);
        assert!(made.may_be_backed_up && made.is_backed_up);
        let shown = Answer::shown(&vector).verify(&site(), &made.public_key).unwrap();
        assert_eq!((shown.counter, shown.is_backed_up), (7, true), "{}", vector.name);
    }
}

#[test]
fn every_bit_of_what_is_signed_counts() {
    for vector in vectors() {
        let key = Answer::made(&vector).register(&site()).unwrap().public_key;
        let answer = Answer::shown(&vector);
        for at in (0..answer.signature.len()).step_by(7) {
            let mut spoilt = answer.clone();
            spoilt.signature[at] ^= 1;
            assert_eq!(spoilt.verify(&site(), &key), Err(Fault::Signature), "{} byte {at}", vector.name);
        }
        let mut later = answer.clone();
        later.data[36] ^= 1;
        assert_eq!(later.verify(&site(), &key), Err(Fault::Signature));
        let padded = answer.with_client("{", "{ ");
        assert_eq!(padded.verify(&site(), &key), Err(Fault::Signature));
        let other = Answer::made(&vectors()[0]).register(&site()).unwrap().public_key;
        if other != key {
            assert_eq!(answer.verify(&site(), &other), Err(Fault::Signature));
        }
    }
}

#[test]
fn another_ceremony_site_or_frame_is_refused() {
    let vector = &vectors()[0];
    let (made, shown) = (Answer::made(vector), Answer::shown(vector));
    let key = made.register(&site()).unwrap().public_key;
    for (from, to, fault) in [
        ("webauthn.", "payment.", Fault::Type),
        ("https://example.org", "https://example.com", Fault::Origin),
        ("https://example.org", "https://example.org.evil.example", Fault::Origin),
        ("https://example.org", "http://example.org", Fault::Origin),
        ("\"crossOrigin\":false", "\"crossOrigin\":true", Fault::Framed),
        ("\"crossOrigin\":false", "\"topOrigin\":\"https://evil.example\"", Fault::Framed),
        ("{\"type\"", "{\"type\":\"webauthn.get\",\"type\"", Fault::ClientData),
        ("\"challenge\":\"", "\"challenge\":\"=", Fault::ClientData),
        ("}", "", Fault::ClientData),
    ] {
        assert_eq!(made.with_client(from, to).register(&site()), Err(fault), "{to}");
        assert_eq!(shown.with_client(from, to).verify(&site(), &key), Err(fault), "{to}");
    }
    assert_eq!(made.with_client("create", "get").register(&site()), Err(Fault::Type));
    assert_eq!(shown.with_client("get", "create").verify(&site(), &key), Err(Fault::Type));
    let mut other = shown.clone();
    other.challenge[0] ^= 1;
    assert_eq!(other.verify(&site(), &key), Err(Fault::Challenge));
    let elsewhere = RelyingParty::new("org", &["https://example.org".to_owned()]).unwrap();
    assert_eq!(made.register(&elsewhere), Err(Fault::RelyingParty));
    assert_eq!(shown.verify(&elsewhere, &key), Err(Fault::RelyingParty));
}

#[test]
fn the_flags_say_who_was_there() {
    let vector = &vectors()[0];
    let key = Answer::made(vector).register(&site()).unwrap().public_key;
    let shown = Answer::shown(vector);
    for (flags, fault) in [
        (0x1c, Fault::Presence),
        (0x19, Fault::Verification),
        (0x15, Fault::Backup),
        (0x05, Fault::Backup),
        // What would follow is missing.
        (0x5d, Fault::AuthenticatorData),
        (0x9d, Fault::AuthenticatorData),
    ] {
        assert_eq!(shown.with_flags(flags).verify(&site(), &key), Err(fault), "{flags:#x}");
    }
}

#[test]
fn what_is_cut_off_or_too_long_is_refused_and_never_a_panic() {
    for vector in vectors() {
        let (made, shown) = (Answer::made(&vector), Answer::shown(&vector));
        let key = made.register(&site()).unwrap().public_key;
        for length in 0..made.object.len() {
            let short = Answer { object: made.object[..length].to_vec(), ..made.clone() };
            assert_eq!(short.register(&site()), Err(Fault::Attestation), "{} {length}", vector.name);
        }
        let long = Answer { object: [&made.object[..], &[0]].concat(), ..made.clone() };
        assert_eq!(long.register(&site()), Err(Fault::Attestation));
        for length in 0..shown.data.len() {
            let short = Answer { data: shown.data[..length].to_vec(), ..shown.clone() };
            assert_eq!(short.verify(&site(), &key), Err(Fault::AuthenticatorData), "{length}");
        }
        let long = Answer { data: [&shown.data[..], &[0]].concat(), ..shown.clone() };
        assert_eq!(long.verify(&site(), &key), Err(Fault::AuthenticatorData));
        for at in 0..made.object.len() {
            for bit in 0..8 {
                let mut spoilt = made.clone();
                spoilt.object[at] ^= 1 << bit;
                drop(spoilt.register(&site()));
            }
        }
        let other = Answer { id: vec![1; 16], ..made };
        assert_eq!(other.register(&site()), Err(Fault::Id));
    }
    let deep = Answer { object: vec![0x81; 10_000], ..Answer::made(&vectors()[0]) };
    assert_eq!(deep.register(&site()), Err(Fault::Attestation));
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let es256 = Answer::made(&vectors()[0]).register(&site()).unwrap().public_key;
    assert!(PublicKey::from_cose(&es256).is_ok());
    // The second member is the algorithm: 03 26 is -7.
    assert_eq!(es256[..5], [0xa5, 0x01, 0x02, 0x03, 0x26]);
    let with = |at: usize, byte: u8| {
        let mut key = es256.clone();
        key[at] = byte;
        PublicKey::from_cose(&key)
    };
    // -36 is ES512; 3 is RSA; the curve 2 is P-384; the label 1 twice.
    for (at, byte, fault) in [
        (4, 0x27, Fault::Algorithm),
        (2, 0x03, Fault::Algorithm),
        (6, 0x02, Fault::Algorithm),
        (3, 0x01, Fault::Key),
        (0, 0xa4, Fault::Key),
        (0, 0x85, Fault::Key),
    ] {
        assert_eq!(with(at, byte), Err(fault), "{at} {byte:#x}");
    }
    assert_eq!(PublicKey::from_cose(&[]), Err(Fault::Key));
    let rs256 = Answer::made(&vectors()[2]).register(&site()).unwrap().public_key;
    // Too short a modulus: 1024 bits.
    let at = rs256.windows(3).position(|head| head == [0x59, 0x01, 0x00]).unwrap();
    let short = [&rs256[..at], &[0x58, 0x80], &rs256[at + 3..at + 131], &rs256[at + 259..]].concat();
    assert_eq!(PublicKey::from_cose(&short), Err(Fault::Key));
}

#[test]
fn a_counter_goes_up_or_does_not_count() {
    for (kept, shown, back) in
        [(0, 0, false), (0, 1, false), (1, 2, false), (5, 4, true), (5, 5, true), (1, 0, true)]
    {
        assert_eq!(went_back(kept, shown), back, "{kept} {shown}");
    }
}
