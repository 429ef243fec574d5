use crate::Error;
use access::{API_KEY_PREFIX, Action, KeyGrant, Principal, Role, Scopes};
use chrono::TimeDelta;
use clock::Timestamp;
use crypto::Secret;
use crypto::token::{Token, TokenHash};
use ids::{ApiKeyId, FirmId, Id as _, UserId};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use uuid::Uuid;

/// The most keys of one user that can be used at a time.
pub(crate) const KEYS_PER_USER: u64 = 50;
/// The most ranges of addresses of one key.
pub(crate) const NETWORKS_PER_KEY: usize = 20;
/// How long the old key goes on after a rotation, unless told.
pub(crate) const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// The longest that it may.
pub(crate) const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(7);
/// How often the moment of last use is written at most.
const USED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// The characters of an id in a key: its 16 bytes in hexadecimal.
const ID_CHARS: usize = 32;

/// Ranges of addresses (RFC 4632) that a key may be used from; none means from everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks(Vec<IpNet>);

/// A text that is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a range of addresses: write it as 203.0.113.0/24, 2001:db8::/32 or a single address")]
pub struct InvalidNetwork;

impl Networks {
    /// Reads each of the texts: a range or a single address.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        texts.into_iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a request from this address is within. An address that is not known is in no range.
    pub fn admit(&self, from: Option<IpAddr>) -> bool {
        let address = from.map(|address| address.to_canonical());
        self.0.is_empty()
            || address.is_some_and(|address| self.0.iter().any(|range| range.contains(&address)))
    }

    /// The ranges, as they are written.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    pub(crate) fn to_text(&self) -> String {
        self.texts().join(" ")
    }
}

fn network(text: &str) -> Result<IpNet, InvalidNetwork> {
    let text = text.trim();
    let single = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    let range = IpNet::from_str(text).or_else(|_| single()).map_err(|_| InvalidNetwork)?;
    // Bits behind the range mean nothing, and two spellings of one range would look like two.
    Ok(range.trunc())
}

/// A key with which a program acts in its owner's place, as it may be shown: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// The firm.
    pub firm: FirmId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do, as far as its owner's role may.
    pub scopes: Scopes,
    /// From where it may be used.
    pub networks: Networks,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; nothing for a key that lasts until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A key to make.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// The codes of what it may do.
    pub scopes: Vec<String>,
    /// From where it may be used; none for everywhere.
    pub networks: Networks,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl NewApiKey {
    /// The scopes, if `owner` may give them: what somebody may not do, their keys may not do either.
    pub(crate) fn scopes_of(&self, owner: &Principal) -> Result<Scopes, Error> {
        let scope = |code: &String| match Action::of_code(code) {
            Some(action) if owner.allows(action) && !action.needs_person() => Ok(action),
            _ => Err(Error::Scope(code.clone())),
        };
        self.scopes.iter().map(scope).collect()
    }
}

impl ApiKey {
    /// How the key begins: enough to find it by, and not secret.
    pub fn prefix(&self) -> String {
        prefix(self.id)
    }

    /// Whether it can be used at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// The key that follows this one, made now, and until when this one goes on beside it. The new one lasts as long from
    /// now as this one did from its making.
    pub(crate) fn successor(&self, id: ApiKeyId, overlap: TimeDelta, now: Timestamp) -> (Self, Timestamp) {
        let expires_at = self.expires_at.map(|end| now + (end - self.created_at));
        let next = Self { id, created_at: now, expires_at, last_used_at: None, ..self.clone() };
        let goes_on = now + overlap;
        (next, self.expires_at.map_or(goes_on, |end| end.min(goes_on)))
    }
}

fn prefix(id: ApiKeyId) -> String {
    format!("{API_KEY_PREFIX}{}", id.uuid().simple())
}

/// The whole text of a key: its id, by which it is looked up, and 256 random bits.
pub(crate) struct KeyText {
    pub(crate) id: ApiKeyId,
    pub(crate) token: Token,
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyText").field("id", &self.id).finish_non_exhaustive()
    }
}

impl KeyText {
    /// Reads a key as it was issued; nothing for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(API_KEY_PREFIX)?;
        let (id, secret) = (rest.get(..ID_CHARS)?, rest.get(ID_CHARS..)?.strip_prefix('_')?);
        // One text only stands for each key: in lower case, without hyphens or braces.
        let is_plain = id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let id = Uuid::try_parse(id).ok().filter(|_| is_plain)?;
        Some(Self { id: id.into(), token: Token::parse(secret).ok()? })
    }

    /// The text for its holder.
    pub(crate) fn text(&self) -> Secret {
        Secret::new(format!("{}_{}", prefix(self.id), self.token.text()))
    }
}

/// A key and what its owner may do at this moment.
#[derive(Debug)]
pub(crate) struct KeyStanding {
    pub(crate) key: ApiKey,
    pub(crate) hash: TokenHash,
    pub(crate) role: Role,
    pub(crate) active: bool,
}

/// Why a key lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// It was revoked, or its owner deactivated.
    Ended,
    /// Its time is over.
    Expired,
    /// The request came from elsewhere.
    Elsewhere,
}

impl KeyStanding {
    /// Whether it lets somebody in.
    pub(crate) fn check(&self, from: Option<IpAddr>, now: Timestamp) -> Result<(), KeyRefusal> {
        if !self.active || self.key.revoked_at.is_some() {
            return Err(KeyRefusal::Ended);
        }
        if !self.key.is_live(now) {
            return Err(KeyRefusal::Expired);
        }
        if self.key.networks.admit(from) { Ok(()) } else { Err(KeyRefusal::Elsewhere) }
    }

    /// Whether the moment of its use is to be written.
    pub(crate) fn is_noted_at(&self, now: Timestamp) -> bool {
        self.key.last_used_at.is_none_or(|last| now - last >= USED_EVERY)
    }

    /// Who the key is: its owner, with no more than its scopes.
    pub(crate) fn principal(&self) -> Principal {
        let grant = KeyGrant { id: self.key.id, scopes: self.key.scopes };
        Principal { key: Some(grant), ..Principal::of(self.key.user, self.key.firm, self.role) }
    }
}
