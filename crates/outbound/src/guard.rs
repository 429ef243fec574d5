use crate::{Error, Target};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// To public addresses alone.
    #[default]
    Public,
    /// Anywhere: somebody has said that the other side may stand inside of the firm's network.
    Anywhere,
}

/// Looks at every address before a connection is made to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    reach: Reach,
}

impl Guard {
    /// A guard that lets requests go as far as `reach`.
    pub fn new(reach: Reach) -> Self {
        Self { reach }
    }

    /// Whether a connection may be made to any of the addresses that a target's name leads to. One that may not is
    /// enough to refuse all: a name that leads inside as well is not one to trust.
    ///
    /// # Errors
    /// [`Error::NotPublic`], and [`Error::Unencrypted`] for a target without TLS that is not on this machine.
    pub fn check(&self, target: &Target, addresses: &[SocketAddr]) -> Result<(), Error> {
        for address in addresses.iter().map(|address| address.ip().to_canonical()) {
            if self.reach == Reach::Public && !is_public(address) {
                return Err(Error::NotPublic(address));
            }
            if !target.is_encrypted() && !address.is_loopback() {
                return Err(Error::Unencrypted(address));
            }
        }
        Ok(())
    }
}

/// Whether an address is one that everybody reaches: not this machine, not a private network, not a link, nothing that is
/// set aside (the special-purpose registries of RFC 6890, as IANA keeps them).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_special = match address.octets() {
        [172, second, ..] => (16..32).contains(&second),
        // Shared by the customers of a provider (RFC 6598).
        [100, second, ..] => (64..128).contains(&second),
        // This network, private networks (RFC 1918), this machine, links; protocols, examples (RFC 5737), the relay of 6to4
        // (RFC 7526), measurements (RFC 2544); groups, what is reserved, and everybody at once.
        [first, second, third, _] => {
            matches!(first, 0 | 10 | 127 | 224..)
                || matches!((first, second), (192, 168) | (169, 254) | (198, 18 | 19))
                || matches!(
                    (first, second, third),
                    (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)
                )
        }
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // An IPv4 address behind a translator (RFC 6052) is as public as it is itself.
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = segments {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    let is_special = match segments {
        // Protocols with Teredo and ORCHID (RFC 2928), examples (RFC 3849), 6to4 (RFC 3056), more examples (RFC 9637).
        [0x2001, second, ..] => second < 0x200 || second == 0xdb8,
        [0x2002, ..] => true,
        [0x3fff, second, ..] => second < 0x1000,
        _ => false,
    };
    // Nothing else was ever given out but 2000::/3: so neither links, nor sites, nor local ones, nor groups.
    segments[0] & 0xe000 == 0x2000 && !is_special
}
