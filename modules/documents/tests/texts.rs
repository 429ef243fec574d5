//! The text that is taken out of files.

use documents::text::{Form, PIECE_BYTES, TOTAL_BYTES, TextReader};
use proptest::prelude::*;

fn pieces(form: Form, bytes: &[u8], step: usize) -> Vec<String> {
    let mut reader = TextReader::new(form, None);
    let mut pieces = Vec::new();
    for chunk in bytes.chunks(step.max(1)) {
        reader.put(chunk);
        while let Some(piece) = reader.piece() {
            pieces.push(piece);
        }
    }
    while let Some(piece) = reader.finish() {
        pieces.push(piece);
    }
    pieces
}

fn text(form: Form, bytes: &[u8]) -> String {
    pieces(form, bytes, 5).concat()
}

proptest! {
    #[test]
    fn plain_text_comes_out_as_it_went_in(words in prop::collection::vec("[a-zäß€ \n]{1,40}", 0..60), step in 1_usize..64) {
        let whole = words.concat();
        prop_assert_eq!(pieces(Form::Plain, whole.as_bytes(), step).concat(), whole);
    }

    #[test]
    fn no_bytes_are_a_panic_and_none_leave_control_characters(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        step in 1_usize..64,
    ) {
        for form in [Form::Plain, Form::Html, Form::Mail] {
            let read = pieces(form, &bytes, step).concat();
            prop_assert!(!read.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{read:?}");
        }
    }
}

#[test]
fn encodings_are_found_out() {
    let utf16: Vec<u8> = "Vertrag über 5 €".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [&b"\xff\xfe"[..], &utf16].concat();
    assert_eq!(text(Form::Plain, &marked), "Vertrag über 5 €");
    assert_eq!(text(Form::Plain, &utf16), "Vertrag über 5 €");
    assert_eq!(text(Form::Plain, b"\xef\xbb\xbfplain"), "plain");
    assert_eq!(text(Form::Plain, b"caf\xe9 \x80"), "café €");
    assert_eq!(text(Form::Plain, b"nul\0 and bell\x07."), "nul  and bell .");
}

#[test]
fn pieces_are_bounded_and_no_word_is_cut() {
    let line = "a word and another\n";
    let whole = line.repeat(3 * PIECE_BYTES / line.len());
    let pieces = pieces(Form::Plain, whole.as_bytes(), 65_536);
    assert_eq!(pieces.len(), 3);
    assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES && piece.ends_with([' ', '\n'])));
    assert_eq!(pieces.concat(), whole);
}

#[test]
fn too_long_a_text_is_cut_and_says_so() {
    let mut reader = TextReader::new(Form::Plain, None);
    let (chunk, mut kept) = ("word ".repeat(13_107), 0);
    for _ in 0..300 {
        reader.put(chunk.as_bytes());
        while let Some(piece) = reader.piece() {
            kept += piece.len();
        }
    }
    while let Some(piece) = reader.finish() {
        kept += piece.len();
    }
    assert!(reader.is_full());
    assert_eq!(kept, TOTAL_BYTES);
}

#[test]
fn html_loses_its_tags_scripts_and_comments() {
    let page = "<html><head><style>p { color: red }</style><script>if (a < b) alert('x')</script></head>\
                <body><h1>Lease</h1><!-- hidden > -- still --><p>Rent &amp; <b>fee</b>s: 5 &euro; &#167;&#x41; a < b</p>";
    let read = text(Form::Html, page.as_bytes());
    let words: Vec<&str> = read.split_whitespace().collect();
    assert_eq!(words, ["Lease", "Rent", "&", "fees:", "5", "&euro;", "§A", "a", "<", "b"]);
}

#[test]
fn mail_loses_encoded_attachments() {
    let encoded = format!("{}\r\n", "QUJD".repeat(19)).repeat(5);
    let mail =
        format!("Subject: the lease\r\nMessage-Id: <a@b>\r\n\r\nDear all\r\n\r\n{encoded}--end\r\nbye");
    let read = text(Form::Mail, mail.as_bytes());
    assert!(read.contains("the lease") && read.contains("Dear all") && read.ends_with("bye"), "{read}");
    assert!(!read.contains("QUJD"), "{read}");
}

#[test]
fn only_types_with_a_reader_have_text() {
    assert_eq!(Form::of("text/csv; charset=utf-8"), Some(Form::Plain));
    assert_eq!(Form::of("text/html"), Some(Form::Html));
    assert_eq!(Form::of("message/rfc822"), Some(Form::Mail));
    assert_eq!(Form::of("application/pdf"), None);
    assert_eq!(Form::of("application/octet-stream"), None);
}
