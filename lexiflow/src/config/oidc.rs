//! The settings of signing in by an OpenID Connect provider.

use super::layers::Findings;
use super::settings::{Gap, Settings, refuse};
use super::value::Secret;
use outbound::{Target, TrustedRoots, is_public};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A provider that people sign in by.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// The provider's name for itself; nothing means that there is none.
    pub issuer: Option<String>,
    /// The server's name at the provider.
    pub client_id: String,
    /// What proves that it is the server; nothing for a public client.
    pub client_secret: Option<Secret>,
    /// What is asked for, with spaces between.
    pub scopes: String,
    /// What the button says.
    pub name: String,
    /// Whether a verified address finds an existing user at the first sign-in.
    pub link_by_email: bool,
    /// The domains of addresses that may sign in; empty for all.
    pub allowed_domains: Vec<String>,
    /// Whether the provider's second factor counts.
    pub trust_mfa: bool,
    /// Classes of authentication that mean a second factor.
    pub mfa_acr_values: Vec<String>,
    /// Certificates of a firm's own that the provider is trusted by.
    pub ca_file: Option<PathBuf>,
    /// Whether the provider may stand inside of the firm's network.
    pub allow_private_addresses: bool,
    /// How long one question to the provider may take.
    pub timeout: Duration,
}

/// The largest file of certificates, in bytes.
const CA_BYTES: u64 = 256 << 10;

impl Oidc {
    pub(super) fn read(s: &Settings) -> Result<Self, Gap> {
        Ok(Self {
            issuer: Some(s.text("oidc.issuer")?).filter(|issuer| !issuer.is_empty()),
            client_id: s.text("oidc.client_id")?,
            client_secret: s.secret("oidc.client_secret")?,
            scopes: s.text("oidc.scopes")?,
            name: s.text("oidc.name")?,
            link_by_email: s.flag("oidc.link_by_email")?,
            allowed_domains: s.list("oidc.allowed_domains")?,
            trust_mfa: s.flag("oidc.trust_mfa")?,
            mfa_acr_values: s.list("oidc.mfa_acr_values")?,
            ca_file: Some(s.text("oidc.ca_file")?).filter(|path| !path.is_empty()).map(PathBuf::from),
            allow_private_addresses: s.flag("oidc.allow_private_addresses")?,
            timeout: s.time("oidc.timeout")?,
        })
    }

    /// The certificates of the named file, and why they cannot be used.
    pub(crate) fn roots(&self) -> Result<TrustedRoots, String> {
        self.ca_file.as_deref().map_or_else(|| Ok(TrustedRoots::default()), read_roots)
    }
}

fn read_roots(path: &Path) -> Result<TrustedRoots, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut pem = Vec::new();
        File::open(path)?.take(CA_BYTES).read_to_end(&mut pem)?;
        Ok(pem)
    };
    let pem = read().map_err(|error| format!("cannot be read: {error}"))?;
    TrustedRoots::from_pem(&pem).map_err(|fault| fault.to_string())
}

/// Finds what is missing beside an issuer, and what does not go with it.
pub(super) fn check(s: &Settings, findings: &mut Findings) {
    let (Ok(issuer), Ok(public_url)) = (s.text("oidc.issuer"), s.text("mail.public_url")) else { return };
    let Ok(issuer) = issuer.parse::<Target>() else { return };
    let allows_private = s.flag("oidc.allow_private_addresses").unwrap_or_default();
    let mut refuse = |path, wrong, message: &str| refuse(s, findings, path, wrong, message);
    let is_named = s.text("oidc.client_id").is_ok_and(|id| !id.is_empty());
    refuse(
        "oidc.client_id",
        !is_named,
        "is wanted by OIDC_ISSUER: set OIDC_CLIENT_ID to the name that the provider gave this server",
    );
    refuse(
        "mail.public_url",
        public_url.is_empty(),
        "is wanted by OIDC_ISSUER: set PUBLIC_URL, as the provider sends people back to PUBLIC_URL/api/auth/oidc/callback",
    );
    refuse(
        "mail.public_url",
        !public_url.is_empty() && public_url.parse::<Target>().is_err(),
        "must begin with https:// where people sign in by a provider; http:// is for this machine alone",
    );
    let is_inside = issuer.is_local() || issuer.host().parse().is_ok_and(|address| !is_public(address));
    refuse(
        "oidc.issuer",
        is_inside && !allows_private,
        "is no public address: set OIDC_ALLOW_PRIVATE_ADDRESSES=true if the provider runs here or in the firm's network",
    );
    if let Ok(path) = s.text("oidc.ca_file")
        && let Err(why) =
            if path.is_empty() { Ok(TrustedRoots::default()) } else { read_roots(Path::new(&path)) }
    {
        refuse("oidc.ca_file", true, &why);
    }
}
