/// Why nobody could be signed in by the provider. No message holds anything that the provider has sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There was no answer.
    #[error("the provider's {what} could not be reached")]
    Unreachable {
        /// What was asked.
        what: &'static str,
        /// Why.
        #[source]
        source: outbound::Error,
    },
    /// The answer is an error of the provider, or a redirect.
    #[error("the provider's {what} answered with status {status}")]
    Status {
        /// What was asked.
        what: &'static str,
        /// The status.
        status: u16,
    },
    /// The answer is not the JSON that the standard says.
    #[error("the provider's {what} answered with something else than the standard says")]
    Unreadable {
        /// What was asked.
        what: &'static str,
    },
    /// What the provider says of itself names another issuer.
    #[error(
        "the provider calls itself by another name than OIDC_ISSUER: write it exactly as the provider does"
    )]
    OtherIssuer,
    /// An endpoint has no address that a request may go to.
    #[error("the provider's {what} has an address that is not accepted")]
    Endpoint {
        /// Which.
        what: &'static str,
        /// Why not.
        #[source]
        source: outbound::TargetFault,
    },
    /// The provider knows no way to authenticate clients that is known here.
    #[error("the provider accepts neither client_secret_basic nor client_secret_post")]
    ClientAuthentication,
    /// The provider does not know this server, or not with this secret.
    #[error("the provider refuses this server: OIDC_CLIENT_ID or OIDC_CLIENT_SECRET is wrong")]
    ClientRefused,
    /// The code is not good any more, or was never.
    #[error("the provider does not accept the code")]
    CodeRefused,
    /// The ID token is not one to believe.
    #[error("the ID token is refused: {0}")]
    Token(#[from] TokenFault),
}

impl Error {
    /// Whether the provider gave no answer at all, or said itself that it cannot: it may be different in a moment.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => !matches!(source, outbound::Error::TooLarge { .. }),
            Self::Status { status, .. } => matches!(status, 429 | 500..),
            _ => false,
        }
    }
}

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// None came.
    #[error("there is none")]
    Missing,
    /// Not three segments, not base64url, not JSON, or too long.
    #[error("it cannot be read")]
    Malformed,
    /// Unsigned, signed with a shared secret, or by an algorithm that is not known.
    #[error("it is not signed by RS256, PS256, ES256 or EdDSA")]
    Algorithm,
    /// No key of the provider has signed it.
    #[error("the provider has no key of that name and kind")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("its signature is wrong")]
    Signature,
    /// Another provider's.
    #[error("it is another issuer's")]
    Issuer,
    /// For somebody else.
    #[error("it is meant for another client")]
    Audience,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// From the future, beyond what clocks may differ.
    #[error("it is not valid yet: compare the clocks")]
    Early,
    /// Another sign-in's.
    #[error("it belongs to another sign-in")]
    Nonce,
    /// It does not go with the access token.
    #[error("it belongs to another access token")]
    AccessToken,
    /// Without a subject, or with one that is too long.
    #[error("it names nobody")]
    Subject,
}
