//! Sealed secrets and one-time passwords.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use clock::{SeededRandom, Timestamp};
use crypto::digest;
use crypto::sealed::{Error, Sealed, SealingKeys};
use crypto::totp::{TotpSecret, step_at};

const OLD: &str = "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW: &str = "k2:808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";

fn keys(text: &str) -> SealingKeys {
    text.parse().unwrap()
}

/// draft-irtf-cfrg-xchacha-03, A.3.1: the same key, nonce, additional data and text.
#[test]
fn the_published_vector_opens() {
    let hex = "404142434445464748494a4b4c4d4e4f5051525354555657\
               bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb\
               731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452\
               2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
               21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
    let bytes = digest::from_hex::<154>(hex).unwrap().to_vec();
    let place = digest::from_hex::<12>("50515253c0c1c2c3c4c5c6c7").unwrap();
    let opened = keys(NEW).open(&Sealed { key: "k2".to_owned(), bytes }, &place).unwrap();
    let text = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                sunscreen would be it.";
    assert_eq!(opened.as_slice(), text.as_bytes());
}

#[test]
fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
    let (keys, random) = (keys(OLD), SeededRandom::new(1));
    let sealed = keys.seal(b"a secret", b"ada", &random).unwrap();
    assert_eq!(keys.open(&sealed, b"ada").unwrap().as_slice(), b"a secret");
    assert_eq!(keys.open(&sealed, b"bea").unwrap_err(), Error::Altered);
    for at in 0..sealed.bytes.len() {
        let mut altered = sealed.clone();
        altered.bytes[at] ^= 1;
        assert_eq!(keys.open(&altered, b"ada").unwrap_err(), Error::Altered, "{at}");
    }
    let short = Sealed { key: "k1".to_owned(), bytes: vec![0; 23] };
    assert_eq!(keys.open(&short, b"ada").unwrap_err(), Error::Altered);
    let again = keys.seal(b"a secret", b"ada", &random).unwrap();
    assert_ne!(again.bytes, sealed.bytes, "each has a nonce of its own");
}

#[test]
fn keys_are_changed_by_putting_a_new_one_before_the_old() {
    let random = SeededRandom::new(2);
    let old = keys(OLD).seal(b"a secret", b"", &random).unwrap();
    let both = keys(&format!("{NEW},\n {OLD}\n"));
    assert_eq!(both.open(&old, b"").unwrap().as_slice(), b"a secret");
    assert!(!both.is_present(&old));
    let new = both.seal(b"a secret", b"", &random).unwrap();
    assert!(both.is_present(&new));
    assert_eq!(keys(OLD).open(&new, b"").unwrap_err(), Error::UnknownKey("k2".to_owned()));
    let made = SealingKeys::generate("k9", &random);
    assert!(made.parse::<SealingKeys>().is_ok());
    assert!(!format!("{both:?}").contains("8081"));
}

#[test]
fn keys_that_cannot_be_read_are_refused() {
    let twice = format!("{OLD},{OLD}");
    for wrong in ["", " , ", "k1", "k1:", ":0001", &OLD[..60], &OLD.replace("k1", "k 1"), &twice] {
        assert_eq!(wrong.parse::<SealingKeys>().unwrap_err(), Error::Keys, "{wrong}");
    }
}

/// RFC 6238, appendix B: the last six of the eight digits.
#[test]
fn the_steps_beside_the_present_one_are_taken_and_no_others() {
    let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
    let at = |seconds| Timestamp::from_timestamp(seconds, 0).unwrap();
    for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
        let step = step_at(at(seconds));
        assert_eq!(secret.step_of(code, at(seconds)), Some(step));
        assert_eq!(secret.step_of(code, at(seconds + 30)), Some(step));
        assert_eq!(secret.step_of(code, at(seconds - 30)), Some(step));
        assert_eq!(secret.step_of(code, at(seconds + 60)), None);
        assert_eq!(secret.step_of(code, at(seconds - 60)), None);
        for wrong in ["", "28708", "2870820", "abcdef"] {
            assert_eq!(secret.step_of(wrong, at(seconds)), None, "{wrong}");
        }
    }
    assert_eq!(secret.text().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert!(TotpSecret::from_bytes(b"short").is_none());
}
