//! Where requests may go, and what is an address to send them to.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use outbound::{Guard, Reach, Target, TargetFault, is_public};
use std::net::{IpAddr, SocketAddr};

const INSIDE: &[&str] = &[
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

const OUTSIDE: &[&str] = &[
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "3ffe::1",
    "64:ff9b::101:101",
    "::ffff:1.1.1.1",
];

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn what_only_this_machine_or_a_private_network_reaches_is_not_public() {
    for inside in INSIDE {
        assert!(!is_public(address(inside)), "{inside}");
    }
    for outside in OUTSIDE {
        assert!(is_public(address(outside)), "{outside}");
    }
}

#[test]
fn one_address_inside_is_enough_to_refuse_a_name() {
    let target: Target = "https://login.example.com".parse().expect("a target");
    let at = |text: &str| SocketAddr::new(address(text), 443);
    let (public, anywhere) = (Guard::new(Reach::Public), Guard::new(Reach::Anywhere));
    assert!(public.check(&target, &[at("1.1.1.1"), at("2606:4700::1111")]).is_ok());
    assert!(public.check(&target, &[at("1.1.1.1"), at("10.0.0.1")]).is_err());
    assert!(public.check(&target, &[at("::ffff:127.0.0.1")]).is_err());
    assert!(anywhere.check(&target, &[at("10.0.0.1"), at("127.0.0.1")]).is_ok());

    let open: Target = "http://localhost:8080".parse().expect("a target");
    assert!(public.check(&open, &[at("127.0.0.1")]).is_err());
    assert!(anywhere.check(&open, &[at("127.0.0.1"), at("::1")]).is_ok());
    // Somebody has changed what this machine calls localhost.
    assert!(anywhere.check(&open, &[at("10.0.0.1")]).is_err());
}

#[test]
fn a_target_has_tls_or_is_this_machine() {
    for (text, host, port) in [
        ("https://login.example.com", "login.example.com", 443),
        ("https://LOGIN.example.com:8443/realms/firm?x=y", "login.example.com", 8443),
        ("https://[2606:4700::1111]/a", "2606:4700::1111", 443),
        ("https://[::1]:444", "::1", 444),
        ("http://localhost", "localhost", 80),
        ("http://127.8.9.10:81/", "127.8.9.10", 81),
        ("http://[::1]:81", "::1", 81),
    ] {
        let target: Target = text.parse().expect(text);
        assert_eq!((target.host(), target.port()), (host, port), "{text}");
    }
    for (text, fault) in [
        ("", TargetFault::Unreadable),
        ("login.example.com", TargetFault::Scheme),
        ("/path", TargetFault::Unreadable),
        ("https://", TargetFault::Unreadable),
        ("https://a b", TargetFault::Unreadable),
        ("https://a/#fragment", TargetFault::Unreadable),
        ("https://a:99999", TargetFault::Unreadable),
        ("https://a:x", TargetFault::Unreadable),
        ("http://login.example.com", TargetFault::Scheme),
        ("http://10.0.0.1", TargetFault::Scheme),
        ("http://localhost.evil.example", TargetFault::Scheme),
        ("ftp://localhost", TargetFault::Scheme),
        ("file:///etc/passwd", TargetFault::Unreadable),
        ("https://user:word@login.example.com", TargetFault::Credentials),
        ("https://localhost@evil.example", TargetFault::Credentials),
    ] {
        assert_eq!(text.parse::<Target>(), Err(fault), "{text}");
    }
    assert!(format!("https://a/{}", "a".repeat(2048)).parse::<Target>().is_err());
}
