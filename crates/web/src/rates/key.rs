use super::{RateClass, Whom};
use crate::client::customer;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;

/// Whose requests of which class are counted. It is small, and there are no more of them than somebody owns: an
/// address counts as its customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateKey {
    kind: u8,
    class: RateClass,
    whose: [u8; 16],
}

const PRINCIPAL: u8 = 0;
const V4: u8 = 1;
const V6: u8 = 2;
/// Beside the kind of an address: its requests show a token.
const WITH_TOKEN: u8 = 4;

impl RateKey {
    pub(super) fn principal(class: RateClass, whose: [u8; 16]) -> Self {
        Self { kind: PRINCIPAL, class, whose }
    }

    pub(super) fn address(class: RateClass, address: IpAddr, shows_token: bool) -> Self {
        let mut whose = [0; 16];
        let kind = match customer(address) {
            IpAddr::V4(address) => {
                whose[..4].copy_from_slice(&address.octets());
                V4
            }
            IpAddr::V6(address) => {
                whose = address.octets();
                V6
            }
        };
        Self { kind: if shows_token { kind | WITH_TOKEN } else { kind }, class, whose }
    }

    pub(super) fn whom(&self) -> Whom {
        if self.kind == PRINCIPAL { Whom::Principal } else { Whom::Address }
    }

    /// Half a SHA-256, for where the address itself must not lie.
    pub fn digest(&self) -> [u8; 16] {
        let digest = Sha256::new()
            .chain_update(b"rate-limit:")
            .chain_update([self.kind, self.class as u8])
            .chain_update(self.whose)
            .finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attacker_has_one_key_for_each_network_that_he_owns() {
        let key = |text: &str| RateKey::address(RateClass::General, text.parse().unwrap(), false);
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        let principal = RateKey::principal(RateClass::General, [0; 16]);
        assert_ne!(principal.digest(), key("0.0.0.0").digest());
        assert_ne!(principal.digest(), RateKey::principal(RateClass::Auth, [0; 16]).digest());
    }
}
