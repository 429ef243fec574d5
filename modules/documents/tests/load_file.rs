//! Load files in every form that producing parties send, and in many that they should not.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use chrono::NaiveDate;
use documents::load_file::{
    Bates, Checker, DateFault, Delimiters, Encoding, Field, FindingCode, LoadFile, LoadFileFault, LoadRow,
    PathFault, RowCode, RowFault, Told, parse_when, resolve,
};
use md5::{Digest, Md5};
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

type Rows = Vec<Result<LoadRow, RowFault>>;

fn open(bytes: &[u8]) -> LoadFile<&[u8]> {
    LoadFile::open(bytes, &Told::default()).unwrap()
}

fn read(bytes: &[u8]) -> Rows {
    open(bytes).collect()
}

/// A table in a delimiter style: header first.
fn table(rows: &[&[&str]], field: char, quote: Option<char>) -> String {
    let quoted =
        |value: &&str| quote.map_or_else(|| (*value).to_owned(), |quote| format!("{quote}{value}{quote}"));
    rows.iter()
        .map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(&field.to_string()) + "\r\n")
        .collect()
}

const TABLE: [&[&str]; 3] = [
    &["Control Number", "BEGBATES", "Email_To", "Site"],
    &["c1", "ABC-001", "ann@a.test; bo@b.test", "Zürich"],
    &["c2", "ABC-002", "", "Köln"],
];

fn assert_table(file: LoadFile<&[u8]>) {
    let rows: Vec<LoadRow> = file.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].get(Field::ControlNumber), Some("c1"));
    assert_eq!(rows[0].list(Field::To).collect::<Vec<_>>(), ["ann@a.test", "bo@b.test"]);
    assert_eq!(rows[0].extra().collect::<Vec<_>>(), [("Site", "Zürich")]);
    assert_eq!((rows[1].get(Field::To), rows[1].get(Field::Subject)), (None, None));
    assert_eq!((rows[1].row(), rows[1].line()), (2, 3));
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

#[test]
fn all_delimiters_are_found_in_all_encodings() {
    let styles = [
        ('\u{14}', Some('þ')),
        ('þ', Some('ÿ')),
        ('|', Some('^')),
        (',', Some('"')),
        ('\t', Some('"')),
        (';', Some('"')),
        ('\u{14}', None),
        (',', None),
        ('|', None),
        ('\t', None),
    ];
    for (field, quote) in styles {
        let rows: Vec<&[&str]> = TABLE.into_iter().collect();
        // A semicolon inside an unquoted, comma-parted value is no delimiter; the header has none.
        let text = table(&rows, field, quote);
        let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        for (bytes, encoding) in [
            (text.clone().into_bytes(), Encoding::Utf8),
            (marked(&[0xEF, 0xBB, 0xBF], text.clone().into_bytes()), Encoding::Utf8),
            (marked(&[0xFF, 0xFE], utf16(&text, true)), Encoding::Utf16Le),
            (marked(&[0xFE, 0xFF], utf16(&text, false)), Encoding::Utf16Be),
            (utf16(&text, true), Encoding::Utf16Le),
            (utf16(&text, false), Encoding::Utf16Be),
            (text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(), Encoding::Windows1252),
        ] {
            let file = open(&bytes);
            let format = file.format();
            assert_eq!((format.encoding, format.delimiters.field), (encoding, field), "{quote:?}");
            assert!(quote.is_none_or(|quote| quote == format.delimiters.quote));
            assert_table(file);
        }
    }
}

#[test]
fn what_is_told_is_taken() {
    let text = table(&TABLE, '~', Some('\''));
    let delimiters = Delimiters { field: '~', quote: '\'', newline: None };
    let told = Told { encoding: Some(Encoding::Utf8), delimiters: Some(delimiters) };
    assert_table(LoadFile::open(text.as_bytes(), &told).unwrap());
    let same =
        Told { encoding: None, delimiters: Some(Delimiters { field: 'a', quote: 'a', newline: None }) };
    assert!(matches!(LoadFile::open(text.as_bytes(), &same), Err(LoadFileFault::Delimiters)));
}

#[test]
fn line_ends_within_fields_are_read_as_each_form_writes_them() {
    let concordance = "þIdþ\u{14}þSubjectþ\r\nþ1þ\u{14}þone®twoþ\r\nþ2þ\u{14}þæ þ ðþ\r\n";
    let rows: Vec<LoadRow> = read(concordance.as_bytes()).into_iter().map(Result::unwrap).collect();
    assert_eq!(rows[0].get(Field::Subject), Some("one\ntwo"));
    assert_eq!(rows[1].get(Field::Subject), Some("æ þ ð"));
    let csv = "\"Id\",\"Subject\"\n\"1\",\"one\r\ntwo, \"\"three\"\" ®\"\n2,plain\n";
    let rows: Vec<LoadRow> = read(csv.as_bytes()).into_iter().map(Result::unwrap).collect();
    assert_eq!(rows[0].get(Field::Subject), Some("one\ntwo, \"three\" ®"));
    assert_eq!((rows[1].get(Field::Subject), rows[1].line()), (Some("plain"), 4));
}

fn codes(rows: &Rows) -> Vec<Option<RowCode>> {
    rows.iter().map(|row| row.as_ref().err().map(|fault| fault.code)).collect()
}

#[test]
fn a_bad_row_never_stops_the_others() {
    let text = "þaþ\u{14}þbþ\r\nþ1þ\u{14}þxþ\r\nþ2þ\r\nþ3þ\u{14}þnever ends\r\n\r\nþþ\u{14}þþ\r\nþ4þ\u{14}þyþ\u{14}þzþ\r\nþ5þ\u{14}þokþ\r\n\r\n\r\n";
    let rows = read(text.as_bytes());
    let expected = [
        None,
        Some(RowCode::WrongColumnCount),
        Some(RowCode::UnterminatedQuote),
        Some(RowCode::EmptyRow),
        Some(RowCode::EmptyRow),
        Some(RowCode::WrongColumnCount),
        None,
    ];
    assert_eq!(codes(&rows), expected);
    let fault = rows[5].as_ref().unwrap_err();
    assert_eq!((fault.row, fault.line, fault.found, fault.expected), (6, 7, 3, 2));
    assert_eq!(fault.to_string(), "row 6 (line 7): 3 fields where the header names 2: check the delimiters");
    assert_eq!(rows[3].as_ref().unwrap_err().line, 5);
    assert_eq!(rows[6].as_ref().unwrap().row(), 7);
}

#[test]
fn a_quote_that_never_ends_costs_one_line() {
    let text = "\"Id\",\"Subject\"\n\"1\",\"open\n\"2\",\"two\"\n\"3\",\"three\"\n";
    let rows = read(text.as_bytes());
    assert_eq!(codes(&rows), [Some(RowCode::UnterminatedQuote), None, None]);
    assert_eq!(rows[1].as_ref().unwrap().line(), 3);
    assert_eq!(rows[2].as_ref().unwrap().get(Field::Subject), Some("three"));
    let at_end = "Id,Subject\n1,\"open\n2,two\n";
    assert_eq!(codes(&read(at_end.as_bytes())), [Some(RowCode::UnterminatedQuote), None]);
}

#[test]
fn bytes_that_are_no_text_spoil_their_row_alone() {
    let bytes = [b"Id,Subject\n1,good\n2,b\xFFd\n3,good\n".as_slice()].concat();
    let told = Told { encoding: Some(Encoding::Utf8), delimiters: None };
    let rows: Rows = LoadFile::open(bytes.as_slice(), &told).unwrap().collect();
    assert_eq!(codes(&rows), [None, Some(RowCode::InvalidEncoding), None]);
}

#[test]
fn a_row_beyond_its_limit_is_passed_over() {
    let long = "x".repeat(5 << 20);
    for text in [
        format!("Id,Subject\n1,{long}\n2,two\n"),
        format!("\"Id\",\"Subject\"\n\"1\",\"{long}\"\n\"2\",\"two\"\n"),
        format!("\"Id\",\"Subject\"\n\"1\",\"{long}\n\"2\",\"two\"\n"),
        format!("þIdþ\u{14}þSubjectþ\nþ1þ\u{14}þ{long}þ\nþ2þ\u{14}þtwoþ\n"),
    ] {
        let rows = read(text.as_bytes());
        assert_eq!(codes(&rows), [Some(RowCode::RowTooLong), None]);
    }
    // A quote that swallows many lines until the limit gives them back.
    let lines = format!("1,{}\n", "y".repeat(60)).repeat(90_000);
    let rows = read(format!("Id,Subject\n0,\"open\n{lines}").as_bytes());
    assert_eq!(rows.len(), 90_001);
    assert_eq!(rows.iter().filter(|row| row.is_err()).count(), 1);
}

#[test]
fn a_header_is_needed_and_bounded() {
    let refused = |bytes: &[u8]| LoadFile::open(bytes, &Told::default()).err().unwrap();
    for bytes in [b"".as_slice(), b"\r\n\r\n", b"\xEF\xBB\xBF", b" , ,\n"] {
        assert!(matches!(refused(bytes), LoadFileFault::Empty), "{bytes:?}");
    }
    let wide = vec!["a"; 1001].join(",");
    assert!(matches!(refused(wide.as_bytes()), LoadFileFault::TooManyColumns { limit: 1000 }));
    let file = open(b"Name,,Name,DocID,Control Number\n1,2,3,4,5\n");
    let names = ["Name", "Column 2", "Name (column 3)", "DocID", "Control Number"];
    assert_eq!(file.header().names(), names);
    assert_eq!(file.header().column(Field::ControlNumber), Some(3));
    let row = file.map(Result::unwrap).next().unwrap();
    assert_eq!(row.extra().map(|(_, value)| value).collect::<String>(), "1235");
}

#[test]
fn column_names_are_known_in_all_their_spellings() {
    for (name, field) in [
        ("BEGBATES", Field::BeginBates),
        ("Bates Begin", Field::BeginBates),
        ("prod_beg_bates", Field::BeginBates),
        ("ENDATTACH", Field::EndAttach),
        ("PARENTID", Field::Parent),
        ("DUPCUSTODIAN", Field::DupCustodian),
        ("Email From", Field::From),
        ("DATERCVD", Field::DateReceived),
        ("DATEMOD", Field::DateModified),
        ("MD5 Hash", Field::Md5),
        ("SHA256HASH", Field::Sha256),
        ("NativeFilePath", Field::NativePath),
        ("TEXTLINK", Field::TextPath),
        ("INREPLYTO", Field::InReplyTo),
    ] {
        assert_eq!(Field::of(name), Some(field), "{name}");
    }
    assert_eq!(Field::of("Source URL"), None);
}

#[test]
fn dates_are_read_as_productions_write_them() {
    let day = NaiveDate::from_ymd_opt(2014, 11, 7).unwrap();
    for text in
        ["2014-11-07", "2014 November 7", "11/07/2014", "11/7/2014", "20141107", "Nov 7, 2014", "7 Nov 2014"]
    {
        assert_eq!(parse_when(text).unwrap().date, day, "{text}");
    }
    for text in
        ["11/07/2014 3:04 PM", "2014-11-07T15:04:00Z", "2014-11-07 15:04", "2014 November 7 15:04:00 UTC"]
    {
        let when = parse_when(text).unwrap();
        assert_eq!(
            (when.date, when.time),
            (day, day.and_hms_opt(15, 4, 0).map(|when| when.time())),
            "{text}"
        );
    }
    for text in ["2/29/2021", "13/01/2021", "2021-02-30", "2021-01-01 25:00", "1/1/2021 13:00 PM", "20211301"]
    {
        assert!(matches!(parse_when(text), Err(DateFault::Impossible { .. })), "{text}");
    }
    for text in ["", "soon", "2014", "0/0/0", "1/2/3", "2014-11-07 15:04 PST", "99999-01-01"] {
        assert!(matches!(parse_when(text), Err(DateFault::Unreadable { .. })), "{text}");
    }
}

#[test]
fn bates_numbers_are_a_prefix_and_a_number() {
    let bates: Bates = "ABC-MDL-000123".parse().unwrap();
    assert_eq!((bates.prefix.as_str(), bates.number, bates.width), ("ABC-MDL-", 123, 6));
    assert_eq!(bates.to_string(), "ABC-MDL-000123");
    assert_eq!("ABC000123.001".parse::<Bates>().unwrap().prefix, "ABC000123.");
    assert!(["", "ABC", "1234567890123456789"].iter().all(|text| text.parse::<Bates>().is_err()));
}

fn findings(checker: &mut Checker, csv: &str) -> Vec<(u64, FindingCode)> {
    let rows = open(csv.as_bytes()).map(Result::unwrap);
    rows.flat_map(|row| checker.check(&row)).map(|finding| (finding.row, finding.code)).collect()
}

#[test]
fn rows_are_checked_against_each_other() {
    let csv = "DocID,BegBates,EndBates,BegAttach,EndAttach\n\
        d1,A0001,A0003,A0001,A0004\n\
        d2,A0004,A0004,A0001,A0004\n\
        D1,A0005,A0005,,\n\
        d4,A0009,A0007,,\n\
        d5,A0003,A0003,,\n\
        d6,A0020,B0021,,\n\
        d7,A0010,A0012,A0011,A0012\n\
        d8,none,A0013,,\n\
        d9,B0001,,,\n\
        d10,A0006,A0009,,\n";
    let expected = [
        (3, FindingCode::DuplicateControlNumber),
        (4, FindingCode::BatesReversed),
        (5, FindingCode::BatesOverlap),
        (6, FindingCode::BatesReversed),
        (7, FindingCode::OutsideFamily),
        (8, FindingCode::BatesUnreadable),
    ];
    assert_eq!(findings(&mut Checker::default(), csv), expected);
}

#[test]
fn values_are_checked_on_their_own() {
    let csv = "DocID,DateSent,DateRcvd,Pages,FileSize,MD5,SHA256\n\
        1,2/29/2021,soon,three,1 kB,abc,\n\
        2,2/28/2021,,3,\"1,024\",6855331EF0595861E187410F10AE6920,\n";
    let codes: BTreeSet<_> = findings(&mut Checker::default(), csv).into_iter().collect();
    let expected = [
        FindingCode::ImpossibleDate,
        FindingCode::UnreadableDate,
        FindingCode::BadNumber,
        FindingCode::BadHash,
    ];
    assert_eq!(codes, expected.map(|code| (1, code)).into());
}

#[test]
fn the_checker_stays_within_its_limits_and_says_so_once() {
    let csv = "DocID,BegBates\na,A1\nb,A3\nc,A5\nd,A7\na,A1\ne,A4\n";
    let expected = [
        (3, FindingCode::CheckLimit),
        (5, FindingCode::DuplicateControlNumber),
        (5, FindingCode::BatesOverlap),
    ];
    assert_eq!(findings(&mut Checker::with_limits(2, 2, 1), csv), expected);
}

#[test]
fn paths_stay_in_the_productions_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("production");
    fs::create_dir_all(root.join("Natives")).unwrap();
    fs::write(root.join("Natives/a.pdf"), "x").unwrap();
    fs::write(folder.path().join("secret.txt"), "x").unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret.txt"), root.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(folder.path(), root.join("out")).unwrap();
    std::os::unix::fs::symlink(root.join("Natives"), root.join("inner")).unwrap();
    let code = |given: &str| resolve(&root, given).map_err(|fault| fault.code());
    let real = fs::canonicalize(root.join("Natives/a.pdf")).unwrap();
    for given in
        ["Natives\\a.pdf", "Natives/a.pdf", ".\\Natives\\.\\a.pdf", " Natives//a.pdf ", "inner/a.pdf"]
    {
        assert_eq!(code(given), Ok(real.clone()), "{given}");
    }
    for (given, expected) in [
        ("", "path_empty"),
        ("/etc/passwd", "path_absolute"),
        ("\\etc\\passwd", "path_absolute"),
        ("\\\\server\\share\\a.pdf", "path_absolute"),
        ("C:\\a.pdf", "path_absolute"),
        ("c:a.pdf", "path_absolute"),
        ("..\\..\\secret.txt", "path_escapes"),
        ("Natives\\..\\..\\secret.txt", "path_escapes"),
        ("Natives/.. /a.pdf", "path_escapes"),
        ("link.txt", "path_escapes"),
        ("out\\secret.txt", "path_escapes"),
        ("Natives\\a\0.pdf", "path_control_character"),
        ("Natives", "not_a_file"),
        (".", "not_a_file"),
        ("Natives\\b.pdf", "file_missing"),
        ("Natives\\a.pdf\\b", "file_missing"),
        ("out\\SECRET.txt", "file_missing"),
    ] {
        assert_eq!(code(given), Err(expected), "{given:?}");
    }
    match resolve(&root, "NATIVES\\A.PDF") {
        Err(PathFault::CaseMismatch { found }) => assert_eq!(found, PathBuf::from("Natives/a.pdf")),
        other => panic!("{other:?}"),
    }
    assert_eq!(code(&"a".repeat(5000)), Err("path_too_long"));
}

fn cell() -> impl Strategy<Value = String> {
    "[a-z0-9 ;,.äöþ-]{0,12}".prop_map(|text| text.trim().to_owned())
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(file) = LoadFile::open(bytes.as_slice(), &Told::default()) {
            let mut checker = Checker::default();
            file.flatten().for_each(|row| drop(checker.check(&row)));
        }
    }

    #[test]
    fn hostile_rows_are_answered_and_counted(text in "(\"|,|\n|\r|a|þ|\u{14}|ÿ|;){0,200}") {
        for delimiters in [Delimiters::CSV, Delimiters::CONCORDANCE] {
            let told = Told { encoding: None, delimiters: Some(delimiters) };
            let text = format!("h1{}h2\n{text}\nlast{}row\n", delimiters.field, delimiters.field);
            let rows: Rows = LoadFile::open(text.as_bytes(), &told).unwrap().collect();
            for (at, row) in (1..).zip(&rows) {
                let (row, line) = match row { Ok(row) => (row.row(), row.line()), Err(fault) => (fault.row, fault.line) };
                prop_assert_eq!(row, at);
                prop_assert!(line > 1 && line <= text.len() as u64);
            }
            if delimiters == Delimiters::CONCORDANCE {
                prop_assert!(rows.last().is_some_and(Result::is_ok));
            }
        }
    }

    #[test]
    fn what_is_written_is_read(rows in proptest::collection::vec((cell(), cell()), 1..8)) {
        for (field, quote) in [('\u{14}', 'ÿ'), (',', '"'), ('|', '^')] {
            let mut lines = vec![vec!["DocID", "Subject"]];
            lines.extend(rows.iter().map(|(id, subject)| vec![id.as_str(), subject.as_str()]));
            let lines: Vec<&[&str]> = lines.iter().map(Vec::as_slice).collect();
            let text = table(&lines, field, Some(quote));
            let kept: Vec<_> = read(text.as_bytes()).into_iter().collect();
            for (at, row) in kept.iter().enumerate() {
                let (id, subject) = &rows[at];
                match row {
                    Ok(row) => {
                        prop_assert_eq!(row.get(Field::ControlNumber).unwrap_or_default(), id);
                        prop_assert_eq!(row.get(Field::Subject).unwrap_or_default(), subject);
                    }
                    Err(fault) => prop_assert!(fault.code == RowCode::EmptyRow && id.is_empty() && subject.is_empty()),
                }
            }
            prop_assert_eq!(kept.len(), rows.len());
        }
    }

    #[test]
    fn no_text_breaks_dates_numbers_or_paths(text in "\\PC{0,60}|[0-9/:\\\\. apm-]{0,30}") {
        drop(parse_when(&text));
        drop(text.parse::<Bates>());
        if let Ok(found) = resolve(Path::new(env!("CARGO_MANIFEST_DIR")), &text) {
            prop_assert!(found.starts_with(fs::canonicalize(env!("CARGO_MANIFEST_DIR")).unwrap()));
        }
    }
}

#[test]
fn a_real_production_is_read_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/oida-production");
    if !root.is_dir() {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: no real production at {}", root.display());
        }
        return;
    }
    let file = LoadFile::open(fs::File::open(root.join("load-file.dat")).unwrap(), &Told::default()).unwrap();
    let format = file.format();
    assert_eq!(
        (format.delimiters.field, format.delimiters.quote, format.encoding),
        ('þ', 'ÿ', Encoding::Utf8)
    );
    let mut checker = Checker::default();
    let rows: Vec<LoadRow> = file.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 60);
    for row in &rows {
        assert_eq!(checker.check(row), []);
        let native = fs::read(resolve(&root, row.get(Field::NativePath).unwrap()).unwrap()).unwrap();
        assert!(resolve(&root, row.get(Field::TextPath).unwrap()).is_ok());
        assert_eq!(Some(native.len() as u64), row.number(Field::FileSize).unwrap());
        let published = u128::from_str_radix(row.get(Field::Md5).unwrap(), 16).unwrap();
        assert_eq!(u128::from_be_bytes(Md5::digest(&native).into()), published);
        assert!(row.get(Field::ControlNumber).is_some() && row.get(Field::BeginBates).is_some());
    }
}
