//! A signed token is accepted only as signed, and an opaque token only as issued.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use clock::{SeededRandom, Timestamp};
use crypto::jws::{self, Error, SigningKey};
use crypto::token::{Token, TokenHash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
}

fn key() -> SigningKey {
    SigningKey::new(KEY).unwrap()
}

fn claims() -> Claims {
    Claims { sub: "0192e4a0-7c1e-7b3a-9f00-5a1d2c3b4e5f".to_owned(), exp: 1_800_000_000 }
}

/// A token with any header, signed rightly with our key.
fn signed_with_header(header: &str) -> String {
    let payload = serde_json::to_vec(&claims()).unwrap();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[test]
fn the_vector_of_rfc_7515_appendix_a_1_verifies() {
    let key = URL_SAFE_NO_PAD
        .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        .unwrap();
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
                 .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
                 .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let claims: serde_json::Value = SigningKey::new(&key).unwrap().verify(token).unwrap();
    assert_eq!(
        claims,
        serde_json::json!({"iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true})
    );
}

#[test]
fn what_was_signed_is_read_back() {
    let token = key().sign(&claims()).unwrap();
    assert!(token.starts_with(&format!("{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#))));
    assert_eq!(key().verify::<Claims>(&token).unwrap(), claims());
}

#[test]
fn another_key_does_not_verify() {
    let token = key().sign(&claims()).unwrap();
    let other = SigningKey::new(&[7; 32]).unwrap();
    assert!(matches!(other.verify::<Claims>(&token), Err(Error::Signature)));
}

#[test]
fn no_other_algorithm_is_accepted_even_when_signed_with_our_key() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS512","typ":"JWT"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWE"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        "not json",
    ] {
        let token = signed_with_header(header);
        assert!(matches!(key().verify::<Claims>(&token), Err(Error::Header)), "{header} was accepted");
    }
    assert!(key().verify::<Claims>(&signed_with_header(r#"{"alg":"HS256"}"#)).is_ok());
}

#[test]
fn an_unsigned_token_is_refused() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap());
    for token in [format!("{header}.{payload}."), format!("{header}.{payload}")] {
        assert!(matches!(key().verify::<Claims>(&token), Err(Error::Signature | Error::Malformed)));
    }
}

#[test]
fn every_changed_character_is_noticed() {
    let token = key().sign(&claims()).unwrap();
    for at in 0..token.len() {
        for replacement in ["A", "B", ".", "=", " "] {
            let mut altered = token.clone();
            altered.replace_range(at..=at, replacement);
            if altered != token {
                assert!(key().verify::<Claims>(&altered).is_err(), "change at {at} to {replacement:?}");
            }
        }
    }
}

#[test]
fn padding_and_surplus_segments_are_refused() {
    let token = key().sign(&claims()).unwrap();
    for altered in [
        format!("{token}="),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.x"),
        format!(" {token}"),
    ] {
        assert!(key().verify::<Claims>(&altered).is_err(), "{altered} was accepted");
    }
}

#[test]
fn other_claims_than_expected_are_refused() {
    let token = key().sign(&serde_json::json!({"exp": "soon"})).unwrap();
    assert!(matches!(key().verify::<Claims>(&token), Err(Error::Claims(_))));
}

#[test]
fn sizes_are_bounded() {
    assert!(matches!(SigningKey::new(&KEY[..31]), Err(Error::WeakKey { given_bytes: 31 })));
    let long = Claims { sub: "x".repeat(4000), exp: 0 };
    assert!(matches!(key().sign(&long), Err(Error::TooLong { .. })));
    assert!(matches!(key().verify::<Claims>(&"a".repeat(4097)), Err(Error::TooLong { size_bytes: 4097 })));
}

#[test]
fn a_token_holds_until_the_second_it_names() {
    let at = |micros| Timestamp::from_timestamp_micros(micros).unwrap();
    let none = Duration::ZERO;
    assert!(jws::check_expiry(100, at(99_999_999), none).is_ok());
    assert!(matches!(jws::check_expiry(100, at(100_000_000), none), Err(Error::Expired)));
    assert!(jws::check_expiry(100, at(104_999_999), Duration::from_secs(5)).is_ok());
    assert!(jws::check_expiry(100, at(105_000_000), Duration::from_secs(5)).is_err());
    assert!(jws::check_expiry(i64::MAX, at(0), Duration::MAX).is_ok());
    assert!(jws::check_expiry(i64::MIN, at(0), none).is_err());
}

#[test]
fn an_opaque_token_is_known_by_its_hash_only() {
    let random = SeededRandom::new(1);
    let (token, other) = (Token::generate(&random), Token::generate(&random));
    let stored = TokenHash::from_bytes(*token.hash().as_bytes());
    assert!(stored.matches(&Token::parse(&token.text()).unwrap()));
    assert!(!stored.matches(&other));
    assert_eq!(token.text().len(), 43);
    assert_eq!(format!("{token:?} {stored:?}"), "*** TokenHash(***)");
}

proptest! {
    #[test]
    fn any_claims_round_trip(sub in "\\PC{0,200}", exp in any::<i64>()) {
        let claims = Claims { sub, exp };
        let token = key().sign(&claims).unwrap();
        prop_assert_eq!(key().verify::<Claims>(&token).unwrap(), claims);
    }

    #[test]
    fn no_other_text_is_a_signed_token(text in "[A-Za-z0-9_.=-]{0,300}") {
        prop_assert!(key().verify::<serde_json::Value>(&text).is_err());
    }

    #[test]
    fn a_text_that_is_read_as_a_token_is_the_one_that_was_issued(text in "[A-Za-z0-9_=+/-]{42,44}") {
        if let Ok(token) = Token::parse(&text) {
            prop_assert_eq!(token.text(), text);
        }
    }
}
