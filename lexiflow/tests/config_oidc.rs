//! The settings of signing in by a provider: what is wanted beside an issuer, and what is refused.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use lexiflow::config::{ConfigFaults, Environment, Loaded, Sources, load};

const WHOLE: [(&str, &str); 3] = [
    ("OIDC_ISSUER", "https://login.example.com/realms/firm"),
    ("OIDC_CLIENT_ID", "lexiflow"),
    ("PUBLIC_URL", "https://law.example"),
];

/// A whole configuration with these variables instead of its own.
fn with(more: &[(&str, &str)]) -> Result<Loaded, ConfigFaults> {
    let whole = WHOLE.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    let environment: Environment = more.iter().chain(whole).copied().collect();
    load(&Sources { environment, ..Sources::default() })
}

/// The faults as they are told.
fn told(more: &[(&str, &str)]) -> String {
    with(more).expect_err("it should be refused").to_string()
}

#[test]
fn it_is_off_unless_an_issuer_is_named() {
    assert_eq!(load(&Sources::default()).unwrap().config.oidc.issuer, None);
    let off = with(&[("OIDC_ISSUER", ""), ("OIDC_CLIENT_ID", ""), ("PUBLIC_URL", "")]).unwrap().config.oidc;
    assert_eq!(off.issuer, None);
    let oidc = with(&[("OIDC_CLIENT_SECRET", "very secret")]).unwrap().config.oidc;
    assert_eq!((oidc.scopes.as_str(), oidc.name.as_str()), ("openid email profile", "Single sign-on"));
    assert!(oidc.link_by_email && !oidc.trust_mfa && !oidc.allow_private_addresses);
    assert!(!format!("{oidc:?}").contains("very secret"));
}

#[test]
fn what_an_issuer_needs_is_told_together() {
    let faults = told(&[("OIDC_CLIENT_ID", ""), ("PUBLIC_URL", ""), ("OIDC_SCOPES", "email")]);
    for said in
        ["OIDC_CLIENT_ID", "is wanted by OIDC_ISSUER", "PUBLIC_URL/api/auth/oidc/callback", "OIDC_SCOPES"]
    {
        assert!(faults.contains(said), "{said}\n{faults}");
    }
    assert!(told(&[("PUBLIC_URL", "http://law.example")]).contains("must begin with https://"));
    assert!(with(&[("PUBLIC_URL", "http://localhost:5000")]).is_ok());
}

#[test]
fn an_issuer_has_tls_and_is_public_unless_somebody_says_otherwise() {
    for issuer in
        ["http://login.example.com", "login.example.com", "https://a@b.example", "https://b.example/?x"]
    {
        assert!(told(&[("OIDC_ISSUER", issuer)]).contains("OIDC_ISSUER"), "{issuer}");
    }
    let allowed = ("OIDC_ALLOW_PRIVATE_ADDRESSES", "true");
    for issuer in
        ["http://localhost:8080", "http://127.0.0.1:8080", "https://10.0.0.5", "https://[fd00::1]:8443"]
    {
        assert!(told(&[("OIDC_ISSUER", issuer)]).contains("OIDC_ALLOW_PRIVATE_ADDRESSES"), "{issuer}");
        assert!(with(&[("OIDC_ISSUER", issuer), allowed]).is_ok(), "{issuer}");
    }
    assert!(with(&[("OIDC_ISSUER", "http://10.0.0.5"), allowed]).is_err(), "without TLS on another machine");
}

#[test]
fn a_file_of_certificates_is_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let set = |path: &std::path::Path| with(&[("OIDC_CA_FILE", path.to_str().unwrap())]);
    assert!(set(&path).unwrap_err().to_string().contains("cannot be read"));
    std::fs::write(&path, "no certificate").unwrap();
    assert!(set(&path).unwrap_err().to_string().contains("PEM"));
    let authority =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/outbound/tests/certificates/authority.pem");
    assert!(set(authority.as_ref()).is_ok());
}

#[test]
fn domains_and_the_rest_are_checked() {
    let oidc = with(&[("OIDC_ALLOWED_DOMAINS", "law.example, first.example")]).unwrap().config.oidc;
    assert_eq!(oidc.allowed_domains, ["law.example", "first.example"]);
    for (name, value) in [
        ("OIDC_ALLOWED_DOMAINS", "@law.example"),
        ("OIDC_ALLOWED_DOMAINS", "a@law.example"),
        ("OIDC_CLIENT_ID", "with space"),
        ("OIDC_SCOPES", "openid  email"),
        ("OIDC_MFA_ACR_VALUES", "with space"),
        ("OIDC_TIMEOUT_MS", "10"),
        ("OIDC_TRUST_MFA", "perhaps"),
    ] {
        assert!(told(&[(name, value)]).contains(name), "{name}={value}");
    }
}
