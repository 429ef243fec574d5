use super::FormFault;
use percent_encoding::percent_decode_str;

/// The headers of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartHead {
    /// The field's name.
    pub name: String,
    /// The name of the file, where the part is one.
    pub file_name: Option<String>,
    /// The type that the part claims.
    pub content_type: Option<String>,
}

impl PartHead {
    /// Reads the header lines of a part.
    pub(super) fn parse(lines: &[u8]) -> Result<Self, FormFault> {
        let text = std::str::from_utf8(lines).map_err(|_| FormFault::Head)?;
        let (mut disposition, mut content_type) = (None, None);
        for line in text.split("\r\n") {
            let (name, value) = line.split_once(':').ok_or(FormFault::Head)?;
            if name.eq_ignore_ascii_case("content-disposition") {
                disposition = Some(value.trim());
            } else if name.eq_ignore_ascii_case("content-type") {
                content_type = Some(value.trim().to_owned());
            }
        }
        let disposition = disposition.ok_or(FormFault::Head)?;
        let (kind, parameters) = disposition.split_once(';').ok_or(FormFault::Head)?;
        if !kind.trim().eq_ignore_ascii_case("form-data") {
            return Err(FormFault::Head);
        }
        let parameters = parameters_of(parameters)?;
        let get = |wanted: &str| {
            parameters
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.clone())
        };
        let extended = get("filename*").and_then(|value| decoded(&value));
        Ok(Self {
            name: get("name").ok_or(FormFault::Head)?,
            file_name: extended.or_else(|| get("filename")),
            content_type,
        })
    }
}

/// The boundary that a `Content-Type` names (RFC 2046, 5.1.1: 1 to 70 characters).
pub fn boundary(content_type: &str) -> Result<String, FormFault> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(FormFault::NoForm);
    }
    let parameters = parameters_of(parameters).map_err(|_| FormFault::NoBoundary)?;
    let found = parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    let boundary = found.map(|(_, value)| value).ok_or(FormFault::NoBoundary)?;
    let fits =
        (1..=70).contains(&boundary.len()) && boundary.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if fits { Ok(boundary) } else { Err(FormFault::NoBoundary) }
}

/// `name=value` and `name="value"`, parted by semicolons. A back slash escapes only a quote or itself: browsers write
/// `C:\name` with single ones.
fn parameters_of(text: &str) -> Result<Vec<(String, String)>, FormFault> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', ';']);
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=').ok_or(FormFault::Head)?;
        let behind = behind.trim_start();
        let (value, after) = if let Some(quoted) = behind.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let end = behind.find(';').unwrap_or(behind.len());
            (behind[..end].trim().to_owned(), &behind[end..])
        };
        found.push((name.trim().to_owned(), value));
        rest = after.trim_start_matches([' ', '\t', ';']);
    }
    Ok(found)
}

fn unquoted(text: &str) -> Result<(String, &str), FormFault> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push(c),
            },
            c => value.push(c),
        }
    }
    Err(FormFault::Head)
}

/// `UTF-8''name%20in%20octets` (RFC 8187).
fn decoded(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, octets) = rest.split_once('\'')?;
    let is_utf8 = charset.eq_ignore_ascii_case("utf-8");
    is_utf8.then(|| percent_decode_str(octets).decode_utf8().ok().map(std::borrow::Cow::into_owned)).flatten()
}
