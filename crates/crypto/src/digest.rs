//! SHA-256 in one call or in pieces, and its hexadecimal form.

use sha2::{Digest as _, Sha256};

/// The length of a SHA-256 digest in bytes.
pub const SHA256_BYTES: usize = 32;

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// SHA-256 (FIPS 180-4) over bytes that arrive in pieces.
#[derive(Debug, Clone, Default)]
pub struct Sha256Stream {
    state: Sha256,
    seen_bytes: u64,
}

impl Sha256Stream {
    /// A digest of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.state.update(piece);
        self.seen_bytes += piece.len() as u64;
    }

    /// How many bytes have been added.
    pub fn seen_bytes(&self) -> u64 {
        self.seen_bytes
    }

    /// The digest of all pieces.
    pub fn finish(self) -> [u8; SHA256_BYTES] {
        self.state.finalize().into()
    }
}

/// SHA-256 of one piece.
pub fn sha256(bytes: &[u8]) -> [u8; SHA256_BYTES] {
    Sha256::digest(bytes).into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(HEX_DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(HEX_DIGITS[usize::from(byte & 0x0f)]));
    }
    text
}

/// Reads a digest of `N` bytes from exactly `2 * N` hexadecimal digits of either case; anything else is `None`.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    // All digits are looked at in any case, so that there is one branch and not two for each.
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low & 0x0f;
    }
    (seen <= 0x0f).then_some(bytes)
}

/// What each byte is worth as a digit; 0xFF for what is none.
const NIBBLES: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut digit: u8 = 0;
    while digit < 16 {
        let lower = HEX_DIGITS[digit as usize];
        table[lower as usize] = digit;
        table[lower.to_ascii_uppercase() as usize] = digit;
        digit += 1;
    }
    table
};
