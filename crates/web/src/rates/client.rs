use crate::server::PeerAddr;
use http::{Extensions, HeaderMap};
use std::net::IpAddr;

/// The addresses of the proxies in front of the server. Each appends to `X-Forwarded-For` whom it heard; what others wrote
/// there is not believed.
#[derive(Debug, Clone, Default)]
// bounded: as many as the operator lists.
pub struct TrustedProxies(Vec<IpAddr>);

/// The most of a header that is looked through, counted from its end.
const MOST_HOPS: usize = 16;

impl TrustedProxies {
    /// These addresses; the same address written for IPv4 and IPv6 is one.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(addresses.into_iter().map(|address| address.to_canonical()).collect())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Where a request comes from: its peer, or whom the last of the trusted proxies heard.
    pub(super) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions.get::<PeerAddr>()?.0.ip();
        if !self.trusts(peer) {
            return Some(peer);
        }
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
        Some(client)
    }
}

/// Whether a request comes from this machine, and not through a proxy on it that speaks for somebody else.
pub(super) fn is_local(address: Option<IpAddr>, headers: &HeaderMap) -> bool {
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
            proxies.client(&extensions, &headers).unwrap().to_string()
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
}
