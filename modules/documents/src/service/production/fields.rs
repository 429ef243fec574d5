//! What a row says of its document.

use crate::file_name;
use crate::load_file::{Bates, Field, FindingCode, Header, LoadRow};
use crate::model::DocumentFields;
use ids::CaseId;
use serde_json::{Map, Value};

/// The most that a production may say of one document, in bytes of JSON.
pub(super) const METADATA_BYTES: usize = 256 << 10;
/// The longest control number, in characters.
pub(super) const CONTROL_NUMBER_CHARS: usize = 255;
const TITLE_CHARS: usize = 1000;
const NAME_CHARS: usize = 255;
/// The longest Bates number: a prefix of 64 bytes and 18 digits, and some for what is kept as it is.
const BATES_CHARS: usize = 128;

/// What the document is known by: its control number, or else its first Bates number.
pub(super) fn control_number(row: &LoadRow) -> Option<String> {
    row.get(Field::ControlNumber)
        .or_else(|| row.get(Field::BeginBates))
        .map(plain)
        .filter(|number| !number.is_empty())
}

/// Whether a finding means that the row is another one's double.
pub(super) fn is_refused(row: &LoadRow, code: FindingCode) -> bool {
    match code {
        FindingCode::DuplicateControlNumber => true,
        // Then the Bates number is what documents are known by.
        FindingCode::BatesOverlap => row.get(Field::ControlNumber).is_none(),
        _ => false,
    }
}

/// All that the row says, by the names of its columns.
pub(super) fn metadata(row: &LoadRow, header: &Header) -> Map<String, Value> {
    let known = header.names().iter().enumerate().filter_map(|(at, name)| {
        let field = Field::of(name).filter(|field| header.column(*field) == Some(at))?;
        Some((name.as_str(), row.get(field)?))
    });
    known.chain(row.extra()).map(|(name, value)| (plain(name), Value::from(plain(value)))).collect()
}

/// The fields of the document that the metadata describe, without those that only people give.
pub(super) fn fields(case: CaseId, metadata: &Map<String, Value>, control_number: &str) -> DocumentFields {
    let get = |wanted: Field| {
        let found = metadata.iter().find(|(name, _)| Field::of(name) == Some(wanted));
        found.and_then(|(_, value)| value.as_str()).map(str::trim).filter(|value| !value.is_empty())
    };
    let title = get(Field::Title).or_else(|| get(Field::Subject)).or_else(|| get(Field::FileName));
    let begin = get(Field::BeginBates).map(|begin| short(begin, BATES_CHARS));
    let end = get(Field::EndBates).map(|end| short(end, BATES_CHARS));
    let pages = get(Field::PageCount).and_then(|pages| pages.replace(',', "").parse().ok());
    let end = end.or_else(|| last_page(begin.as_deref()?, pages?));
    DocumentFields {
        case_id: Some(case),
        title: short(title.unwrap_or(control_number), TITLE_CHARS),
        kind: get(Field::DocumentType).map(|kind| short(kind, NAME_CHARS)),
        description: None,
        tags: Vec::new(),
        custodian: get(Field::Custodian).map(|custodian| short(custodian, NAME_CHARS)),
        bates_begin: begin,
        bates_end: end,
    }
}

/// The Bates number of the last page, where the production tells only the first and how many there are.
fn last_page(begin: &str, pages: u64) -> Option<String> {
    let first: Bates = begin.parse().ok()?;
    let number = first.number.checked_add(pages.checked_sub(1)?)?;
    let last = Bates { number, ..first };
    // Beyond 18 digits it would be no Bates number.
    last.to_string().parse::<Bates>().is_ok().then(|| last.to_string())
}

/// What becomes of a document's fields when the production says `now` after it said `before`: what the production
/// changed is changed, all else stays as people left it.
pub(super) fn merged(known: &DocumentFields, before: &DocumentFields, now: DocumentFields) -> DocumentFields {
    fn newer<T: PartialEq + Clone>(known: &T, before: &T, now: T) -> T {
        if now == *before { known.clone() } else { now }
    }
    DocumentFields {
        title: newer(&known.title, &before.title, now.title),
        kind: newer(&known.kind, &before.kind, now.kind),
        custodian: newer(&known.custodian, &before.custodian, now.custodian),
        bates_begin: newer(&known.bates_begin, &before.bates_begin, now.bates_begin),
        bates_end: newer(&known.bates_end, &before.bates_end, now.bates_end),
        ..known.clone()
    }
}

/// The name under which the native is kept: the original one, with the native's own extension, since an e-mail is often
/// produced as a PDF.
pub(super) fn file_name_of(row: &LoadRow, native: &str) -> String {
    let native = file_name::safe(native);
    let Some(original) = row.get(Field::FileName) else { return native };
    let original = file_name::safe(original);
    match file_name::extension(&native) {
        Some(extension) if file_name::extension(&original).as_deref() != Some(&extension) => {
            let stem = &original[..original.floor_char_boundary(file_name::MAX_BYTES - extension.len() - 1)];
            format!("{stem}.{extension}")
        }
        _ => original,
    }
}

/// Without control characters other than line ends and tabs: PostgreSQL takes no NUL.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// What is short and known by its looks, as the API would take it.
fn short(text: &str, chars: usize) -> String {
    text.chars()
        .filter(|c| !web::is_unseen(*c))
        .take(chars)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
