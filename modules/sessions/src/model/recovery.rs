use clock::Random;
use crypto::{Secret, digest};
use zeroize::Zeroizing;

/// How many codes are given out at a time.
pub(crate) const CODES: usize = 10;
/// The characters of a code without its hyphens: 80 bits, which a plain hash keeps safe.
const CHARS: usize = 16;
/// Without letters and digits that look alike. 32 of them: five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// A code that stands for the second factor, once.
#[derive(Clone)]
pub(crate) struct RecoveryCode(Zeroizing<[u8; CHARS]>);

impl RecoveryCode {
    pub(crate) fn generate(random: &dyn Random) -> Self {
        let mut chars = Zeroizing::new([0; CHARS]);
        random.fill(chars.as_mut_slice());
        for char in chars.iter_mut() {
            *char = ALPHABET[usize::from(*char % 32)];
        }
        Self(chars)
    }

    /// Reads a code as it was written down: in any case, with or without hyphens and blanks.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut chars = Zeroizing::new([0; CHARS]);
        let mut given = text.bytes().filter(|byte| !matches!(byte, b'-' | b' '));
        for char in chars.iter_mut() {
            *char = given.next()?.to_ascii_lowercase();
            ALPHABET.contains(char).then_some(())?;
        }
        given.next().is_none().then_some(Self(chars))
    }

    /// As it is shown, once: `abcd-efgh-jkmn-pqrs`.
    pub(crate) fn text(&self) -> Secret {
        let groups: Vec<String> =
            self.0.chunks(4).map(|group| group.iter().copied().map(char::from).collect()).collect();
        Secret::new(groups.join("-"))
    }

    /// What is kept.
    pub(crate) fn hash(&self) -> [u8; digest::SHA256_BYTES] {
        digest::sha256(self.0.as_slice())
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::RecoveryCode;
    use clock::SeededRandom;

    #[test]
    fn a_code_is_read_as_it_is_written_down_and_nothing_else_is() {
        let code = RecoveryCode::generate(&SeededRandom::new(3));
        let text = code.text();
        assert_eq!(text.expose().len(), 19);
        for written in [
            text.expose().to_owned(),
            text.expose().to_uppercase(),
            text.expose().replace('-', ""),
            text.expose().replace('-', " "),
        ] {
            assert_eq!(RecoveryCode::parse(&written).map(|code| code.hash()), Some(code.hash()), "{written}");
        }
        for wrong in
            ["", "123456", &text.expose()[1..], &format!("{}a", text.expose()), "abcd-efgh-jkmn-pqr!"]
        {
            assert!(RecoveryCode::parse(wrong).is_none(), "{wrong}");
        }
    }
}
