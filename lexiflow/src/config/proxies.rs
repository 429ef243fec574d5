use super::Findings;
use super::settings::{Gap, Settings, refuse};
use http::HeaderName;
use std::net::IpAddr;

/// Who stands in front of the server and tells whom it heard.
#[derive(Debug, Clone)]
pub struct Proxies {
    /// Whose word on the caller's address and country counts.
    pub trusted: Vec<IpAddr>,
    /// The header that tells the country; nothing where none does.
    pub country_header: Option<HeaderName>,
}

impl Proxies {
    pub(super) fn read(s: &Settings) -> Result<Self, Gap> {
        let address = |text: &String| text.parse().map_err(|_| Gap("proxies.trusted"));
        let header = s.text("proxies.country_header")?;
        let header = (!header.is_empty()).then(|| header.parse().map_err(|_| Gap("proxies.country_header")));
        Ok(Self {
            trusted: s.list("proxies.trusted")?.iter().map(address).collect::<Result<_, _>>()?,
            country_header: header.transpose()?,
        })
    }
}

/// A header that nobody may tell would let no country be known, and what is allowed to some would be allowed to none.
pub(super) fn check(s: &Settings, findings: &mut Findings) {
    let is_named = s.text("proxies.country_header").is_ok_and(|name| !name.is_empty());
    let nobody = s.list("proxies.trusted").is_ok_and(|trusted| trusted.is_empty());
    let message = "is believed of trusted proxies only: name them in TRUSTED_PROXIES";
    refuse(s, findings, "proxies.country_header", is_named && nobody, message);
}
