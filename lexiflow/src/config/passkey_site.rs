//! The site that passkeys belong to, of what is set and of where the server is found.

use super::notice::{Fault, Notice};
use super::settings::{self, Settings};
use super::{Config, layers::Findings, table::by_path};
use sessions::{RelyingParty, Unfit};

/// The site; why there is none, where nothing was set and the address of the server is none that browsers would take.
pub fn passkey_site(config: &Config) -> Result<RelyingParty, Unfit> {
    let set = &config.passkeys;
    let origins = if set.origins.is_empty() { vec![own_origin(config)] } else { set.origins.clone() };
    let id = match set.rp_id.as_str() {
        "" => origins.first().map_or("", |origin| host_of(origin)),
        id => id,
    };
    RelyingParty::new(id, &origins)
}

/// A fault where a site was set that browsers would refuse, and a notice where none was set and none is found.
pub(super) fn check(config: &Config, settings: &Settings, findings: &mut Findings) {
    let Err(unfit) = passkey_site(config) else { return };
    let set = &config.passkeys;
    let path = match (set.rp_id.is_empty(), set.origins.is_empty()) {
        (true, true) => {
            findings.notices.push(Notice::NoPasskeys);
            return;
        }
        (false, true) => "passkeys.rp_id",
        (false, false) if unfit == Unfit::Id => "passkeys.rp_id",
        _ => "passkeys.origins",
    };
    if let (Some(key), Some(setting)) = (by_path(path), settings.0.get(path)) {
        let fault: Fault = settings::together(key, setting, &unfit.to_string());
        findings.faults.push(fault);
    }
}

/// The origin that people open: that of `PUBLIC_URL`, else the server on this machine.
fn own_origin(config: &Config) -> String {
    let url = config.mail.public_url.to_ascii_lowercase();
    let Some((scheme, rest)) = url.split_once("://") else {
        return format!("http://localhost:{}", config.server.port);
    };
    let authority = rest.split('/').next().unwrap_or_default();
    // Browsers leave the usual port out.
    let usual = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", authority.strip_suffix(usual).unwrap_or(authority))
}

fn host_of(origin: &str) -> &str {
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    authority.split(':').next().unwrap_or_default()
}
