//! One-time passwords by time: TOTP (RFC 6238) over HOTP (RFC 4226), as authenticator apps make them: HMAC-SHA-1, steps of
//! 30 seconds, six digits.

use crate::{Secret, constant_time_eq};
use clock::{Random, Timestamp};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use std::fmt;
use zeroize::Zeroizing;

/// The length of a secret in bytes: that of the hash (RFC 4226, 4, R6).
pub const SECRET_BYTES: usize = 20;
/// How long one code is shown, in seconds (RFC 6238, 5.2).
pub const STEP_SECONDS: i64 = 30;
/// The digits of a code.
pub const DIGITS: usize = 6;

/// So many steps before and after the present one are taken as well: clocks differ, and typing takes time
/// (RFC 6238, 5.2).
const SKEW_STEPS: i64 = 1;

/// What the server and an authenticator app share.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl TotpSecret {
    /// A new secret.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        random.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// A secret as it was kept; nothing when the length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        <[u8; SECRET_BYTES]>::try_from(bytes).ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// The text that is typed into an app: base32 without padding (RFC 4648, 6).
    pub fn text(&self) -> Secret {
        Secret::new(BASE32_NOPAD.encode(self.0.as_slice()))
    }

    /// The address behind the picture that an app scans.
    pub fn uri(&self, issuer: &str, account: &str) -> Secret {
        let quoted = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let (issuer, account, text) = (quoted(issuer), quoted(account), self.text());
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}\
             &period={STEP_SECONDS}",
            text.expose()
        ))
    }

    /// The step whose code this is, if it is that of the present step or of one beside it. The caller sees to it that
    /// each step is taken once (RFC 6238, 5.2).
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let present = step_at(now);
        let steps = (present - SKEW_STEPS)..=(present + SKEW_STEPS);
        // All are compared, so that the time does not tell which one it was.
        steps.fold(None, |found, step| {
            let is_it = |own: Secret| constant_time_eq(own.expose().as_bytes(), code.as_bytes());
            if self.code(step).is_some_and(is_it) { Some(step) } else { found }
        })
    }

    /// The code of a step. There always is one: HMAC takes keys of every length.
    pub fn code(&self, step: i64) -> Option<Secret> {
        let number = hotp(self.0.as_slice(), step.cast_unsigned())? % 1_000_000;
        Some(Secret::new(format!("{number:0DIGITS$}")))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// The step in which a moment lies.
pub fn step_at(now: Timestamp) -> i64 {
    now.timestamp().div_euclid(STEP_SECONDS)
}

/// The 31 bits of RFC 4226, 5.3, from which the digits are taken.
fn hotp(secret: &[u8], counter: u64) -> Option<u32> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&counter.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 0x0f);
    let bits = u32::from_be_bytes([hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]]);
    Some(bits & 0x7fff_ffff)
}

#[cfg(test)]
mod tests {
    use super::hotp;

    const RFC_SECRET: &[u8] = b"12345678901234567890";

    /// RFC 4226, appendix D.
    #[test]
    fn the_vectors_of_rfc_4226() {
        let expected =
            [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (counter, code) in (0..).zip(expected) {
            assert_eq!(hotp(RFC_SECRET, counter).map(|bits| bits % 1_000_000), Some(code), "{counter}");
        }
    }

    /// RFC 6238, appendix B, the rows of SHA-1: eight digits there.
    #[test]
    fn the_vectors_of_rfc_6238() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(
                hotp(RFC_SECRET, seconds / 30).map(|bits| bits % 100_000_000),
                Some(code),
                "{seconds}"
            );
        }
    }
}
