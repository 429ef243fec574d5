use crate::digest;
use std::net::IpAddr;

/// The most origins that are listed.
const MOST_ORIGINS: usize = 20;

/// The site that passkeys belong to: a domain, and the origins of its pages (4, "Relying Party Identifier").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    id_digest: [u8; 32],
    /// At most [`MOST_ORIGINS`].
    origins: Vec<String>,
}

/// Why browsers would refuse such a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// The id is no domain.
    #[error(
        "must be a host name in lower case such as lexiflow.example.com: passkeys belong to no IP address"
    )]
    Id,
    /// There is no origin, or there are too many.
    #[error("must name 1 to 20 origins")]
    Origins,
    /// An origin is not written as browsers send it.
    #[error(
        "must be origins as browsers send them: https, a host name in lower case, a port only where it is not 443; \
         http is for localhost alone"
    )]
    Origin,
    /// An origin does not belong to the domain.
    #[error("must be origins whose host is the domain of the passkeys or lies below it")]
    Elsewhere,
}

impl RelyingParty {
    /// The site of this domain with pages of these origins.
    pub fn new(id: &str, origins: &[String]) -> Result<Self, Unfit> {
        if !is_domain(id) {
            return Err(Unfit::Id);
        }
        if origins.is_empty() || origins.len() > MOST_ORIGINS {
            return Err(Unfit::Origins);
        }
        for origin in origins {
            let host = host_of(origin).ok_or(Unfit::Origin)?;
            if !is_within(host, id) {
                return Err(Unfit::Elsewhere);
            }
        }
        Ok(Self { id: id.to_owned(), id_digest: digest(id.as_bytes()), origins: origins.to_vec() })
    }

    /// The domain.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn id_digest(&self) -> &[u8; 32] {
        &self.id_digest
    }

    pub(crate) fn has(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| known == origin)
    }
}

/// A host name in lower case that is no address.
fn is_domain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // The last label of a name is never a number (RFC 3696, 2).
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<IpAddr>().is_err()
}

/// The host of an origin as browsers serialise it (RFC 6454, 6.2), if it may use passkeys.
fn host_of(origin: &str) -> Option<&str> {
    let (authority, usual, is_open) = match origin.strip_prefix("https://") {
        Some(authority) => (authority, 443, false),
        None => (origin.strip_prefix("http://")?, 80, true),
    };
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if let Some(port) = port {
        let number: u16 = port.parse().ok()?;
        // As a browser writes it: no leading zero, and never the usual one.
        (number != usual && number.to_string() == port).then_some(())?;
    }
    let is_local = host == "localhost" || host.ends_with(".localhost");
    (is_domain(host) && (!is_open || is_local)).then_some(host)
}

fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{RelyingParty, Unfit};

    fn site(id: &str, origins: &[&str]) -> Result<RelyingParty, Unfit> {
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        RelyingParty::new(id, &origins)
    }

    #[test]
    fn a_site_is_a_domain_with_origins_below_it() {
        for (id, origins) in [
            ("lexiflow.example.com", &["https://lexiflow.example.com"][..]),
            ("example.com", &["https://a.example.com", "https://b.example.com:8443", "https://example.com"]),
            ("localhost", &["http://localhost:5000", "http://app.localhost"]),
        ] {
            assert!(site(id, origins).is_ok(), "{id} {origins:?}");
        }
    }

    #[test]
    fn what_browsers_would_refuse_is_refused() {
        let own = "https://example.com";
        for (id, origins, expected) in [
            ("", &[own][..], Unfit::Id),
            ("Example.com", &[own], Unfit::Id),
            ("192.0.2.7", &["https://192.0.2.7"], Unfit::Id),
            ("::1", &[own], Unfit::Id),
            ("https://example.com", &[own], Unfit::Id),
            ("example.com.", &[own], Unfit::Id),
            ("-a.example.com", &[own], Unfit::Id),
            ("example.com", &[], Unfit::Origins),
            ("example.com", &["http://example.com"], Unfit::Origin),
            ("example.com", &["https://example.com/"], Unfit::Origin),
            ("example.com", &["https://example.com:443"], Unfit::Origin),
            ("example.com", &["https://example.com:0443"], Unfit::Origin),
            ("example.com", &["https://EXAMPLE.com"], Unfit::Origin),
            ("example.com", &["https://user@example.com"], Unfit::Origin),
            ("example.com", &["*"], Unfit::Origin),
            ("example.com", &["https://example.org"], Unfit::Elsewhere),
            ("example.com", &["https://badexample.com"], Unfit::Elsewhere),
            ("a.example.com", &["https://example.com"], Unfit::Elsewhere),
        ] {
            assert_eq!(site(id, origins), Err(expected), "{id} {origins:?}");
        }
        assert_eq!(site("example.com", &[own; 21]), Err(Unfit::Origins));
    }
}
