//! Digests are those of the standard, however the bytes arrive.
use crypto::digest::{Sha256Stream, from_hex, hex, sha256};
use proptest::prelude::*;

#[test]
fn the_example_of_fips_180_comes_out() {
    assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn only_the_full_length_of_hex_is_read() {
    assert_eq!(from_hex::<2>("aBfF"), Some([0xab, 0xff]));
    for text in ["", "abf", "abfff", "abfg", "+bff", "äb"] {
        assert_eq!(from_hex::<2>(text), None, "{text}");
    }
}

#[test]
fn comparison_needs_every_byte() {
    assert!(crypto::constant_time_eq(b"same", b"same"));
    assert!(!crypto::constant_time_eq(b"same", b"some"));
    assert!(!crypto::constant_time_eq(b"same", b"sam"));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..12)) {
        let mut stream = Sha256Stream::new();
        for piece in &pieces {
            stream.update(piece);
        }
        let whole = pieces.concat();
        prop_assert_eq!(stream.seen_bytes(), whole.len() as u64);
        prop_assert_eq!(stream.finish(), sha256(&whole));
    }

    #[test]
    fn hex_round_trips(bytes in any::<[u8; 32]>()) {
        prop_assert_eq!(from_hex::<32>(&hex(&bytes)), Some(bytes));
    }
}
