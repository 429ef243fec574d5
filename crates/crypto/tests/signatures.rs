//! Signatures are those of RFC 8032, and nothing else passes for one.
use clock::SeededRandom;
use crypto::digest::{from_hex, hex};
use crypto::ed25519::{KeyPair, NoPublicKey, PublicKey};
use proptest::prelude::*;

/// RFC 8032, 7.1: seed, public key, message, signature.
const VECTORS: [[&str; 4]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn the_examples_of_rfc_8032_come_out() {
    for [seed, public, message, signature] in VECTORS {
        let key = KeyPair::from_seed(&from_hex(seed).unwrap());
        let message: Vec<u8> = (0..message.len() / 2)
            .map(|at| from_hex::<1>(&message[2 * at..2 * at + 2]).unwrap()[0])
            .collect();
        assert_eq!(key.public().text(), public);
        assert_eq!(hex(&key.sign(&message)), signature);
        assert!(key.public().verifies(&message, &from_hex(signature).unwrap()));
    }
}

#[test]
fn a_key_is_read_back_as_it_was_kept_and_shows_nothing() {
    let key = KeyPair::generate(&SeededRandom::new(7));
    let again = KeyPair::from_seed(&key.seed());
    assert_eq!(again.public(), key.public());
    assert_eq!(PublicKey::parse(&key.public().text()), Ok(key.public()));
    assert_eq!(key.public().id().len(), 16);
    assert!(!format!("{key:?}").contains(&hex(key.seed().as_slice())));
}

#[test]
fn what_is_no_key_is_refused() {
    let neutral = format!("01{}", "00".repeat(31));
    for text in ["", "abc", &"g".repeat(64), &"00".repeat(33), &neutral] {
        assert_eq!(PublicKey::parse(text), Err(NoPublicKey), "{text}");
    }
}

proptest! {
    #[test]
    fn one_changed_bit_of_message_or_signature_is_found(
        message in prop::collection::vec(any::<u8>(), 1..100), at in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let key = KeyPair::generate(&SeededRandom::new(1));
        let signature = key.sign(&message);
        prop_assert!(key.public().verifies(&message, &signature));
        let mut other = message.clone();
        other[at.index(message.len())] ^= 1 << bit;
        prop_assert!(!key.public().verifies(&other, &signature));
        let mut forged = signature;
        forged[at.index(signature.len())] ^= 1 << bit;
        prop_assert!(!key.public().verifies(&message, &forged));
        prop_assert!(!KeyPair::generate(&SeededRandom::new(2)).public().verifies(&message, &signature));
    }
}
