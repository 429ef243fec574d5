use openid::TokenFault;
use web::problem::Code;

/// There is no provider.
pub(super) const OFF: Code = Code::new("oidc_off", 404, "Sign-in by a provider is off");
/// What came back belongs to no sign-in that was begun in this browser.
pub(super) const STATE_INVALID: Code =
    Code::new("oidc_state_invalid", 400, "The sign-in was not begun here, or its time is over");
/// The provider says no.
pub(super) const DENIED: Code = Code::new("oidc_denied", 401, "The provider did not sign you in");
/// The provider does not know the code.
pub(super) const CODE_REFUSED: Code =
    Code::new("oidc_code_refused", 401, "The provider does not accept the code");
/// The ID token is not one to believe.
pub(super) const TOKEN_INVALID: Code =
    Code::new("oidc_token_invalid", 401, "What the provider says cannot be believed");
/// The provider does not answer.
pub(super) const UNREACHABLE: Code =
    Code::new("oidc_unreachable", 503, "The sign-in provider cannot be reached");
/// The provider answers with nonsense, or does not know this server.
pub(super) const FAULTY: Code =
    Code::new("oidc_provider_fault", 502, "The sign-in provider answers with a fault");
/// Nobody of the firm has this identity.
pub(super) const USER_UNKNOWN: Code =
    Code::new("oidc_user_unknown", 403, "There is no user for this identity");
/// Somebody had.
pub(super) const USER_INACTIVE: Code =
    Code::new("oidc_user_inactive", 403, "The user of this identity is not active");
/// The provider does not vouch for the address.
pub(super) const EMAIL_UNVERIFIED: Code =
    Code::new("oidc_email_unverified", 403, "The provider names no verified e-mail address");
/// The address is of a domain that may not sign in.
pub(super) const DOMAIN_REFUSED: Code =
    Code::new("oidc_domain_refused", 403, "Addresses of this domain may not sign in");
/// The user has another identity.
pub(super) const LINK_TAKEN: Code =
    Code::new("oidc_link_taken", 409, "The user is bound to another identity");
/// The user has none.
pub(super) const LINK_NOT_FOUND: Code = Code::new("oidc_link_not_found", 404, "You are bound to no identity");
/// The code of a sign-in that came back.
pub(super) const HANDOVER_INVALID: Code =
    Code::new("oidc_handover_invalid", 401, "The sign-in was used already, or its time is over");

/// When to try again with a provider that does not answer, in seconds.
pub(super) const RETRY_SECONDS: u32 = 30;

/// Why somebody could not be signed in by the provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderRefusal {
    /// None is set up.
    #[error("sign-in by a provider is not set up here: sign in with address and password")]
    Off,
    /// No cookie, another state, too late, or used before. Says not which.
    #[error("this sign-in was not begun in this browser, was used already, or took too long: begin it again")]
    StateInvalid,
    /// The provider sent an error instead of a code.
    #[error("{0}")]
    Denied(&'static str),
    /// The code is good for nothing.
    #[error("the provider does not accept the code any more: begin the sign-in again")]
    CodeRefused,
    /// The ID token is not one to believe.
    #[error(
        "the provider's ID token is refused, because {0}: begin again, and tell your administrator if it stays so"
    )]
    TokenInvalid(#[source] TokenFault),
    /// No answer.
    #[error("the sign-in provider could not be reached")]
    Unreachable(#[source] Box<openid::Error>),
    /// A wrong answer.
    #[error("the sign-in provider answers with a fault")]
    Faulty(#[source] Box<openid::Error>),
    /// Nobody.
    #[error(
        "no user of the firm belongs to this identity: ask an administrator to add you with the address that the provider knows"
    )]
    UserUnknown,
    /// Not any more.
    #[error("the user of this identity is not active: ask an administrator of the firm")]
    UserInactive,
    /// No address to find a user by.
    #[error(
        "the provider names no verified e-mail address of yours, so that no user can be found: verify it there"
    )]
    EmailUnverified,
    /// Another domain.
    #[error("addresses of this domain may not sign in here: use the account of the firm")]
    DomainRefused,
    /// Somebody else at the provider has the user already.
    #[error("the user with this address signs in with another account of the provider: end that link first")]
    LinkTaken,
    /// There is nothing to end.
    #[error("you are bound to no identity of a provider")]
    LinkNotFound,
    /// Wrong, used or late. Says not which.
    #[error(
        "this code was used already, is not of this browser, or its time is over: begin the sign-in again"
    )]
    HandoverInvalid,
}

impl ProviderRefusal {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Off => OFF,
            Self::StateInvalid => STATE_INVALID,
            Self::Denied(_) => DENIED,
            Self::CodeRefused => CODE_REFUSED,
            Self::TokenInvalid(_) => TOKEN_INVALID,
            Self::Unreachable(_) => UNREACHABLE,
            Self::Faulty(_) => FAULTY,
            Self::UserUnknown => USER_UNKNOWN,
            Self::UserInactive => USER_INACTIVE,
            Self::EmailUnverified => EMAIL_UNVERIFIED,
            Self::DomainRefused => DOMAIN_REFUSED,
            Self::LinkTaken => LINK_TAKEN,
            Self::LinkNotFound => LINK_NOT_FOUND,
            Self::HandoverInvalid => HANDOVER_INVALID,
        }
    }
}

impl From<openid::Error> for ProviderRefusal {
    fn from(error: openid::Error) -> Self {
        match error {
            openid::Error::Token(fault) => Self::TokenInvalid(fault),
            openid::Error::CodeRefused => Self::CodeRefused,
            error if error.is_outage() => Self::Unreachable(Box::new(error)),
            error => Self::Faulty(Box::new(error)),
        }
    }
}

impl From<openid::Error> for super::Error {
    fn from(error: openid::Error) -> Self {
        Self::Provider(error.into())
    }
}
