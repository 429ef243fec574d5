//! Names that every system can take, headers that carry them, and types that the content bears out.

use documents::disposition::Disposition;
use documents::file_name::{MAX_BYTES, extension, safe};
use documents::media::{self, MediaFault, judge};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_name_becomes_one_that_can_be_kept(name in any::<String>()) {
        let kept = safe(&name);
        prop_assert!(!kept.is_empty() && kept.len() <= MAX_BYTES, "{kept:?}");
        prop_assert!(!kept.chars().any(|c| c.is_control() || "/\\<>:\"|?*".contains(c)), "{kept:?}");
        prop_assert!(kept != "." && kept != ".." && !kept.ends_with('.') && !kept.ends_with(' '), "{kept:?}");
        prop_assert_eq!(&safe(&kept), &kept, "it is settled at once");
    }

    #[test]
    fn a_disposition_is_ascii_and_gives_the_name_back(name in "[^\\p{C}]{1,40}") {
        let header = Disposition::Attachment.header(&name);
        prop_assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{header}");
        let plain = header.strip_prefix("attachment; filename=\"").unwrap();
        let (plain, rest) = plain.split_once('"').unwrap();
        let whole = match rest.strip_prefix("; filename*=UTF-8''") {
            Some(encoded) => percent_decode_str(encoded).decode_utf8().unwrap().into_owned(),
            None => plain.to_owned(),
        };
        prop_assert_eq!(whole, name);
    }
}

#[test]
fn names_lose_folders_devices_and_tricks() {
    assert_eq!(safe("..\\..\\etc/passwd"), "passwd");
    assert_eq!(safe("C:\\Users\\me\\lease.pdf"), "lease.pdf");
    assert_eq!(safe("a\u{0}b\r\n.txt"), "ab.txt");
    assert_eq!(safe("invoice\u{202e}fdp.exe"), "invoicefdp.exe");
    assert_eq!(safe("CON.txt"), "_CON.txt");
    assert_eq!(safe("report. . ."), "report");
    assert_eq!(safe(".."), "document");
    assert_eq!(safe("a/"), "document");
    let long = safe(&format!("{}.docx", "ä".repeat(300)));
    assert!(long.len() <= MAX_BYTES && long.ends_with("ä.docx"), "{long}");
    assert_eq!(extension("A.PDF").as_deref(), Some("pdf"));
    assert_eq!(extension(".profile"), None);
}

#[test]
fn a_disposition_says_the_whole_name_and_a_plain_one() {
    assert_eq!(Disposition::Inline.header("lease.pdf"), "inline; filename=\"lease.pdf\"");
    assert_eq!(
        Disposition::Attachment.header("Übergabe \"1\".pdf"),
        "attachment; filename=\"_bergabe _1_.pdf\"; filename*=UTF-8''%C3%9Cbergabe%20%221%22.pdf"
    );
}

#[test]
fn the_content_decides_where_it_speaks_for_itself() {
    let found = |head: &[u8], claimed, name| judge(head, claimed, name).unwrap();
    assert_eq!(found(b"%PDF-1.7\n", None, "a"), "application/pdf");
    assert_eq!(found(b"junk before\n%PDF-1.7\n", Some("application/pdf"), "a.pdf"), "application/pdf");
    assert_eq!(found(b"\x89PNG\r\n\x1a\n....", Some("text/plain"), "a.txt"), "image/png");
    assert_eq!(found(b"hello", None, "a.txt"), "text/plain");
    assert_eq!(found(b"hello", Some("application/octet-stream"), "a.csv"), "text/csv");
    assert_eq!(found(b"hello", None, "noextension"), "text/plain");
    assert_eq!(found(b"\x01\x02", None, "noextension"), media::UNKNOWN);
    assert_eq!(found(b"", None, "noextension"), media::UNKNOWN);
    assert_eq!(found(b"  <!DOCTYPE HTML><p>", None, "page"), "text/html");
    let word = b"PK\x03\x04....[Content_Types].xml....word/document.xml";
    assert!(found(word, None, "noextension").ends_with("wordprocessingml.document"));
    assert_eq!(found(b"PK\x03\x04....other", None, "noextension"), "application/zip");
    assert_eq!(
        found(b"x", Some("TEXT/Plain; charset=\"Windows-1252\""), "a"),
        "text/plain; charset=windows-1252"
    );
    assert_eq!(
        found(b"x", Some("text/plain\r\nset-cookie: a=b"), "a"),
        "text/plain",
        "no header is smuggled in"
    );
}

#[test]
fn a_claim_that_the_content_denies_is_refused() {
    let refused = |head: &[u8], claimed, name| judge(head, claimed, name).unwrap_err();
    let mismatch = |claimed: &str| MediaFault::Mismatch { claimed: claimed.to_owned() };
    assert_eq!(refused(b"hello", None, "a.pdf"), mismatch("application/pdf"));
    assert_eq!(refused(b"GIF89a", Some("image/png"), "a"), mismatch("image/png"));
    assert_eq!(refused(b"<html><script>", Some("image/webp"), "a"), mismatch("image/webp"));
    assert_eq!(refused(b"hello", Some("application/zip"), "a.zip"), mismatch("application/zip"));
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    assert_eq!(refused(b"hello", None, "a.docx"), mismatch(docx));
    // Under a password an office file is an OLE container.
    assert_eq!(judge(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, "a.docx").unwrap(), docx);
}

#[test]
fn programs_are_refused_by_name_and_by_content() {
    let mut program = b"MZ".to_vec();
    program.resize(0x3c, 0);
    program.extend(0x80_u32.to_le_bytes());
    program.resize(0x80, 0);
    program.extend(b"PE\0\0");
    assert_eq!(judge(&program, Some("application/pdf"), "a.pdf"), Err(MediaFault::Program));
    assert_eq!(judge(b"\x7fELF\x02", None, "a.txt"), Err(MediaFault::Program));
    assert_eq!(judge(b"MZ is how this note begins", None, "a.txt").unwrap(), "text/plain");
    let named = MediaFault::Extension { extension: "exe".to_owned() };
    assert_eq!(judge(b"hello", None, "invoice.pdf.EXE"), Err(named));
    // Evidence is kept whatever it is, but not under a type that it does not have.
    assert_eq!(media::describe(&program, "a.pdf"), media::UNKNOWN);
}

#[test]
fn lists_of_types_name_types_families_or_all() {
    let list = |types: &[&str]| types.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>();
    assert!(media::is_listed("image/png", &list(&["image/*"])));
    assert!(media::is_listed("text/plain; charset=utf-8", &list(&["text/plain"])));
    assert!(media::is_listed("a/b", &list(&["*"])));
    assert!(!media::is_listed("imagery/png", &list(&["image/*", "application/pdf"])));
    assert!(
        media::is_shown("application/pdf")
            && !media::is_shown("text/html")
            && !media::is_shown("image/svg+xml")
    );
}
