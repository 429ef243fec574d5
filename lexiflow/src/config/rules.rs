//! Rules for texts.

use super::value::Rule;

/// The shortest secret that signs tokens, in characters (HS256 wants a key of at least its hash's 32 bytes,
/// RFC 7518 section 3.2).
pub(super) const MIN_JWT_SECRET: usize = 32;
/// The shortest password of the first administrator, in characters.
pub(super) const MIN_ADMIN_PASSWORD: usize = 12;

pub(super) const HOST: Rule = Rule { accepted: "an IP address or a host name", check: is_host };
pub(super) const PATH: Rule = Rule { accepted: "a path", check: is_path };
pub(super) const OPTIONAL_PATH: Rule =
    Rule { accepted: "a path, or empty", check: |text| text.is_empty() || is_path(text) };
pub(super) const ORIGIN: Rule =
    Rule { accepted: "origins such as https://app.example.com, or * for every origin", check: is_origin };
pub(super) const SITE_ORIGIN: Rule = Rule {
    accepted: "origins such as https://app.example.com",
    check: |text| text != "*" && is_origin(text),
};
pub(super) const OPTIONAL_HOST: Rule = Rule {
    accepted: "empty, or a host name such as lexiflow.example.com",
    check: |text| text.is_empty() || (is_host(text) && text.parse::<std::net::IpAddr>().is_err()),
};
pub(super) const PROXY: Rule =
    Rule { accepted: "IP addresses", check: |text| text.parse::<std::net::IpAddr>().is_ok() };
pub(super) const HEADER: Rule = Rule {
    accepted: "empty, or the name of a header such as CF-IPCountry",
    check: |text| text.is_empty() || text.parse::<http::HeaderName>().is_ok(),
};
pub(super) const DATABASE_URL: Rule = Rule {
    accepted: "empty, or an address that begins with sqlite:, postgres:// or postgresql://",
    check: is_database_url,
};
pub(super) const MIME: Rule =
    Rule { accepted: "media types such as application/pdf or image/*, or * for every type", check: is_mime };
pub(super) const JWT_SECRET: Rule = Rule {
    accepted: "empty, or at least 32 characters",
    check: |text| text.is_empty() || text.chars().count() >= MIN_JWT_SECRET,
};
pub(super) const SEED: Rule = Rule {
    accepted: "empty, or 64 hexadecimal digits such as `openssl rand -hex 32` prints",
    check: |text| {
        text.is_empty() || (text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()))
    },
};
pub(super) const SEALING_KEYS: Rule = Rule {
    accepted: "empty, or keys as name:64 hexadecimal digits with commas between, the present one first",
    check: |text| text.is_empty() || text.parse::<crypto::sealed::SealingKeys>().is_ok(),
};
pub(super) const ADMIN_PASSWORD: Rule = Rule {
    accepted: "empty, or at least 12 characters",
    check: |text| text.is_empty() || text.chars().count() >= MIN_ADMIN_PASSWORD,
};
pub(super) const PUBLIC_URL: Rule = Rule {
    accepted: "empty, or an address such as https://lexiflow.example.com",
    check: |text| text.is_empty() || is_public_url(text),
};
pub(super) const ISSUER: Rule = Rule {
    accepted: "empty, or an address such as https://login.example.com/realms/firm; http:// for this machine alone",
    check: |text| text.is_empty() || (!text.contains('?') && text.parse::<outbound::Target>().is_ok()),
};
pub(super) const CLIENT_ID: Rule = Rule {
    accepted: "empty, or the name of at most 255 visible characters that the provider gave",
    check: |text| text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic()),
};
pub(super) const CLIENT_SECRET: Rule = Rule {
    accepted: "empty, or the secret of at most 1024 characters that the provider gave",
    check: |text| text.len() <= 1024 && !text.chars().any(char::is_control),
};
pub(super) const SCOPES: Rule = Rule {
    accepted: "words with spaces between, openid among them",
    check: |text| {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_plain);
        text.len() <= 1024 && text.split(' ').all(is_word) && text.split(' ').any(|word| word == "openid")
    },
};
pub(super) const DOMAIN: Rule =
    Rule { accepted: "domains such as example.com", check: |text| !text.contains('_') && is_host(text) };
pub(super) const ACR: Rule = Rule {
    accepted: "names of at most 255 visible characters, as the provider writes them in `acr`",
    check: |text| !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic()),
};
pub(super) const NAME: Rule = Rule {
    accepted: "a name of at most 100 characters, or empty",
    check: |text| text.chars().count() <= 100 && !text.chars().any(char::is_control),
};
pub(super) const EMAIL: Rule = Rule { accepted: "an e-mail address", check: is_email };
pub(super) const LOG_LEVEL: Rule = Rule {
    accepted: "error, warn, info, debug, trace or off, also per target: info,db=debug",
    check: is_log_level,
};

fn is_host(text: &str) -> bool {
    let name = !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
    // A name of digits and dots that is no address is a mistyped address, not a name.
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse::<std::net::IpAddr>().is_ok() || (name && !digits)
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

/// Where links lead: scheme, host, optional port and path, nothing behind.
fn is_public_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
    is_origin(&format!("{scheme}://{host}")) && path.chars().all(is_plain)
}

/// An origin as browsers send it (RFC 6454 section 6.2): scheme, host, optional port, nothing behind.
fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Some(authority) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    is_host(host) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_database_url(text: &str) -> bool {
    let postgres = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    text.is_empty() || text.starts_with("sqlite:") || postgres.is_some_and(|rest| !rest.is_empty())
}

fn is_mime(text: &str) -> bool {
    let token = |part: &str| {
        part == "*"
            || (!part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b)))
    };
    text == "*" || text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}

fn is_email(text: &str) -> bool {
    let sane = text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    sane && text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.contains('@') && is_host(host))
}

fn is_log_level(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let level = |word: &str| LEVELS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let target = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-'))
    };
    text.split(',').map(str::trim).all(|part| match part.split_once('=') {
        None => level(part),
        Some((name, word)) => target(name) && level(word),
    })
}
