//! Which type a file is of: what it claims, what its first bytes say, and what is not taken.

mod sniff;

use sniff::Kind;

use crate::file_name;

/// How many of a file's first bytes are looked at.
pub const HEAD_BYTES: usize = 4096;
/// The type of files of which nothing is known.
pub const UNKNOWN: &str = "application/octet-stream";
/// The longest media type, in bytes.
const MAX_TYPE_BYTES: usize = 127;

/// Extensions of files that run on a double click, whatever is in them.
const PROGRAMS: [&str; 25] = [
    "exe",
    "dll",
    "com",
    "scr",
    "pif",
    "msi",
    "msp",
    "mst",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "hta",
    "cpl",
    "jar",
    "lnk",
    "reg",
    "scf",
    "sys",
    "gadget",
    "application",
];

/// Types that a browser may show without running anything of them.
const SHOWN: [&str; 6] =
    ["application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"];

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaFault {
    /// Its content is a program.
    #[error("the file is a program, and programs are not taken: put it into an archive with a password")]
    Program,
    /// Its name is that of a program.
    #[error("files named .{extension} are not taken: put the file into an archive with a password")]
    Extension {
        /// The extension.
        extension: String,
    },
    /// Its content is not what it claims.
    #[error(
        "the file claims to be {claimed}, but its content is not: check the file, or send it under its true type"
    )]
    Mismatch {
        /// What it claims.
        claimed: String,
    },
    /// The type is not among those that are taken.
    #[error("files of the type {found} are not taken here: ask your administrator")]
    NotTaken {
        /// The type.
        found: String,
    },
}

/// Refuses the name of a program.
pub fn check_name(name: &str) -> Result<(), MediaFault> {
    match file_name::extension(name) {
        Some(extension) if PROGRAMS.contains(&extension.as_str()) => Err(MediaFault::Extension { extension }),
        _ => Ok(()),
    }
}

/// The media type of a file that begins with `head` (its first [`HEAD_BYTES`], or all of it). A claim is the sender's
/// `Content-Type` or else what the extension means; where the content speaks for itself, the content decides.
pub fn judge(head: &[u8], claimed: Option<&str>, name: &str) -> Result<String, MediaFault> {
    check_name(name)?;
    let found = sniff::sniff(head);
    if found == Some(Kind::Program) {
        return Err(MediaFault::Program);
    }
    let claim = claim(claimed, name);
    if let Some(claimed) = &claim
        && !head.is_empty()
        && contradicts(essence(claimed), found)
    {
        return Err(MediaFault::Mismatch { claimed: essence(claimed).to_owned() });
    }
    Ok(settled(head, found, claim))
}

/// The media type of a file that is kept as it is, whatever it is: evidence is not refused for its type, but neither
/// is it given a type that its content does not bear out.
pub fn describe(head: &[u8], name: &str) -> String {
    match judge(head, None, name) {
        Ok(found) => found,
        Err(_) => UNKNOWN.to_owned(),
    }
}

/// The type without its parameters.
pub fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The character set that a type names.
pub fn charset(content_type: &str) -> Option<&'static encoding_rs::Encoding> {
    let value = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })?;
    encoding_rs::Encoding::for_label(value.trim().trim_matches('"').as_bytes())
}

/// Whether a list of types (`application/pdf`, `image/*`, `*`) names this one.
pub fn is_listed(content_type: &str, list: &[String]) -> bool {
    let essence = essence(content_type);
    list.iter().any(|listed| match listed.strip_suffix("/*") {
        Some(family) => essence.split('/').next() == Some(family),
        None => listed == "*" || listed == "*/*" || listed == essence,
    })
}

/// Whether a browser may show a file of this type in its own window.
pub fn is_shown(content_type: &str) -> bool {
    SHOWN.contains(&essence(content_type))
}

/// The claim in lower case, with its character set if it names a known one; none when it says nothing.
fn claim(claimed: Option<&str>, name: &str) -> Option<String> {
    let sent = claimed.and_then(|claimed| {
        let kind = essence(claimed).to_ascii_lowercase();
        let says_something = kind != UNKNOWN && kind != "binary/octet-stream" && is_type(&kind);
        says_something.then(|| match charset(claimed) {
            Some(charset) => format!("{kind}; charset={}", charset.name().to_ascii_lowercase()),
            None => kind,
        })
    });
    sent.or_else(|| {
        let extension = file_name::extension(name)?;
        mime_guess::from_ext(&extension).first_raw().filter(|kind| *kind != UNKNOWN).map(str::to_owned)
    })
}

/// `type/subtype` of token characters (RFC 9110, 5.6.2).
fn is_type(kind: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    kind.len() <= MAX_TYPE_BYTES
        && kind.split_once('/').is_some_and(|(family, subtype)| is_token(family) && is_token(subtype))
}

/// Only types whose beginning is certain can be contradicted. Office files under a password are OLE containers.
fn contradicts(claimed: &str, found: Option<Kind>) -> bool {
    match claimed {
        "application/pdf" => found != Some(Kind::Pdf),
        "image/png" => found != Some(Kind::Png),
        "image/jpeg" => found != Some(Kind::Jpeg),
        "image/gif" => found != Some(Kind::Gif),
        "application/zip" => !matches!(found, Some(Kind::Zip(_))),
        kind if kind.starts_with("application/vnd.openxmlformats-officedocument.") => {
            !matches!(found, Some(Kind::Zip(_) | Kind::Ole))
        }
        kind if kind.starts_with("application/vnd.oasis.opendocument.") => {
            // The flat forms of OpenDocument are XML.
            !kind.ends_with("-flat-xml") && !matches!(found, Some(Kind::Zip(_)))
        }
        kind if kind.starts_with("image/") && kind != "image/svg+xml" => found == Some(Kind::Html),
        _ => false,
    }
}

fn settled(head: &[u8], found: Option<Kind>, claim: Option<String>) -> String {
    let certain = match found {
        Some(Kind::Pdf) => Some("application/pdf"),
        Some(Kind::Png) => Some("image/png"),
        Some(Kind::Jpeg) => Some("image/jpeg"),
        Some(Kind::Gif) => Some("image/gif"),
        _ => None,
    };
    let likely = || match found {
        Some(kind) => kind.media_type(),
        None if !head.is_empty() && sniff::is_text(head) => "text/plain",
        None => UNKNOWN,
    };
    certain.map(str::to_owned).or(claim).unwrap_or_else(|| likely().to_owned())
}
