use clock::Timestamp;
use crypto::token::{Token, TokenHash};
use crypto::{Secret, digest};
use ids::{FirmId, UserId};
use openid::{Attempt, Provider};
use zeroize::Zeroizing;

/// Sign-in by an OpenID Connect provider, where a firm has one.
#[derive(Debug, Clone)]
pub struct SingleSignOn {
    /// The provider.
    pub provider: Provider,
    /// What the firm decided about it.
    pub rules: SignOnRules,
}

/// What a firm decided about signing in by its provider.
#[derive(Debug, Clone)]
pub struct SignOnRules {
    /// What the button says.
    pub name: String,
    /// Whether an address that the provider has verified finds an existing user at the first sign-in.
    pub links_by_email: bool,
    /// The domains of addresses that may sign in; empty for all.
    pub domains: Vec<String>,
    /// Whether a second factor that the provider has asked for counts as one here.
    pub trusts_second_factor: bool,
    /// Classes of authentication, by the provider's names, that mean a second factor.
    pub second_factor_classes: Vec<String>,
    /// Where people use LexiFlow, without a slash at the end: what they return to begins with it.
    pub app_url: String,
}

impl SignOnRules {
    /// Whether somebody with this address may sign in.
    pub(crate) fn takes(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.domains.is_empty() || self.domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
    }
}

/// Where somebody goes after signing in: a place of LexiFlow's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

/// The longest place, in bytes.
const PLACE_BYTES: usize = 512;

impl ReturnTo {
    /// A path with an optional query. Nothing that a browser could take for another server: no second slash or backslash
    /// at the start, no line break, and no fragment.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\#<>\"`".contains(&byte));
        let is_path = text.starts_with('/') && !text.starts_with("//");
        (is_plain && is_path && text.len() <= PLACE_BYTES).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Somebody on the way to the provider. It waits in the browser that began, sealed.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) attempt: Attempt,
    pub(crate) return_to: ReturnTo,
    pub(crate) expires_at: Timestamp,
}

impl Pending {
    /// What is sealed.
    pub(crate) fn write(&self) -> Zeroizing<String> {
        let Attempt { state, nonce, verifier } = &self.attempt;
        let (state, nonce, verifier) = (state.expose(), nonce.expose(), verifier.expose());
        let (micros, place) = (self.expires_at.timestamp_micros(), self.return_to.as_str());
        Zeroizing::new(format!("{micros}\n{state}\n{nonce}\n{verifier}\n{place}"))
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.splitn(5, '\n');
        let expires_at = moment(lines.next()?)?;
        let mut secret = || lines.next().map(Secret::new);
        let attempt = Attempt { state: secret()?, nonce: secret()?, verifier: secret()? };
        Some(Self { attempt, return_to: ReturnTo::parse(lines.next()?)?, expires_at })
    }

    /// The hash of the state, if it is this one that came back.
    pub(crate) fn answered_by(&self, state: &Secret) -> Option<TokenHash> {
        let given = Token::parse(state.expose()).ok()?;
        let own = Token::parse(self.attempt.state.expose()).ok()?.hash();
        own.matches(&given).then_some(own)
    }
}

/// Somebody whom the provider has signed in, and who has not begun a login yet. It waits in the same browser, sealed.
#[derive(Debug, Clone)]
pub(crate) struct Proven {
    /// The hash of the code that goes with it.
    pub(crate) code: TokenHash,
    pub(crate) expires_at: Timestamp,
    pub(crate) firm: FirmId,
    pub(crate) user: UserId,
    /// Whether the identity is bound to the user; else it will be.
    pub(crate) is_linked: bool,
    /// Whether the provider's second factor counts.
    pub(crate) has_second_factor: bool,
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

impl Proven {
    /// What is sealed. The subject comes last: nobody knows what it holds.
    pub(crate) fn write(&self) -> Zeroizing<String> {
        let flag = |is_set| if is_set { '1' } else { '0' };
        Zeroizing::new(format!(
            "{}\n{}\n{}\n{}\n{}{}\n{}\n{}",
            self.expires_at.timestamp_micros(),
            digest::hex(self.code.as_bytes()),
            self.firm,
            self.user,
            flag(self.is_linked),
            flag(self.has_second_factor),
            self.issuer,
            self.subject
        ))
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.splitn(7, '\n');
        let expires_at = moment(lines.next()?)?;
        let code = TokenHash::from_bytes(digest::from_hex(lines.next()?)?);
        let (firm, user) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
        let flags = lines.next()?.as_bytes();
        let flag = |place| flags.get(place).map(|flag| *flag == b'1');
        Some(Self {
            code,
            expires_at,
            firm,
            user,
            is_linked: flag(0)?,
            has_second_factor: flag(1)?,
            issuer: lines.next()?.to_owned(),
            subject: lines.next()?.to_owned(),
        })
    }

    /// Whether this is the code that goes with it.
    pub(crate) fn answered_by(&self, code: &Secret) -> bool {
        Token::parse(code.expose()).is_ok_and(|code| self.code.matches(&code))
    }
}

/// A user's identity at a provider, as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) issuer: String,
    pub(crate) linked_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
}

fn moment(micros: &str) -> Option<Timestamp> {
    Timestamp::from_timestamp_micros(micros.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_place_of_ones_own_is_returned_to() {
        for place in ["/", "/cases", "/cases?status=open&q=http://example.com", "/a/../b", "/@example.com"] {
            assert_eq!(ReturnTo::parse(place).unwrap().as_str(), place);
        }
        let long = format!("/{}", "a".repeat(PLACE_BYTES));
        for place in [
            "",
            "cases",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: b=c",
            "/a\tb",
            " /a",
            "/a b",
            "/#code=1",
            "/\u{e9}",
            &long,
        ] {
            assert_eq!(ReturnTo::parse(place), None, "{place:?}");
        }
    }

    #[test]
    fn an_allowed_domain_is_the_whole_of_what_stands_behind_the_at() {
        let rules = SignOnRules {
            name: String::new(),
            links_by_email: true,
            domains: vec!["law.example".to_owned()],
            trusts_second_factor: false,
            second_factor_classes: Vec::new(),
            app_url: String::new(),
        };
        assert!(rules.takes("ada@law.example") && rules.takes("ada@LAW.example"));
        for other in
            ["ada@evil-law.example", "ada@sub.law.example", "law.example", "a@law.example@evil.example", ""]
        {
            assert!(!rules.takes(other), "{other}");
        }
    }
}
