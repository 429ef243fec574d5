//! What a `User-Agent` (RFC 9110, 10.1.5) tells of a device: enough for its owner to know it again, and nothing made up.

use serde::Serialize;
use utoipa::ToSchema;

/// What kind of device a login is on, as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A computer with a browser.
    Desktop,
    /// A telephone.
    Mobile,
    /// A tablet.
    Tablet,
    /// A program without a browser.
    Program,
    /// It does not say.
    Unknown,
}

/// A device as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) kind: DeviceKind,
    /// With its major version: `Firefox 128`.
    pub(crate) browser: Option<String>,
    pub(crate) os: Option<&'static str>,
}

/// Browsers by the product in their `User-Agent`, the particular before those they pretend to be.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    // Safari names its own version elsewhere.
    ("Version/", "Safari"),
    ("Safari/", "Safari"),
];

/// Systems, the particular before those that they contain.
const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("iPod", "iOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
];

/// Reads a `User-Agent`. Who sends none, or one that says nothing, is unknown.
pub(crate) fn described(user_agent: Option<&str>) -> Described {
    let text = user_agent.unwrap_or_default();
    let os = SYSTEMS.iter().find(|(sign, _)| text.contains(sign)).map(|(_, name)| *name);
    if text.starts_with("Mozilla/") {
        return Described { kind: kind(text, os), browser: browser(text), os };
    }
    // A program's first product is its name.
    let product = text.split_whitespace().next().filter(|product| product.contains('/'));
    let program = product.and_then(|product| versioned(product, product.split_once('/')?.0));
    let kind = if program.is_some() { DeviceKind::Program } else { DeviceKind::Unknown };
    Described { kind, browser: program, os }
}

fn kind(text: &str, os: Option<&str>) -> DeviceKind {
    match os {
        Some("iOS") => DeviceKind::Mobile,
        // Tablets leave the word out.
        Some("Android") if text.contains("Mobile") => DeviceKind::Mobile,
        Some("Android" | "iPadOS") => DeviceKind::Tablet,
        Some(_) => DeviceKind::Desktop,
        None => DeviceKind::Unknown,
    }
}

fn browser(text: &str) -> Option<String> {
    BROWSERS.iter().find_map(|(sign, name)| {
        let at = text.find(sign)?;
        // The number behind `Safari` is that of its engine.
        if *sign == "Safari/" { Some((*name).to_owned()) } else { versioned(text.get(at..)?, name) }
    })
}

/// The name with the whole number behind the first slash.
fn versioned(product: &str, name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        return None;
    }
    let (_, version) = product.split_once('/')?;
    let major: String = version.chars().take_while(char::is_ascii_digit).take(6).collect();
    Some(if major.is_empty() { name.to_owned() } else { format!("{name} {major}") })
}

#[cfg(test)]
mod tests {
    use super::{DeviceKind, described};

    #[test]
    fn devices_are_known_by_what_they_say() {
        use DeviceKind::{Desktop, Mobile, Program, Tablet, Unknown};
        for (text, kind, browser, os) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87",
                Desktop,
                Some("Edge 126"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                Desktop,
                Some("Firefox 128"),
                Some("Linux"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/17.5 Mobile/15E148 Safari/604.1",
                Mobile,
                Some("Safari 17"),
                Some("iOS"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/126.0.0.0 Mobile Safari/537.36",
                Mobile,
                Some("Chrome 126"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) \
                 SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36",
                Tablet,
                Some("Samsung Internet 25"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/17.5 Safari/605.1.15",
                Desktop,
                Some("Safari 17"),
                Some("macOS"),
            ),
            ("curl/8.8.0", Program, Some("curl 8"), None),
            ("Mozilla/5.0", Unknown, None, None),
            ("a browser of my own", Unknown, None, None),
            ("<script>/1", Unknown, None, None),
        ] {
            let found = described(Some(text));
            assert_eq!((found.kind, found.browser.as_deref(), found.os), (kind, browser, os), "{text}");
        }
        assert_eq!(described(None).kind, Unknown);
    }
}
