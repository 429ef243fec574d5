use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::str::FromStr;

/// A network in CIDR notation (RFC 4632, 3.1; RFC 4291, 2.3), such as `192.0.2.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address, a slash and the length of its prefix, such as 192.0.2.0/24 or 2001:db8::/32")]
pub struct NetworkFault;

impl Network {
    /// Whether an address lies in it. An IPv4 address that comes written as IPv6 is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                // A shift by the whole width is none that a processor does.
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkFault;

    fn from_str(text: &str) -> Result<Self, NetworkFault> {
        let (address, prefix) = text.split_once('/').ok_or(NetworkFault)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkFault)?;
        let prefix: u8 = prefix.parse().map_err(|_| NetworkFault)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if prefix <= most { Ok(Self { address, prefix }) } else { Err(NetworkFault) }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkFault;

    fn try_from(text: String) -> Result<Self, NetworkFault> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}
