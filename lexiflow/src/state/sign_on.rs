//! The provider that people sign in by, where the settings name one.

use super::StartError;
use crate::config::{Config, Oidc};
use clock::SharedClock;
use crypto::Secret;
use headroom::{Class, Headroom};
use openid::Provider;
use outbound::{Client, Reach};
use sessions::{SignOnRules, SingleSignOn};
use std::sync::Arc;

/// Where the provider sends people back to, behind the public address.
const CALLBACK: &str = "/api/auth/oidc/callback";

pub(super) fn open(
    config: &Config,
    clock: &SharedClock,
    headroom: &Headroom,
) -> Result<Option<SingleSignOn>, StartError> {
    let oidc = &config.oidc;
    let Some(issuer) = oidc.issuer.clone() else { return Ok(None) };
    let app_url = config.mail.public_url.trim_end_matches('/').to_owned();
    let settings = openid::Settings {
        issuer,
        client_id: oidc.client_id.clone(),
        client_secret: oidc.client_secret.as_ref().map(|secret| Secret::new(secret.reveal())),
        scopes: oidc.scopes.clone(),
        redirect_uri: format!("{app_url}{CALLBACK}"),
    };
    let pool = headroom.class(Class::Interactive).clone();
    let client = Client::new(requests(oidc)?, Arc::clone(clock), pool);
    let client = client.map_err(|error| StartError::Outbound(Box::new(error)))?;
    let provider = Provider::new(settings, client, Arc::clone(clock), headroom.stores())?;
    Ok(Some(SingleSignOn { provider, rules: rules(oidc, app_url) }))
}

fn requests(oidc: &Oidc) -> Result<outbound::Settings, StartError> {
    let reach = if oidc.allow_private_addresses { Reach::Anywhere } else { Reach::Public };
    let usual = outbound::Settings::default();
    Ok(outbound::Settings {
        connect: usual.connect.min(oidc.timeout),
        total: oidc.timeout,
        reach,
        roots: oidc.roots().map_err(StartError::ProviderRoots)?,
        ..usual
    })
}

fn rules(oidc: &Oidc, app_url: String) -> SignOnRules {
    SignOnRules {
        name: oidc.name.clone(),
        links_by_email: oidc.link_by_email,
        domains: oidc.allowed_domains.clone(),
        trusts_second_factor: oidc.trust_mfa,
        second_factor_classes: oidc.mfa_acr_values.clone(),
        app_url,
    }
}
