//! Forms, whatever pieces they come in.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use bytes::Bytes;
use documents::form_data::{FormData, FormFault, PartHead, boundary};
use futures_util::stream;
use proptest::prelude::*;
use web::BodyFault;

type Part = (PartHead, Vec<u8>);

async fn read(body: &[u8], boundary: &str, step: usize) -> Result<Vec<Part>, FormFault> {
    let pieces: Vec<Result<Bytes, BodyFault>> =
        body.chunks(step.max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let mut form = FormData::new(stream::iter(pieces), boundary);
    let mut parts = Vec::new();
    while let Some(head) = form.next_part().await? {
        let mut data = Vec::new();
        while let Some(piece) = form.chunk().await? {
            assert!(!piece.is_empty());
            data.extend_from_slice(&piece);
        }
        parts.push((head, data));
    }
    Ok(parts)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn form(parts: &[(String, Vec<u8>)], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, data) in parts {
        body.extend(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").bytes(),
        );
        body.extend(data);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    body
}

/// Data full of what looks like the beginning of a boundary.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"--".to_vec()),
        Just(b"\r\n--xY".to_vec()),
        Just(b"\r\n--xYz".to_vec()),
        Just(b"\r".to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_was_put_in_comes_out_whatever_the_pieces(
        parts in prop::collection::vec(("[a-z]{1,8}", data()), 0..5),
        step in 1_usize..40,
    ) {
        let parts: Vec<_> = parts;
        let read = run(read(&form(&parts, "xYzzY"), "xYzzY", step)).unwrap();
        let read: Vec<_> = read.into_iter().map(|(head, data)| (head.name, data)).collect();
        prop_assert_eq!(read, parts);
    }

    #[test]
    fn a_form_that_ends_early_is_never_taken_for_whole(cut in 0_usize..1000, step in 1_usize..40) {
        let whole = form(&[("a".to_owned(), b"one".to_vec()), ("file".to_owned(), vec![7; 50])], "bound");
        // Without the line end behind the last boundary, which may be missing.
        let cut = cut % (whole.len() - 3);
        prop_assert!(matches!(run(read(&whole[..cut], "bound", step)), Err(FormFault::CutOff)));
    }

    #[test]
    fn no_bytes_are_a_panic(body in prop::collection::vec(any::<u8>(), 0..300), step in 1_usize..40) {
        let mut framed = b"--b\r\n".to_vec();
        framed.extend(&body);
        for bytes in [body, framed] {
            drop(run(read(&bytes, "b", step)));
        }
    }
}

#[test]
fn heads_are_read_as_browsers_write_them() {
    let body = b"preamble\r\n--b \t\r\ncontent-disposition: form-data; name=\"file\"; filename=\"C:\\dir\\a \\\"1\\\".pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=plain; \
        filename=\"_\"; filename*=UTF-8''%C3%9C.txt\r\n\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"empty\"\r\n\
        \r\n--b--epilogue";
    let parts = run(read(body, "b", 7)).unwrap();
    assert_eq!(parts.len(), 3);
    assert_eq!(parts[0].0.file_name.as_deref(), Some("C:\\dir\\a \"1\".pdf"));
    assert_eq!(parts[0].0.content_type.as_deref(), Some("application/pdf"));
    assert_eq!((parts[1].0.name.as_str(), parts[1].0.file_name.as_deref()), ("plain", Some("Ü.txt")));
    assert_eq!((parts[2].0.name.as_str(), parts[2].1.as_slice()), ("empty", &b""[..]));
}

#[test]
fn what_is_no_form_is_refused_and_never_gathered() {
    let fault = |body: &[u8]| run(read(body, "b", 64)).unwrap_err();
    assert!(matches!(fault(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--"), FormFault::Head));
    assert!(matches!(fault(b"--b\r\nno colon\r\n\r\nx\r\n--b--"), FormFault::Head));
    assert!(matches!(fault(b"--b\r\n\r\nx\r\n--b--"), FormFault::Head));
    let mut endless = b"--b\r\n".to_vec();
    endless.resize(100_000, b'a');
    assert!(matches!(fault(&endless), FormFault::HeadTooLong));
    let mut padded = b"--b".to_vec();
    padded.resize(100_000, b' ');
    assert!(matches!(fault(&padded), FormFault::HeadTooLong));
}

#[test]
fn boundaries_are_taken_from_the_content_type() {
    assert_eq!(boundary("multipart/form-data; boundary=abc").unwrap(), "abc");
    assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"").unwrap(), "a b");
    let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
    for wrong in ["multipart/form-data", "multipart/form-data; boundary=\"\"", &long] {
        assert!(matches!(boundary(wrong), Err(FormFault::NoBoundary)), "{wrong}");
    }
    for other in ["", "application/json", "multipart/mixed; boundary=a"] {
        assert!(matches!(boundary(other), Err(FormFault::NoForm)), "{other}");
    }
}
