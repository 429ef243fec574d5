//! Passwords: hashed with bounded memory, refused when they would be guessed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use clock::SeededRandom;
use crypto::Secret;
use crypto::password::{Error, Hasher, Settings};
use crypto::strength::{self, Weakness, check};
use proptest::prelude::*;
use std::sync::Arc;

/// As cheap as Argon2 allows: these tests are about behaviour, not about cost.
const CHEAP: Settings = Settings { memory_kib: 64, passes: 1, parallelism: 1 };

fn hasher(settings: Settings) -> Hasher {
    Hasher::new(settings, 2, Arc::new(SeededRandom::new(5))).unwrap()
}

#[tokio::test]
async fn only_the_right_password_verifies() {
    let hasher = hasher(CHEAP);
    let stored = hasher.hash(Secret::new("plain river stone 9")).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
    assert!(hasher.verify(Secret::new("plain river stone 9"), &stored).await.unwrap());
    assert!(!hasher.verify(Secret::new("plain river stone 8"), &stored).await.unwrap());
    assert!(!hasher.verify(Secret::new(""), &stored).await.unwrap());
}

#[tokio::test]
async fn each_hash_has_its_own_salt() {
    let hasher = hasher(CHEAP);
    let (first, second) = tokio::join!(
        hasher.hash(Secret::new("same words twice")),
        hasher.hash(Secret::new("same words twice"))
    );
    assert_ne!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn a_hash_from_elsewhere_verifies_and_asks_to_be_renewed() {
    let stored =
        hasher(Settings { memory_kib: 128, ..CHEAP }).hash(Secret::new("from yesterday")).await.unwrap();
    let today = hasher(CHEAP);
    assert!(today.verify(Secret::new("from yesterday"), &stored).await.unwrap());
    assert!(today.needs_rehash(&stored));
    assert!(!today.needs_rehash(&today.hash(Secret::new("from today")).await.unwrap()));
    assert!(today.needs_rehash(&stored.replace("argon2id", "argon2i")));
    assert!(today.needs_rehash("5f4dcc3b5aa765d61d8327deb882cf99"));
}

#[tokio::test]
async fn a_dearer_stored_hash_still_runs_within_the_bound() {
    let dear = Settings { memory_kib: 1024, ..CHEAP };
    let stored = hasher(dear).hash(Secret::new("dear but right")).await.unwrap();
    let hasher = hasher(CHEAP);
    assert_eq!(hasher.max_memory_bytes(), 128 * 1024);
    let verify = || hasher.verify(Secret::new("dear but right"), &stored);
    let (first, second, third) = tokio::join!(verify(), verify(), verify());
    assert!(first.unwrap() && second.unwrap() && third.unwrap());
}

#[tokio::test]
async fn an_absurd_stored_hash_is_not_computed() {
    let hasher = hasher(CHEAP);
    let stored = hasher.hash(Secret::new("whatever it was")).await.unwrap();
    for absurd in ["m=4000000000,t=1,p=1", "m=64,t=4000000000,p=1"] {
        let planted = stored.replace("m=64,t=1,p=1", absurd);
        let result = hasher.verify(Secret::new("whatever it was"), &planted).await;
        assert!(matches!(result, Err(Error::TooCostly)), "{absurd}: {result:?}");
    }
    for unreadable in ["plain text", &stored.replace("p=1", "p=16000000")] {
        let result = hasher.verify(Secret::new("whatever it was"), unreadable).await;
        assert!(matches!(result, Err(Error::Stored(_))), "{unreadable}: {result:?}");
    }
}

#[tokio::test]
async fn a_very_long_password_costs_nothing() {
    let hasher = hasher(CHEAP);
    let long = Secret::new("x".repeat(1025));
    assert!(matches!(hasher.hash(long.clone()).await, Err(Error::TooLong)));
    let stored = hasher.hash(Secret::new("a short one")).await.unwrap();
    assert!(!hasher.verify(long.clone(), &stored).await.unwrap());
    hasher.verify_absent(long).await.unwrap();
    hasher.verify_absent(Secret::new("a short one")).await.unwrap();
}

#[test]
fn unusable_settings_are_refused() {
    let random = || Arc::new(SeededRandom::new(5));
    for settings in [
        Settings { memory_kib: 4, ..CHEAP },
        Settings { passes: 0, ..CHEAP },
        Settings { parallelism: 0, ..CHEAP },
        Settings { parallelism: 9, ..CHEAP },
        Settings { parallelism: u32::MAX, ..CHEAP },
        Settings { memory_kib: u32::MAX, ..CHEAP },
    ] {
        assert!(matches!(Hasher::new(settings, 2, random()), Err(Error::Settings)), "{settings:?}");
    }
    assert!(matches!(Hasher::new(CHEAP, 0, random()), Err(Error::Settings)));
}

#[test]
fn a_secret_is_never_printed() {
    assert_eq!(format!("{:?}", Secret::new("plain river stone 9")), "***");
    let read: Secret = serde_json::from_str("\"plain river stone 9\"").unwrap();
    assert_eq!(read.expose(), "plain river stone 9");
}

#[test]
fn passwords_that_are_guessed_first_are_refused() {
    let cases = [
        ("short words", Weakness::TooShort),
        ("äöüäöüäöüäö", Weakness::TooShort),
        ("aaaaaaaaaaaaaaa", Weakness::Repeated),
        ("abcabcabcabc", Weakness::Repeated),
        ("Tom.Tom.Tom.To", Weakness::Repeated),
        ("abcdefghijklm", Weakness::Sequence),
        ("zyxwvutsrqponm", Weakness::Sequence),
        ("123456789012", Weakness::Sequence),
        ("987654321098", Weakness::Sequence),
        ("QWERTYUIOPASDF", Weakness::Sequence),
        ("1qaz2wsx3edc", Weakness::Sequence),
        ("password1234", Weakness::Common),
        ("Password2024!", Weakness::Common),
        ("P@$$w0rd2024!", Weakness::Common),
        ("passwordpassword", Weakness::Common),
        ("administrator", Weakness::Common),
        ("!!!Welcome!!!123", Weakness::Common),
        ("Correct-Horse-Battery-Staple", Weakness::Common),
        ("j.doe-is-here", Weakness::ContainsName),
        ("hello J.DOE hello there", Weakness::ContainsName),
    ];
    for (password, weakness) in cases {
        assert_eq!(check(password, &["J.Doe@firm.example"]), Err(weakness), "{password}");
    }
    assert_eq!(check(&"long ".repeat(300), &[]), Err(Weakness::TooLong));
}

#[test]
fn ordinary_good_passwords_are_accepted() {
    for password in
        ["plain river stone 9", "Grüße aus Bärndorf", "my password is a river", "al's boat floats high"]
    {
        assert_eq!(check(password, &["al@firm.example", ""]), Ok(()), "{password}");
    }
}

#[test]
fn every_character_of_generated_passwords_is_equally_likely() {
    let random = SeededRandom::new(11);
    let mut counts = std::collections::BTreeMap::<char, u32>::new();
    for _ in 0..5_500 {
        for character in strength::generate_password(&random).expose().chars() {
            *counts.entry(character).or_default() += 1;
        }
    }
    assert_eq!(counts.len(), 55);
    // 2000 of each are expected, with a deviation of 44: six of them are chance once in millions.
    assert!(counts.values().all(|count| (1_735..=2_265).contains(count)), "{counts:?}");
    assert!("0O1Ili".chars().all(|lookalike| !counts.contains_key(&lookalike)));
}

proptest! {
    #[test]
    fn a_generated_password_is_always_acceptable(seed in any::<u64>()) {
        let password = strength::generate_password(&SeededRandom::new(seed));
        prop_assert_eq!(password.expose().len(), 20);
        prop_assert_eq!(check(password.expose(), &[]), Ok(()));
    }

    #[test]
    fn no_text_breaks_the_check(text in "\\PC{0,60}", name in "\\PC{0,10}") {
        let long_enough = text.chars().count() >= 12;
        prop_assert!(long_enough || check(&text, &[&name]) == Err(Weakness::TooShort));
    }

    #[test]
    fn padding_a_known_word_does_not_help(digits in "[0-9]{5,9}", sign in "[!?.*#-]{0,3}") {
        let password = format!("Welcome{digits}{sign}");
        prop_assert_eq!(check(&password, &[]), Err(Weakness::Common));
    }
}

#[tokio::test]
async fn a_hash_borrows_its_memory_and_waits_for_it() {
    let pool = headroom::Pool::root("sign-ins", 100 << 10);
    let hasher = hasher(CHEAP).within(pool.clone());
    let taken = pool.try_lease(60 << 10).unwrap();
    let mut waiting = std::pin::pin!(hasher.hash(Secret::new("no room for this")));
    let soon = tokio::time::timeout(std::time::Duration::from_millis(50), waiting.as_mut()).await;
    assert!(soon.is_err(), "hashed without memory");
    drop(taken);
    waiting.await.unwrap();
    assert_eq!((pool.used(), pool.stats().peak), (0, 64 << 10));

    pool.drain();
    let refused = hasher.hash(Secret::new("no room any more")).await;
    assert!(matches!(refused, Err(Error::NoMemory(_))), "{refused:?}");
}
