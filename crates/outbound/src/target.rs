use http::Uri;
use http::uri::Scheme;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The longest address that is read, in bytes.
const LONGEST: usize = 2048;

/// Where a request goes: an address with `https`, or with `http` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    is_encrypted: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// Host and port as they stand in the address.
    authority: String,
    path: String,
}

/// Why a text is not an address to send requests to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFault {
    /// Not an address at all.
    #[error("is not an address such as https://login.example.com")]
    Unreadable,
    /// Another scheme than `https`, and not `http` on this machine.
    #[error("must begin with https://; http:// is for this machine alone")]
    Scheme,
    /// A name or a password stands before the host.
    #[error("must not have a name or a password before the host")]
    Credentials,
}

impl Target {
    /// Whether TLS is spoken.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The host's name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What stands in the header `Host`.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether the host is called as this machine is.
    pub fn is_local(&self) -> bool {
        is_local(&self.host)
    }
}

impl FromStr for Target {
    type Err = TargetFault;

    fn from_str(text: &str) -> Result<Self, TargetFault> {
        if text.len() > LONGEST || text.contains('#') {
            return Err(TargetFault::Unreadable);
        }
        let uri: Uri = text.parse().map_err(|_| TargetFault::Unreadable)?;
        let authority = uri.authority().ok_or(TargetFault::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(TargetFault::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if host.is_empty() {
            return Err(TargetFault::Unreadable);
        }
        let is_encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let is_open_here = uri.scheme() == Some(&Scheme::HTTP) && is_local(&host);
        if !is_encrypted && !is_open_here {
            return Err(TargetFault::Scheme);
        }
        let port = match (authority.port_u16(), authority.as_str().rsplit_once(':')) {
            (Some(port), _) => port,
            // A port that is no number of 16 bits.
            (None, Some((_, rest))) if !rest.contains(']') => return Err(TargetFault::Unreadable),
            (None, _) => {
                if is_encrypted {
                    443
                } else {
                    80
                }
            }
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self { is_encrypted, host, port, authority: authority.as_str().to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}
