//! One sheet: lines of letters of one width, and rules between them. It lies within both US Letter and A4, so that either
//! prints it as it is.

/// Width and height, in points.
pub(super) const SHEET: (usize, usize) = (792, 595);
const MARGIN: usize = 36;
/// The size of the letters, in points: each is six tenths of it wide.
const LETTER: usize = 7;
const LEADING: usize = 9;
/// Letters in a line.
pub(super) const COLUMNS: usize = (SHEET.0 - 2 * MARGIN) * 10 / (LETTER * 6);
/// Where the first line stands, from below.
const TOP: usize = SHEET.1 - MARGIN - LETTER;
/// Lines on a sheet.
pub(super) const LINES: usize = (TOP - MARGIN) / LEADING + 1;

/// What is drawn above a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    None,
    Light,
    Heavy,
}

/// A line, in the letters of the printer.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: Vec<u8>,
    pub(super) is_bold: bool,
    pub(super) rule: Rule,
}

impl Line {
    pub(super) fn plain(text: Vec<u8>) -> Self {
        Self { text, is_bold: false, rule: Rule::None }
    }
}

/// The lines of one sheet as a printer draws them (ISO 32000-1, 8 and 9). The fonts are `/C` and, bold, `/B`.
pub(super) fn content(lines: &[Line]) -> Vec<u8> {
    let mut drawn = b"0.4 w\n".to_vec();
    for (number, line) in lines.iter().enumerate() {
        let gray = match line.rule {
            Rule::None => continue,
            Rule::Light => "0.75 G",
            Rule::Heavy => "0 G",
        };
        let (right, height) = (SHEET.0 - MARGIN, TOP.saturating_sub(number * LEADING) + LETTER);
        drawn.extend(format!("{gray} {MARGIN} {height} m {right} {height} l S\n").into_bytes());
    }
    drawn.extend(format!("BT\n{LEADING} TL {MARGIN} {TOP} Td\n").into_bytes());
    let mut font = None;
    for line in lines {
        if font != Some(line.is_bold) {
            font = Some(line.is_bold);
            let name = if line.is_bold { "B" } else { "C" };
            drawn.extend(format!("/{name} {LETTER} Tf\n").into_bytes());
        }
        literal(&mut drawn, &line.text);
        drawn.extend_from_slice(b" Tj T*\n");
    }
    drawn.extend_from_slice(b"ET\n");
    drawn
}

/// A string (ISO 32000-1, 7.3.4.2). The letters have no control characters.
pub(super) fn literal(drawn: &mut Vec<u8>, text: &[u8]) {
    drawn.push(b'(');
    for byte in text {
        if matches!(byte, b'(' | b')' | b'\\') {
            drawn.push(b'\\');
        }
        drawn.push(*byte);
    }
    drawn.push(b')');
}
