//! The site that passkeys belong to, as it is set or found.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use lexiflow::config::{Loaded, Sources, load};

fn with(settings: &[(&str, &str)]) -> Result<Loaded, String> {
    let overrides = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    load(&Sources { overrides, ..Sources::default() }).map_err(|faults| faults.to_string())
}

fn notices(settings: &[(&str, &str)]) -> Vec<String> {
    with(settings).unwrap().notices.iter().map(ToString::to_string).collect()
}

#[test]
fn a_word_that_is_no_host_or_origin_is_a_fault_in_every_build() {
    for (name, value) in [
        ("PASSKEYS_RP_ID", "192.0.2.7"),
        ("PASSKEYS_RP_ID", "https://example.com"),
        ("PASSKEYS_ORIGINS", "*"),
        ("PASSKEYS_ORIGINS", "example.com"),
        ("PASSKEYS_ORIGINS", "https://example.com/path"),
    ] {
        let fault = with(&[(name, value)]).unwrap_err();
        assert!(fault.starts_with(name), "{fault}");
    }
}

#[cfg(not(feature = "passkeys"))]
#[test]
fn a_server_without_passkeys_says_that_the_settings_have_no_effect() {
    let settings = [("PASSKEYS_RP_ID", "example.com"), ("PASSKEYS_ORIGINS", "https://example.com")];
    let notices = notices(&settings);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].starts_with("PASSKEYS_RP_ID has no effect: this server was built without passkeys"));
    assert!(with(&[]).unwrap().notices.is_empty());
}

#[cfg(feature = "passkeys")]
mod built {
    use super::{notices, with};
    use lexiflow::config::passkey_site;

    fn site(settings: &[(&str, &str)]) -> String {
        passkey_site(&with(settings).unwrap().config).unwrap().id().to_owned()
    }

    #[test]
    fn the_site_is_that_of_the_public_address_unless_it_is_set() {
        for (settings, expected) in [
            (&[][..], "localhost"),
            (&[("PUBLIC_URL", "https://lexiflow.example.com")], "lexiflow.example.com"),
            (&[("PUBLIC_URL", "https://LexiFlow.example.com:443/app/")], "lexiflow.example.com"),
            (
                &[("PUBLIC_URL", "https://a.example.com:8443"), ("PASSKEYS_RP_ID", "example.com")],
                "example.com",
            ),
            (&[("PASSKEYS_ORIGINS", "https://a.example.com,https://b.a.example.com")], "a.example.com"),
        ] {
            assert_eq!(site(settings), expected, "{settings:?}");
            assert_eq!(notices(settings), Vec::<String>::new(), "{settings:?}");
        }
    }

    #[test]
    fn what_browsers_would_refuse_is_a_fault_at_start() {
        for (settings, name, word) in [
            (&[("PASSKEYS_RP_ID", "example.com")][..], "PASSKEYS_RP_ID", "host is the domain"),
            (
                &[("PUBLIC_URL", "https://example.org"), ("PASSKEYS_RP_ID", "example.com")],
                "PASSKEYS_RP_ID",
                "host is the domain",
            ),
            (&[("PASSKEYS_ORIGINS", "http://example.com")], "PASSKEYS_ORIGINS", "https"),
            (&[("PASSKEYS_ORIGINS", "https://192.0.2.7")], "PASSKEYS_ORIGINS", "no IP address"),
            (
                &[("PASSKEYS_ORIGINS", "https://a.example.com,https://b.example.com")],
                "PASSKEYS_ORIGINS",
                "host",
            ),
            (
                &[("PASSKEYS_RP_ID", "Example.com"), ("PASSKEYS_ORIGINS", "https://example.com")],
                "PASSKEYS_RP_ID",
                "lower case",
            ),
        ] {
            let fault = with(settings).unwrap_err();
            assert!(fault.starts_with(name) && fault.contains(word), "{settings:?}: {fault}");
        }
    }

    #[test]
    fn an_address_without_a_name_is_told_and_stops_nothing() {
        for url in ["https://192.0.2.7", "http://lexiflow.example.com"] {
            let notices = notices(&[("PUBLIC_URL", url)]);
            assert_eq!(notices.len(), 1, "{notices:?}");
            assert!(notices[0].contains("PASSKEYS_RP_ID"), "{notices:?}");
        }
    }
}
