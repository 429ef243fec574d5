//! Who is at the other end of a request, as far as the network tells.

mod country;

pub use country::{Country, CountryFault};

use crate::server::PeerAddr;
use http::{Extensions, HeaderMap, HeaderName};
use std::net::IpAddr;

/// Where a request comes from: in the extensions of every request that came over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address: the connection's, or whom the last of the trusted proxies heard.
    pub address: IpAddr,
    /// The country, where a trusted proxy tells it.
    pub country: Option<Country>,
}

/// The proxies in front of the server. Each appends to `X-Forwarded-For` whom it heard; what others wrote there is not
/// believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    // bounded: as many as the operator lists.
    addresses: Vec<IpAddr>,
    country_header: Option<HeaderName>,
}

/// The most of a header that is looked through, counted from its end.
const MOST_HOPS: usize = 16;

impl TrustedProxies {
    /// These addresses; the same address written for IPv4 and IPv6 is one.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let addresses = addresses.into_iter().map(|address| address.to_canonical()).collect();
        Self { addresses, country_header: None }
    }

    /// The same proxies, which tell the country of whom they heard in this header.
    #[must_use]
    pub fn telling_country_in(self, header: Option<HeaderName>) -> Self {
        Self { country_header: header, ..self }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address.to_canonical())
    }

    /// Where a request comes from; nothing for one that came over no connection.
    pub(crate) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<Client> {
        let peer = extensions.get::<PeerAddr>()?.0.ip();
        if !self.trusts(peer) {
            return Some(Client { address: peer, country: None });
        }
        let country = self.country_header.as_ref().and_then(|name| headers.get(name)?.to_str().ok());
        let country = country.and_then(|code| code.trim().parse().ok());
        Some(Client { address: self.heard(peer, headers), country })
    }

    fn heard(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let heard = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
        let hops = heard.flat_map(|value| value.rsplit(',')).take(MOST_HOPS);
        let mut client = peer;
        for hop in hops {
            // What is no address was written by nobody who can be believed, nor was anything before it.
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }
}

/// Whether a request comes from this machine, and not through a proxy on it that speaks for somebody else.
pub(crate) fn is_local(address: Option<IpAddr>, headers: &HeaderMap) -> bool {
    let is_forwarded = ["via", "forwarded", "x-real-ip", "x-forwarded-for", "x-forwarded-host"];
    address.is_some_and(|address| address.to_canonical().is_loopback())
        && !is_forwarded.into_iter().any(|name| headers.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_proxies_that_are_trusted_say_where_a_request_comes_from() {
        let client = |peer: &str, forwarded: &[&str]| {
            let proxies = TrustedProxies::new(["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()]);
            let mut extensions = Extensions::new();
            extensions.insert(PeerAddr((peer.parse::<IpAddr>().unwrap(), 40_000).into()));
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            proxies.client(&extensions, &headers).unwrap().address.to_string()
        };
        assert_eq!(client("192.0.2.9", &["203.0.113.5"]), "192.0.2.9", "anybody can write that");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.5, 10.0.0.2"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["203.0.113.5", "10.0.0.2"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["203.0.113.5, unknown"]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[&["10.0.0.2"; 1_000].join(",")]), "10.0.0.2");
    }
    #[test]
    fn only_a_trusted_proxy_says_which_country_it_is() {
        let country = |peer: [u8; 4], value: &str| {
            let proxies = TrustedProxies::new([[10, 0, 0, 1].into()])
                .telling_country_in(Some(HeaderName::from_static("cf-ipcountry")));
            let mut extensions = Extensions::new();
            extensions.insert(PeerAddr((peer, 40_000).into()));
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("cf-ipcountry"),
                value.parse::<http::HeaderValue>().unwrap(),
            )]);
            proxies.client(&extensions, &headers).unwrap().country.map(|country| country.to_string())
        };
        assert_eq!(country([10, 0, 0, 1], "us"), Some("US".to_owned()));
        assert_eq!(country([192, 0, 2, 9], "US"), None, "anybody can write that");
        for unknown in ["", "XX", "T1", "USA", "\u{e9}"] {
            assert_eq!(country([10, 0, 0, 1], unknown), None, "{unknown}");
        }
    }
}
