//! Messages, read back by another library, and the files they are written to.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use chrono::TimeDelta;
use clock::{Clock as _, Timestamp};
use ids::{Id as _, JobId};
use mail::{Fault, FileTransport, Keep, Mailbox, MemoryTransport, Message, Outgoing, Transport as _};
use mail_parser::MessageParser;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

fn now() -> Timestamp {
    testkit::clock().now()
}

fn id(at: Timestamp, number: u8) -> JobId {
    JobId::from_parts(u64::try_from(at.timestamp_millis()).expect("after 1970"), &[number; 10])
}

fn mailbox(name: &str) -> Mailbox {
    Mailbox::new(name, "ada@example.com").expect("a mailbox")
}

fn mail(at: Timestamp, number: u8, subject: &str, text: &str) -> Outgoing {
    let message =
        Message::new(mailbox("LexiFlow"), mailbox("Ada Ångström"), subject, text).expect("a message");
    Outgoing::new(id(at, number), at, &message).expect("a mail")
}

fn keep(files: usize) -> Keep {
    Keep { files, age: Duration::from_hours(24) }
}

#[test]
fn another_reader_finds_what_was_written() {
    let text = "Dear Ada,\n\nopen https://lexiflow.example/reset-password#token=q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM\n.\n\nÜber alles.\n";
    let mail = mail(
        now(),
        7,
        "Einladung der Kanzlei Müller & Söhne, mit einem Betreff, der länger ist als eine Zeile",
        text,
    );
    let found = MessageParser::default().parse(mail.eml()).expect("a message");
    assert_eq!(
        found.subject(),
        Some("Einladung der Kanzlei Müller & Söhne, mit einem Betreff, der länger ist als eine Zeile")
    );
    assert_eq!(found.body_text(0).expect("a text").replace("\r\n", "\n"), text);
    let to = found.to().and_then(|to| to.first()).expect("somebody");
    assert_eq!((to.name(), to.address()), (Some("Ada Ångström"), Some("ada@example.com")));
    assert_eq!(found.date().expect("a date").to_timestamp(), now().timestamp());
    assert_eq!(found.message_id(), Some(format!("{}@example.com", mail.id()).as_str()));
    let raw = String::from_utf8(mail.eml().to_vec()).expect("ASCII");
    assert!(raw.is_ascii() && raw.contains("MIME-Version: 1.0\r\n"), "{raw}");
    assert!(raw.contains("Auto-Submitted: auto-generated\r\n"), "{raw}");
    assert!(
        raw.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])),
        "RFC 5322, 2.1.1: {raw}"
    );
}

#[test]
fn a_link_in_a_plain_text_stays_in_one_piece() {
    let link = "https://lexiflow.example/reset-password#token=q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM";
    let mail = mail(now(), 7, "Reset", &format!("Open this:\n\n{link}\n"));
    let found = MessageParser::default().parse(mail.eml()).expect("a message");
    assert!(found.body_text(0).expect("a text").contains(link));
}

#[test]
fn the_same_job_writes_the_same_bytes() {
    assert_eq!(mail(now(), 7, "A", "b\n").eml(), mail(now(), 7, "A", "b\n").eml());
}

#[test]
fn what_would_add_a_header_or_goes_nowhere_is_refused() {
    for address in [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a da@example.com",
        "a@b@c",
        "<ada@example.com>",
        "a@b\r\nBcc: c@d",
    ] {
        assert_eq!(Mailbox::new("", address), Err(Fault::Address), "{address:?}");
    }
    assert_eq!(Mailbox::new("Ada\r\nBcc: eve@example.com", "ada@example.com"), Err(Fault::Control("name")));
    let refused = |subject: &str, text: &str| {
        Message::new(mailbox(""), mailbox(""), subject, text).map(drop).unwrap_err()
    };
    assert_eq!(refused("a\nBcc: eve@example.com", ""), Fault::Control("subject"));
    assert_eq!((refused("", ""), refused(&"x".repeat(201), "")), (Fault::Subject, Fault::Subject));
    assert_eq!(refused("a", &"x".repeat(256 << 10)), Fault::TooLarge);
}

proptest! {
    #[test]
    fn no_text_breaks_a_header(name in "\\PC{0,40}", subject in "\\PC{1,120}", text in "(?s).{0,400}") {
        let (Ok(to), Ok(from)) = (Mailbox::new(name, "ada@example.com"), Mailbox::new("", "lexiflow@example.com")) else {
            return Ok(());
        };
        let message = Message::new(from, to, subject, text);
        prop_assume!(message.is_ok());
        let mail = Outgoing::new(id(now(), 1), now(), &message.expect("a message")).expect("a mail");
        let raw = String::from_utf8_lossy(mail.eml()).into_owned();
        let head = raw.split("\r\n\r\n").next().unwrap_or_default();
        for line in head.split("\r\n") {
            prop_assert!(!line.contains(['\r', '\n']), "{head}");
            let known = ["From: ", "To: ", "Subject: ", "Date: ", "Message-ID: ", "Auto-Submitted: ", "MIME-Version: ",
                "Content-Type: ", "Content-Transfer-Encoding: ", " ", "\t"];
            prop_assert!(known.iter().any(|begin| line.starts_with(begin)), "{line:?} in {head}");
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_mail_becomes_a_file_that_only_its_owner_reads_and_is_there_once() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("mail");
    let transport = FileTransport::new(folder.clone(), keep(10));
    let mail = mail(now(), 7, "A", "the secret link\n");
    for _ in 0..2 {
        transport.deliver(&mail).await.expect("written");
    }
    let file = format!("{}.eml", mail.id());
    assert_eq!(names(&folder), std::slice::from_ref(&file));
    assert_eq!((mode(&folder), mode(&folder.join(&file))), (0o700, 0o600));
    assert_eq!(fs::read(folder.join(&file)).expect("the file"), mail.eml());
    assert!(!format!("{mail:?} {transport:?}").contains("secret"));
}

#[tokio::test]
async fn an_open_folder_is_closed() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("mail");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("permissions");
    FileTransport::new(folder.clone(), keep(10)).deliver(&mail(now(), 7, "A", "b\n")).await.expect("written");
    assert_eq!(mode(&folder), 0o700);
}

#[tokio::test]
async fn the_oldest_and_the_too_old_are_removed_and_nothing_else() {
    let data = tempfile::tempdir().expect("a folder");
    let transport = FileTransport::new(data.path().to_owned(), keep(3));
    fs::write(data.path().join("notes.txt"), "mine").expect("a file");
    let at = |hours| now() + TimeDelta::hours(hours);
    for hours in 0..5_u8 {
        transport.deliver(&mail(at(hours.into()), hours, "A", "b\n")).await.expect("written");
    }
    let kept = |hours: &[u8]| -> Vec<String> {
        hours
            .iter()
            .map(|h| format!("{}.eml", id(at((*h).into()), *h)))
            .chain(["notes.txt".to_owned()])
            .collect()
    };
    assert_eq!(names(data.path()), kept(&[2, 3, 4]));
    assert_eq!(transport.forget_old(at(27)).await.expect("removed"), 1);
    assert_eq!(names(data.path()), kept(&[3, 4]));
    assert_eq!(transport.forget_old(at(100)).await.expect("removed"), 2);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let data = tempfile::tempdir().expect("a folder");
    fs::write(data.path().join("mail"), "a file").expect("a file");
    let transport = FileTransport::new(data.path().join("mail"), keep(3));
    let refused = transport.deliver(&mail(now(), 7, "A", "b\n")).await.expect_err("no folder");
    assert!(refused.to_string().contains("mail"), "{refused}");
}

#[tokio::test]
async fn the_memory_keeps_each_mail_once() {
    let transport = MemoryTransport::new();
    for number in [1, 2, 1] {
        transport.deliver(&mail(now(), number, "A", "b\n")).await.expect("kept");
    }
    assert_eq!(
        transport.delivered().iter().map(Outgoing::id).collect::<Vec<_>>(),
        [id(now(), 2), id(now(), 1)]
    );
}
