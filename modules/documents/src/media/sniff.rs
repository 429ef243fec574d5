//! What the first bytes of a file say.

/// What a beginning is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pdf,
    Png,
    Jpeg,
    Gif,
    Webp,
    Tiff,
    /// A ZIP archive; office files are archives too.
    Zip(&'static str),
    /// The container of older office files, and of newer ones under a password.
    Ole,
    Gzip,
    SevenZip,
    Rtf,
    Html,
    /// Something that a system runs.
    Program,
}

impl Kind {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Tiff => "image/tiff",
            Self::Zip(kind) => kind,
            Self::Ole => "application/x-ole-storage",
            Self::Gzip => "application/gzip",
            Self::SevenZip => "application/x-7z-compressed",
            Self::Rtf => "application/rtf",
            Self::Html => "text/html",
            Self::Program => super::UNKNOWN,
        }
    }
}

/// How far into a file a PDF may begin: readers take that much in front of it (ISO 32000-1, implementation notes).
const PDF_WITHIN: usize = 1024;

pub(super) fn sniff(head: &[u8]) -> Option<Kind> {
    let starts: [(&[u8], Kind); 15] = [
        (b"\x89PNG\r\n\x1a\n", Kind::Png),
        (b"\xff\xd8\xff", Kind::Jpeg),
        (b"GIF87a", Kind::Gif),
        (b"GIF89a", Kind::Gif),
        (b"II*\0", Kind::Tiff),
        (b"MM\0*", Kind::Tiff),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::Ole),
        (b"\x1f\x8b\x08", Kind::Gzip),
        (b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
        (b"{\\rtf", Kind::Rtf),
        (b"\x7fELF", Kind::Program),
        (b"\xfe\xed\xfa\xce", Kind::Program),
        (b"\xfe\xed\xfa\xcf", Kind::Program),
        (b"\xcf\xfa\xed\xfe", Kind::Program),
        (b"\x4c\0\0\0\x01\x14\x02\0", Kind::Program),
    ];
    if let Some((_, kind)) = starts.iter().find(|(start, _)| head.starts_with(start)) {
        return Some(*kind);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(Kind::Zip(archive(head)));
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(Kind::Webp);
    }
    if is_windows_program(head) || is_java(head) {
        return Some(Kind::Program);
    }
    let front = head.get(..PDF_WITHIN.min(head.len())).unwrap_or_default();
    if contains(front, b"%PDF-") {
        return Some(Kind::Pdf);
    }
    is_html(head).then_some(Kind::Html)
}

/// Text of some encoding: without the bytes that only other files have.
pub(super) fn is_text(head: &[u8]) -> bool {
    let marked = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    marked || !head.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31))
}

/// The names of an archive's first members tell office files apart.
fn archive(head: &[u8]) -> &'static str {
    const OFFICE: [(&[u8], &str); 3] = [
        (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ];
    const OPEN: [(&[u8], &str); 3] = [
        (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (
            b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
        (
            b"mimetypeapplication/vnd.oasis.opendocument.presentation",
            "application/vnd.oasis.opendocument.presentation",
        ),
    ];
    if let Some((_, kind)) = OPEN.iter().find(|(mark, _)| contains(head, mark)) {
        return kind;
    }
    if contains(head, b"[Content_Types].xml")
        && let Some((_, kind)) = OFFICE.iter().find(|(mark, _)| contains(head, mark))
    {
        return kind;
    }
    "application/zip"
}

/// `MZ`, and at the place that the header names (0x3C) one of the signs of a program. Text may begin with `MZ` too.
fn is_windows_program(head: &[u8]) -> bool {
    if !head.starts_with(b"MZ") {
        return false;
    }
    let Some(Ok(place)) = head.get(0x3c..0x40).map(<[u8; 4]>::try_from) else { return false };
    let place = u32::from_le_bytes(place) as usize;
    match head.get(place..place + 2) {
        Some(sign) => matches!(sign, b"PE" | b"NE" | b"LE" | b"LX"),
        None => !is_text(head),
    }
}

/// A Java class, or a Mach-O file for several processors: both begin alike, and both run.
fn is_java(head: &[u8]) -> bool {
    head.starts_with(b"\xca\xfe\xba\xbe")
}

fn is_html(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins = |tag: &[u8]| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<script", b"<iframe"]
        .iter()
        .any(|tag| begins(tag))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
