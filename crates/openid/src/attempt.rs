use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Random;
use crypto::token::Token;
use crypto::{Secret, digest};

/// One person's way to the provider and back.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Ties the answer to the request.
    pub state: Secret,
    /// Ties the ID token to the request.
    pub nonce: Secret,
    /// What only who began can show (RFC 7636, 4.1).
    pub verifier: Secret,
}

impl Attempt {
    /// A new one: three times 256 random bits.
    pub fn begin(random: &dyn Random) -> Self {
        let fresh = || Secret::new(Token::generate(random).text());
        Self { state: fresh(), nonce: fresh(), verifier: fresh() }
    }

    /// What the provider is shown of the verifier before (RFC 7636, 4.2, method `S256`).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::sha256(self.verifier.expose().as_bytes()))
    }
}
