//! What makes a password acceptable: length and not being guessed first. There are no rules on kinds of
//! characters (NIST SP 800-63B section 5.1.1.2).

use crate::Secret;
use clock::Random;

mod well_known;

/// The fewest characters of a password.
pub const MIN_CHARS: usize = 12;

/// The length of a generated password in characters; with its alphabet, 115 bits of entropy.
pub const GENERATED_CHARS: usize = 20;

/// Shorter forbidden words are ignored: `al` would refuse half the dictionary.
const MIN_FORBIDDEN_CHARS: usize = 3;

/// Letters and digits that cannot be taken for each other: no 0 O o, 1 I l i.
const ALPHABET: &[u8; 55] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz";

/// A byte from here on would favour the first characters: 220 is the last whole multiple of 55 in a byte.
const FAIR_BELOW: u8 = 220;

/// Runs that people type instead of a password; read forwards and backwards, and round the end.
const RUNS: [&str; 4] = [
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Weakness {
    /// Fewer than [`MIN_CHARS`] characters.
    #[error("is too short: use at least {MIN_CHARS} characters, such as four or five unrelated words")]
    TooShort,
    /// Longer than the hash accepts.
    #[error("is too long: use at most 1024 bytes")]
    TooLong,
    /// Well known, with or without digits round it.
    #[error("is one of the passwords that are guessed first: use several unrelated words")]
    Common,
    /// One character or one short piece over and over.
    #[error("repeats one piece: use several unrelated words")]
    Repeated,
    /// A run of the alphabet, the digits or the keyboard.
    #[error("is a simple sequence: use several unrelated words")]
    Sequence,
    /// Contains the account's own name.
    #[error("contains a name of the account: leave it out")]
    ContainsName,
}

/// Checks a password that someone chose. `forbidden` holds the account's e-mail address and names; of an address
/// only the part before the `@` counts.
///
/// # Errors
/// The first [`Weakness`] found.
pub fn check(password: &str, forbidden: &[&str]) -> Result<(), Weakness> {
    if password.chars().count() < MIN_CHARS {
        return Err(Weakness::TooShort);
    }
    if password.len() > crate::password::MAX_PASSWORD_BYTES {
        return Err(Weakness::TooLong);
    }
    let lower: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    if is_repetition(&lower) {
        return Err(Weakness::Repeated);
    }
    let lower = lower.into_iter().collect::<String>();
    if is_run(&lower) {
        return Err(Weakness::Sequence);
    }
    if well_known::is_common(&lower) {
        return Err(Weakness::Common);
    }
    if forbidden.iter().any(|word| contains_name(&lower, word)) {
        return Err(Weakness::ContainsName);
    }
    Ok(())
}

/// A password of [`GENERATED_CHARS`] characters from an alphabet without look-alikes, each equally likely.
pub fn generate_password(random: &dyn Random) -> Secret {
    let mut text = String::with_capacity(GENERATED_CHARS);
    let mut bytes = [0; 32];
    while text.len() < GENERATED_CHARS {
        random.fill(&mut bytes);
        let missing = GENERATED_CHARS - text.len();
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < usize::from(FAIR_BELOW));
        text.extend(fair.take(missing).map(|byte| char::from(ALPHABET[byte % ALPHABET.len()])));
    }
    Secret::new(text)
}

fn contains_name(lower: &str, word: &str) -> bool {
    let name = word.split('@').next().unwrap_or(word).trim().to_lowercase();
    name.chars().count() >= MIN_FORBIDDEN_CHARS && lower.contains(&name)
}

/// One piece, at least three times over; the last may be cut short.
fn is_repetition(characters: &[char]) -> bool {
    (1..=characters.len() / 3).any(|period| characters.iter().zip(&characters[period..]).all(|(a, b)| a == b))
}

fn is_run(lower: &str) -> bool {
    RUNS.iter().any(|run| {
        let twice = run.repeat(2);
        let backwards = twice.chars().rev().collect::<String>();
        twice.contains(lower) || backwards.contains(lower)
    })
}
