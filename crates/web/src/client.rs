//! Who is at the other end of a request, as far as the network tells.

mod country;

pub use country::{Country, CountryFault};

use crate::server::PeerAddr;
use http::{Extensions, HeaderMap, HeaderName};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where a request comes from: in the extensions of every request that came over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address: the connection's, or whom the last of the trusted proxies heard. Nothing where that proxy wrote what is
    /// no address: it is not the proxy who asks.
    pub address: Option<IpAddr>,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
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

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address.to_canonical())
    }

    /// Where a request comes from; nothing for one that came over no connection.
    pub(crate) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<Client> {
        let peer = extensions.get::<PeerAddr>()?.0.ip();
        if !self.trusts(peer) {
            return Some(Client { address: Some(peer), peer, country: None });
        }
        Some(Client { address: self.heard(peer, headers), peer, country: self.country(headers) })
    }

    fn heard(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        // By bytes: one caller's bytes that are no text must not hide what the proxy wrote behind them.
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).take(MOST_HOPS);
        let mut client = peer;
        for hop in hops {
            client = address(hop)?;
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }

    /// Of one header alone: where there are two, a proxy has added its own to the caller's.
    fn country(&self, headers: &HeaderMap) -> Option<Country> {
        let mut told = headers.get_all(self.country_header.as_ref()?).iter();
        match (told.next(), told.next()) {
            (Some(code), None) => code.to_str().ok()?.trim().parse().ok(),
            _ => None,
        }
    }
}

/// Whose an address is: of IPv6 the first half counts, which is what one customer gets (RFC 6177), and the rest is zero. An
/// address of IPv4 that is written as one of IPv6 is the same.
pub fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]` or `[2001:db8::7]:4711`.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let socket = || hop.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    bare.unwrap_or(hop).parse().ok().or_else(socket)
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
                headers.append("x-forwarded-for", http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            proxies.client(&extensions, &headers).unwrap().address.map(|address| address.to_string())
        };
        let is = |address: &str| Some(address.to_owned());
        assert_eq!(client("192.0.2.9", &["203.0.113.5"]), is("192.0.2.9"), "anybody can write that");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.5"]), is("203.0.113.5"));
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.5, 10.0.0.2"]), is("203.0.113.5"));
        assert_eq!(client("10.0.0.1", &["203.0.113.5", "10.0.0.2"]), is("203.0.113.5"));
        for spelt in ["203.0.113.5:4711", " 203.0.113.5 ", "[::ffff:203.0.113.5]:80"] {
            let heard = client("10.0.0.1", &[spelt]).unwrap().parse::<IpAddr>().unwrap();
            assert_eq!(heard.to_canonical().to_string(), "203.0.113.5", "{spelt}");
        }
        // The proxy is not who asks, only because it wrote something else.
        assert_eq!(client("10.0.0.1", &["203.0.113.5, unknown"]), None);
        assert_eq!(
            client("10.0.0.1", &["\u{e9}, 203.0.113.5"]),
            is("203.0.113.5"),
            "a caller's bytes hide nothing"
        );
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.5"]), is("203.0.113.5"));
        assert_eq!(client("10.0.0.1", &[]), is("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &[&["10.0.0.2"; 1_000].join(",")]), is("10.0.0.2"));
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
        let twice = {
            let proxies = TrustedProxies::new([[10, 0, 0, 1].into()])
                .telling_country_in(Some(HeaderName::from_static("cf-ipcountry")));
            let mut headers = HeaderMap::new();
            for code in ["US", "DE"] {
                headers.append("cf-ipcountry", http::HeaderValue::from_static(code));
            }
            proxies.country(&headers)
        };
        assert_eq!(twice, None, "one of them may be the caller's");
        for unknown in ["", "XX", "T1", "USA", "\u{e9}"] {
            assert_eq!(country([10, 0, 0, 1], unknown), None, "{unknown}");
        }
    }
}
